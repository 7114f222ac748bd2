"""A cell that writes a file, edited and run in Jupyter, then the pipeline: nobody is asked about the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kernel_magics.kernels import Kernel, started_kernel
from kernel_magics.notebooks import write_cells
from stepmill import api
from stepmill.artifacts.cell_files import key_of_cell, list_of, note, noted, stamp_of, watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stepmill.model.plan import Plan

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

FIRST = "%%step save\nopen('out.txt', 'w').write('first')"
SECOND = "%%step save\nopen('out.txt', 'w').write('second')"
LOAD = "%load_ext stepmill_magics"


class Desk:
    """A project with one notebook that has run once, and a kernel in which the user works on it."""

    def __init__(self, folder: Path, kernel: Kernel) -> None:
        self.folder, self.kernel = folder, kernel
        self.notebook, self.out = folder / "n.ipynb", folder / "out.txt"
        self.write(FIRST)
        self.go()

    def write(self, *cells: str) -> None:
        write_cells(self.notebook, LOAD, *cells)

    def plan(self) -> Plan:
        return api.plan(self.notebook)

    def go(self) -> api.Run:
        return api.run(self.notebook, tracking=False, forked=False)

    def status(self) -> str:
        return self.plan().step("save").status.value


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with started_kernel(tmp_path_factory.mktemp("started")) as kernel:
        yield kernel


@pytest.fixture
def desk(tmp_path: Path, kernel: Kernel) -> Desk:
    (tmp_path / "pyproject.toml").write_text("")
    kernel.run(
        f"import os; _dh[0] = {str(tmp_path)!r}; os.chdir(_dh[0]); os.environ['JPY_SESSION_NAME'] = ''"
    )
    kernel.run(f"%reload_ext stepmill_magics\n__vsc_ipynb_file__ = ''\n{LOAD}")
    return Desk(tmp_path, kernel)


def test_an_edited_cell_that_ran_in_the_kernel_runs_in_the_pipeline(desk: Desk) -> None:
    desk.write(SECOND)
    assert desk.kernel.run(SECOND, cell_id="c1").status == "ok"
    assert (desk.out.read_text(), desk.status()) == ("second", "stale")
    run = desk.go()
    assert (run.status.value, desk.out.read_text(), desk.status()) == ("succeeded", "second", "cached")


def test_an_unedited_cell_that_wrote_something_else_is_reused_and_its_file_put_back(desk: Desk) -> None:
    assert desk.kernel.run(FIRST.replace("first", "by another state"), cell_id="c1").status == "ok"
    assert desk.plan().step("save").reason.endswith("; out.txt is put back")
    desk.go()
    assert desk.out.read_text() == "first"


def test_an_edit_by_hand_after_the_cell_is_asked_about(desk: Desk) -> None:
    desk.write(SECOND)
    desk.kernel.run(SECOND, cell_id="c1")
    desk.out.write_text("by hand")
    assert desk.status() == "blocked"
    assert desk.go().status.value == "failed"
    assert desk.out.read_text() == "by hand"


def test_what_a_cell_leaves_alone_is_not_its_doing(desk: Desk) -> None:
    desk.write(SECOND)
    desk.out.write_text("by hand")
    desk.kernel.run("%%step save\n1", cell_id="c1")
    assert desk.status() == "blocked"


def test_cells_of_no_step_and_of_other_notebooks_do_not_count(desk: Desk) -> None:
    desk.write(SECOND)
    desk.kernel.run("open('out.txt', 'w').write('a cell that the notebook lacks')", cell_id="c9")
    assert desk.status() == "blocked"
    other = write_cells(desk.folder / "other.ipynb", LOAD, SECOND)
    desk.kernel.run(f"os.environ['JPY_SESSION_NAME'] = {str(other)!r}")
    desk.kernel.run(SECOND, cell_id="c1")
    assert desk.status() == "blocked"


def test_a_renamed_notebook_is_known_by_the_ids_of_its_cells(desk: Desk) -> None:
    desk.write(SECOND)
    desk.kernel.run(f"os.environ['JPY_SESSION_NAME'] = {str(desk.folder / 'old name.ipynb')!r}")
    desk.kernel.run(SECOND, cell_id="c1")
    assert desk.status() == "stale"


@pytest.mark.parametrize("cell_id", [None, "vscode-notebook-cell:/n.ipynb#W1"])
def test_front_ends_with_ids_of_their_own_say_the_step_and_the_file(desk: Desk, cell_id: str | None) -> None:
    desk.write(SECOND)
    desk.kernel.run(f"__vsc_ipynb_file__ = {str(desk.notebook)!r}")
    desk.kernel.run(f"# note\n\n{SECOND}", cell_id=cell_id)
    assert desk.status() == "stale"


def test_a_cell_tagged_by_metadata_counts_and_one_that_fails_too(desk: Desk) -> None:
    write_cells(desk.notebook, LOAD, "open('out.txt', 'w').write('second'); 1/0")
    document = json.loads(desk.notebook.read_text())
    document["cells"][1]["metadata"] = {"stepmill": {"step": "save"}}
    desk.notebook.write_text(json.dumps(document))
    assert desk.kernel.run("open('out.txt', 'w').write('second'); 1/0", cell_id="c1").status == "error"
    assert desk.status() == "stale"


def test_the_kernel_is_left_as_it_was(desk: Desk) -> None:
    desk.kernel.run("%unload_ext stepmill_magics")
    heard = "[f for e in ('pre_run_cell', 'post_run_cell') for f in get_ipython().events.callbacks[e]]"
    assert "stepmill" not in desk.kernel.value(heard)
    desk.write(SECOND)
    desk.kernel.run(SECOND.partition("\n")[2], cell_id="c1")
    assert desk.status() == "blocked"


def test_notes_that_hold_for_nothing_are_forgotten_by_the_next_run(tmp_path: Path) -> None:
    state, file = tmp_path / ".stepmill", tmp_path / "out.txt"
    file.write_text("a")
    watch(state, "n.ipynb", [file])
    key = key_of_cell("c1", None)
    stamp = stamp_of(str(file))
    assert stamp is not None
    note(state, [key], {"out.txt": stamp})
    watch(state, "n.ipynb", [file])
    assert noted(state, [key]) == {str(file): frozenset({stamp})}
    file.unlink()
    watch(state, "n.ipynb", [file])
    assert [one.name for one in (state / "cells").iterdir()] == ["watched.json"]
    assert noted(state, [key]) == {}


def test_a_run_of_some_steps_lists_the_files_of_the_others_still(tmp_path: Path) -> None:
    state = tmp_path / ".stepmill"
    watch(state, "n.ipynb", [tmp_path / "a"])
    watch(state, "m.ipynb", [tmp_path / "c"])
    watch(state, "n.ipynb", [tmp_path / "b"], also_old=True)
    assert json.loads(list_of(state).read_text()) == {"n.ipynb": ["a", "b"], "m.ipynb": ["c"]}
    watch(state, "n.ipynb", [tmp_path / "b"])
    watch(state, "m.ipynb", [])
    assert json.loads(list_of(state).read_text()) == {"n.ipynb": ["b"]}
