from __future__ import annotations

from typing import Any

import pytest

from stepmill.model.cell import Cell, Notebook, Role
from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import Parameter
from stepmill.planning.parameters import in_force, masked, own_expression, shown


def parameter(name: str, default: Any, span: tuple[int, int, int, int] = (1, 0, 1, 0)) -> Parameter:
    return Parameter(name=name, type="float", default=default, place=Place(cell=3), span=span)


def test_given_values_replace_those_of_the_notebook() -> None:
    known = [parameter("alpha", 0.1), parameter("beta", 2.0)]
    assert in_force(known, {"alpha": None}) == {"alpha": None, "beta": 2.0}


def test_shown_values_are_cut_and_secrets_masked() -> None:
    text = shown({"alpha": 0.1, "api_key": "hunter2", "names": "x" * 300})
    assert text["alpha"] == "0.1"
    assert text["api_key"] == "********"
    assert len(text["names"]) == 200


def test_masked_values_keep_what_is_no_secret() -> None:
    assert masked({"max_tokens": 5, "token": "hunter2", "password": ""}) == {
        "max_tokens": 5,
        "token": "********",
        "password": "",
    }


EXPRESSIONS = [
    pytest.param("alpha = 0.1  # rate", (1, 8, 1, 11), "0.1", id="one-line"),
    pytest.param("# é\nname = 'é' ; x = 1", (2, 18, 2, 19), "1", id="columns-are-bytes"),
    pytest.param("x = ('a'\n     'b')", (1, 5, 2, 8), "('a'\n     'b')", id="lines-need-parentheses"),
]


@pytest.mark.parametrize(("source", "span", "expression"), EXPRESSIONS)
def test_own_expression(source: str, span: tuple[int, int, int, int], expression: str) -> None:
    cell = Cell(index=3, role=Role.PARAMETERS, source=source, python=source)
    notebook = Notebook(name="n", cells=(cell,))
    assert own_expression(parameter("x", None, span), notebook) == expression
