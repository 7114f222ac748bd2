from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from stepmill.errors import UsageError
from stepmill.model.run import StepOutcome, StepStatus
from stepmill.tracking.ui import free_port, server_address, ui_command, ui_environment
from tracking.samples import make_pipeline, make_project
from tracking.stores import clean_environ


def test_a_taken_port_is_passed_over_or_refused() -> None:
    with socket.socket() as taken:
        first = _take_a_free_port(taken)
        assert free_port() != first
        with pytest.raises(UsageError, match=f"port {first} is taken"):
            free_port(first)


def _take_a_free_port(taken: socket.socket) -> int:
    """Listen on the first free port: other tests take some of the same ones at the same time."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", port))
            taken.listen()
            return port


def test_without_runs_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run"):
        ui_command(tmp_path, environ={})


def test_a_server_has_a_ui_of_its_own(tmp_path: Path) -> None:
    assert server_address(tmp_path, {}) is None
    assert server_address(tmp_path, {"MLFLOW_TRACKING_URI": "https://me:pw@host/x"}) == "https://host/x"


@pytest.mark.slow
def test_the_ui_serves_the_runs_and_their_pages(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p")
    pipeline = make_pipeline({"fit": "x = 1"})
    tracker = project.begin("run-1", pipeline)
    project.execute(tracker, pipeline.step("fit"))
    summary = project.summary("run-1", {"fit": StepOutcome(status=StepStatus.EXECUTED, seconds=0.1)})
    run_id = tracker.run_finished(summary, project.folder("run-1"))
    command = ui_command(project.root, environ={})
    base = f"http://127.0.0.1:{command[command.index('--port') + 1]}"
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            command, env=ui_environment(clean_environ()), stdout=log, stderr=log, cwd=tmp_path
        )
    try:
        wait_for(base + "/health", server)
        found = post(
            f"{base}/api/2.0/mlflow/runs/search",
            {"experiment_ids": ["1"], "filter": "tags.`stepmill.kind` = 'pipeline'"},
        )
        assert [run["info"]["run_id"] for run in found["runs"]] == [run_id]
        with urllib.request.urlopen(f"{base}/get-artifact?path=notebook.html&run_uuid={run_id}") as page:
            assert b"<title>churn run-1</title>" in page.read()
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:  # pytest's timeout bounds it
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server ended")


def post(address: str, document: dict[str, Any]) -> Any:
    body = json.dumps(document).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)
