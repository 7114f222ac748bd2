"""Our own strict comparison: what user code can see of a value, types, flags and order included."""

from __future__ import annotations

import math
import struct
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd


def difference(left: Any, right: Any, path: str = "value") -> str | None:
    """Return where the two first differ, None if user code cannot tell them apart."""
    if type(left) is not type(right):
        return f"{path}: {type(left)} is not {type(right)}"
    for kinds, compare in _COMPARISONS:
        if isinstance(left, kinds):
            return compare(left, right, path)
    return None if left is right or left == right else f"{path}: {left!r} != {right!r}"


def assert_same(left: Any, right: Any) -> None:
    found = difference(left, right)
    assert found is None, found


def _float(left: float, right: float, path: str) -> str | None:
    same = struct.pack("<d", left) == struct.pack("<d", right)
    if math.isnan(left) and (left is np.nan) != (right is np.nan):
        return f"{path}: only one of them is np.nan itself"
    return None if same else f"{path}: {left!r} != {right!r}"


def _complex(left: complex, right: complex, path: str) -> str | None:
    return _float(left.real, right.real, path) or _float(left.imag, right.imag, path)


def _sequence(left: Any, right: Any, path: str) -> str | None:
    if len(left) != len(right):
        return f"{path}: length {len(left)} != {len(right)}"
    found = (difference(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(left, right, strict=True)))
    return next(filter(None, found), None)


def _mapping(left: Any, right: Any, path: str) -> str | None:
    return _sequence(list(left.items()), list(right.items()), path)


def _any_set(left: Any, right: Any, path: str) -> str | None:
    return None if left == right and len(left) == len(right) else f"{path}: {left!r} != {right!r}"


def _first(path: str, **pairs: tuple[Any, Any]) -> str | None:
    for name, (left, right) in pairs.items():
        if left != right:
            return f"{path}.{name}: {left!r} != {right!r}"
    return None


def _moment(left: Any, right: Any, path: str) -> str | None:
    return _first(
        path,
        text=(left.isoformat(), right.isoformat()),
        fold=(left.fold, right.fold),
        zone=(repr(left.tzinfo), repr(right.tzinfo)),
    )


def _dtype(left: Any, right: Any, path: str) -> str | None:
    if type(left) is not type(right) or left != right:
        return f"{path}: {left!r} is not {right!r}"
    if isinstance(left, np.dtype):
        return _first(path, char=(left.char, right.char), order=(left.byteorder, right.byteorder))
    if isinstance(left, pd.CategoricalDtype):
        return difference(left.categories, right.categories, path) or _first(
            path, ordered=(left.ordered, right.ordered)
        )
    return None


def _array(left: Any, right: Any, path: str) -> str | None:
    found = _dtype(left.dtype, right.dtype, f"{path}.dtype") or _first(
        path,
        shape=(left.shape, right.shape),
        writeable=(left.flags.writeable, right.flags.writeable),
        order=(_orders(left), _orders(right)),
        strides=(_strides(left), _strides(right)),
    )
    if found:
        return found
    if left.dtype.hasobject:
        return _sequence(left.ravel().tolist(), right.ravel().tolist(), path)
    return None if left.tobytes() == right.tobytes() else f"{path}: bytes differ"


def _orders(array: Any) -> tuple[bool, bool]:
    return array.flags.c_contiguous, array.flags.f_contiguous


def _strides(array: Any) -> list[int]:
    return [s for n, s in zip(array.shape, array.strides, strict=True) if n > 1] if array.size else []


def _scalar(left: Any, right: Any, path: str) -> str | None:
    return _dtype(left.dtype, right.dtype, path) or (
        None if left.tobytes() == right.tobytes() else f"{path}: {left!r} != {right!r}"
    )


def _masked(left: Any, right: Any, path: str) -> str | None:
    return (
        difference(left.data, right.data, f"{path}.data")
        or difference(left.mask, right.mask, f"{path}.mask")
        or difference(left.fill_value, right.fill_value, f"{path}.fill_value")
        or _first(path, hardmask=(left.hardmask, right.hardmask))
    )


def _index(left: Any, right: Any, path: str) -> str | None:
    found = _first(path, names=(list(left.names), list(right.names)), length=(len(left), len(right)))
    if found:
        return found
    if isinstance(left, pd.RangeIndex):
        return _first(path, range=(str(left), str(right)))
    if isinstance(left, pd.MultiIndex):
        return _sequence(list(left.levels), list(right.levels), f"{path}.levels") or _sequence(
            [np.asarray(c) for c in left.codes], [np.asarray(c) for c in right.codes], f"{path}.codes"
        )
    freq = (str(getattr(left, "freq", None)), str(getattr(right, "freq", None)))
    return (
        _dtype(left.dtype, right.dtype, f"{path}.dtype")
        or _first(path, freq=freq)
        or _sequence(left.tolist(), right.tolist(), path)
    )


def _series(left: Any, right: Any, path: str) -> str | None:
    return (
        _dtype(left.dtype, right.dtype, f"{path}.dtype")
        or _first(path, flags=(left.flags, right.flags))
        or difference(left.name, right.name, f"{path}.name")
        or difference(left.attrs, right.attrs, f"{path}.attrs")
        or difference(left.index, right.index, f"{path}.index")
        or _sequence(left.tolist(), right.tolist(), path)
    )


def _frame(left: Any, right: Any, path: str) -> str | None:
    found = (
        difference(left.attrs, right.attrs, f"{path}.attrs")
        or _first(path, flags=(left.flags, right.flags))
        or difference(left.columns, right.columns, f"{path}.columns")
        or difference(left.index, right.index, f"{path}.index")
    )
    columns = ((left.iloc[:, at], right.iloc[:, at], at) for at in range(left.shape[1]))
    return found or next(filter(None, (_series(a, b, f"{path}[{at}]") for a, b, at in columns)), None)


_COMPARISONS: tuple[tuple[Any, Any], ...] = (
    (bool, lambda a, b, p: None if a is b else f"{p}: {a} is not {b}"),
    (np.ma.MaskedArray, _masked),
    (np.ndarray, _array),
    (np.generic, _scalar),
    (pd.DataFrame, _frame),
    (pd.Series, _series),
    (pd.Index, _index),
    (float, _float),
    (complex, _complex),
    (Decimal, lambda a, b, p: _first(p, exact=(str(a), str(b)))),
    ((datetime, time), _moment),
    (dict, _mapping),
    ((list, tuple), _sequence),
    ((set, frozenset), _any_set),
)
