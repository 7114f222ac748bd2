from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.compiler.step_notebook import compile_step
from stepmill.errors import KernelError, RunCancelled, StepFailed, StepmillError
from stepmill.execution.executors.base import CellError, Ending, StepExit
from stepmill.execution.failures import plain, user_failure
from stepmill.model.pipeline import Fragment, Step

if TYPE_CHECKING:
    from conftest import Bench

HELPER = "def half(x):\n    y = 2\n    return x / (y - 2)"
STEP = Step(
    name="train",
    cells=(6, 8),
    setup=(
        Fragment(cell=1, line=4, source="import json"),
        Fragment(cell=3, line=11, source=HELPER),
        Fragment(cell=3, line=20, source="LIMIT = 3"),
    ),
    body=(Fragment(cell=6, line=1, source="# %%step train\nx = 1"), Fragment(cell=8, line=1, source="pass")),
)


def fail(bench: Bench, source: str, *, known: frozenset[str] = frozenset(), **options: Any) -> StepmillError:
    """Run the step with `source` as its last cell and our own two cells emptied; return the user's view."""
    step = Step(
        name=STEP.name,
        cells=STEP.cells,
        setup=STEP.setup,
        body=(STEP.body[0], Fragment(cell=8, line=1, source=source)),
    )
    document = compile_step(step, parameters={}, manifest_path="m", kernel_name="python3")
    cells = [
        ("0" if c["metadata"]["stepmill"]["role"] in ("inputs", "outputs") else c["source"], c["metadata"])
        for c in document["cells"]
        if c["cell_type"] == "code"
    ]
    ending = bench.run(*cells, step=step.name, **options)
    executed = json.loads((bench.folder / "steps/train/executed.ipynb").read_text("utf-8"))
    return user_failure(step.name, ending, executed, known_names=known)


@pytest.mark.kernel
def test_the_line_of_the_original_cell(bench: Bench) -> None:
    error = fail(bench, "# %%step train\na = 1\n\na.missing")
    assert isinstance(error, StepFailed)
    assert (error.cell, error.line, error.step) == (8, 4, "train")
    assert error.message == "step 'train' failed: AttributeError: 'int' object has no attribute 'missing'"
    assert "\x1b[" in error.traceback
    assert "Cell 8, line 4" in plain(error.traceback)
    assert "----> 4 a.missing" in plain(error.traceback)
    assert "In[" not in plain(error.traceback)


@pytest.mark.kernel
def test_a_helper_in_the_setup_is_shown_where_the_user_wrote_it(bench: Bench) -> None:
    error = fail(bench, "# %%step train\nhalf(1)")
    assert isinstance(error, StepFailed)
    assert (error.cell, error.line) == (8, 2)
    shown = plain(error.traceback)
    assert "Cell 3, line 13, in half(x)" in shown
    assert "---> 13     return x / (y - 2)" in shown
    assert "12     y = 2" in shown
    assert "import json" not in shown  # a neighbour in the step notebook, not in the user's cell


@pytest.mark.kernel
def test_library_frames_stay(bench: Bench) -> None:
    shown = plain(getattr(fail(bench, "json.loads('{')"), "traceback", ""))
    assert "json/decoder.py" in shown
    assert "Cell 8, line 1" in shown


@pytest.mark.kernel
def test_below_a_timing_magic_the_line_is_still_the_users(bench: Bench) -> None:
    error = fail(bench, "%%time\na = 1\n1 / 0")
    assert (error.cell, error.line) == (8, 3)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("source", "line"),
    [("\n%%time\na = 1\n1 / 0", 4), ("\n\n  \nb = 0\n1 / b", 5)],
    ids=["before-a-magic", "before-code"],
)
def test_blank_lines_at_the_top_count(bench: Bench, source: str, line: int) -> None:
    error = fail(bench, source)
    assert isinstance(error, StepFailed)
    assert (error.cell, error.line) == (8, line)
    if "%%" not in source:
        assert f"Cell 8, line {line}" in plain(error.traceback)
        assert f"----> {line} 1 / b" in plain(error.traceback)


@pytest.mark.kernel
def test_a_syntax_error(bench: Bench) -> None:
    error = fail(bench, "# %%step train\nx = = 1")
    assert isinstance(error, StepFailed)
    assert (error.cell, error.line) == (8, 2)
    assert "Cell 8, line 2" in plain(error.traceback)


@pytest.mark.kernel
def test_a_name_that_the_notebook_has_is_our_fault(bench: Bench) -> None:
    error = fail(bench, "print(df)", known=frozenset({"df"}))
    assert "our fault" in error.hint.replace("\n", " ")
    assert "--inputs df" in error.hint


@pytest.mark.kernel
def test_a_name_that_nobody_has_is_the_users(bench: Bench) -> None:
    assert fail(bench, "print(df)", known=frozenset({"X"})).hint == ""


@pytest.mark.kernel
def test_input_says_what_to_do(bench: Bench) -> None:
    assert "parameter" in fail(bench, "input()").hint


@pytest.mark.kernel
def test_a_timeout_shows_where_it_hung(bench: Bench) -> None:
    error = fail(bench, "import time\ntime.sleep(600)", timeout_s=0.5)
    assert isinstance(error, StepFailed)
    assert error.message == "step 'train' stopped after its timeout of 0.5 s"
    assert (error.cell, error.line) == (8, 2)
    assert "--timeout" in error.hint


@pytest.mark.kernel
def test_a_dead_kernel(bench: Bench) -> None:
    error = fail(bench, "import os; os._exit(3)")
    assert isinstance(error, KernelError)
    assert error.cell == 8
    assert error.message.startswith("the kernel of step 'train' died in cell 8: ")
    assert "exit code 3" in error.message


def document_of(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"cells": [{"metadata": {"stepmill": c}, "execution_count": n} for n, c in enumerate(cells, 1)]}


def failed(cell: int, *traceback: str, evalue: str = "x") -> StepExit:
    error = CellError(cell=cell, ename="NameError", evalue=evalue, traceback=traceback)
    return StepExit(ending=Ending.FAILED, seconds=1, cell=cell, error=error, message=f"NameError: {evalue}")


def test_an_error_of_our_own_cells_is_no_place_in_the_notebook() -> None:
    document = document_of({"role": "inputs", "cell": None}, {"role": "body", "cell": 5})
    error = user_failure("s", failed(0, "Cell In[1], line 3\n x"), document)
    assert (error.cell, error.line) == (None, None)
    assert error.message == "step 's' failed while its inputs were loaded: NameError: x"


def test_a_full_disk_is_said_without_our_own_frames() -> None:
    full = "the disk is full: No space left on device: /p/.stepmill"
    evalue = f"[SM052] {full}\nhint: make room"
    error = CellError(cell=1, ename="DiskFull", evalue=evalue, traceback=("File /x/stepmill_magics/a.py:1",))
    ending = StepExit(ending=Ending.FAILED, seconds=1, cell=1, error=error, message="DiskFull: …")
    found = user_failure(
        "s", ending, document_of({"role": "body", "cell": 5}, {"role": "outputs", "cell": None})
    )
    assert isinstance(found, StepFailed)
    assert (
        found.message
        == "step 's' gave what cannot be stored: the disk is full: No space left on device: /p/.stepmill"
    )
    assert (found.hint, found.traceback) == ("make room", "")


OLDER = "\x1b[0;31mZeroDivisionError\x1b[0m                         Traceback (most recent call last)"


def test_older_tracebacks_and_frames_of_ours() -> None:
    document = document_of({"role": "outputs", "cell": None}, {"role": "body", "cell": 5})
    ours = "File \x1b[0;32m/site-packages/stepmill_magics/runtime.py:12\x1b[0m, in end\n  x"
    frames = (
        OLDER,
        "Cell \x1b[0;32mIn[2], line 7\x1b[0m\n----> 7 f()",
        ours,
        "Cell In[1], line 1\n y",
        "NameError",
    )
    error = user_failure("s", failed(1, *frames), document)
    assert isinstance(error, StepFailed)
    assert (error.cell, error.line) == (5, 7)
    assert plain(error.traceback).split("\n")[1:] == ["Cell 5, line 7", "----> 7 f()", "NameError"]


def test_a_cancelled_step() -> None:
    document = document_of({"role": "body", "cell": 5})
    error = user_failure("s", StepExit(ending=Ending.CANCELLED, seconds=1, cell=0), document)
    assert isinstance(error, RunCancelled)
    assert error.cell == 5


def test_an_error_without_a_traceback_has_its_cell() -> None:
    error = user_failure("s", failed(0), document_of({"role": "body", "cell": 5}))
    assert (error.cell, error.line) == (5, None)
