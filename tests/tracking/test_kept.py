"""A real server that goes away in the middle of a step, and comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from stepmill.tracking.mlflow_tracker import deliver
from stepmill_magics.mlflow_kept import KeepingStore, is_outage
from tracking.samples import make_pipeline, make_project
from tracking.stores import all_runs, clean_environ

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SERVE = """
import sys
from werkzeug.serving import make_server
from mlflow.server import app
server = make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""
STEP = """
import mlflow, os
mlflow.log_param('depth', 3)
mlflow.log_metric('loss', 3.0, step=0)
mlflow.log_text('early', 'early.txt')
mlflow.start_run(run_name='inner')
mlflow.log_metric('auc', 0.6)
os.kill(int(os.environ['SERVER']), 9)
mlflow.log_text('late', 'late.txt')
mlflow.log_metric('auc', 0.7)
mlflow.end_run()
mlflow.log_metric('loss', 2.0, step=1)
with mlflow.start_run(run_name='after'):
    mlflow.log_metric('f1', 0.5)
own = mlflow.get_run(mlflow.active_run().info.run_id).data
print('OWN', own.metrics, own.params)
for ask in (
    lambda: mlflow.log_param('depth', 4),
    lambda: mlflow.MlflowClient().get_metric_history(mlflow.active_run().info.run_id, 'loss'),
    lambda: mlflow.search_runs(search_all_experiments=True),
):
    try:
        print('ANSWERED', ask())
    except mlflow.exceptions.MlflowException as error:
        print('REFUSED', str(error).splitlines()[0])
"""


def serve(folder: Path, port: int = 0) -> tuple[subprocess.Popen[str], int]:
    """Start MLflow's server on `port`, or on any; return its process and its port."""
    environ = clean_environ() | {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/m.db",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "files"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(port)],
            env=environ,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
    assert line, (folder / "log").read_text()
    return process, int(line)


def test_a_server_that_goes_away_in_the_middle_of_a_step(tmp_path: Path) -> None:
    process, port = serve(tmp_path)
    try:
        project = make_project(tmp_path / "p", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{port}")
        pipeline = make_pipeline({"fit": "import mlflow"})
        tracker = project.begin("run-1", pipeline)
        printed = project.execute(tracker, pipeline.step("fit"), STEP, SERVER=str(process.pid))
        summary = project.summary("run-1", {"fit": project.outcome("run-1", "fit")})
        assert tracker.run_finished(summary, project.folder("run-1")) is None
        process.wait()
        process, _ = serve(tmp_path, port)
        assert deliver(project.folder("run-1"), project.environ)[1] == ()
        runs = {run["name"]: run for run in all_runs(f"http://127.0.0.1:{port}", tmp_path)}
    finally:
        process.kill()
        process.wait()
    assert printed.count("stepmill: MLflow cannot be reached (ConnectionRefusedError)") == 1
    assert "OWN {'loss': 2.0} {'depth': '3'}" in printed
    assert "ANSWERED" not in printed
    assert printed.count("only the tracking server knows") == 2
    assert "Changing param values is not allowed" in printed
    fit = runs["fit"]
    assert set(runs) == {"run-1", "fit", "inner", "after"}
    assert {run["status"] for run in runs.values()} == {"FINISHED"}
    assert {runs[name]["parent"] for name in ("inner", "after")} == {fit["run_id"]}
    assert (fit["metrics"]["loss"], fit["params"]["depth"]) == (2.0, "3")
    assert "early.txt" in fit["files"]
    assert (runs["inner"]["metrics"], runs["inner"]["files"]) == ({"auc": 0.7}, ["late.txt"])
    assert runs["after"]["metrics"] == {"f1": 0.5}


def response(status: int) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    return answer


def caused_by(error: Exception) -> Exception:
    """What MLflow makes of an error of the network."""
    outer = RuntimeError("API request to http://h failed with exception …")
    outer.__context__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        pytest.param(caused_by(requests.exceptions.ConnectionError("refused")), True, id="refused"),
        pytest.param(caused_by(requests.exceptions.ReadTimeout("slow")), True, id="too-slow"),
        pytest.param(requests.exceptions.HTTPError(response=response(503)), True, id="a-gateway-without-it"),
        pytest.param(RuntimeError("… failed with error code 502 != 200"), True, id="a-gateway-in-words"),
        pytest.param(requests.exceptions.HTTPError(response=response(403)), False, id="forbidden"),
        pytest.param(RuntimeError("… failed with error code 500 != 200"), False, id="a-bug-of-the-server"),
        pytest.param(ValueError("RESOURCE_DOES_NOT_EXIST"), False, id="an-answer"),
    ],
)
def test_what_is_an_outage(error: Exception, is_one: bool) -> None:
    assert is_outage(error) is is_one


def test_what_goes_wrong_below_the_store_is_told() -> None:
    def connect() -> None:
        raise AttributeError("below")

    store = KeepingStore(connect, None, {}, uri="u", run_id="r", experiment_id="1", say=print)
    with pytest.raises(AttributeError, match="below"):
        store.get_run("r")
