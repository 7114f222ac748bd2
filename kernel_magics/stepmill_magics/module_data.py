"""The data that a module of the project holds, name by name, as digests.

Equal data have equal digests in whatever process: what is told is content, not addresses, nor which
equal texts happened to be one object. Nothing of the user's is called but the `__reduce__` of libraries.
"""

from __future__ import annotations

import io
import itertools
import pickle
from contextlib import suppress
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from stepmill.artifacts.pickle_identity import identity_of
from stepmill.artifacts.scope import MAIN
from stepmill.artifacts.ufuncs import is_ufunc, reduce_ufunc
from stepmill_magics.generators import is_process_wide
from stepmill_magics.outputs import size_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOST_BYTES = 64 << 20
"""Of larger arrays and frames only kind and size count."""
_MOST_ITEMS = 100_000
_DIGITS = 16


def held_data(module: Any) -> str:
    """Return "name=digest" of the data in a module, its classes and functions, joined by ";".

    What holds nothing that can be told (a lock, a lazy proxy) is left out.
    """
    found = _held_data(vars(module), module.__name__, "")
    return ";".join(f"{name}={digest}" for name, digest in found)


def by_name(held: str) -> dict[str, str]:
    """Return name -> digest of what `held_data` returned."""
    parts = [part.rpartition("=") for part in held.split(";") if part]
    return {name: digest for name, _, digest in parts}


def _held_data(namespace: Mapping[str, Any], home: str, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in list(namespace.items()):
        if name.startswith("__") or isinstance(value, ModuleType):
            continue
        if isinstance(value, type):
            if value.__module__ == home and prefix.count(".") < 3:
                yield from _held_data(vars(value), home, f"{prefix}{name}.")
        elif isinstance(value, FunctionType):
            kept = _kept_by(value) if value.__module__ == home else ()
            if kept and (digest := _digest(kept, home)):
                yield f"{prefix}{name}", digest
        elif digest := _digest(value, home):
            yield f"{prefix}{name}", digest


def _kept_by(function: FunctionType) -> tuple[Any, ...]:
    """Return what calls of a function can change and later ones find: attributes, defaults, its closure."""
    held = [vars(function) or None, function.__defaults__, function.__kwdefaults__]
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # an empty cell
            held.append(cell.cell_contents)
    return tuple(value for value in held if not (value is None or callable(value)))


def _digest(value: Any, home: str) -> str:
    """Return a digest of data, "" of what there is nothing to tell about."""
    telling = _Telling(home)
    try:
        telling.tell(value)
    except (OverflowError, RecursionError):
        return ""
    return str(telling.hasher.hexdigest())[:_DIGITS] if telling.has_data else ""


class _Telling:
    """One value being told to a hasher."""

    def __init__(self, home: str) -> None:
        self.hasher = blake3()
        self.has_data = False
        self._home = home
        self._budget = _MOST_ITEMS
        self._met: dict[int, tuple[int, Any]] = {}  # the objects too: their addresses are not used again

    def tell(self, value: Any) -> None:
        self._budget -= 1
        if self._budget < 0:
            raise OverflowError
        kind = type(value)
        if kind in (str, bytes):
            self._say(kind.__name__, value)
        elif kind in (int, bool, type(None)):
            self._say(kind.__name__, hex(value) if kind is int else repr(value))
        elif kind in (float, complex, range, itertools.count):
            self._say(kind.__name__, value.hex() if kind is float else repr(value))
        elif id(value) in self._met:
            self._say("again", str(self._met[id(value)][0]))
        else:
            self._met[id(value)] = (len(self._met), value)
            self._tell_object(value, kind)

    def _tell_object(self, value: Any, kind: type) -> None:
        if isinstance(value, Enum):
            self._say("member", f"{kind.__qualname__}.{value._name_}")
        elif isinstance(value, type):
            self._name("type", value)
        elif isinstance(value, (FunctionType, BuiltinFunctionType)):
            self._tell_function(value)
        elif isinstance(value, MethodType):
            self._all("method", (value.__func__, value.__self__))
        elif isinstance(value, ModuleType):
            self._say("module", value.__name__)
        elif isinstance(value, (dict, list, tuple, set, frozenset)):
            self._tell_container(value, kind)
        elif isinstance(value, bytearray):
            self._say(kind.__name__, bytes(value))
        else:
            self._tell_instance(value, kind)

    def _tell_container(self, value: Any, kind: type) -> None:
        """Tell what is in it; iterators of the user's own classes are not asked."""
        base = next(base for base in (dict, list, tuple, set, frozenset) if isinstance(value, base))
        items: Iterable[Any] = base.__iter__(value)
        if base is dict:
            items = itertools.chain.from_iterable(dict.items(value))
        elif base in (set, frozenset):
            items = sorted(_digest((item,), self._home) for item in items)
        self._all(f"{base.__name__} {kind.__qualname__}", items)
        if kind is not base:
            self._attributes(value)

    def _tell_function(self, value: Any) -> None:
        self._name("function", value)
        if isinstance(value, FunctionType) and value.__module__ in (self._home, MAIN):
            self._say("code", value.__code__.co_code)
            self._all("kept", _kept_by(value))

    def _tell_instance(self, value: Any, kind: type) -> None:
        self._name("of", kind)
        if is_process_wide(value):
            return  # what moves it is watched elsewhere
        if kind.__module__ in (self._home, MAIN):
            self._attributes(value)
        elif (size := _size(value)) > _MOST_BYTES:
            self._say("large", str(size))
        else:
            self._tell_pickle(value)

    def _tell_pickle(self, value: Any) -> None:
        stream = io.BytesIO()
        try:
            _Pickler(stream, protocol=5).dump(value)
        except Exception:  # noqa: BLE001 - anybody's __reduce__ may raise anything
            return  # its kind has been told
        self._say("pickle", identity_of(stream.getvalue()) or stream.getvalue())

    def _attributes(self, value: Any) -> None:
        """Tell the attributes of an instance; the user's own look-up is not asked."""
        names = [name for base in type(value).__mro__ for name in _slots(base)]
        held: list[Any] = []
        for name in names:
            with suppress(AttributeError):
                held += (name, object.__getattribute__(value, name))
        with suppress(AttributeError):
            held += itertools.chain.from_iterable(object.__getattribute__(value, "__dict__").items())
        if held:
            self._all("attributes", held)

    def _all(self, tag: str, values: Iterable[Any]) -> None:
        self._say("(", tag)
        for value in list(values):
            self.tell(value)
        self.hasher.update(b")")

    def _name(self, tag: str, value: Any) -> None:
        home, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
        had = self.has_data
        self._say(tag, f"{home}.{name}")
        self.has_data = had or tag != "of"

    def _say(self, tag: str, what: str | bytes) -> None:
        self.has_data = True
        data = what.encode("utf-8", "surrogatepass") if isinstance(what, str) else what
        self.hasher.update(f"{tag} {len(data)} ".encode())
        self.hasher.update(data)


class _Pickler(pickle.Pickler):
    """Says the same in every process, whatever was imported first."""

    def reducer_override(self, value: Any) -> Any:
        return reduce_ufunc(value) if is_ufunc(value) else NotImplemented


def _slots(base: type) -> tuple[str, ...]:
    found = vars(base).get("__slots__", ())
    names = (found,) if isinstance(found, str) else tuple(found)
    return tuple(
        f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name
        for name in names
        if name not in ("__dict__", "__weakref__")
    )


def _size(value: Any) -> int:
    try:
        return size_bytes(value)
    except Exception:  # noqa: BLE001 - anybody's attributes may raise anything
        return 0
