"""Units: the statements that Run All executes, each with its owner and its place."""

from __future__ import annotations

import pytest

from analysis.notebooks import document, notebook
from stepmill.analysis.units import MOST_IN_A_CELL, parse, units_of
from stepmill.notebook.reading import parse_document


def test_statements_come_in_notebook_order_with_their_step_and_lines() -> None:
    found = units_of(
        notebook("import os\nx = 1", "%%step a\n\ny = (\n  x\n)", "z = y; w = z", "%%step b\nv = 1")
    )
    assert [(u.index % MOST_IN_A_CELL, u.cell.index, u.owner, u.first_line, u.last_line) for u in found] == [
        (0, 0, None, 1, 1),
        (1, 0, None, 2, 2),
        (0, 1, "a", 3, 5),
        (0, 2, None, 1, 1),
        (1, 2, None, 1, 1),
        (0, 3, "b", 2, 2),
    ]
    assert [u.index for u in found] == sorted({u.index for u in found})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("%%scratch\nx = 1", [], id="scratch cells have no statements"),
        pytest.param("", [], id="an empty cell has no statements"),
        pytest.param("# only words", [], id="a comment is no statement"),
        pytest.param("x = (", [], id="what does not parse has no statements"),
        pytest.param("%%parameters\nx = 1", [(None, 2)], id="parameters belong to no step"),
        pytest.param("%%step a\nawait f()", [("a", 2)], id="await stands at the top level"),
        pytest.param("%%step a\n!ls", [("a", 2)], id="a shell line is a statement"),
    ],
)
def test_roles_decide_what_is_a_statement(source: str, expected: list[tuple[str | None, int]]) -> None:
    assert [(u.owner, u.first_line) for u in units_of(notebook(source))] == expected


def test_skipped_and_text_cells_have_no_statements() -> None:
    found = document("x = 1", "y = 2", "z = 3")
    found["cells"][0]["metadata"] = {"tags": ["skip-execution"]}
    found["cells"][1] = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "y = 2"}
    assert [u.cell.index for u in units_of(parse_document(found, "n"))] == [2]


def test_decorators_belong_to_the_statement() -> None:
    (unit,) = units_of(notebook("\n@cache\n@other(1)\ndef f():\n    return 1\n"))
    assert (unit.first_line, unit.last_line, unit.source) == (
        2,
        5,
        "@cache\n@other(1)\ndef f():\n    return 1",
    )


def test_a_place_counts_the_lines_of_the_cell_as_the_user_sees_it() -> None:
    (unit,) = units_of(notebook("%%step a\n\n\n  # words\nx = value"))
    place = unit.place(unit.node.value)  # type: ignore[attr-defined]
    assert (place.cell, place.line, place.column) == (0, 5, 4)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = (", id="an open bracket"),
        pytest.param("x\0y", id="a null byte"),
        pytest.param("(" * 2000 + ")" * 2000, id="deep nesting"),
        pytest.param("x =", id="half a line"),
    ],
)
def test_parsing_what_is_no_python_gives_no_statements(text: str) -> None:
    assert parse(text).body == []
