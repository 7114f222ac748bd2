"""Tags written and taken out."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.notebooks import document
from stepmill.errors import UsageError
from stepmill.notebook.tagging import LOAD_LINE, Form, retagged, tagged, untagged

STEP = {1: "%%step a"}


def sources(found: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in found["cells"]]


FIRST_CELLS = [
    ("import os", f"{LOAD_LINE}\nimport os"),
    ("x = 1\nx", f"{LOAD_LINE}\nx = 1\nx"),
    ("%load_ext stepmill", "%load_ext stepmill"),
    ("import os\n%load_ext stepmill", "import os\n%load_ext stepmill"),
]


@pytest.mark.parametrize(("first", "loading"), FIRST_CELLS)
def test_magics_are_made_known_above(first: str, loading: str) -> None:
    assert sources(tagged(document(first, "y = 1"), STEP)) == [loading, "%%step a\ny = 1"]


CANNOT_BEAR_IT = [
    "from __future__ import annotations",
    "%%time\nx = 1",
    "  x = 1",
    ">>> x = 1",
    "ls",
    "",
    "\n\n",
]


@pytest.mark.parametrize("first", CANNOT_BEAR_IT)
def test_a_line_on_top_must_not_change_what_the_rest_means(first: str) -> None:
    found = tagged(document(first, "y = 1", "z = 1"), {1: "%%step a", 2: "%%step b"})
    assert sources(found) == [first, f"{LOAD_LINE}\ny = 1", "%%step b\nz = 1"]
    assert found["cells"][1]["metadata"] == {"tags": ["step:a"]}


def test_the_document_stays_as_it_is() -> None:
    given = document("x = 1", "y = 1")
    tagged(given, STEP)
    tagged(given, STEP, Form.METADATA)
    assert given == document("x = 1", "y = 1")


TAGGED = ("%%step load --metrics f1,auc --no-cache --retries 2", "%%parameters", "%%scratch", "%%step b")


@pytest.mark.parametrize("form", list(Form))
def test_there_and_back(form: Form) -> None:
    plain = document("import os", "a = 1", "b = 1", "b", "c = 1")
    plain["cells"][2]["metadata"] = {"tags": ["mine"], "collapsed": True}
    there = tagged(plain, dict(enumerate(TAGGED, start=1)), form)
    assert untagged(there) == plain
    for other in Form:
        back = retagged(retagged(there, {}, other), {}, form)
        assert back == there


def test_a_tag_below_comments_and_other_line_ends() -> None:
    found = untagged(document("# above\r\n%%step a --retries 1\r\nx = 1", "%%time\n%%step b\nx"))
    assert sources(found) == ["# above\r\nx = 1", "%%time\nx"]


def test_some_cells_only() -> None:
    given = document(LOAD_LINE, "%%step a\nx = 1", "%%step b\ny = 1")
    assert sources(untagged(given, frozenset({1}))) == [LOAD_LINE, "x = 1", "%%step b\ny = 1"]


def test_tags_that_contradict_each_other_are_not_converted() -> None:
    given = document("%%step a\nx = 1")
    given["cells"][0]["metadata"] = {"tags": ["step:b"]}
    with pytest.raises(UsageError, match=r"cell \[0\]"):
        retagged(given, {}, Form.METADATA)
