"""`verify` over real kernels: one notebook with every kind of difference, looked at from all sides."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import stepmill
from integration.notebooks import Workplace, write_notebook
from stepmill.errors import RunCancelled
from stepmill.model.verification import Aspect, Verdict, Verification

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

PLANTED = """
%%parameters
alpha = 1
beta = alpha * 2
---
import random, sys, time
import numpy as np
class Model:
    pass
---
%%step load
modes = ['fast']
model = Model()
model.rows = np.arange(4.0) * alpha
open('rows.txt', 'a').write('row\\n')
print(object())
---
print('scratch prints in Run All only')
---
%%step draw
noise = random.random()
started = time.time()
size = len(open('rows.txt').readlines())
size
---
%%step fit
weight = 0 if 'stepmill_magics.runtime' in sys.modules else 5 * len(modes)
fitted = {'rows': model.rows, 'by': [beta, weight]}
print('rows', model.rows.sum(), size)
print('weight', weight)
shift = noise + weight
---
%%step check
assert size > 1, size
"""
"""A cell that asks where it runs: no analysis will ever foresee that."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("verify")
    (made / "pyproject.toml").write_text("")
    (made / "rows.txt").write_text("")
    write_notebook(made / "planted.ipynb", *(part.strip() for part in PLANTED.split("---\n")))
    return made


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def found(folder: Path, said: list[str]) -> Iterator[Verification]:
    before = state_of(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder.parent))
        yield stepmill.verify(folder / "planted.ipynb", {"alpha": 3}, jobs=1, on_progress=said.append)
    assert state_of(folder) == before
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith("stepmill-verify")] == []


def state_of(folder: Path) -> dict[str, Any]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_planted_difference_is_found_by_cell_and_line(found: Verification) -> None:
    assert found.verdict is Verdict.DIFFERENT
    first = found.differences[0]
    assert (first.aspect, first.name, first.cell, first.line) == (Aspect.VALUE, "weight", 5, 2)
    assert (first.run_all, first.pipeline) == ("5", "0")


def test_what_it_leads_to_is_listed_with_its_place_inside(found: Verification) -> None:
    rest = {(one.aspect, one.name, one.where) for one in found.differences[1:]}
    assert (Aspect.VALUE, "fitted", "['by'][1]") in rest
    assert (Aspect.OUTPUT, "", "line 2") in rest


def test_what_never_repeats_is_named_with_its_cause(found: Verification) -> None:
    nobodys = {one.name: one for one in found.not_reproducible}
    assert nobodys.keys() == {"noise", "started", "shift"}
    assert "random" in nobodys["noise"].cause
    assert "clock" in nobodys["started"].cause
    assert nobodys["noise"].again not in ("", nobodys["noise"].run_all)
    assert found.repeated


def test_where_something_never_repeats_a_third_run_decides_what_is_ours(
    found: Verification, said: list[str]
) -> None:
    assert found.differences
    assert any("a third time" in line for line in said)


def test_a_common_failure_is_no_difference(found: Verification) -> None:
    assert found.failure == "cell [6] raises AssertionError: 1"
    assert not any(one.aspect is Aspect.ERROR for one in found.differences)


def test_equal_values_are_counted(found: Verification) -> None:
    """`model`, `modes`, `size` are equal: instances, parameters in force, and files count from nothing."""
    names = {one.name for one in (*found.differences, *found.not_reproducible)}
    assert names.isdisjoint({"model", "modes", "size"})
    assert found.equal_values >= 3
    assert found.remarks == ()


def test_a_notebook_that_cannot_run_is_refused_with_its_reasons(place: Workplace) -> None:
    place.write("%%step a\nx = 1", "x += 1", "%%step b\nprint(x)")
    refused = stepmill.verify(place.notebook)
    assert refused.verdict is Verdict.REFUSED
    assert [d.code for d in refused.diagnostics] == ["SM304"]


def test_an_interrupt_leaves_nothing_behind(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write("%%step a\nx = 1")
    scratch = place.folder / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    cancel = threading.Event()

    def interrupt(what: str) -> None:
        if what.startswith("Run All"):
            cancel.set()

    with pytest.raises(RunCancelled):
        stepmill.verify(place.notebook, cancel=cancel, on_progress=interrupt)
    assert list(scratch.iterdir()) == []
    assert not (place.folder / ".stepmill").exists()
