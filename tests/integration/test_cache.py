"""What runs again and what does not, over real kernels."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from integration.notebooks import digests, reason, statuses

if TYPE_CHECKING:
    from integration.notebooks import Workplace

pytestmark = pytest.mark.kernel

PARAMETERS = "%%parameters\nalpha = 0.1"
HELPER = "def scale(values):\n    return [v * 10 for v in values]"
LOAD = "%%step load\nx = [3, 1, 2]\nprint('loading')"
FIT = "%%step fit\ny = [v * alpha for v in scale(x)]\ny"
COUNT = "%%step count\nn = len(x)"


def test_a_second_run_executes_nothing_and_shows_the_same(place: Workplace) -> None:
    place.write(PARAMETERS, HELPER, LOAD, FIT, COUNT)
    first = place.run()
    assert statuses(first) == {"load": "executed", "fit": "executed", "count": "executed"}
    second = place.run()
    assert statuses(second) == {"load": "cached", "fit": "cached", "count": "cached"}
    assert digests(second) == digests(first)
    assert [place.cell_outputs(second, cell) for cell in range(5)] == [
        place.cell_outputs(first, cell) for cell in range(5)
    ]
    assert (second.summary.same_as, second.summary.mlflow_run_id) == (first.run_id, None)
    assert {outcome.cached_from for outcome in second.steps.values()} == {first.run_id}


def test_only_what_depends_on_a_parameter_runs_again(place: Workplace) -> None:
    place.write(PARAMETERS, HELPER, LOAD, FIT, COUNT)
    place.run()
    run = place.run(parameters={"alpha": 0.5})
    assert statuses(run) == {"load": "cached", "fit": "executed", "count": "cached"}
    assert reason(run, "fit") == "alpha changed from 0.1 to 0.5"
    assert run.load("fit", "y") == [15.0, 5.0, 10.0]
    assert statuses(place.run())["fit"] == "cached"


def test_edits_run_what_they_touch(place: Workplace) -> None:
    place.write(PARAMETERS, HELPER, LOAD, FIT, COUNT)
    place.run()

    # comments, formatting, text and moved cells: nothing
    place.write("# markdown", HELPER + "  # same", COUNT.replace("count", "count"), PARAMETERS)
    place.write("# markdown\nnew", PARAMETERS, HELPER, LOAD + "  # why", FIT.replace(" * ", "*"), COUNT)
    assert set(statuses(place.run()).values()) == {"cached"}

    # an edit without effect on the outputs stops at its step
    place.write(PARAMETERS, HELPER, LOAD.replace("loading", "reading"), FIT, COUNT)
    run = place.run()
    assert statuses(run) == {"load": "executed", "fit": "cached", "count": "cached"}
    told = "its code changed: line 3 of cell 2 is `print('reading')`, was `print('loading')`"
    assert reason(run, "load") == told

    # a helper reruns the steps that reach it
    place.write(PARAMETERS, HELPER.replace("10", "100"), LOAD.replace("loading", "reading"), FIT, COUNT)
    run = place.run()
    assert statuses(run) == {"load": "cached", "fit": "executed", "count": "cached"}
    lines = "`return [v * 100 for v in values]`, was `return [v * 10 for v in values]`"
    assert reason(run, "fit") == f"definition scale() changed: line 2 of cell 1 is {lines}"
    assert run.load("fit", "y") == [30.0, 10.0, 20.0]


def test_files_and_modules_are_inputs_too(place: Workplace) -> None:
    (place.folder / "data.txt").write_text("1\n2\n")
    (place.folder / "helpers.py").write_text("def total(values):\n    return sum(values)\n")
    place.write(
        "import helpers",
        "%%step read\nvalues = [int(line) for line in open('data.txt')]",
        "%%step sum\ntotal = helpers.total(values)",
    )
    assert place.run().load("sum", "total") == 3
    assert set(statuses(place.run()).values()) == {"cached"}

    (place.folder / "data.txt").write_text("1\n5\n")
    run = place.run()
    assert reason(run, "read") == "file data.txt changed"
    assert run.load("sum", "total") == 6

    (place.folder / "helpers.py").write_text("def total(values):\n    return -sum(values)\n")
    run = place.run()
    assert statuses(run) == {"read": "cached", "sum": "executed"}
    told = "helpers.py changed: line 2 is `return -sum(values)`, was `return sum(values)`"
    assert reason(run, "sum") == told
    assert run.load("sum", "total") == -6


TOOLS = """\
def start():
    return [1, 2]

def total(values):
    return sum(values)

class Scaler:
    def apply(self, x):
        return 10 * x

def late(x):
    return x + 1

def unused():
    return 0
"""


def test_of_a_module_counts_what_a_step_reaches(place: Workplace) -> None:
    tools = place.folder / "tools.py"
    tools.write_text(TOOLS)
    place.write(
        "import tools",
        "%%step make\nvalues = tools.start()\nscaler = tools.Scaler()\ncalls = [lambda x: tools.late(x)]",
        "%%step sum\ntotal = tools.total(values)",
        # neither says Scaler or late: only what they load does
        "%%step scale\nlength = len(tools.start())\nscaled = scaler.apply(length)",
        "%%step call\nlength = len(tools.start())\ncalled = calls[0](length)",
    )
    place.run()

    tools.write_text(TOOLS.replace("return 0", "return -1") + "\ndef new():\n    return 1\n")
    planned = {step.step: step.status.value for step in place.plan().steps}
    assert planned == {"make": "cached", "sum": "cached", "scale": "stale", "call": "stale"}

    tools.write_text(TOOLS.replace("sum(values)", "max(values)").replace("10 * x", "20 * x"))
    run = place.run()
    assert statuses(run) == {"make": "executed", "sum": "executed", "scale": "executed", "call": "executed"}
    assert reason(run, "make") == "tools.py changed: line 9 is `return 20 * x`, was `return 10 * x`"
    assert reason(run, "sum") == "tools.py changed: line 5 is `return max(values)`, was `return sum(values)`"
    assert reason(run, "scale") == "tools.py changed"
    assert (run.load("scale", "scaled"), run.load("sum", "total")) == (40, 2)

    tools.write_text(tools.read_text().replace("x + 1", "x + 2"))
    run = place.run()
    assert (statuses(run)["sum"], statuses(run)["call"]) == ("cached", "executed")
    assert run.load("call", "called") == 4


def test_written_files_are_outputs(place: Workplace) -> None:
    place.write("%%step save\nopen('out.txt', 'w').write('made')")
    out = place.folder / "out.txt"
    place.run()
    assert statuses(place.run()) == {"save": "cached"}

    out.unlink()
    told = place.plan().step("save").reason
    assert told.endswith("; out.txt is put back")
    run = place.run()
    assert (statuses(run), reason(run, "save")) == ({"save": "cached"}, told)
    assert out.read_text() == "made"

    out.write_text("edited by hand")
    assert place.plan().step("save").status.value == "blocked"
    blocked = place.run()
    assert (blocked.status.value, statuses(blocked)) == ("failed", {"save": "failed"})
    assert out.read_text() == "edited by hand"

    assert statuses(place.run(overwrite=True)) == {"save": "executed"}
    assert out.read_text() == "made"


def test_options_decide_too(place: Workplace) -> None:
    place.write(
        "%%step always --no-cache\na = 1",
        "%%step clock\nimport time\nt = time.time()",
        "%%step kept --cache-for 1d\nimport time\nu = time.time()",
    )
    place.run()
    plan = {
        step.step: (step.status.value, [r.cause.value for r in step.reasons]) for step in place.plan().steps
    }
    assert plan == {
        "always": ("stale", ["no-cache"]),
        "clock": ("stale", ["volatile"]),
        "kept": ("cached", ["unchanged"]),
    }
    run = place.run(refresh=["kept"])
    assert reason(run, "kept") == "you asked for it to run"


def test_damaged_values_are_made_again(place: Workplace) -> None:
    place.write("%%step make\nx = list(range(50_000))", "%%step use --no-cache\nn = len(x)")
    first = place.run()
    largest = max((place.folder / ".stepmill" / "objects").rglob("*"), key=lambda path: path.stat().st_size)
    largest.write_bytes(b"\0" * largest.stat().st_size)
    run = place.run()
    assert run.status.value == "succeeded"
    assert statuses(run) == {"make": "executed", "use": "executed"}
    assert digests(run) == digests(first)
    assert "run-replanned" in [event.kind for event in place.events]


def test_a_cached_run_imports_nothing_heavy(place: Workplace) -> None:
    place.write(PARAMETERS, HELPER, LOAD, FIT)
    place.run()
    script = f"""
        import sys
        from stepmill import api
        run = api.run({str(place.notebook)!r})
        assert {{o.status.value for o in run.steps.values()}} == {{"cached"}}
        heavy = {{"papermill", "mlflow", "nbformat", "pandas", "numpy", "IPython", "jupyter_client",
                  "traitlets", "nbclient", "zmq", "rich", "click", "cloudpickle"}}
        print(sorted(heavy & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_an_editable_install_counts_as_source_and_a_moved_notebook_keeps_its_results(
    place: Workplace, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pip install -e` puts a folder outside of the project on the path; here the variable does."""
    source = tmp_path_factory.mktemp("checkout") / "src"
    package = source / "edited_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from edited_package.deep import factor\n", encoding="utf-8")
    (package / "deep.py").write_text("def factor():\n    return 2\n", encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(source), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    place.write("import edited_package", "%%step a\nx = 3", "%%step b\ny = x * edited_package.factor()")
    assert place.run().load("b", "y") == 6
    (package / "deep.py").write_text("def factor():\n    return 20\n", encoding="utf-8")
    again = place.run()
    assert statuses(again) == {"a": "cached", "b": "executed"}
    assert again.load("b", "y") == 60
    assert "edited_package/deep.py changed" in reason(again, "b")
    place.notebook.rename(place.folder / "moved.ipynb")
    place.name = "moved.ipynb"
    assert {step.status.value for step in place.plan().steps} == {"cached"}
