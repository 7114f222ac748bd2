"""Flow: versions of names, and where a step gets them from."""

from __future__ import annotations

import pytest

from analysis.notebooks import notebook
from stepmill.analysis.files import may_be_same_file
from stepmill.analysis.flow import Flow, Origin
from stepmill.analysis.interpreter import interpret
from stepmill.analysis.units import units_of


def flow_of(*cells: str) -> Flow:
    interpreter, observed = interpret(units_of(notebook(*cells)))
    return Flow(observed, {}, interpreter.env)


@pytest.mark.parametrize(
    ("source", "version"),
    [
        pytest.param("x = 1", (0,), id="one binding"),
        pytest.param("x = 1\nx = 2", (1,), id="a new binding lets go of the old one"),
        pytest.param("x = [1]\nx.append(2)", (0, 1), id="a change adds to it"),
        pytest.param("n = 1\nx = 1\nif input(): x = 2", (1, 2), id="what may rebind adds to it"),
        pytest.param("x = 1\nfor i in [1]: x = 2\nx = 3", (2,), id="a sure binding ends all doubts"),
        pytest.param("x = [1]\ny = x\ny.append(2)", (0, 2), id="a change through an alias counts"),
        pytest.param("y = 1", None, id="never bound"),
    ],
)
def test_final_version_of_x(source: str, version: tuple[int, ...] | None) -> None:
    assert flow_of(f"%%step a\n{source}").final.get("x") == version


@pytest.mark.parametrize(
    ("cells", "origin", "owner"),
    [
        pytest.param(("y = 1",), Origin.NOTHING, "", id="nobody"),
        pytest.param(("x = 1",), Origin.REPLAY, "", id="an untagged constant is replayed"),
        pytest.param(("import x",), Origin.REPLAY, "", id="an import is replayed"),
        pytest.param(("def x(): ...",), Origin.REPLAY, "", id="a definition is replayed"),
        pytest.param(("%%step a\ndef x(): ...",), Origin.REPLAY, "", id="also that of a step"),
        pytest.param(("%%step a\nx = 1",), Origin.STEP, "a", id="a step's constant is its data"),
        pytest.param(("x = open('f').read()",), Origin.SETUP, "setup", id="untagged work runs in setup"),
        pytest.param(
            ("%%step a\ny = [1]", "x = y + y"), Origin.SCRATCH, "", id="untagged work on a step's data"
        ),
        pytest.param(
            ("x = [1]", "%%step a\nx.append(2)"), Origin.STEP, "a", id="the last contributor decides"
        ),
        pytest.param(("x = 1", "%%scratch\nx = 2"), Origin.REPLAY, "", id="scratch cells count for nothing"),
    ],
)
def test_source_of_x(cells: tuple[str, ...], origin: Origin, owner: str) -> None:
    flow = flow_of(*cells)
    source = flow.source("x", flow.final.get("x", ()))
    assert (source.origin, source.owner) == (origin, owner)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param("%file:a.txt", "%file:a.txt", True, id="the same path"),
        pytest.param("%file:a.txt", "%file:b.txt", False, id="two paths"),
        pytest.param("%file:?", "%file:b.txt", True, id="any file"),
        pytest.param("%file:d", "%file:d/a.txt", True, id="a folder and a file in it"),
        pytest.param("%file:d", "%file:dd/a.txt", False, id="a folder of a longer name"),
        pytest.param("%file:d/*.txt", "%file:d/a.txt", True, id="a pattern and its match"),
        pytest.param("%file:d/*.txt", "%file:d/a.csv", False, id="a pattern and no match"),
        pytest.param("%file:.", "%file:a.txt", True, id="the working directory"),
        pytest.param("%file:a.txt", "a.txt", False, id="a variable is no file"),
    ],
)
def test_may_be_same_file(left: str, right: str, expected: bool) -> None:
    assert may_be_same_file(left, right) is expected
    if right.startswith("%"):
        assert may_be_same_file(right, left) is expected
