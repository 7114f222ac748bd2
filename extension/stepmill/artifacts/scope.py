"""The notebook's side of a pickle: its namespace and the definitions that live in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN = "__main__"


def module_of(kind: Any) -> str:
    """Return the module of a class; "" if it has none, as those of `sympy.Function("f")`."""
    return kind.__module__ or ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The notebook's side: its namespace, and the digests of the definitions that exist in it."""

    definitions: Mapping[str, str]
    namespace: Mapping[str, Any]


def accessor_of(namespace: Mapping[str, Any], root: str, path: str, obj: Any) -> str | None:
    """Return how to get from the attribute called `root.path` to `obj`, None if it is not there.

    "" is the attribute itself; "__func__", "fget" … are inside a method wrapper or property.
    """
    if root not in namespace:
        return None
    found = walk(namespace[root], path)
    if found is obj:
        return ""
    for accessor in ("__func__", "fget", "fset", "fdel", "func", "__wrapped__"):
        if getattr(found, accessor, None) is obj:
            return accessor
    return None


def walk(value: Any, path: str) -> Any:
    """Follow dotted attributes without calling descriptors: a classmethod stays one."""
    for part in path.split(".") if path else ():
        value = vars(value).get(part) if isinstance(value, type) else getattr(value, part, None)
    return value
