"""The Python interface, over real kernels."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration.notebooks import Workplace, statuses, write_notebook
from stepmill import api
from stepmill.errors import ArtifactError, RunCancelled, StepFailed, UsageError
from stepmill.model.codec import to_json

if TYPE_CHECKING:
    from stepmill.model.run import Event

pytestmark = pytest.mark.kernel


def test_the_last_event_is_the_contracts(place: Workplace) -> None:
    place.write("%%step a\nx = 1", "%%step b\ny = x + 1\nprint(y)")
    run = place.run()
    last = place.events[-1]
    assert last.kind == "run-finished"
    assert set(last.data) >= {"schema", "status", "steps", "notebook", "mlflow_run_id"}
    assert last.data["status"] == "succeeded"
    assert set(last.data["steps"]["b"]) >= {"status", "reason", "seconds", "outputs", "notebook"}
    assert last.data["steps"]["b"]["outputs"] == dict(run.steps["b"].outputs)
    assert json.loads((run.folder.path / "run.json").read_text())["status"] == "succeeded"
    assert [to_json(event) for event in run.events()] == [to_json(event) for event in place.events]


def test_the_source_is_never_written(place: Workplace) -> None:
    place.write("%%step a\nprint('hi')")
    before = place.notebook.read_bytes()
    run = place.run()
    assert place.notebook.read_bytes() == before
    assert place.cell_outputs(run, 0) == [{"name": "stdout", "output_type": "stream", "text": ["hi\n"]}]


def test_any_output_can_be_kept(place: Workplace) -> None:
    place.write(
        "%%step a\nfrom IPython.display import display\n"
        "display({'application/json': {'value': float('nan')}, 'text/plain': 'x'}, raw=True)"
    )
    first, second = place.run(), place.run()
    assert (statuses(first), statuses(second)) == ({"a": "executed"}, {"a": "cached"})
    assert place.cell_outputs(second, 0) == place.cell_outputs(first, 0)


def test_past_runs_are_found(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("%%step a\nx = 1")
    first, second = place.run(), place.run()
    assert [summary.run_id for summary in api.list_runs(place.folder)][::-1] == sorted(
        (first.run_id, second.run_id)
    )
    assert api.open_run(first.run_id, place.folder).summary == first.summary
    monkeypatch.chdir(place.folder)
    assert api.open_run(first.run_id).load("a", "x") == 1
    with pytest.raises(UsageError, match="no run 'zzz'"):
        api.open_run("zzz")


def test_values_of_the_notebooks_own_classes_can_be_loaded(place: Workplace) -> None:
    place.write(
        "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: int = 0",
        "%%step make\np = Point(3)\nf = lambda v: v + p.x",
        "%%step use\nq = (p, p, f(1))",
    )
    run = place.run()
    first, second, total = run.load("use", "q")
    assert first is second
    assert (first.x, first.y, total) == (3, 0, 4)
    assert first == run.load("make", "p")
    with pytest.raises(UsageError, match="gave no 'zz'"):
        run.load("make", "zz")
    with pytest.raises(UsageError, match="no step 'zz'"):
        run.load("zz", "p")


def test_classes_made_from_parameters_are_those_of_the_run(place: Workplace) -> None:
    place.write(
        "from enum import Enum\nfrom pathlib import Path\nclass Colour(Enum):\n    RED = 1\n    BLUE = 2",
        "%%parameters\nfolder: Path = Path('a')\nrate: float = 1.0\n"
        "colour: Colour = Colour.RED\napi_key = 'k'",
        "class Job:\n    where, paint = folder / 'x', colour\n    share = 1 / rate",
        "class Locked:\n    key = api_key.upper()",
        "%%step make\njob = Job()",
        "%%step keep\nlocked = Locked()",
    )
    run = place.run(parameters={"folder": "b", "rate": 2, "colour": "BLUE"})
    job = run.load("make", "job")
    assert (job.where, job.paint.name, job.share) == (Path("b/x"), "BLUE", 0.5)
    with pytest.raises(ArtifactError, match="secret parameter api_key"):
        run.load("keep", "locked")


def test_a_failing_cell_fails_its_branch_only(place: Workplace) -> None:
    place.write(
        "%%step load\nx = 1",
        "%%step bad\nimport random\nprint('before', random.random())\ny = x\nraise ValueError('my words')",
        "%%step after\nz = y",
        "%%step other\nw = x + 1",
    )
    run = place.run()
    assert run.status.value == "failed"
    assert statuses(run) == {"load": "executed", "bad": "failed", "after": "skipped", "other": "executed"}
    error = run.steps["bad"].error
    assert error is not None
    assert (error["cell"], error["line"], error["ename"], error["evalue"]) == (1, 5, "ValueError", "my words")
    assert "my words" in error["traceback"]
    assert "`bad` drew after `random.seed(" in error["hint"]
    assert [output["output_type"] for output in place.cell_outputs(run, 1)] == ["stream", "error"]
    assert "before" in (run.folder.step_files("bad").executed).read_text()
    with pytest.raises(StepFailed, match="my words"):
        run.check()

    place.write("%%step load\nx = 1", "%%step bad\ny = x", "%%step after\nz = y", "%%step other\nw = x + 1")
    again = place.run()
    assert statuses(again) == {"load": "cached", "bad": "executed", "after": "executed", "other": "cached"}


def test_a_value_that_cannot_be_stored_names_variable_type_and_cell(place: Workplace) -> None:
    body = "import threading\ndef make():\n    lock = threading.Lock()\n    lock.acquire()\n    return lock\n"
    (place.folder / "hidden.py").write_text(body)
    place.write("import hidden", "%%step make\nlock = hidden.make()", "%%step use\nlock.locked()")
    run = place.run()
    error = run.steps["make"].error
    assert error is not None
    assert (error["code"], error["name"], error["cell"]) == ("SM041", "lock", 1)
    assert "lock" in error["type_name"]
    assert error["hint"]


def test_only_the_wanted_steps_run(place: Workplace) -> None:
    place.write("%%step a\nx = 1", "%%step b\ny = x", "%%step c\nz = 3")
    assert statuses(place.run(steps=["b"])) == {"a": "executed", "b": "executed"}
    with pytest.raises(UsageError, match="no step 'd'"):
        place.run(steps=["d"])


def test_retries_run_a_step_again(place: Workplace) -> None:
    place.write(
        "%%step shaky --retries 2 --no-cache\nimport pathlib\np = pathlib.Path('/tmp') / 'unused'\n"
        "marks = pathlib.Path('marks.txt')\nn = len(marks.read_text()) if marks.exists() else 0\n"
        "marks.write_text('x' * (n + 1))\nassert n >= 1",
    )
    run = place.run()
    assert statuses(run) == {"shaky": "executed"}
    warnings = [event.data["message"] for event in place.events if event.kind == "run-warning"]
    assert len(warnings) == 1
    assert warnings[0].startswith("attempt 1 failed")


def test_seeds_are_derived_said_and_repeatable(place: Workplace) -> None:
    place.write("import random", "%%step draw\nvalue = random.random()")
    first = place.run()
    assert "nothing seeds its random numbers, so seed" in first.steps["draw"].reason
    second = place.run(refresh=True)
    assert second.steps["draw"].status.value == "executed"
    assert first.load("draw", "value") == second.load("draw", "value")


def test_secrets_are_written_nowhere(place: Workplace) -> None:
    place.write("%%parameters\napi_key = 'nobody'", "%%step use\nn = len(api_key)")
    run = place.run(parameters={"api_key": "hunter2hunter2"})
    assert run.load("use", "n") == 14
    holders = [
        path.relative_to(place.folder).as_posix()
        for path in place.folder.rglob("*")
        if path.is_file() and b"hunter2" in path.read_bytes()
    ]
    assert holders == []
    assert statuses(place.run(parameters={"api_key": "hunter2hunter2"})) == {"use": "cached"}
    assert statuses(place.run(parameters={"api_key": "another secret"})) == {"use": "executed"}


SLOW = "%%step slow --after a\nimport time\nopen('started', 'w')\ntime.sleep(600)"


def test_cancelling_stops_everything_and_is_written_down(place: Workplace) -> None:
    place.write("%%step a\nx = 1", SLOW, "%%step last --after slow\n1")
    cancel = threading.Event()

    def stop_in_slow() -> None:
        while not (place.folder / "started").exists():
            time.sleep(0.05)
        cancel.set()

    threading.Thread(target=stop_in_slow, daemon=True).start()
    run = place.run(cancel=cancel)
    assert run.status.value == "cancelled"
    assert statuses(run) == {"a": "executed", "slow": "cancelled", "last": "cancelled"}
    assert api.open_run(run.run_id, place.folder).status.value == "cancelled"


INTERRUPTED = """
import os, signal, sys, threading, time
from pathlib import Path
from stepmill import api
from stepmill.errors import RunCancelled

def interrupt():
    while not Path(sys.argv[1]).with_name("started").exists():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
try:
    api.run(sys.argv[1], tracking=False)
except RunCancelled as error:
    print(error.exit_code)
"""


def test_ctrl_c_is_an_orderly_end(place: Workplace) -> None:
    place.write("%%step a\nx = 1", SLOW)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(place.notebook)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout.strip(), done.stderr) == (str(RunCancelled.exit_code), "")
    assert [summary.status.value for summary in api.list_runs(place.folder)] == ["cancelled"]


def test_a_run_that_died_does_not_stay_running(place: Workplace) -> None:
    place.write("%%step a\nx = 1")
    run = place.run()
    path = run.folder.path / "run.json"
    path.write_text(path.read_text().replace('"succeeded"', '"running"'))
    assert api.open_run(run.run_id, place.folder).status.value == "cancelled"


def test_paths_with_spaces_and_other_scripts(tmp_path: Path) -> None:
    folder = tmp_path / "mon projet é" / "données {x}"
    folder.mkdir(parents=True)
    place = Workplace(folder, "carnet de 評価 $1.ipynb")
    (folder / "entrée 1.txt").write_text("5")
    place.write("%%step lire\nv = int(open('entrée 1.txt').read())", "%%step 評価\nw = v * 2")
    run = place.run()
    assert run.load("評価", "w") == 10
    assert set(statuses(place.run()).values()) == {"cached"}


def test_a_notebook_outside_of_any_repository_is_its_own_project(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", "%%step a\nx = 1")
    run = api.run(notebook, tracking=False)
    assert run.folder.path.is_relative_to(tmp_path / ".stepmill")
    assert (tmp_path / ".stepmill" / ".gitignore").read_text() == "*\n"


def test_another_project_folder_keeps_the_notebooks_folder_clean(place: Workplace, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place.write("%%step a\nx = 1\nopen('out.txt', 'w').write('1')")
    run = place.run(project=elsewhere)
    assert (place.folder / "out.txt").read_text() == "1"
    (place.folder / "out.txt").unlink()
    run = place.run(project=elsewhere)
    assert (place.folder / "out.txt").read_text() == "1"
    assert run.folder.path.is_relative_to(elsewhere / ".stepmill")
    assert not (place.folder / ".stepmill").exists()
    assert api.open_run("latest", elsewhere).load("a", "x") == 1


def test_planning_and_analysing_write_nothing(place: Workplace) -> None:
    place.write("%%parameters\ntoken = 'x'", "%%step a\nimport os\nx = os.environ.get('HOME'), token")
    assert [step.name for step in api.analyze(place.notebook).steps] == ["a"]
    assert place.plan().step("a").reason == "no earlier result is stored"
    assert not (place.folder / ".stepmill").exists()


def test_runs_are_listed_by_notebook(place: Workplace) -> None:
    place.write("%%step a\nx = 1")
    other = write_notebook(place.folder / "sub.ipynb", "%%step b\ny = 1")
    first, second = place.run(), api.run(other, tracking=False)
    assert [s.run_id for s in api.list_runs(other, notebook=other)] == [second.run_id]
    assert [s.run_id for s in api.list_runs(place.folder, notebook=place.notebook)] == [first.run_id]
    assert len(api.list_runs(place.folder, limit=1)) == 1


def test_a_run_is_cancelled_by_its_id(place: Workplace) -> None:
    place.write("%%step a\nimport time\ntime.sleep(600)")
    asked: list[bool] = []

    def ask(event: Event) -> None:
        if event.kind == "step-progress":
            assert api.open_run(event.run_id, place.folder).steps["a"].status.value == "running"
            asked.append(api.cancel_run(event.run_id, place.folder))

    with pytest.raises(RunCancelled):
        api.run(place.notebook, tracking=False, on_event=ask)
    assert asked[0] is True
    (summary,) = api.list_runs(place.folder)
    assert summary.status.value == "cancelled"
    assert api.cancel_run(summary.run_id, place.folder) is False


def test_where_a_name_has_no_value_is_said_before_anything_runs(place: Workplace) -> None:
    place.write("%%step a\nx = 1", "%%step b\nprint(x, yy)")
    assert place.run().status.value == "failed"
    kinds = [event.kind for event in place.events]
    said = place.events[kinds.index("run-warning")]
    assert kinds.index("run-warning") < kinds.index("step-started")
    assert (said.step, said.data["message"].startswith("cell [1], line 2: `yy` has no value")) == ("b", True)
    place.run(steps=["a"])
    assert "run-warning" not in {event.kind for event in place.events}
