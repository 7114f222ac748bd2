"""Keys of dicts and items of sets that change when they are hashed or compared.

Loading hashes them again, so a `__hash__` that counts its calls would count one that Run All has not.
"""

from __future__ import annotations

import dis
import sys
import types
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.scope import MAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST_TRIED = 50
"""Keys of one pickle that are hashed to see whether they change; those of a class all do the same."""

_STORES = frozenset(
    {
        "STORE_ATTR",
        "STORE_SUBSCR",
        "STORE_GLOBAL",
        "STORE_DEREF",
        "DELETE_ATTR",
        "DELETE_SUBSCR",
        "LOAD_METHOD",
    }
)
_HAS_METHOD_LOADS = sys.version_info >= (3, 12)


def may_change(kind: type) -> bool:
    """Tell whether objects of a class of the notebook may change when they are hashed or compared."""
    return any(_may_store(getattr(kind, name, None)) for name in ("__hash__", "__eq__"))


def changing_key(objects: Iterable[Any], kinds: set[type], written: Callable[[Any], bytes]) -> Any:
    """Return a key that hashing, or comparing with another one of its hash, changes; None without any.

    `written` gives what an object is written as. `kinds` are those for which `may_change` holds.
    """
    tried = 0
    for container in list(objects):
        if not isinstance(container, (dict, set, frozenset)):
            continue
        hashes: dict[int, Any] = {}
        for key in container:
            for part in _parts(key):
                if type(part) not in kinds or tried >= MOST_TRIED:
                    continue
                tried += 1
                before = written(part)
                value = hash(part)
                twin = hashes.setdefault(value, part)
                if twin is not part:
                    _ = part == twin
                if written(part) != before:
                    return part
    return None


def _parts(key: Any) -> Iterator[Any]:
    """Yield a key, or what a tuple that is one has in it."""
    if type(key) is tuple or type(key) is frozenset:
        for item in key:
            yield from _parts(item)
    else:
        yield key


def _may_store(method: Any) -> bool:
    """Tell whether a function of the notebook stores something, or calls a method, which may."""
    if not isinstance(method, types.FunctionType) or method.__module__ != MAIN:
        return False
    return any(
        found.opname in _STORES
        or (_HAS_METHOD_LOADS and found.opname == "LOAD_ATTR" and (found.arg or 0) & 1)
        for found in dis.get_instructions(method)
    )
