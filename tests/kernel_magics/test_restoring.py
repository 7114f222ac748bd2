"""`%pipeline restore`: a fresh kernel stands where the cached steps left off."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kernel_magics.kernels import Kernel, Reply, started_kernel
from kernel_magics.notebooks import write_cells
from stepmill import api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

CELLS = (
    "%load_ext stepmill",
    "%%parameters\nalpha = 2",
    "from __future__ import annotations\nimport random\nimport math as m",
    "from dataclasses import dataclass\nfrom enum import Enum",
    "import decimal\ndecimal.getcontext().prec = 7",
    "LIMIT = 10 * alpha\nclass Colour(Enum):\n    RED = 1",
    "@dataclass\nclass Point:\n    x: int\n    y: int = 0\n",
    "def shift(p):\n    return Point(p.x + LIMIT, p.y)\n",
    "%%step load\nimport os.path\nrandom.seed(5)",
    "%%step load\npoints = [Point(1), Point(2)]\nfirst = points[0]\ncolour = Colour.RED",
    "%%step move\nmoved = [shift(p) for p in points]\ndraw = random.random()\nhelper = lambda p: p.x + LIMIT",
    "%%step grow\nmoved.append(moved[0])\nlast = moved[-1]",
    "looked_at = len(points)\nprint(looked_at)",
    "# text",
)
STATE = (
    "(alpha, LIMIT, [p.x for p in points], [p.x for p in moved], last.x, draw, colour is Colour.RED,"
    " isinstance(first, Point), first is points[0], last is moved[0] is moved[-1], shift(first).x,"
    " Point(1) == points[0], decimal.getcontext().prec, m.pi > 3, random.random())"
)


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebook = folder / "n.ipynb"
        (folder / "pyproject.toml").write_text("")

    def write(self, *cells: str) -> None:
        write_cells(self.notebook, *cells)

    def pipeline(self) -> None:
        run = api.run(self.notebook, tracking=False, jobs=1)
        assert run.status.value == "succeeded", run.summary


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A notebook whose pipeline has run."""
    desk = Desk(tmp_path_factory.mktemp("whole"))
    desk.write(*CELLS)
    desk.pipeline()
    return desk


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel that starts anywhere."""
    with started_kernel(tmp_path) as kernel:
        kernel.run("%load_ext stepmill")
        yield kernel


def _restore(kernel: Kernel, desk: Desk, *words: str) -> Reply:
    return kernel.run(f"%pipeline restore '{desk.notebook}' {' '.join(words)}", timeout_s=120)


def test_the_kernel_is_as_after_run_all(whole: Desk, fresh: Kernel, tmp_path: Path) -> None:
    folder = tmp_path / "linear"
    folder.mkdir()
    with started_kernel(folder) as linear:
        for source in CELLS[:-1]:
            assert linear.run(source).status == "ok"
        truth = linear.value(STATE)
    reply = _restore(fresh, whole)
    assert reply.status == "ok", reply.said
    assert fresh.value(STATE) == truth
    assert "restored load, move, grow: 6 values, no step ran" in reply.text
    assert "random state as after the last restored step: random" in reply.text
    assert "not in the pipeline: looked_at; run cell [12] for them" in reply.text
    assert "replaced" not in reply.text
    assert "not restored: helper: it is no value that can be stored (step move)" in reply.text
    assert "looked_at" not in fresh.value("sorted(globals())")


def test_steps_run_on_from_there(whole: Desk, fresh: Kernel) -> None:
    _restore(fresh, whole)
    assert fresh.run(CELLS[10]).status == "ok"
    assert fresh.value("[p.x for p in moved]") == "[21, 22]"
    assert fresh.value("__import__('inspect').getsource(shift).splitlines()[0]") == "'def shift(p):'"


def test_it_leaves_no_trace_but_the_names(whole: Desk, fresh: Kernel) -> None:
    before = fresh.value("(get_ipython().execution_count, os.getcwd() if 'os' in globals() else '')")
    reply = _restore(fresh, whole)
    assert [kind for kind, _ in reply.messages] == ["stream"]
    assert fresh.value("'_' in globals() and _") in ("''", "False")
    del before
    assert fresh.value("len(In)") == str(reply.count + 1)
    private = "[n for n in globals() if n.startswith('_stepmill') or n.startswith('stepmill')]"
    assert fresh.value(private) == "[]"


def test_what_is_overwritten_is_said(whole: Desk, fresh: Kernel) -> None:
    fresh.run("alpha = 7\npoints = 'mine'\ncolour = None\nimport random\nother = 1")
    reply = _restore(fresh, whole)
    line = next(line for line in reply.text.splitlines() if line.startswith("replaced"))
    assert line == "replaced, they held something else: alpha, colour, points"
    again = _restore(fresh, whole)
    assert "replaced" not in again.text
    assert fresh.value("other, isinstance(first, Point)") == "(1, True)"


def test_only_the_named_steps(whole: Desk, fresh: Kernel) -> None:
    reply = _restore(fresh, whole, "move")
    assert "restored move: 2 values" in reply.text or "restored move: 3 values" in reply.text
    assert (
        fresh.value("'points' in globals(), 'draw' in globals(), 'shift' in globals()")
        == "(False, True, True)"
    )
    wrong = _restore(fresh, whole, "nosuch")
    assert wrong.status == "error"
    assert "has no step 'nosuch'" in wrong.said


def test_steps_that_are_not_cached_are_named_with_their_reason(fresh: Kernel, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("%%step a\nx = 1", "%%step b\ny = x + 1", "%%step c\nz = y")
    nothing = _restore(fresh, desk)
    assert nothing.status == "error"
    assert "nothing to restore" in nothing.said
    assert "a: no earlier result is stored" in nothing.said
    desk.pipeline()
    desk.write("%%step a\nx = 1", "%%step b\ny = x + 2", "%%step c\nz = y")
    reply = _restore(fresh, desk)
    assert "restored a: 1 value" in reply.text
    assert "not cached: b, cell [1] (gives y): " in reply.text
    assert "not cached: c, cell [2] (gives z): " in reply.text
    assert fresh.value("'x' in globals(), 'y' in globals()") == "(True, False)"


def test_the_last_value_of_a_name_wins(fresh: Kernel, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("%%step a\nx = [1]", "%%step b\nx.append(2)\ny = len(x)", "%%step c\ndel y")
    desk.pipeline()
    _restore(fresh, desk)
    assert fresh.value("x, 'y' in globals()") == "([1, 2], False)"


def test_setup_code_that_fails_is_shown_at_its_place(fresh: Kernel, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "mine.py").write_text("value = 1\n")
    desk.write("# text", "import os\nimport mine", "%%step a\nx = mine.value")
    desk.pipeline()
    fresh.run("import sys\nsys.modules['mine'] = None")
    reply = _restore(fresh, desk)
    assert reply.status == "error"
    assert "cell [1], line 2" in reply.said
    assert "setup code failed: ModuleNotFoundError" in reply.said
    assert "Traceback" not in reply.said


def test_modules_beside_the_notebook_are_found_from_any_folder(fresh: Kernel, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    desk = Desk(folder)
    (folder / "mine.py").write_text("def double(x):\n    return 2 * x\n")
    desk.write("from mine import double", "%%step a\nx = double(4)")
    desk.pipeline()
    where = fresh.value("__import__('os').getcwd()")
    assert _restore(fresh, desk).status == "ok"
    assert fresh.value("x, double(1)") == "(8, 2)"
    assert fresh.value("__import__('os').getcwd()") == where


def test_a_class_that_was_replaced_since_refuses_its_instances_only(fresh: Kernel, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    cells = ("class K:\n    n = 1", "%%step a\nk = K()\nm = 5", "%%step b\nother = 3")
    desk.write(*cells)
    desk.pipeline()
    desk.write("class K:\n    n = 2", *cells[1:])
    reply = _restore(fresh, desk)
    assert "not cached: a" in reply.text
    assert fresh.value("other, K.n, 'k' in globals()") == "(3, 2, False)"


def test_settings_and_folders_of_the_notebook(fresh: Kernel, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    desk = Desk(tmp_path)
    desk.write("import os\nos.chdir('data')", "%%step a\nhere = os.path.basename(os.getcwd())")
    desk.pipeline()
    fresh.run("%cd -q /")
    reply = _restore(fresh, desk)
    assert "the working directory is" in reply.text
    assert fresh.value("__import__('os').getcwd()") == repr(os.fspath(tmp_path / "data"))
    assert fresh.value("here") == "'data'"


def test_nothing_heavy_is_imported_for_it(whole: Desk, fresh: Kernel) -> None:
    _restore(fresh, whole)
    heavy = "{'mlflow', 'papermill', 'click', 'nbformat', 'pandas', 'numpy'} & set(__import__('sys').modules)"
    assert fresh.value(heavy) == "set()"
