"""Digests of code: what counts and what does not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from analysis.notebooks import pipeline
from stepmill.analysis.digests import code_digest
from stepmill.notebook.finding import SearchPath
from stepmill.notebook.own_modules import OwnSources

if TYPE_CHECKING:
    from pathlib import Path

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
        pytest.param(edited(0, CELLS[0].replace("math", "math, os")), id="an import beside one that is used"),
        pytest.param(
            edited(0, "def f(x):\n    return x + LIMIT\nLIMIT = 3\nimport os\nimport math"),
            id="imports, constants and functions in another order",
        ),
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


PARTS = ("from m import f, g as h, k", "%%step a\ny = f(1)\nz = getattr(o, 'k')")


@pytest.mark.parametrize(
    ("setup", "same"),
    [
        pytest.param("from m import f, k", True, id="what nothing names"),
        pytest.param("from m import k, f", True, id="the order in which names are imported"),
        pytest.param("from m import f", False, id="what is named in a text only"),
        pytest.param("from n import f, k", False, id="from elsewhere"),
        pytest.param("from .m import f, k", False, id="from the package"),
        pytest.param("from m import g as f, k", False, id="something else under that name"),
    ],
)
def test_of_an_import_counts_what_the_step_can_come_to_use(setup: str, same: bool) -> None:
    cells = ("from lib import o", *PARTS)
    assert (digests(*cells) == digests(cells[0], setup, PARTS[1])) is same


FIRST = "import ours\nours.K.append(1)"


@pytest.mark.parametrize(
    ("mine", "one", "other", "same"),
    [
        pytest.param(FIRST, "import mine, ours", "import ours, mine", False, id="one changes the other"),
        pytest.param(
            FIRST, "import mine\nimport ours", "import ours\nimport mine", False, id="in two statements"
        ),
        pytest.param("a = 1", "import mine, ours", "import ours, mine", True, id="both only define"),
        pytest.param(
            "a = b = 1", "from mine import a", "from mine import b, a", True, id="a name beside one"
        ),
    ],
)
def test_the_order_of_modules_of_the_project_counts_if_they_do_more_than_define(
    tmp_path: Path, mine: str, one: str, other: str, *, same: bool
) -> None:
    (tmp_path / "mine.py").write_text(mine, encoding="utf-8")
    (tmp_path / "ours.py").write_text("K = []", encoding="utf-8")
    body = "%%step s\nx = [o for o in (mine, ours, a)]"
    found = [
        pipeline(setup, body, sources=OwnSources(SearchPath((tmp_path,)))).steps[0].code_digest
        for setup in (one, other)
    ]
    assert (found[0] == found[1]) is same


@pytest.mark.parametrize(
    ("setup", "body"),
    [
        pytest.param("A = max\ndef max(*x):\n    return 0", "y = A, max", id="a name that Python has, too"),
        pytest.param("K = 1\ndef f(x=K):\n    return x\nK = 2", "y = f()", id="a name that is bound twice"),
        pytest.param("import numpy as np\nnp.seterr(all='raise')", "y = np.float64(1)", id="a setting"),
    ],
)
def test_where_the_order_may_matter_it_counts(setup: str, body: str) -> None:
    lines = ast.parse(setup).body
    turned = "\n".join(ast.unparse(node) for node in reversed(lines))
    assert digests(setup, f"%%step a\n{body}")["a"] != digests(turned, f"%%step a\n{body}")["a"]


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
