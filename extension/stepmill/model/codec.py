"""Records to JSON and back. Unknown keys are ignored, so that newer writers do not break readers."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

from stepmill.errors import StepmillError

T = TypeVar("T")
SCHEMA = 1


class CodecError(StepmillError):
    """A document does not fit the record it should hold; the message carries the path."""

    code = "SM070"


def to_json(value: Any) -> Any:
    """Return `value` as JSON types: records become objects, tuples lists, sets sorted lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((to_json(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def from_json(kind: type[T], document: Any, path: str = "$") -> T:
    """Build the record `kind` from JSON types.

    Raises
    ------
    CodecError
        A key is missing or a value has the wrong type; the message says where.
    """
    return typing.cast("T", _read(kind, document, path))


def get_ready(*kinds: Any) -> None:
    """Find out beforehand what `from_json` has to know of these records, and of those in them."""
    for kind in kinds:
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            get_ready(*_hints(kind).values())
        else:
            get_ready(*get_args(kind))


def _read(kind: Any, value: Any, path: str) -> Any:
    if kind is Any:
        return value
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), value, path)
    if origin is typing.Literal:
        return value
    if origin in (tuple, frozenset):
        return _read_sequence(kind, origin, value, path)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        _expect(isinstance(value, dict), "an object", value, path)
        item = get_args(kind)[1]
        return {key: _read(item, entry, f"{path}.{key}") for key, entry in value.items()}
    if dataclasses.is_dataclass(kind):
        return _read_record(kind, value, path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _read_enum(kind, value, path)
    if kind is float:
        _expect(isinstance(value, (int, float)), "a number", value, path)
        return float(value)
    _expect(isinstance(value, kind), kind.__name__, value, path)
    return value


def _read_record(kind: Any, value: Any, path: str) -> Any:
    _expect(isinstance(value, dict), "an object", value, path)
    hints = _hints(kind)
    arguments = {}
    for field in dataclasses.fields(kind):
        if field.name in value:
            arguments[field.name] = _read(hints[field.name], value[field.name], f"{path}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise CodecError(f"{path}.{field.name} is missing")
    return kind(**arguments)


def _read_sequence(kind: Any, origin: Any, value: Any, path: str) -> Any:
    _expect(isinstance(value, list), "a list", value, path)
    arguments = get_args(kind)
    if origin is frozenset or (len(arguments) == 2 and arguments[1] is Ellipsis):
        kinds = [arguments[0]] * len(value)
    else:
        _expect(len(value) == len(arguments), f"{len(arguments)} items", value, path)
        kinds = list(arguments)
    pairs = zip(kinds, value, strict=True)
    return origin(_read(item_kind, item, f"{path}[{i}]") for i, (item_kind, item) in enumerate(pairs))


def _read_union(kinds: tuple[Any, ...], value: Any, path: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    return _read(next(kind for kind in kinds if kind is not type(None)), value, path)


def _read_enum(kind: type[Enum], value: Any, path: str) -> Enum:
    try:
        return kind(value)
    except ValueError:
        raise CodecError(f"{path}: {value!r} is no {kind.__name__}") from None


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _expect(condition: bool, what: str, value: Any, path: str) -> None:
    if not condition:
        raise CodecError(f"{path}: expected {what}, found {type(value).__name__}")
