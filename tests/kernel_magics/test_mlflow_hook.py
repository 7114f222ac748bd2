"""The ways in which user code logs, each in a process of its own, as in the kernel of a step."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from stepmill_magics import mlflow_hook
from tracking.stores import all_runs, run_python

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.timeout(900)  # the cases run once, all of them, before the first test

INSTALL = "import os\nfrom stepmill_magics import mlflow_hook\nmlflow_hook.install(os.environ)\n"
FIT = """
import mlflow
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import make_classification
X, y = make_classification(200, random_state=0)
"""
MAKE_STORE = """
import json, sys
from mlflow import MlflowClient
uri, artifacts, names = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
client = MlflowClient(uri)
experiment = client.create_experiment("pipeline", artifacts)
client.create_experiment("elsewhere", artifacts)
parent = client.create_run(experiment, run_name="parent").info.run_id
steps = {
    name: client.create_run(experiment, run_name=name, tags={"mlflow.parentRunId": parent}).info.run_id
    for name in names
}
print("STORE" + json.dumps([experiment, steps]))
"""


@dataclass(frozen=True)
class Case:
    """User code, and what the step's run and the runs below it (name or None, metrics) then hold."""

    code: str
    metrics: dict[str, float] = field(default_factory=dict)
    children: tuple[tuple[str | None, dict[str, float]], ...] = ()
    printed: str = ""
    before: str = ""  # what setup cells do, before the hook is installed
    fails: bool = False
    files: tuple[str, ...] = ()
    user_children: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = ()


CASES = {
    "plain-calls": Case(
        "import mlflow\nmlflow.log_metric('acc', 0.9)\n"
        "mlflow.log_param('lr', 0.1); mlflow.set_tag('who', 'me')\n"
        "mlflow.log_text('hello', 'note.txt')",
        {"acc": 0.9},
        before="import sys, types\nsys.modules['no_module_at_all'] = types.SimpleNamespace(x=1)\n",
        files=("note.txt",),
        tags={"who": "me"},
        params={"lr": "0.1"},
    ),
    "with-start-run": Case(
        "import mlflow\nwith mlflow.start_run():\n    mlflow.log_metric('acc', 0.9)",
        children=((None, {"acc": 0.9}),),
    ),
    "with-start-run-named": Case(
        "import mlflow\nwith mlflow.start_run(run_name='mine'):\n    mlflow.log_metric('acc', 0.9)",
        children=(("mine", {"acc": 0.9}),),
    ),
    "two-start-runs-in-a-row": Case(
        "import mlflow\nfor name in 'ab':\n    with mlflow.start_run(run_name=name):\n"
        "        mlflow.log_metric(name, 1)",
        children=(("a", {"a": 1}), ("b", {"b": 1})),
    ),
    "nested-runs-without-a-parent": Case(
        "import mlflow\nfor i in range(3):\n    with mlflow.start_run(nested=True, run_name=f't{i}'):\n"
        "        mlflow.log_metric('v', i)",
        children=(("t0", {"v": 0}), ("t1", {"v": 1}), ("t2", {"v": 2})),
    ),
    "set-experiment-then-log": Case(
        "import mlflow\nmlflow.set_experiment('my-own'); mlflow.log_metric('acc', 0.9)",
        {"acc": 0.9},
        printed="set_experiment('my-own')",
        tags={"stepmill.user_experiment": "my-own"},
    ),
    "set-experiment-then-start-run": Case(
        "import mlflow\nmlflow.set_experiment('my-own')\n"
        "with mlflow.start_run():\n    mlflow.log_metric('acc', 0.9)",
        children=((None, {"acc": 0.9}),),
        printed="set_experiment('my-own')",
    ),
    "set-tracking-uri": Case(
        "import mlflow\nmlflow.set_tracking_uri('sqlite:///users.db'); mlflow.log_metric('acc', 0.9)\n"
        "import os; assert not os.path.exists('users.db')",
        {"acc": 0.9},
        printed="set_tracking_uri is not followed",
    ),
    "autolog": Case(
        FIT + "mlflow.autolog(log_models=False, silent=True)\nLogisticRegression().fit(X, y)\n"
        "assert mlflow.active_run().data.tags is not None",
        {"training_score": -1},
        params={"solver": "lbfgs"},
    ),
    "autolog-two-fits": Case(
        FIT + "mlflow.sklearn.autolog(log_models=False, silent=True)\n"
        "LogisticRegression(C=1).fit(X, y); LogisticRegression(C=2).fit(X, y)",
        {"training_score": -1},
    ),
    "autolog-grid-search": Case(
        FIT + "from sklearn.model_selection import GridSearchCV\n"
        "mlflow.sklearn.autolog(log_models=False, silent=True)\n"
        "GridSearchCV(LogisticRegression(), {'C': [0.1, 1]}, cv=2).fit(X, y)",
        {"best_cv_score": -1},
        children=((None, {"mean_test_score": -1}), (None, {"mean_test_score": -1})),
        user_children=False,
    ),
    "logging-from-a-thread": Case(
        "import mlflow, threading\nmlflow.log_metric('main', 1)\n"
        "t = threading.Thread(target=lambda: mlflow.log_metric('thread', 1)); t.start(); t.join()",
        {"main": 1, "thread": 1},
    ),
    "logging-from-a-subprocess": Case(
        "import mlflow, subprocess, sys\nmlflow.log_metric('main', 1)\n"
        "subprocess.run([sys.executable, '-c', 'import mlflow; mlflow.log_metric(\"sub\", 1)'], check=True)",
        {"main": 1, "sub": 1},
    ),
    "failing-cell": Case(
        "import mlflow\nmlflow.log_metric('acc', 0.9)\nraise ValueError('boom')", {"acc": 0.9}, fails=True
    ),
    "dying-kernel": Case(
        "import mlflow, os\nmlflow.log_metric('acc', 0.9)\nos._exit(9)", {"acc": 0.9}, fails=True
    ),
    "no-mlflow-at-all": Case("import sys\nx = 1\nassert 'mlflow' not in sys.modules"),
    # and beyond the sixteen
    "imported-by-a-setup-cell": Case(
        "log_metric('acc', 0.9)\nwith begin(run_name='mine'):\n    mlflow.log_metric('v', 1)",
        {"acc": 0.9},
        children=(("mine", {"v": 1}),),
        before="import mlflow\nfrom mlflow import log_metric, start_run as begin\n"
        "assert mlflow.active_run() is None\n"
        "mlflow.set_experiment('elsewhere')\n",
        printed="the experiment set in a setup cell",
    ),
    "autolog-in-a-setup-cell": Case(
        FIT + "LogisticRegression().fit(X, y)",
        {"training_score": -1},
        params={"solver": "lbfgs"},
        before="import mlflow\nmlflow.autolog(log_models=False, silent=True)\n",
    ),
    "a-model-that-the-code-logs": Case(
        FIT + "model = LogisticRegression().fit(X, y)\n"
        "about = mlflow.sklearn.log_model(model, name='mine', pip_requirements=['scikit-learn'])\n"
        "assert about.run_id == mlflow.active_run().info.run_id\n",
        models=("mine",),
    ),
    "tracking-uri-set-by-a-setup-cell": Case(
        "mlflow.log_metric('acc', 0.9)",
        {"acc": 0.9},
        before="import mlflow\nmlflow.set_tracking_uri('sqlite:///users.db')\n",
        printed="set_tracking_uri is not followed",
    ),
    "start-run-without-end": Case(
        "import mlflow\nmlflow.start_run(run_name='open')\nmlflow.log_metric('acc', 0.9)\n"
        "try:\n    mlflow.start_run()\n"
        "except Exception as error:\n    print('refused', 'already active' in str(error))",
        children=(("open", {"acc": 0.9}),),
        printed="refused True",
    ),
    "end-run-first-as-people-do": Case(
        "import mlflow\nif mlflow.active_run():\n    mlflow.end_run()\n"
        "mlflow.log_metric('acc', 0.9)\nmlflow.end_run()\n"
        "assert mlflow.last_active_run().data.metrics == {'acc': 0.9}",
        {"acc": 0.9},
    ),
    "run-below-a-named-parent": Case(
        "import mlflow\nwith mlflow.start_run(run_name='outer') as outer:\n    pass\n"
        "with mlflow.start_run(run_name='inner', parent_run_id=outer.info.run_id):\n"
        "    mlflow.log_metric('v', 1)\n"
        "mlflow.log_metric('acc', 0.9)",
        {"acc": 0.9},
        children=(("outer", {}),),
    ),
    "metrics-for-the-cache-record": Case(
        "import mlflow\nmlflow.log_metric('acc', 0.8); mlflow.log_metric('acc', 0.9)\n"
        "with mlflow.start_run():\n    mlflow.log_metric('v', 1)\nprint(mlflow_hook.logged_metrics())",
        {"acc": 0.9},
        children=((None, {"v": 1}),),
        printed="{'v': 1.0, 'acc': 0.9}",
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What a case left: its process, its step's run, the runs below, and the strays of all cases."""

    process: subprocess.CompletedProcess[str]
    run: dict[str, Any]
    children: list[dict[str, Any]]
    strays: list[str]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("hook")
    uri = f"sqlite:///{folder}/mlflow.db"
    made = run_python(
        MAKE_STORE, uri, (folder / "artifacts").as_uri(), json.dumps(list(CASES)), environ={}, cwd=folder
    )
    experiment, steps = json.loads(made.stdout.partition("STORE")[2])

    def execute(name: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "MLFLOW_TRACKING_URI": uri,
            "MLFLOW_EXPERIMENT_ID": experiment,
            "STEPMILL_MLFLOW_RUN": steps[name],
            "STEPMILL_MLFLOW_TRACKING_URI": uri,
            "STEPMILL_MLFLOW_EXPERIMENT_ID": experiment,
            "STEPMILL_MLFLOW_PIPELINE_RUN": "the-run",
            "STEPMILL_MLFLOW_STEP": name,
        }
        return run_python(CASES[name].before + INSTALL + CASES[name].code, environ=environ, cwd=folder)

    with ThreadPoolExecutor(2) as pool:
        processes = dict(zip(CASES, pool.map(execute, CASES), strict=True))
    runs = all_runs(uri, folder)
    known = {*steps.values(), *(run["run_id"] for run in runs)}
    strays = [run["name"] for run in runs if run["parent"] not in known and run["name"] != "parent"]
    by_id = {run["run_id"]: run for run in runs}
    return {
        name: Outcome(processes[name], by_id[run_id], [r for r in runs if r["parent"] == run_id], strays)
        for name, run_id in steps.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_user_calls_stay_with_the_step(outcomes: dict[str, Outcome], name: str) -> None:
    case, outcome = CASES[name], outcomes[name]
    assert (outcome.process.returncode != 0) == case.fails, outcome.process.stderr
    assert_metrics(outcome.run["metrics"], case.metrics)
    assert len(outcome.children) == len(case.children)
    for child, (child_name, metrics) in zip(outcome.children, case.children, strict=True):
        assert child_name in (None, child["name"])
        assert_metrics(child["metrics"], metrics)
    assert outcome.strays == []


def assert_metrics(found: dict[str, float], expected: dict[str, float]) -> None:
    """Compare; an expected -1 stands for any value, and then there may be others (autologging)."""
    if -1 in expected.values():
        assert set(expected) <= set(found)
    else:
        assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_run_is_what_the_case_says(outcomes: dict[str, Outcome], name: str) -> None:
    case, outcome = CASES[name], outcomes[name]
    assert outcome.run["status"] == "RUNNING" or name == "logging-from-a-subprocess"  # the runner ends it
    assert outcome.run["name"] == name
    assert outcome.run["experiment"] == "pipeline"
    assert case.tags.items() <= outcome.run["tags"].items()
    assert case.params.items() <= outcome.run["params"].items()
    assert set(case.files) <= set(outcome.run["files"])
    assert [model["name"] for model in outcome.run["models"]] == list(case.models)
    if case.user_children:
        assert all(child["tags"]["stepmill.kind"] == "user" for child in outcome.children)
        assert all(child["tags"]["stepmill.run"] == "the-run" for child in outcome.children)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_at_most_one_line_is_printed(outcomes: dict[str, Outcome], name: str) -> None:
    said = [line for line in outcomes[name].process.stdout.splitlines() if line.startswith("stepmill:")]
    assert CASES[name].printed in outcomes[name].process.stdout
    assert len(said) <= 1


HANDOVER = [
    pytest.param(
        {"run_id": "r", "experiment_id": "7", "pipeline_run": "p", "step": "s"}, "r 7", "", id="an-address"
    ),
    pytest.param({"problem": "no route"}, "None None", "MLflow does not work", id="a-problem-is-said-once"),
]


@pytest.mark.parametrize(("document", "ids", "printed"), HANDOVER)
def test_the_address_may_come_in_a_file(
    tmp_path: Path, document: dict[str, str], ids: str, printed: str
) -> None:
    """With a stand-in called mlflow, which lacks everything that the hook looks for."""
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow/__init__.py").write_text("here = 1\n")
    (tmp_path / "address.json").write_text(json.dumps(document))
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{INSTALL}import mlflow\nassert mlflow.here\n"
    code += "print(os.environ.get('MLFLOW_RUN_ID'), os.environ.get('MLFLOW_EXPERIMENT_ID'))"
    done = run_python(code, environ={"STEPMILL_MLFLOW_RUN": str(tmp_path / "address.json")}, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ids
    assert printed in done.stdout
    # an mlflow that is not the one we know is left alone, and the user is told in one line
    assert done.stdout.count("stepmill:") == 1


def test_without_a_run_nothing_is_touched() -> None:
    before = list(sys.meta_path)
    mlflow_hook.install({})
    assert sys.meta_path == before


def test_installing_twice_is_installing_once() -> None:
    before = list(sys.meta_path)
    environ = {"STEPMILL_MLFLOW_RUN": "r"}
    mlflow_hook.install(environ)
    mlflow_hook.install(environ)
    assert len(sys.meta_path) == len(before) + 1
    mlflow_hook.uninstall()
    assert sys.meta_path == before


def test_no_metrics_without_mlflow() -> None:
    assert mlflow_hook.logged_metrics() == {}
