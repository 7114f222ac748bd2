"""How Python's own objects are reduced that pickle refuses or changes. Functions of the one pickler."""

# ruff: noqa: ARG001 - reducers in one table have one signature

from __future__ import annotations

import functools
import gc
import io
import marshal
import operator
import re
import struct
import threading
import types
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from stepmill.artifacts import unpickling
from stepmill.artifacts.refusals import refusal
from stepmill.artifacts.scope import MAIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.artifacts.pickling import StepPickler


def _reduce_cell(pickler: StepPickler, cell: types.CellType) -> Any:
    # The contents travel as state: a function may stand in its own closure.
    try:
        contents = cell.cell_contents
    except ValueError:
        return unpickling.make_cell, ()
    return unpickling.make_cell, (), (contents,), None, None, unpickling.fill_cell


def _reduce_dict_view(pickler: StepPickler, view: Any) -> Any:
    mapping = next(iter(gc.get_referents(view)))  # the dict itself: a view follows it
    return unpickling.dict_view, (mapping, type(view).__name__.rpartition("_")[2])


def _reduce_dict_iterator(pickler: StepPickler, iterator: Any) -> Any:
    """Go on over the dict itself: what is changed in it, and that it is, is seen."""
    spent: dict[Any, Any] = {}
    mapping = next((one for one in gc.get_referents(iterator) if type(one) is dict), spent)
    done = len(mapping) - operator.length_hint(iterator)
    try:
        iterator.__reduce__()
    except RuntimeError:  # the dict has another size than at the start: the next step is to fail
        done = -1
    kind = type(iterator).__name__.removeprefix("dict_").removesuffix("iterator")
    return unpickling.dict_iterator, (mapping, kind, done)


def _reduce_set_iterator(pickler: StepPickler, iterator: Any) -> Any:
    held = next((one for one in gc.get_referents(iterator) if type(one) in (set, frozenset)), None)
    left = operator.length_hint(iterator)
    if held is None or not left:
        return iterator.__reduce__()
    return unpickling.set_iterator, (held, len(held) - left)


def _reduce_cached_property(_: StepPickler, made: functools.cached_property[Any]) -> Any:
    """Leave out the lock that Python 3.11 keeps in it."""
    return unpickling.cached_property, (made.func, made.attrname)


def _reduce_lock(pickler: StepPickler, lock: Any) -> Any:
    """A lock that nobody holds is as good as a new one."""
    if not repr(lock).startswith("<unlocked"):
        raise refusal(pickler.value, lock)
    return (threading.RLock if isinstance(lock, _RLOCK) else threading.Lock), ()


def _reduce_match(pickler: StepPickler, match: re.Match[Any]) -> Any:
    """A match is found again: by the same search, or as one of those that `finditer` gives."""
    given = (match.re, match.string, match.pos, match.endpos)
    for how in ("search", "match", "fullmatch"):
        if unpickling.is_match(unpickling.match(*given, how, 0), match):
            return unpickling.match, (*given, how, 0)
    found = enumerate(match.re.finditer(match.string, match.pos, match.endpos))
    number = next((number for number, other in found if unpickling.is_match(other, match)), None)
    if number is None or not isinstance(match.string, (str, bytes)):
        raise refusal(pickler.value, match)
    return unpickling.match, (*given, "finditer", number)


def _reduce_struct(pickler: StepPickler, made: struct.Struct) -> Any:
    return struct.Struct, (made.format,)


def _reduce_mappingproxy(pickler: StepPickler, proxy: Any) -> Any:
    return types.MappingProxyType, (next(iter(gc.get_referents(proxy))),)


def _reduce_stream(pickler: StepPickler, stream: Any) -> Any:
    return pickler.refused_or_stream(stream)


def _reduce_cached_function(pickler: StepPickler, cached: Any) -> Any:
    reference = pickler.reference(cached)
    if reference is None and cached.__module__ == MAIN:
        raise refusal(pickler.value, cached)
    return reference or NotImplemented


def code_bytes(code: types.CodeType, home: str) -> bytes:
    """Return code as bytes that do not depend on where the cell was compiled."""
    return marshal.dumps(_relabel(code, f"<{'notebook' if home == MAIN else home}>"), 2)


def _relabel(code: types.CodeType, filename: str) -> types.CodeType:
    constants = tuple(_relabel(c, filename) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_filename=filename, co_consts=constants)


_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())
_EMPTY: dict[Any, Any] = {}
_SAMPLES: tuple[dict[Any, Any], ...] = (_EMPTY, OrderedDict())

REDUCERS: dict[type, Callable[[StepPickler, Any], Any]] = {
    types.FunctionType: lambda pickler, func: pickler.reduce_function(func),
    types.CellType: _reduce_cell,
    types.CodeType: lambda _, code: (marshal.loads, (code_bytes(code, MAIN),)),
    types.MappingProxyType: _reduce_mappingproxy,
    re.Match: _reduce_match,
    struct.Struct: _reduce_struct,
    io.TextIOWrapper: _reduce_stream,
    _LOCK: _reduce_lock,
    _RLOCK: _reduce_lock,
    functools.cached_property: _reduce_cached_property,
    **{
        type(iterator): _reduce_dict_iterator
        for look in (_EMPTY.keys(), _EMPTY.values(), _EMPTY.items())
        for iterator in (iter(look), reversed(look))
    },
    type(iter(set())): _reduce_set_iterator,
    functools._lru_cache_wrapper: _reduce_cached_function,
    **{
        type(view): _reduce_dict_view
        for mapping in _SAMPLES
        for view in (mapping.keys(), mapping.values(), mapping.items())
    },
}
