"""Digests of code: what counts and what does not."""

from __future__ import annotations

import ast

import pytest

from analysis.notebooks import pipeline
from stepmill.analysis.digests import code_digest

CELLS = (
    "import math\nLIMIT = 3\ndef f(x):\n    return x + LIMIT",
    "%%step load\nxs = [1, 2]",
    "%%step fit\ny = [f(x) for x in xs]\nz = math.pi",
)


def digests(*cells: str) -> dict[str, tuple[str, str]]:
    return {step.name: (step.code_digest, step.body_digest) for step in pipeline(*cells).steps}


def edited(index: int, source: str) -> tuple[str, ...]:
    return (*CELLS[:index], source, *CELLS[index + 1 :])


def changed(cells: tuple[str, ...]) -> dict[str, tuple[bool, bool]]:
    """Return for each step whether its code digest and its body digest changed."""
    old, new = digests(*CELLS), digests(*cells)
    return {name: (old[name][0] != new[name][0], old[name][1] != new[name][1]) for name in old}


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(edited(1, "%%step load\n# words\nxs = [1, 2]"), id="a comment line in the body"),
        pytest.param(edited(1, "%%step load\nxs = [1, 2]  # words"), id="a comment at the end of a line"),
        pytest.param(edited(1, "%%step load\n\n\nxs = [1, 2]\n\n"), id="blank lines"),
        pytest.param(edited(1, "%%step load\nxs = [\n    1,\n    2,\n]"), id="formatting"),
        pytest.param(edited(1, "# words\n%%step load\nxs = [1, 2]"), id="a comment above the tag"),
        pytest.param(
            edited(0, CELLS[0].replace("LIMIT = 3", "# words\n\nLIMIT = 3  # more")), id="setup comments"
        ),
        pytest.param(
            edited(0, CELLS[0].replace("def f(x):", "def f(x):\n\n    # words")), id="definition comments"
        ),
        pytest.param(("# a new first cell", *CELLS), id="a cell of comments above"),
        pytest.param((*CELLS, "unused = 5"), id="code below that nobody uses"),
        pytest.param(edited(2, CELLS[2].replace("[f(x)", "[(f(x))")), id="brackets that mean nothing"),
    ],
)
def test_this_changes_no_digest(cells: tuple[str, ...]) -> None:
    assert changed(cells) == {"load": (False, False), "fit": (False, False)}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            edited(1, "%%step load\nxs = [1, 3]"),
            {"load": (True, True), "fit": (False, False)},
            id="a literal in the body changes that step alone",
        ),
        pytest.param(
            edited(0, CELLS[0].replace("LIMIT = 3", "LIMIT = 4")),
            {"load": (False, False), "fit": (True, False)},
            id="a constant changes the code, not the body, of the steps that reach it",
        ),
        pytest.param(
            edited(0, CELLS[0].replace("x + LIMIT", "x - LIMIT")),
            {"load": (False, False), "fit": (True, False)},
            id="a function changes the code, not the body, of the steps that call it",
        ),
        pytest.param(
            edited(2, CELLS[2].replace("%%step fit", "%%step fit --metrics z")),
            {"load": (False, False), "fit": (True, False)},
            id="metrics are part of the code",
        ),
    ],
)
def test_this_changes_digests(cells: tuple[str, ...], expected: dict[str, tuple[bool, bool]]) -> None:
    assert changed(cells) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("x = 1", "x = 1.0", id="an int and a float"),
        pytest.param("x = 1", "x = True", id="an int and a bool"),
        pytest.param("x = 'a'", "x = b'a'", id="text and bytes"),
        pytest.param("x = 0.0", "x = -0.0", id="zero and minus zero"),
        pytest.param("x = y", "y = x", id="two directions"),
        pytest.param("f(a=1)", "f(1)", id="a keyword and a position"),
        pytest.param("x = 1", "x: int = 1", id="an annotation"),
    ],
)
def test_different_code_has_different_digests(left: str, right: str) -> None:
    assert code_digest([ast.parse(left)]) != code_digest([ast.parse(right)])


def test_texts_are_kept_apart() -> None:
    assert len({code_digest([], "ab", "c"), code_digest([], "a", "bc"), code_digest([], "abc")}) == 3


def test_a_lone_surrogate_has_a_digest() -> None:
    assert code_digest([ast.parse("x = '\\ud800'")], "\ud800") == code_digest(
        [ast.parse("x = '\\ud800'")], "\ud800"
    )


def test_the_digest_is_the_same_on_all_machines() -> None:
    assert code_digest([], "x") == "cbd0db13d2a87f337e38cab4eda8614697874d1cc63483807423b798b9c86480"
