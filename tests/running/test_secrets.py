"""Secret parameters: their source has no value in it, and gives the value all the same."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from stepmill.running.secrets import hidden


class Level(Enum):
    HIGH = 1


VALUES = [
    pytest.param("'hunter2'", "hunter2", id="text"),
    pytest.param("('hunter2'\n 'hunter3')", "hunter2hunter3", id="text-on-two-lines"),
    pytest.param("4711", 4711, id="number"),
    pytest.param("['hunter2', 1.5]", ["hunter2", 1.5], id="list"),
    pytest.param("None", None, id="none"),
    pytest.param("Path('hunter2')", Path("hunter2"), id="path"),
    pytest.param("Level.HIGH", Level.HIGH, id="enum"),
    pytest.param('__import__("pathlib").Path("hunter2")', Path("hunter2"), id="path-that-was-given"),
]


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_the_value_comes_by_the_environment(
    expression: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = hidden("api_key", expression)
    assert "hunter2" not in secret.expression
    assert "4711" not in secret.expression
    monkeypatch.setenv(secret.variable, secret.content)
    found = eval(secret.expression, {"Path": Path, "Level": Level})
    assert (type(found), found) == (type(value), value)


def test_each_secret_has_a_variable_of_its_own() -> None:
    """Two parameters whose names differ by case only got one value."""
    names = ("api_key", "API_KEY", "Api_Key", "token", "größe_key", "GRÖSSE_KEY")
    variables = {hidden(name, "''").variable.upper() for name in names}
    assert len(variables) == len(names)
