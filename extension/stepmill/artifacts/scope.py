"""The notebook's side of a pickle: its namespace and the definitions that live in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN = "__main__"


def module_of(kind: Any) -> str:
    """Return the module of a class; "" if it has none, as those of `sympy.Function("f")`."""
    return kind.__module__ or ""


@dataclass(frozen=True)
class Scope:
    """The notebook's side: its namespace, and the digests of the definitions that exist in it."""

    definitions: Mapping[str, str]
    namespace: Mapping[str, Any]

    def name_of(self, obj: Any) -> str | None:
        """Return the name of the definition that `obj` is, None if it is none."""
        found = self._names.get(id(obj))
        return found if found is not None and self.namespace.get(found) is obj else None

    @cached_property
    def _names(self) -> dict[int, str]:
        found = {name: self.namespace[name] for name in self.definitions if name in self.namespace}
        return {id(value): name for name, value in found.items() if _is_definition(value)}


def _is_definition(value: Any) -> bool:
    """Tell whether `value` is a function, a class, or a type variable and the like."""
    return isinstance(value, (type, FunctionType)) or type(value).__module__ == "typing"


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
