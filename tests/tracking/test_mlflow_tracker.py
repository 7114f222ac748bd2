"""Real runs into real sqlite stores; what stands there is read by another process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from stepmill.model.run import RunStatus, StepOutcome, StepStatus
from stepmill.tracking.mlflow_tracker import MlflowTracker, deliver
from stepmill.tracking.state import DELIVERED, PENDING, read_state, undelivered
from tracking.samples import Project, leave_records, make_pipeline, make_project
from tracking.stores import all_runs, clean_environ, run_python

pytestmark = pytest.mark.slow
SECRET = "sésame-'42'-open"
LOGS = (
    "import mlflow\nmlflow.log_metric('acc', 0.8); mlflow.log_metric('acc', 0.9)\n"
    "mlflow.log_metric('rows', 7)\n"
    "mlflow.log_param('alpha', 'mine')\n"
    "with mlflow.start_run(run_name='inner'):\n    mlflow.log_metric('auc', 0.7)\n"
    "mlflow.start_run(run_name='left-open')"
)


@pytest.fixture(scope="module")
def tracked(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Project, dict[str, dict[str, Any]], MlflowTracker]:
    """A run with executed, cached and failed steps, in a folder with a space and an accent."""
    project = make_project(tmp_path_factory.mktemp("tracked") / "a projét")
    pipeline = make_pipeline({"load": "x = 1", "fit": LOGS, "score": "y = 2", "odd: [näme]": "z"})
    parameters = {"alpha": 0.3, "δ": 1, "λ": 2, "api_key": SECRET}
    tracker = project.begin("run-1", pipeline, parameters)
    outcomes: dict[str, StepOutcome] = {
        "load": StepOutcome(
            status=StepStatus.CACHED, reason="unchanged", metrics={"rows": 5.0}, cached_from="run-0"
        )
    }
    project.execute(tracker, pipeline.step("fit"), LOGS)
    outcomes["fit"] = project.outcome("run-1", "fit", outputs={"model": "abc"})
    tracker.step_finished("fit", outcomes["fit"])
    project.execute(tracker, pipeline.step("score"))
    outcomes["score"] = project.outcome(
        "run-1", "score", metrics={"f1": 0.5, "worst": float("inf"), "猫": 1, "狗": 2}, outputs={"s": "d"}
    )
    project.execute(tracker, pipeline.step("odd: [näme]"))
    error = {
        "ename": "ValueError",
        "evalue": f"bad {SECRET}",
        "traceback": f"\x1b[31mValueError\x1b[0m: {SECRET}",
    }
    outcomes["odd: [näme]"] = project.outcome("run-1", "odd", StepStatus.FAILED, error=error)
    summary = project.summary("run-1", outcomes, RunStatus.FAILED, parameters=parameters)
    table = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
    model = LogisticRegression(C=0.5).fit(table, [0, 0, 1, 1])
    leave_records(
        project.folder("run-1"),
        project.store,
        {"load": {"df": table}, "fit": {"model": model}, "score": {}},
        files={"load": [("raw.csv", "read", "d1")], "fit": [("more.csv", "read", "d2")]},
    )
    staged = project.folder("run-1") / "tracking"  # copies that the tracker has made already
    for notebook in project.folder("run-1").rglob("*.ipynb"):
        if notebook.is_relative_to(staged):
            continue
        text = notebook.read_text().replace('"x = 1"', json.dumps(f"api_key = {SECRET!r}"))
        notebook.write_text(text)
    parent = tracker.run_finished(summary, project.folder("run-1"))
    runs = {run["name"]: run for run in all_runs(project.uri, project.root)}
    assert runs["run-1"]["run_id"] == parent
    return project, runs, tracker


def test_a_parent_and_a_child_for_each_executed_step(tracked: Any) -> None:
    _, runs, tracker = tracked
    assert tracker.warnings == []
    assert set(runs) == {"run-1", "fit", "score", "odd: [näme]", "inner", "left-open"}
    parent = runs["run-1"]["run_id"]
    assert {name for name, run in runs.items() if run["parent"] == parent} == {"fit", "score", "odd: [näme]"}
    assert runs["inner"]["parent"] == runs["fit"]["run_id"]
    assert {run["experiment"] for run in runs.values()} == {"churn"}


def test_the_runner_says_how_each_run_ended(tracked: Any) -> None:
    _, runs, _ = tracked
    statuses = {name: run["status"] for name, run in runs.items()}
    assert statuses == {
        "run-1": "FAILED",
        "fit": "FINISHED",
        "score": "FINISHED",
        "odd: [näme]": "FAILED",
        "inner": "FINISHED",
        "left-open": "FINISHED",
    }


def test_metrics_are_promoted(tracked: Any) -> None:
    _, runs, _ = tracked
    assert runs["run-1"]["metrics"] == {
        "seconds": 1.5,
        "fit.seconds": 0.5,
        "score.seconds": 0.5,
        "odd_ _n_me_.seconds": 0.5,
        "fit.acc": 0.9,
        "acc": 0.9,
        "fit.rows": 7.0,
        "load.rows": 5.0,  # of the cached step; so `rows` is no bare name
        "score.f1": 0.5,
        "f1": 0.5,
        "score.__a810bf": 1.0,
        "__a810bf": 1.0,
        "score.__cecd67": 2.0,
        "__cecd67": 2.0,
    }
    assert runs["score"]["tags"]["stepmill.metric.worst"] == "inf"  # MLflow would store 1.8e308


def test_parameters(tracked: Any) -> None:
    _, runs, _ = tracked
    letters = {"__302712": "1", "__6bb560": "2"}  # of no alphabet that every backend of MLflow takes
    assert runs["run-1"]["params"] == {"alpha": "0.3", **letters, "api_key": "********"}
    assert runs["score"]["params"] == {"alpha": "0.3", "api_key": "********"}
    assert runs["fit"]["params"]["alpha"] == "mine"  # parameters are immutable: the user was first


def test_tags(tracked: Any) -> None:
    _, runs, _ = tracked
    tags = runs["run-1"]["tags"]
    assert tags["stepmill.kind"] == "pipeline"
    assert tags["stepmill.run"] == "run-1"
    assert tags["stepmill.cached.load"] == "run-0"
    assert tags["stepmill.notebook"] == "churn.ipynb"
    assert "| load | cached |" in tags["mlflow.note.content"]
    child = runs["odd: [näme]"]["tags"]
    assert (child["stepmill.kind"], child["stepmill.step"]) == ("step", "odd: [näme]")
    assert child["mlflow.note.content"].startswith("```\nValueError: ")


def test_artifacts(tracked: Any) -> None:
    _, runs, _ = tracked
    assert runs["run-1"]["files"] == [
        "graph.json",
        "graph.svg",
        "notebook.html",
        "notebook.ipynb",
        "run.json",
    ]
    for step in ("fit", "score", "odd: [näme]"):
        assert runs[step]["files"] == ["notebook.html", "notebook.ipynb"]


def test_what_a_step_took_is_logged_as_datasets(tracked: Any) -> None:
    project, runs, _ = tracked
    frame, file = runs["fit"]["datasets"]
    assert (frame["name"], frame["type"]) == ("df", "stepmill")
    assert frame["tags"] == {"mlflow.data.context": "input", "stepmill.producer": "load"}
    assert frame["source"]["store"] == str(project.store)
    assert (file["name"], file["digest"], file["type"]) == ("more.csv", "d2", "local")
    assert runs["score"]["datasets"] == []  # it takes a model, which is no table
    # the pipeline's run has the files from outside, those of cached steps included
    assert [data["name"] for data in runs["run-1"]["datasets"]] == ["raw.csv", "more.csv"]


LOAD_MODEL = """
import json, sys
import mlflow
import pandas as pd
from mlflow.data.dataset_source_registry import register_dataset_source
from stepmill.tracking.dataset_source import StepmillSource
mlflow.set_tracking_uri(sys.argv[1])
register_dataset_source(StepmillSource)  # as its entry point does where stepmill is installed
model = mlflow.pyfunc.load_model(f"models:/{sys.argv[2]}")
data = mlflow.get_run(sys.argv[3]).inputs.dataset_inputs[0]
table = mlflow.data.get_source(data).load()
assert mlflow.sklearn.load_model(f"models:/{sys.argv[2]}").C == 0.5
print("GAVE" + json.dumps([model.predict(table).tolist(), model.metadata.get_input_schema().to_dict()]))
"""


def test_a_model_is_logged_by_reference_and_can_be_loaded(tracked: Any) -> None:
    project, runs, _ = tracked
    (model,) = runs["fit"]["models"]
    assert (model["name"], model["status"], model["params"]["C"]) == ("model", "READY", "0.5")
    assert {k: model["tags"][k] for k in ("stepmill.step", "stepmill.run")} == {
        "stepmill.step": "fit",
        "stepmill.run": "run-1",
    }
    assert [run["name"] for run in runs.values() if run["models"]] == ["fit"]
    kept = sorted(Path(unquote(urlsplit(model["folder"]).path)).iterdir())
    assert [path.name for path in kept] == ["MLmodel", "model.pkl", "stepmill.json"]
    assert sum(path.stat().st_size for path in kept) < 2000
    done = run_python(
        LOAD_MODEL, project.uri, model["id"], runs["fit"]["run_id"], environ={}, cwd=project.root
    )
    assert "GAVE" in done.stdout, done.stderr
    labels, columns = json.loads(done.stdout.partition("GAVE")[2])
    assert labels == [0, 0, 1, 1]
    assert [(column["name"], column["type"]) for column in columns] == [("a", "double")]


def test_no_secret_stands_anywhere(tracked: Any) -> None:
    project, _, _ = tracked
    state = project.root / ".stepmill"
    files = [path for path in state.rglob("*") if path.is_file()]
    assert any(path.name == "mlflow.db" for path in files)
    own = {path for path in files if path.suffix == ".ipynb" and path.is_relative_to(state / "runs")}
    for form in (SECRET, repr(SECRET)[1:-1], json.dumps(SECRET)[1:-1], "default-of-the-key", "&#39;42&#39;"):
        found = [path for path in files if path not in own and form.encode() in path.read_bytes()]
        assert found == []
    pages = [path.read_text() for path in (state / "mlflow-artifacts").rglob("notebook.html")]
    assert any("********" in page for page in pages)


def test_the_state_is_written_down_and_the_copies_are_gone(tracked: Any) -> None:
    project, runs, _ = tracked
    state = read_state(project.folder("run-1"))
    assert state is not None
    assert (state.state, state.mlflow_run_id) == (DELIVERED, runs["run-1"]["run_id"])
    assert not (project.folder("run-1") / "tracking").exists()
    assert not (project.root / "mlruns").exists()
    assert undelivered(project.root) == []


def test_delivering_again_changes_nothing(tracked: Any) -> None:
    project, _, _ = tracked
    before = all_runs(project.uri, project.root)
    run_id, warnings = deliver(project.folder("run-1"), project.environ)
    assert warnings == ()
    assert all_runs(project.uri, project.root) == before
    assert run_id in {run["run_id"] for run in before}


def test_what_a_cached_step_once_logged_is_promoted_again(tracked: Any) -> None:
    project, _, _ = tracked
    pipeline = make_pipeline({"fit": LOGS, "score": "y = 2"}, name="churn")
    tracker = project.begin("run-2", pipeline)
    project.execute(tracker, pipeline.step("score"))
    fit = StepOutcome(status=StepStatus.CACHED, cached_from="run-1")
    outcomes = {"fit": fit, "score": project.outcome("run-2", "score")}
    parent = tracker.run_finished(project.summary("run-2", outcomes), project.folder("run-2"))
    runs = {run["run_id"]: run for run in all_runs(project.uri, project.root)}
    metrics = runs[parent]["metrics"]
    assert (metrics["fit.acc"], metrics["acc"], metrics["rows"]) == (0.9, 0.9, 7.0)
    assert "fit.seconds" not in metrics
    assert runs[parent]["tags"]["stepmill.cached.fit"] == "run-1"


def test_a_retried_step_gets_a_new_run(tmp_path: Path) -> None:
    """Parameters are immutable: logging another value into the first attempt's run would fail."""
    project = make_project(tmp_path / "p")
    pipeline = make_pipeline({"fit": "import mlflow"})
    tracker = project.begin("run-1", pipeline)
    project.execute(tracker, pipeline.step("fit"), "import mlflow; mlflow.log_param('try', 1)")
    project.execute(tracker, pipeline.step("fit"), "import mlflow; mlflow.log_param('try', 2)")
    summary = project.summary("run-1", {"fit": project.outcome("run-1", "fit")})
    assert tracker.run_finished(summary, project.folder("run-1"))
    attempts = [run for run in all_runs(project.uri, project.root) if run["name"] == "fit"]
    assert [(run["params"]["try"], run["status"]) for run in attempts] == [("1", "FAILED"), ("2", "FINISHED")]
    assert attempts[0]["tags"]["stepmill.superseded_by"] == attempts[1]["run_id"]


AWAY = """
import mlflow, subprocess, sys
from sklearn.linear_model import LogisticRegression
assert mlflow.get_tracking_uri().startswith('http')
mlflow.set_experiment('my-own')
mlflow.sklearn.autolog(silent=True, log_models=False)
model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
for step in range(3):
    mlflow.log_metric('loss', 1 - step / 4, step=step)
mlflow.log_param('depth', 3); mlflow.set_tag('who', 'me')
mlflow.log_text('hello', 'plots/note.txt')
mlflow.log_input(mlflow.data.from_numpy(model.coef_, name='mine'))
with mlflow.start_run(run_name='inner'):
    mlflow.log_metric('auc', 0.7)
    mlflow.log_text('below', 'below.txt')
made = mlflow.sklearn.log_model(model, name='net', pip_requirements=['scikit-learn'])
assert mlflow.sklearn.load_model(made.model_uri).predict([[1.0]]) == [1]
assert mlflow.last_active_run().data.metrics == {'auc': 0.7}
assert mlflow.get_run(mlflow.active_run().info.run_id).data.params['depth'] == '3'
subprocess.run([sys.executable, '-c', 'import mlflow; mlflow.log_metric("child", 1)'], check=True)
for ask in (
    lambda: mlflow.search_runs(search_all_experiments=True),
    lambda: mlflow.get_run('0' * 32),
    lambda: mlflow.get_experiment_by_name('my-own'),
    lambda: mlflow.search_logged_models(),
    lambda: mlflow.sklearn.load_model('runs:/' + '0' * 32 + '/model'),
):
    try:
        print('ANSWERED', ask())
    except Exception as error:
        assert 'only the tracking server knows' in str(error), error
"""
LOAD_NET = """
import sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.sklearn.load_model(f"models:/{sys.argv[2]}")
print("GAVE", model.predict([[1.0]]), mlflow.models.get_model_info(f"models:/{sys.argv[2]}").run_id)
"""


@pytest.fixture(scope="module")
def away(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Project, MlflowTracker, str, dict[str, dict[str, Any]]]:
    """A run whose server was away all the time; its code logs all the same. Later it is delivered, twice."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://someone:hunter2@127.0.0.1:{closed.getsockname()[1]}"
        project = make_project(tmp_path_factory.mktemp("away") / "p", MLFLOW_TRACKING_URI=address)
        pipeline = make_pipeline({"load": "x = 1", "fit": "import mlflow"})
        tracker = project.begin("run-1", pipeline, {"api_key": SECRET})
        project.execute(tracker, pipeline.step("load"))
        project.execute(tracker, pipeline.step("fit"), "import mlflow; mlflow.log_param('depth', '1st try')")
        printed = project.execute(tracker, pipeline.step("fit"), AWAY)
        summary = project.summary(
            "run-1",
            {name: project.outcome("run-1", name) for name in ("load", "fit")},
            parameters={"api_key": SECRET},
        )
        assert tracker.run_finished(summary, project.folder("run-1")) is None
    assert undelivered(project.root) == [project.folder("run-1")]
    state = read_state(project.folder("run-1"))
    assert state is not None
    assert state.state == PENDING
    texts = [path for path in project.root.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert texts == []
    # the server is back (here: the project's own store), and the secret is not known any more
    copy = shutil.copytree(project.folder("run-1"), project.root / "copy")
    assert deliver(project.folder("run-1"), clean_environ())[1] == ()
    shutil.copytree(copy, project.folder("run-1"), dirs_exist_ok=True)  # as if it had ended half-way
    assert deliver(project.folder("run-1"), clean_environ())[1] == ()
    runs = all_runs(project.uri, project.root)
    first = next(run for run in runs if "stepmill.superseded_by" in run["tags"])
    assert len(runs) == 5
    return (
        project,
        tracker,
        printed,
        {"first": first} | {run["name"]: run for run in runs if run is not first},
    )


def test_an_outage_fails_nothing_and_the_run_can_be_delivered_later(away: Any) -> None:
    project, tracker, _, runs = away
    assert len(tracker.warnings) == 1
    assert "does not answer (ConnectionRefusedError)" in tracker.warnings[0]
    assert "stepmill sync" in tracker.warnings[0]
    statuses = {name: run["status"] for name, run in runs.items()}
    assert statuses == {"first": "FAILED", **dict.fromkeys(("run-1", "load", "fit", "inner"), "FINISHED")}
    assert all("notebook.html" in runs[name]["files"] for name in ("run-1", "load", "fit"))
    assert undelivered(project.root) == []


def test_what_code_logs_during_an_outage_is_delivered_with_its_step(away: Any) -> None:
    project, _, printed, runs = away
    assert printed.count("stepmill: MLflow cannot be reached") == 1
    assert "ANSWERED" not in printed
    fit, inner = runs["fit"], runs["inner"]
    assert {name: fit["metrics"][name] for name in ("loss", "child")} == {"loss": 0.5, "child": 1}
    assert "training_score" in fit["metrics"]  # of autologging
    assert runs["run-1"]["metrics"]["fit.loss"] == 0.5
    assert (runs["first"]["params"]["depth"], fit["params"]["depth"]) == ("1st try", "3")
    assert (fit["tags"]["who"], fit["tags"]["stepmill.user_experiment"]) == ("me", "my-own")
    assert "mine" in [data["name"] for data in fit["datasets"]]
    assert "plots/note.txt" in fit["files"]
    assert (inner["parent"], inner["metrics"], inner["files"]) == (fit["run_id"], {"auc": 0.7}, ["below.txt"])
    assert inner["tags"]["stepmill.step"] == "fit"
    (model,) = [model for model in fit["models"] if model["name"] == "net"]
    done = run_python(LOAD_NET, project.uri, model["id"], environ={}, cwd=project.root)
    assert done.stdout.splitlines()[-1:] == [f"GAVE [1] {fit['run_id']}"], done.stderr


FIRST_USE = """
import sys
from pathlib import Path
from stepmill.model.run import StepOutcome, StepStatus
from tracking.samples import make_pipeline, make_project
project = make_project(Path(sys.argv[1]))
pipeline = make_pipeline({"fit": "import mlflow"})
tracker = project.begin(sys.argv[2], pipeline)
variables = tracker.step_environment(pipeline.step("fit"))
outcome = StepOutcome(status=StepStatus.EXECUTED, seconds=0.1)
print(tracker.run_finished(project.summary(sys.argv[2], {"fit": outcome}), project.folder(sys.argv[2])))
print(len(variables["STEPMILL_MLFLOW_RUN"]), tracker.warnings)
"""


def child_environ() -> dict[str, str]:
    """The environment of a process that imports these tests."""
    environ = clean_environ()
    paths = (str(Path(__file__).parents[1]), environ.get("PYTHONPATH", ""))
    return environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def test_many_processes_may_make_the_store_at_once(tmp_path: Path) -> None:
    """Without a lock 7 of 8 die: each makes the tables."""

    def first_use(number: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", FIRST_USE, str(tmp_path / "p"), f"run-{number}"],
            env=child_environ(),
            capture_output=True,
            text=True,
            check=False,
        )

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(first_use, range(4)))
    assert [process.returncode for process in done] == [0] * 4, [process.stderr for process in done]
    # it waited for the store: the address is an id of 32 letters, not the path of a file, which only a
    # process gets that came when the store was there
    said = [process.stdout.splitlines()[1] for process in done]
    assert "32 []" in said
    assert all(line.endswith(" []") for line in said)
    runs = all_runs(f"sqlite:///{tmp_path}/p/.stepmill/mlflow.db", tmp_path)
    assert sorted(run["name"] for run in runs) == ["fit"] * 4 + [f"run-{n}" for n in range(4)]
    assert {run["status"] for run in runs} == {"FINISHED"}


KILLED = """
import os, sys, time
from pathlib import Path
from tracking.samples import make_pipeline, make_project
project = make_project(Path(sys.argv[1]))
pipeline = make_pipeline({"fit": "import mlflow"})
tracker = project.begin("run-1", pipeline)
tracker.step_environment(pipeline.step("fit"))
print("ready", tracker._open.channel._process.pid, flush=True)
time.sleep(600)
"""


def test_the_runs_of_a_killed_runner_are_closed(tmp_path: Path) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "p")],
        env=child_environ(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert runner.stdout is not None
    with runner.stdout:
        word, pid = runner.stdout.readline().split()
        assert word == "ready"
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    while _exists(int(pid)):  # pytest's timeout bounds it
        time.sleep(0.05)
    runs = all_runs(f"sqlite:///{tmp_path}/p/.stepmill/mlflow.db", tmp_path)
    assert {run["name"]: run["status"] for run in runs} == {"run-1": "KILLED", "fit": "KILLED"}
    assert undelivered(tmp_path / "p") == []


def test_runs_of_which_nobody_was_left_are_closed_by_the_next_run(tmp_path: Path) -> None:
    """Runner and tracking process die at once, as when the machine does."""
    runner = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "p")],
        env=child_environ(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert runner.stdout is not None
    with runner.stdout:
        word, pid = runner.stdout.readline().split()
        assert word == "ready"
        os.kill(int(pid), signal.SIGKILL)
        runner.kill()
        runner.wait()
    project = make_project(tmp_path / "p")
    assert undelivered(project.root) == [project.folder("run-1")]
    pipeline = make_pipeline({"fit": "x = 1"})
    tracker = project.begin("run-2", pipeline)
    project.execute(tracker, pipeline.step("fit"))
    summary = project.summary("run-2", {"fit": project.outcome("run-2", "fit")})
    assert tracker.run_finished(summary, project.folder("run-2"))
    assert tracker._open is not None
    tracker._open.channel.join(timeout_s=300)
    assert undelivered(project.root) == []
    statuses = [(run["name"], run["status"]) for run in all_runs(project.uri, tmp_path)]
    assert statuses == [("run-1", "KILLED"), ("fit", "KILLED"), ("run-2", "FINISHED"), ("fit", "FINISHED")]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return (
        Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
        if Path(f"/proc/{pid}/stat").exists()
        else True
    )
