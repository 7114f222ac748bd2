"""Records survive the way to JSON text and back."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.model import artifact, cell, diagnostic, exchange, facts, pipeline, plan, run
from stepmill.model.codec import CodecError, from_json, to_json
from stepmill.model.pipeline import Edge, Input, Pipeline, Step

MODULES = (artifact, cell, diagnostic, exchange, facts, pipeline, plan, run)
RECORDS = [
    kind
    for module in MODULES
    for kind in vars(module).values()
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and kind.__module__ == module.__name__
]
SCALARS = {
    bool: st.booleans(),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=12),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return values for a field's type."""
    if kind is Any:
        return JSON
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values_of, arguments))
    if kind is type(None):
        return st.none()
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return st.tuples(*map(values_of, arguments))
    if origin is tuple:
        # A list of anything would come back as lists inside: JSON knows no tuples.
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(values_of(arguments[0]), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(st.text(max_size=5), values_of(arguments[1]), max_size=2)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return records_of(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    return SCALARS[kind]


def records_of(kind: type) -> st.SearchStrategy[Any]:
    """Return records of the type `kind` with any values in all fields."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: values_of(hints[field.name]) for field in dataclasses.fields(kind)}
    if kind is Step:  # the one record that refuses an empty field
        fields["cells"] = st.lists(SCALARS[int], min_size=1, max_size=3).map(tuple)
    return st.fixed_dictionaries(fields).map(lambda values: kind(**values))


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_round_trip(kind: type, data: st.DataObject) -> None:
    record = data.draw(st.deferred(lambda: records_of(kind)))
    assert from_json(kind, json.loads(json.dumps(to_json(record)))) == record


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_records_are_frozen_and_take_keywords(kind: Any) -> None:
    keywords = all(field.kw_only for field in dataclasses.fields(kind))
    assert (kind.__dataclass_params__.frozen, keywords, hasattr(kind, "__slots__")) == (True, True, True)


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_no_default_can_be_changed_in_place(kind: Any) -> None:
    for field in dataclasses.fields(kind):
        if field.default is not dataclasses.MISSING:
            assert not isinstance(field.default, (list, dict, set)), field.name


def test_unknown_keys_are_ignored() -> None:
    document = {**to_json(Input(name="x", producer="load")), "from_the_future": 1}
    assert from_json(Input, document) == Input(name="x", producer="load")


def test_missing_optional_keys_take_their_defaults() -> None:
    assert from_json(Step, {"name": "a", "cells": [0]}) == Step(name="a", cells=(0,))


BROKEN = [
    pytest.param(Step, {"cells": [0]}, r"\$\.name is missing", id="missing-key"),
    pytest.param(
        Step, {"name": "a", "cells": ["0"]}, r"\$\.cells\[0\]: expected int, found str", id="wrong-type"
    ),
    pytest.param(Step, {"name": "a", "cells": {}}, r"\$\.cells: expected a list, found dict", id="no-list"),
    pytest.param(Step, [], r"\$: expected an object, found list", id="no-object"),
    pytest.param(
        Pipeline,
        {
            "name": "p",
            "steps": [],
            "edges": [{"producer": "a", "consumer": "b", "name": "x", "kind": "magic"}],
        },
        r"\$\.edges\[0\]\.kind: 'magic' is no EdgeKind",
        id="unknown-enum-value",
    ),
]


@pytest.mark.parametrize(("kind", "document", "message"), BROKEN)
def test_an_error_says_where(kind: type, document: Any, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        from_json(kind, document)


def test_sets_are_written_sorted() -> None:
    step = Step(name="a", cells=(0,), binds=frozenset("cab"))
    assert to_json(step)["binds"] == ["a", "b", "c"]


def test_downstream_follows_edges_at_any_distance() -> None:
    steps = tuple(Step(name=name, cells=(i,)) for i, name in enumerate("abcd"))
    edges = (Edge(producer="a", consumer="b", name="x"), Edge(producer="b", consumer="c", name="y"))
    made = Pipeline(name="p", steps=steps, edges=edges)
    assert (made.downstream(["a"]), made.downstream(["c"])) == (frozenset("bc"), frozenset())
    assert (made.upstream("c"), made.upstream("a")) == (frozenset("b"), frozenset())
