"""Parameters: which assignments a run may replace, and where their right-hand sides stand."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from analysis.notebooks import notebook, pipeline
from stepmill.analysis.parameters import enum_members, is_json, literal
from stepmill.model.diagnostic import Place

SETUP = """\
import datetime, pathlib, typing
from datetime import date
from enum import Enum
from pathlib import Path
class Color(Enum):
    RED = 1
    BLUE = 'b'"""
COLORS = ("RED", "BLUE")


def declared(source: str) -> list[Any]:
    return list(pipeline(SETUP, f"%%parameters\n{source}", "%%step a\nx = 1").parameters)


@pytest.mark.parametrize(
    ("source", "kind", "default"),
    [
        pytest.param("a = 1", "int", 1, id="an int"),
        pytest.param("a = -1", "int", -1, id="a negative int"),
        pytest.param("a = 1_000", "int", 1000, id="an int with underscores"),
        pytest.param("a = -1.5", "float", -1.5, id="a float"),
        pytest.param("a = 'x' 'y'", "str", "xy", id="texts in a row"),
        pytest.param("a = True", "bool", True, id="a bool is no int"),
        pytest.param("a = None", "none", None, id="None"),
        pytest.param("a = [1, 'x']", "list", [1, "x"], id="a list"),
        pytest.param("a = {'k': [1]}", "dict", {"k": [1]}, id="a dict"),
        pytest.param("a = date(2024, 1, 31)", "date", "2024-01-31", id="a date"),
        pytest.param("a = datetime.date(2024, 1, 31)", "date", "2024-01-31", id="a date with its module"),
        pytest.param("a = Path('data')", "path", "data", id="a path"),
        pytest.param("a = pathlib.Path('data')", "path", "data", id="a path with its module"),
        pytest.param("a: int = 1", "int", 1, id="annotated int"),
        pytest.param("a: float = 1", "float", 1, id="an int where a float is meant"),
        pytest.param("a: 'int' = 3", "int", 3, id="an annotation in quotes"),
        pytest.param("a: list[int] = [1]", "list", [1], id="a list with its elements"),
        pytest.param("a: dict[str, int] = {'k': 1}", "dict", {"k": 1}, id="a dict with its elements"),
        pytest.param("a: typing.List[int] = []", "list", [], id="typing's List"),
        pytest.param("a: typing.Sequence[int] = [1]", "list", [1], id="a sequence"),
        pytest.param("a: int | str = 3", "int", 3, id="a union takes the default's type"),
        pytest.param("a: Frobnicate = 1", "int", 1, id="an unknown annotation takes the default's type"),
        pytest.param("a: 'not valid (' = 3", "int", 3, id="an annotation that does not parse"),
        pytest.param("a: date = date(2024, 1, 31)", "date", "2024-01-31", id="annotated date"),
        pytest.param("a: Path = Path('data')", "path", "data", id="annotated path"),
    ],
)
def test_types(source: str, kind: str, default: Any) -> None:
    (found,) = declared(source)
    assert (found.name, found.type, found.default, type(found.default)) == ("a", kind, default, type(default))
    assert (found.optional, found.choices, found.enum) == (False, (), "")
    assert found.place == Place(cell=1, line=2)


@pytest.mark.parametrize(
    ("source", "kind", "default", "optional", "choices", "enum"),
    [
        pytest.param("a: int | None = None", "int", None, True, (), "", id="or None, and it is None"),
        pytest.param("a: int | None = 3", "int", 3, True, (), "", id="or None, and it is a value"),
        pytest.param("a: typing.Optional[int] = None", "int", None, True, (), "", id="Optional"),
        pytest.param("a: typing.Union[int, None] = 3", "int", 3, True, (), "", id="Union with None"),
        pytest.param("a: 'int | None' = None", "int", None, True, (), "", id="or None in quotes"),
        pytest.param("a: date | None = None", "date", None, True, (), "", id="no date"),
        pytest.param(
            "a: typing.Literal['x', 'y'] = 'x'", "literal", "x", False, ("x", "y"), "", id="one of two texts"
        ),
        pytest.param("a: typing.Literal[1] = 1", "literal", 1, False, (1,), "", id="a Literal of one"),
        pytest.param(
            "a: typing.Optional[typing.Literal['x']] = None",
            "literal",
            None,
            True,
            ("x",),
            "",
            id="no Literal",
        ),
        pytest.param("a = Color.RED", "enum", "RED", False, COLORS, "Color", id="a member of an Enum"),
        pytest.param(
            "a: Color = Color.BLUE", "enum", "BLUE", False, COLORS, "Color", id="an annotated member"
        ),
        pytest.param("a: Color | None = None", "enum", None, True, COLORS, "Color", id="no member"),
    ],
)
def test_choices(
    source: str, kind: str, default: Any, optional: bool, choices: tuple[Any, ...], enum: str
) -> None:
    (found,) = declared(source)
    assert (found.type, found.default, found.optional, found.choices, found.enum) == (
        kind,
        default,
        optional,
        choices,
        enum,
    )


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("a = (1, 2)", id="a tuple is no JSON"),
        pytest.param("a = {1, 2}", id="a set is no JSON"),
        pytest.param("a = {1: 2}", id="JSON's keys are texts"),
        pytest.param("a = b'x'", id="bytes are no JSON"),
        pytest.param("a = 1j", id="a complex number is no JSON"),
        pytest.param("a = 10**3", id="a calculation"),
        pytest.param("a = f'x'", id="an f-string"),
        pytest.param("a = open('f')", id="a call"),
        pytest.param("a = date.today()", id="today is no literal"),
        pytest.param("a = Path.home()", id="home is no literal"),
        pytest.param("a = Path('a', 'b')", id="a path of two parts"),
        pytest.param("a = Color(1)", id="a member by its value"),
        pytest.param("a: Color = 1", id="a value where a member is meant"),
        pytest.param("a: int", id="no value"),
        pytest.param("a += 1", id="an augmented assignment"),
        pytest.param("a = b = 1", id="two targets"),
        pytest.param("a, b = 1, 2", id="an unpacking"),
        pytest.param("a[0] = 1", id="an element"),
        pytest.param("a.b = 1", id="an attribute"),
        pytest.param("if True:\n    a = 1", id="a branch"),
        pytest.param("...", id="an expression"),
    ],
)
def test_these_are_no_parameters(source: str) -> None:
    assert declared(source) == []


@pytest.mark.parametrize("head", ["", "%%scratch\n", "%%step b\n"], ids=["untagged", "scratch", "a step"])
def test_only_parameters_cells_declare(head: str) -> None:
    assert pipeline(f"{head}a = 1", "%%step a\nx = 1").parameters == ()


@pytest.mark.parametrize(
    ("source", "cut"),
    [
        pytest.param("a = 1  # words", ["1"], id="a comment stays outside"),
        pytest.param("a: int | None = None", ["None"], id="the annotation stays outside"),
        pytest.param("a = (\n    1\n)", ["1"], id="brackets stay outside"),
        pytest.param("a = [\n  1,\n  2,\n]  # tail", ["[\n  1,\n  2,\n]"], id="a list over lines"),
        pytest.param("a = 'é'; b = 'ü'; c = 3", ["'é'", "'ü'", "3"], id="columns are bytes"),
        pytest.param("a = '''x\ny'''", ["'''x\ny'''"], id="a text over lines"),
        pytest.param("a = 'x' \\\n  'y'", ["'x' \\\n  'y'"], id="a continued line"),
        pytest.param("a = date(2024, 1, 31)", ["date(2024, 1, 31)"], id="the whole call"),
        pytest.param("a = Color.RED", ["Color.RED"], id="the whole member"),
        pytest.param("a = -1", ["-1"], id="the sign too"),
    ],
)
def test_spans_cut_out_the_right_hand_side(source: str, cut: list[str]) -> None:
    cells = (SETUP, f"%%parameters\n{source}", "%%step a\nx = 1")
    python = notebook(*cells).cells[1].python
    assert [text_at(python, p.span) for p in pipeline(*cells).parameters] == cut


def text_at(python: str, span: tuple[int, int, int, int]) -> str:
    first, start, last, end = span
    lines = [line.encode() for line in python.split("\n")[first - 1 : last]]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return b"\n".join(lines).decode()


def test_a_step_lists_the_parameters_that_it_can_come_to_read() -> None:
    found = pipeline(
        "%%parameters\na = 1\nb = 2\nc = 3",
        "def f():\n    return a\nd = b + 1",
        "%%step one\nx = f()",
        "%%step two\ny = d",
        "%%step three\nz = 1",
    )
    assert {s.name: s.parameters for s in found.steps} == {"one": ("a",), "two": ("b",), "three": ()}


@pytest.mark.parametrize(
    ("source", "members"),
    [
        pytest.param("class C(Enum):\n    A = 1\n    B = 'x'", {"A": 1, "B": "x"}, id="an Enum"),
        pytest.param("class C(enum.IntEnum):\n    A = 1", {"A": 1}, id="with its module"),
        pytest.param("class C(Enum):\n    A = auto()", {"A": None}, id="a member without a literal"),
        pytest.param("class C(Enum):\n    def f(self): ...", {}, id="no members"),
        pytest.param("class C(Base):\n    A = 1", None, id="another class"),
        pytest.param("class C:\n    A = 1", None, id="no base"),
        pytest.param("C = Enum('C', 'A B')", None, id="a call"),
    ],
)
def test_enum_members(source: str, members: dict[str, Any] | None) -> None:
    assert enum_members(ast.parse(source).body[0]) == members


@pytest.mark.parametrize(
    ("source", "value"),
    [("[1, [2, None]]", [1, [2, None]]), ("{'a': (1,)}", None), ("x", None), ("-3", -3), ("'a' + 'b'", None)],
)
def test_literal(source: str, value: Any) -> None:
    assert literal(ast.parse(source, mode="eval").body) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, True), ([1, {"a": [True]}], True), ((1,), False), ({1: 2}, False), ([b""], False), (1j, False)],
)
def test_is_json(value: Any, expected: bool) -> None:
    assert is_json(value) is expected
