from __future__ import annotations

import datetime as dt
import enum
import math
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.compiler.parameters import check_parameters, literal, parse_parameters, render
from stepmill.errors import ParameterError
from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import Parameter, Pipeline


def parameter(name: str, type_: str, default: Any = None, **more: Any) -> Parameter:
    return Parameter(
        name=name, type=type_, default=default, place=Place(cell=2, line=4), span=(1, 0, 1, 1), **more
    )


PARAMETERS = {
    p.name: p
    for p in (
        parameter("flag", "bool", False),
        parameter("count", "int", 1),
        parameter("alpha", "float", 0.1),
        parameter("title", "str", "x"),
        parameter("nothing", "none"),
        parameter("columns", "list", []),
        parameter("options", "dict", {}),
        parameter("day", "date", "2026-01-31"),
        parameter("folder", "path", "data"),
        parameter("limit", "int", None, optional=True),
        parameter("label", "str", None, optional=True),
        parameter("mode", "enum", "FAST", choices=("FAST", "SLOW"), enum="Mode"),
        parameter("level", "literal", 1, choices=(1, 2, "max")),
    )
}
PIPELINE = Pipeline(name="nb", steps=(), parameters=tuple(PARAMETERS.values()))

TEXTS = [
    pytest.param("flag=true", True, id="bool-lower"),
    pytest.param("flag=False", False, id="bool-python"),
    pytest.param("count=-3", -3, id="int"),
    pytest.param("count=1_000", 1000, id="int-underscore"),
    pytest.param("count=0x10", 16, id="int-hex"),
    pytest.param("alpha=0.3", 0.3, id="float"),
    pytest.param("alpha=3", 3.0, id="int-for-float"),
    pytest.param("alpha=1e-3", 0.001, id="float-exponent"),
    pytest.param("alpha=inf", math.inf, id="float-inf"),
    pytest.param("title=3", "3", id="str-stays-text"),
    pytest.param("title=", "", id="str-empty"),
    pytest.param("title=a=b", "a=b", id="str-with-equals"),
    pytest.param("title= padded ", " padded ", id="str-as-it-stands"),
    pytest.param("nothing=None", None, id="none"),
    pytest.param('columns=["a", 1]', ["a", 1], id="list-json"),
    pytest.param("columns=['a', None]", ["a", None], id="list-python"),
    pytest.param('options={"a": true}', {"a": True}, id="dict-json"),
    pytest.param("options={'a': {'b': 2}}", {"a": {"b": 2}}, id="dict-python"),
    pytest.param("day=2026-12-24", "2026-12-24", id="date"),
    pytest.param("folder=my data/x", "my data/x", id="path"),
    pytest.param("limit=None", None, id="optional"),
    pytest.param("limit=7", 7, id="optional-given"),
    pytest.param("label=None", None, id="optional-str"),
    pytest.param("mode=SLOW", "SLOW", id="enum-member"),
    pytest.param("mode=Mode.SLOW", "SLOW", id="enum-dotted"),
    pytest.param("level=2", 2, id="literal-int"),
    pytest.param("level=max", "max", id="literal-str"),
]


@pytest.mark.parametrize(("text", "value"), TEXTS)
def test_a_text_is_read_by_the_notebooks_type(text: str, value: Any) -> None:
    (parsed,) = parse_parameters(PIPELINE, [text]).values()
    assert (parsed, type(parsed)) == (value, type(value))


BAD_TEXTS = [
    pytest.param("flag=yes", "'flag' takes a bool, given 'yes'", id="bool"),
    pytest.param("flag=1", "'flag' takes a bool, given '1'", id="bool-is-not-int"),
    pytest.param("count=1.5", "'count' takes an int, given '1.5'", id="int"),
    pytest.param("count=", "'count' takes an int, given ''", id="int-empty"),
    pytest.param("alpha=big", "'alpha' takes a float, given 'big'", id="float"),
    pytest.param("columns=a,b", "'columns' takes a list, given 'a,b'", id="list"),
    pytest.param("columns={}", r"'columns' takes a list, given \{\} \(dict\)", id="list-not-dict"),
    pytest.param("columns=[(1,)]", "'columns' takes a list, given a tuple inside", id="list-of-tuples"),
    pytest.param("options={1: 2}", "keys that are not strings", id="dict-keys"),
    pytest.param("day=tomorrow", "'day' takes a date", id="date"),
    pytest.param("count=None", "'count' takes an int, given 'None'", id="not-optional"),
    pytest.param("limit=x", "'limit' takes an int or None, given 'x'", id="optional"),
    pytest.param("mode=MEDIUM", "takes one of FAST, SLOW, given 'MEDIUM'", id="enum"),
    pytest.param("level=3", "takes one of 1, 2, max, given '3'", id="literal"),
    pytest.param("count", "'count' has no value", id="no-equals"),
    pytest.param("alhpa=1", "no parameter 'alhpa'", id="unknown"),
]


@pytest.mark.parametrize(("text", "words"), BAD_TEXTS)
def test_a_text_of_the_wrong_type_is_refused(text: str, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        parse_parameters(PIPELINE, [text])


def test_an_error_has_the_place_of_the_parameter() -> None:
    with pytest.raises(ParameterError) as caught:
        parse_parameters(PIPELINE, ["count=x"])
    assert (caught.value.cell, caught.value.line, caught.value.exit_code) == (2, 4, 2)


def test_an_unknown_name_gets_a_suggestion_and_the_list() -> None:
    with pytest.raises(ParameterError) as caught:
        check_parameters(PIPELINE, {"alhpa": 1})
    assert caught.value.hint.startswith("did you mean 'alpha'? the notebook has flag, count, alpha")


def test_a_notebook_without_parameters_says_so() -> None:
    with pytest.raises(ParameterError) as caught:
        parse_parameters(Pipeline(name="nb", steps=()), ["a=1"])
    assert caught.value.hint == "the notebook has no parameters cell"


def test_the_last_of_several_wins() -> None:
    assert parse_parameters(PIPELINE, ["count=1", "count=2"]) == {"count": 2}


class Mode(enum.Enum):
    SLOW = 2


class Number(float):
    pass


VALUES = [
    pytest.param("alpha", 1, 1.0, id="int-for-float"),
    pytest.param("day", dt.date(2026, 2, 3), "2026-02-03", id="date-object"),
    pytest.param("folder", PurePosixPath("a/b"), "a/b", id="path-object"),
    pytest.param("folder", "./a//b/", "a/b", id="path-in-another-spelling"),
    pytest.param("mode", Mode.SLOW, "SLOW", id="enum-member"),
    pytest.param("level", "max", "max", id="literal"),
    pytest.param("limit", None, None, id="optional"),
    pytest.param("options", {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, id="nested"),
]


@pytest.mark.parametrize(("name", "given_", "value"), VALUES)
def test_check_converts_only_what_loses_nothing(name: str, given_: Any, value: Any) -> None:
    checked = check_parameters(PIPELINE, {name: given_})[name]
    assert (checked, type(checked)) == (value, type(value))


BAD_VALUES = [
    pytest.param("count", True, "takes an int, given True .bool.", id="bool-is-no-int"),
    pytest.param("count", 1.0, "takes an int, given 1.0 .float.", id="float-is-no-int"),
    pytest.param("flag", 1, "takes a bool, given 1 .int.", id="int-is-no-bool"),
    pytest.param("alpha", "0.1", "takes a float, given '0.1' .str.", id="str-is-no-float"),
    pytest.param("alpha", Number(1), "takes a float", id="subclass-of-float"),
    pytest.param("title", None, "takes a str, given None", id="not-optional"),
    pytest.param("columns", (1,), "takes a list", id="tuple-is-no-list"),
    pytest.param("columns", [object()], "given a object inside", id="member"),
    pytest.param("day", dt.datetime(2026, 1, 1), "takes a date", id="datetime-is-no-date"),  # noqa: DTZ001
    pytest.param("level", True, "takes one of", id="true-is-not-1"),
]


@pytest.mark.parametrize(("name", "given_", "words"), BAD_VALUES)
def test_check_refuses_other_types(name: str, given_: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        check_parameters(PIPELINE, {name: given_})


class Source:
    FAST = "the member"


RENDERED = [
    pytest.param("alpha", 0.1, 0.1, id="float"),
    pytest.param("alpha", 1, 1.0, id="float-from-int"),
    pytest.param("alpha", -math.inf, -math.inf, id="inf"),
    pytest.param("day", "2026-01-31", dt.date(2026, 1, 31), id="date"),
    pytest.param("folder", "a'b\\c", Path("a'b\\c"), id="path"),
    pytest.param("limit", None, None, id="none"),
    pytest.param("mode", "FAST", "the member", id="enum"),
    pytest.param("level", "max", "max", id="literal"),
]


@pytest.mark.parametrize(("name", "value", "meant"), RENDERED)
def test_rendered_source_evaluates_to_the_value(name: str, value: Any, meant: Any) -> None:
    evaluated = eval(render(PARAMETERS[name], value), {"Mode": Source})
    assert (evaluated, type(evaluated)) == (meant, type(meant))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.dates() | st.builds(PurePosixPath, st.text("ab/'\"\\ ü")),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(st.text(), inner, max_size=4)
    | st.frozensets(st.integers() | st.text(), max_size=4) | st.sets(st.integers(), max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(plain)
def test_a_literal_evaluates_to_an_equal_value_of_the_same_type(value: Any) -> None:
    evaluated = eval(literal(value))
    assert evaluated == value
    assert type(evaluated) is type(value)


def test_nan_survives() -> None:
    assert math.isnan(eval(literal(math.nan)))
    assert literal(-0.0) == "-0.0"


def test_what_has_no_literal_is_refused() -> None:
    with pytest.raises(TypeError, match="type object has no literal"):
        literal([object()])
