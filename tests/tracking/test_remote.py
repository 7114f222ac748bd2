"""A real MLflow server that asks for a name and a password, on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stepmill.tracking.mlflow_tracker import deliver
from stepmill.tracking.state import PENDING, read_state, undelivered
from tracking.samples import leave_records, make_pipeline, make_project
from tracking.stores import all_runs, clean_environ

pytest.importorskip("flask_wtf", reason="wants mlflow[auth]; `make mlflow` installs it")
import pandas as pd
from sklearn.linear_model import LogisticRegression

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PASSWORD = "not-a-word-1234"
LOGS = "import mlflow\nmlflow.log_metric('acc', 0.9)\nwith mlflow.start_run(run_name='inner'):\n    pass"


@dataclass(frozen=True)
class Server:
    uri: str
    credentials: dict[str, str]

    def environ(self, **others: str) -> dict[str, str]:
        return {"MLFLOW_TRACKING_URI": self.uri, **self.credentials, **others}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ini = folder / "auth.ini"
    ini.write_text(
        "[mlflow]\ndefault_permission = READ\nadmin_username = admin\n"
        f"database_uri = sqlite:///{folder}/auth.db\nadmin_password = {PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    environ = clean_environ() | {
        "MLFLOW_AUTH_CONFIG_PATH": str(ini),
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "for-this-test-only",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    command = ["mlflow", "server", "--app-name", "basic-auth", "--host", "127.0.0.1", "--port", str(port)]
    store = ["--backend-store-uri", f"sqlite:///{folder}/m.db", "--artifacts-destination", f"{folder}/files"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--workers", "1", *store],
            env=environ,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait_for(uri, process, folder / "log")
        yield Server(uri, {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": PASSWORD})
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(uri: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while True:  # pytest's timeout bounds it
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{uri}/health"):
                return
        except OSError:
            time.sleep(0.2)


def test_a_run_is_delivered_with_a_password(server: Server, tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", **server.environ())
    pipeline = make_pipeline({"load": "x = 1", "fit": LOGS})
    tracker = project.begin("run-1", pipeline)
    project.execute(tracker, pipeline.step("load"))
    project.execute(tracker, pipeline.step("fit"), LOGS, **server.credentials)
    table = pd.DataFrame({"a": [0.0, 1.0]})
    values = {"load": {"df": table}, "fit": {"model": LogisticRegression().fit(table, [0, 1])}}
    leave_records(project.folder("run-1"), project.store, values)
    outcomes = {name: project.outcome("run-1", name) for name in ("load", "fit")}
    parent = tracker.run_finished(project.summary("run-1", outcomes), project.folder("run-1"))
    assert tracker.warnings == []
    runs = {run["name"]: run for run in all_runs(server.uri, tmp_path, server.credentials)}
    assert runs["run-1"]["run_id"] == parent
    assert {name: run["status"] for name, run in runs.items()} == dict.fromkeys(
        ("run-1", "load", "fit", "inner"), "FINISHED"
    )
    assert runs["inner"]["parent"] == runs["fit"]["run_id"]
    assert runs["run-1"]["metrics"]["acc"] == 0.9
    assert "notebook.html" in runs["fit"]["files"]
    assert [data["name"] for data in runs["fit"]["datasets"]] == ["df"]
    assert [model["name"] for model in runs["fit"]["models"]] == ["model"]
    found = [p for p in project.root.rglob("*") if p.is_file() and PASSWORD.encode() in p.read_bytes()]
    assert found == []


def test_a_wrong_password_fails_nothing_and_the_right_one_delivers(server: Server, tmp_path: Path) -> None:
    wrong = server.environ(MLFLOW_TRACKING_PASSWORD="wrong-1234")
    project = make_project(tmp_path / "q", **wrong)
    pipeline = make_pipeline({"fit": "x = 1"}, name="second")
    tracker = project.begin("run-2", pipeline)
    project.execute(tracker, pipeline.step("fit"))
    summary = project.summary("run-2", {"fit": project.outcome("run-2", "fit")})
    assert tracker.run_finished(summary, project.folder("run-2")) is None
    assert "stepmill sync" in tracker.warnings[-1]
    state = read_state(project.folder("run-2"))
    assert state is not None
    assert state.state == PENDING
    run_id, warnings = deliver(project.folder("run-2"), clean_environ() | server.environ())
    assert (run_id is not None, warnings) == (True, ())
    assert undelivered(project.root) == []
