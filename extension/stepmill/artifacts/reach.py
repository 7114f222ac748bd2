"""Which mutable objects a value reaches: two values that reach one of them share it."""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

from stepmill.artifacts import library_state, memory
from stepmill.artifacts.scope import module_of

if TYPE_CHECKING:
    from stepmill.artifacts.pickling import Pickled

_ATOMS = frozenset(
    {
        *(type(None), bool, int, float, complex, str, bytes, tuple, frozenset, range, slice, type(...), type),
        *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, types.CodeType),
        *(types.MappingProxyType, property, staticmethod, classmethod, type(NotImplemented)),
        *(Decimal, Fraction, UUID, re.Pattern, types.GenericAlias),
    }
)
_IMMUTABLE_BASES = (
    type,
    tuple,
    frozenset,
    Enum,
    tzinfo,
    PurePath,
    date,
    time,
    timedelta,
    str,
    bytes,
    int,
    float,
)
_IMMUTABLE_LIBRARIES = frozenset({"pyarrow", "zoneinfo", "typing", "logging", "PickleBuffer", "_pickle"})


@dataclasses.dataclass(slots=True)
class Reach:
    """The shareable objects of one value, by id, and the arrays whose memory it uses.

    `arrays` are the user's; `in_frames` lie inside pandas objects, `in_blocks` are those that are no labels.
    `resampled` are those that something made by `resample` looks into, without pandas' knowing.
    `labels` are Index objects, by id: nothing of them can be changed but their names.
    """

    objects: Mapping[int, Any] = dataclasses.field(default_factory=dict)
    arrays: list[Any] = dataclasses.field(default_factory=list)
    in_frames: list[Any] = dataclasses.field(default_factory=list)
    in_blocks: list[Any] = dataclasses.field(default_factory=list)
    labels: Mapping[int, Any] = dataclasses.field(default_factory=dict)
    resampled: list[Any] = dataclasses.field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.objects or self.arrays or self.in_frames)


ReachMaker = Callable[[], Reach]
"""Made late: finding what a pickle reached costs time, and one value alone shares with nobody."""


def nothing() -> Reach:
    """Return the reach of an immutable value."""
    return Reach()


def of_pickle(pickled: Pickled) -> Reach:
    """Return what was met while pickling; temporary objects are kept alive by the pickler."""
    pickler = pickled.pickler
    met = {id(o): o for o in pickler.met() if type(o) not in _ATOMS}
    objects = {key: o for key, o in met.items() if is_shareable(o) and not pickler.is_frame_part(o)}
    objects |= pickler.by_value | pickler.states.dicts
    labels = {key: o for key, o in met.items() if _is_index(o)}
    return Reach(objects, pickler.arrays, pickler.in_frames, pickler.in_blocks(), labels, pickler.resampled)


def is_shareable(value: Any) -> bool:
    """Tell whether two holders of `value` could notice that it is one object."""
    kind = type(value)
    if kind in _ATOMS or isinstance(value, _IMMUTABLE_BASES):
        return False
    if callable(value) and isinstance(getattr(value, "__qualname__", None), str):
        return False  # a function of a compiled module
    root = module_of(kind).partition(".")[0]
    if root in _IMMUTABLE_LIBRARIES or kind.__name__ == "PickleBuffer":
        return False
    if root == "numpy":
        return _is_shareable_numpy(value)
    if root == "pandas":
        return _is_shareable_pandas(value)
    parameters = getattr(kind, "__dataclass_params__", None)
    return not (parameters is not None and parameters.frozen)


def _is_shareable_numpy(value: Any) -> bool:
    import numpy as np

    return not isinstance(value, (np.generic, np.dtype, np.ufunc))


def _is_shareable_pandas(value: Any) -> bool:
    import pandas as pd

    if module_of(type(value)).startswith(("pandas._libs", "pandas.core.internals", "pandas.tseries")):
        return False
    immutable = (pd.Index, pd.api.extensions.ExtensionDtype, pd.Interval)
    return not isinstance(value, immutable)


def _is_index(value: Any) -> bool:
    if module_of(type(value)).partition(".")[0] != "pandas":
        return False
    import pandas as pd

    return isinstance(value, pd.Index)


def share(first: Reach, second: Reach, *, labels: bool = False) -> bool:
    """Tell whether two values share an object or array memory; `labels`: or an Index."""
    if labels and any(key in second.labels for key in first.labels):
        return True
    if any(key in second.objects for key in first.objects):
        return True
    if memory.any_overlap(first.arrays, second.arrays):
        return True
    if _is_over(first, second) or _is_over(second, first):
        return True
    return _looks_into(first, second) or _looks_into(second, first) or _frames_share(first, second)


def _is_over(arrays: Reach, objects: Reach) -> bool:
    """Tell whether an array's memory is that of an object which is no array: a bytearray."""
    return any(id(memory.owner(a)) in objects.objects for a in (*arrays.arrays, *arrays.in_frames))


def _looks_into(ours: Reach, frames: Reach) -> bool:
    writers = [array for array in ours.arrays if array.flags.writeable]
    return bool(writers) and memory.any_overlap(writers, frames.in_frames)


def _frames_share(first: Reach, second: Reach) -> bool:
    if library_state.copies_on_write():
        return _is_resampled(first, second) or _is_resampled(second, first)
    return memory.any_overlap(first.in_blocks, second.in_blocks)


def _is_resampled(ours: Reach, frames: Reach) -> bool:
    known = {id(array) for array in ours.resampled}
    return any(id(array) in known for array in frames.in_blocks)


def groups(reaches: Mapping[str, Reach], *, labels: bool = False) -> tuple[frozenset[str], ...]:
    """Return the sets of names (two or more) whose values are connected by sharing, sorted.

    `labels`: Index objects count, as somebody changes the names of one.
    """
    names = [name for name, reach in reaches.items() if not reach.is_empty]
    group = {name: {name} for name in names}
    for at, name in enumerate(names):
        for other in names[:at]:
            if group[name] is not group[other] and share(reaches[name], reaches[other], labels=labels):
                joined = group[name] | group[other]
                group.update(dict.fromkeys(joined, joined))
    found = {frozenset(members) for members in group.values() if len(members) > 1}
    return tuple(sorted(found, key=sorted))
