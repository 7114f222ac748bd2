"""Large sets iterate as they did, though their order depends on how they grew."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.artifacts.set_order import build_set, table_plan

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


def test_the_order_of_insertion_alone_would_not_do() -> None:
    value = _numbers(4000)
    assert list(set(iter(value))) != list(value)
