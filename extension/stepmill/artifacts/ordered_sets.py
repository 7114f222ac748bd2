"""Sets inside pickles that would iterate otherwise when they are loaded.

Pickle puts the items in one by one, in the order in which the set iterates. That gives another table where
items collide or have been discarded. Such sets are written as a plan instead, see `set_order`. The pickler
asks no reducer about plain sets, so they are found after a first pass, and a second one then asks about
each object: only values that hold such a set pay for it.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import TYPE_CHECKING, Any
from uuid import UUID

from stepmill.artifacts import unpickling
from stepmill.artifacts.set_order import GROWN, build_set, table_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARKS = (b"\x8f\x94", b"\x91\x94")
"""What a set and a frozenset leave in a stream: their opcode, and that of the memo."""

_STEADY: frozenset[type] = frozenset(
    {
        *(type(None), bool, int, float, complex, str, bytes, Decimal, Fraction, UUID),
        *(date, datetime, time, timedelta),
        *(PosixPath, PurePosixPath, PureWindowsPath, WindowsPath),
    }
)
_PLAIN: frozenset[type] = frozenset((set, frozenset))
_TUPLE: Any = tuple


def out_of_order(stream: bytes, met: Iterable[Any]) -> bool:
    """Tell whether a pickle holds a plain set that would iterate in another order when it is loaded.

    `met` is every object in the pickle; it is looked at only if `stream` seems to have a set.
    """
    if not any(mark in stream for mark in _MARKS):
        return False
    return any(_plan(value) is not None for value in met if type(value) in _PLAIN)


class OrderedSets:
    """The plain sets of one pickling that are written as plans."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Any, _InOrder | None]] = {}

    def stand_in(self, value: Any) -> _InOrder | None:
        """Return what to pickle instead of `value`, the same one each time; None for anything in order."""
        if type(value) not in _PLAIN:
            return None
        if id(value) not in self._seen:
            plan = _plan(value)
            self._seen[id(value)] = value, None if plan is None else _InOrder(value, plan)
        return self._seen[id(value)][1]

    def replaced(self) -> list[Any]:
        """Return the sets that a stand-in was pickled for."""
        return [value for value, instead in self._seen.values() if instead is not None]


class _InOrder:
    """The stand-in of a set in a pickle."""

    def __init__(self, value: Any, plan: tuple[int, list[int]]) -> None:
        self._arguments = (type(value), tuple(value), plan[0], tuple(plan[1]))

    def __reduce__(self) -> Any:
        return unpickling.ordered_set, self._arguments


def reduce_kind_of_set(value: Any) -> Any:
    """Reduce a set of a class of its own as a plan, if it would iterate otherwise; else None."""
    if not isinstance(value, (set, frozenset)):
        return None
    kind: Any = type(value)
    base = _base(value)
    if kind.__reduce__ is not base.__reduce__ or kind.__reduce_ex__ is not base.__reduce_ex__:
        return None
    plan = _plan(value)
    if plan is None:
        return None
    arguments = (kind, tuple(base.__iter__(value)), plan[0], tuple(plan[1]))
    return unpickling.ordered_set, arguments, base.__reduce__(value)[2]


def _base(value: Any) -> Any:
    return set if isinstance(value, set) else frozenset


def _plan(value: Any) -> tuple[int, list[int]] | None:
    """Return how to build a set so that it iterates as it does; None if pickle does that by itself.

    Nor is there one for items with a hash that the notebook computes, or that goes by their place in memory.
    """
    base = _base(value)
    items = list(base.__iter__(value))
    if len(items) < 2 or not all(map(_is_steady, items)):
        return None
    if list(build_set(base, items, GROWN, ())) == items:
        return None
    plan = table_plan(value)
    return None if plan == (GROWN, []) else plan


def _is_steady(item: Any) -> bool:
    """Tell whether an item has the same hash in each process, and cannot hold the set that it is in."""
    kind: Any = type(item)
    if kind in _STEADY:
        return True
    if kind is tuple or kind is frozenset:
        return all(map(_is_steady, item))
    if isinstance(item, tuple):
        is_tuple = kind.__hash__ is _TUPLE.__hash__ and kind.__eq__ is _TUPLE.__eq__
        return is_tuple and not getattr(item, "__dict__", None) and all(map(_is_steady, tuple.__iter__(item)))
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(item, numpy.generic):
        return bool(kind.__module__ == "numpy" and kind.__name__ not in ("object_", "void"))
    return _is_frozen_record(item, kind) and all(map(_is_steady, vars(item).values()))


def _is_frozen_record(item: Any, kind: type) -> bool:
    """Tell whether an item is a frozen dataclass that hashes and compares as dataclasses do."""
    options = getattr(kind, "__dataclass_params__", None)
    if options is None or not options.frozen or not options.eq or not hasattr(item, "__dict__"):
        return False
    made = (getattr(getattr(kind, name), "__code__", None) for name in ("__hash__", "__eq__"))
    return all(code is not None and code.co_filename == "<string>" for code in made)
