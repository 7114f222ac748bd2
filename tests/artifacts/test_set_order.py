"""Large sets iterate as they did, though their order depends on how they grew."""

from __future__ import annotations

import random
from collections import namedtuple
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stepmill.artifacts.set_order import build_set, table_plan
from stepmill.artifacts.values import load_values, save_values

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS = (301, 900, 4000)


def _numbers(count: int) -> set[Any]:
    chance = random.Random(count)
    return {chance.randrange(10**9) for _ in range(count)}


def _pairs(count: int) -> set[Any]:
    chance = random.Random(count)
    return {(chance.randrange(90), chance.randrange(90)) for _ in range(count)}


def _added_one_by_one(count: int) -> set[Any]:
    grown = set[Any]()
    for number in sorted(_numbers(count), reverse=True):
        grown.add(number)
    return grown


def _frozen(count: int) -> frozenset[Any]:
    return frozenset(_pairs(count))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("make", [_numbers, _pairs, _added_one_by_one, _frozen])
def test_a_large_set_is_rebuilt_in_its_order(make: Callable[[int], Any], count: int) -> None:
    value = make(count)
    order = list(value)
    plan, insertion = table_plan(value)
    again = build_set(type(value), order, plan, insertion)
    assert list(again) == order
    assert table_plan(again) == (plan, insertion)  # the digest of what was loaded is that of what was stored


def _peers(count: int, kind: type = set) -> list[Any]:
    """Return what puzzle solvers keep: the neighbours of each square, without itself."""
    chance = random.Random(count)
    return [
        kind(chance.sample(range(-count, 3 * count), count)) - {square} for square in range(-count, 3 * count)
    ]


@pytest.mark.parametrize("count", [5, 40])
def test_a_set_from_which_an_item_was_discarded_is_rebuilt_in_its_order(count: int) -> None:
    for value in _peers(count):
        plan, insertion = table_plan(value)
        again = build_set(set, list(value), plan, insertion)
        assert list(again) == list(value)
        assert table_plan(again) == (plan, insertion)


def test_the_order_of_insertion_alone_would_not_do() -> None:
    value = _numbers(4000)
    assert list(set(iter(value))) != list(value)


class Holder:
    def __init__(self, held: Any) -> None:
        self.held = held
        self.again = held


class Kind(set[Any]):
    """A kind of set that could not be made from its items alone."""

    def __init__(self, first: Any, items: Any) -> None:
        self.update(items)
        self.first = first


class FrozenKind(frozenset[Any]):
    pass


Point = namedtuple("Point", "x y")  # noqa: PYI024


@dataclass(frozen=True)
class Ball:
    number: int


def _thinned() -> set[Any]:
    found = set(range(200))
    found -= set(range(3, 190))
    return found | {-1, -2}


DISORDERED = {
    "colliding": lambda: {sign * n for n in range(1, 13) for sign in (1, -1)},
    "sized at once": lambda: set(dict.fromkeys([33, 1, 17, 65, 2])),
    "thinned": _thinned,
    "of tuples": lambda: _pairs(40) | {(-1, 0), (-2, 0)},
    "of named tuples": lambda: set(dict.fromkeys(Point(-n, n) for n in range(30))),
    "of frozen records": lambda: set(dict.fromkeys(Ball(-n) for n in range(30))),
    "of numpy numbers": lambda: set(dict.fromkeys(map(np.int64, (33, 1, 17, 65, 2)))),
    "frozen": lambda: frozenset(dict.fromkeys([33, 1, 17, 65, 2])),
    "of frozen sets": lambda: {frozenset(dict.fromkeys([n, n + 8, n + 16])) for n in range(9)},
    "of a kind": lambda: Kind(1, dict.fromkeys([33, 1, 17, 65, 2])),
    "of a frozen kind": lambda: FrozenKind(dict.fromkeys([33, 1, 17, 65, 2])),
}  # fmt: skip


@pytest.mark.parametrize("name", DISORDERED)
def test_a_set_inside_an_object_iterates_as_it_did(name: str, round_trip: Callable[[Any], Any]) -> None:
    value = DISORDERED[name]()
    plain: Any = set if isinstance(value, set) else frozenset
    assert list(plain(iter(list(value)))) != list(value), "pickle would do"
    loaded = round_trip(Holder(value))
    assert list(loaded.held) == list(value)
    assert type(loaded.held) is type(value)
    assert loaded.again is loaded.held
    assert getattr(loaded.held, "__dict__", {}) == getattr(value, "__dict__", {})


def test_sets_in_place_of_which_a_plan_is_pickled_are_seen_as_shared(long_store: Any) -> None:
    held = DISORDERED["sized at once"]()
    saved = save_values(long_store, {"a": Holder(held), "b": Holder(held)}, definitions={}, namespace={})
    loaded = load_values(long_store, saved.refs, definitions={}, namespace={})
    loaded["a"].held.add(5)
    assert 5 in loaded["b"].held
