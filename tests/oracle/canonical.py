"""Values to text that is equal exactly when user code cannot tell the values apart.

Runs inside the process that holds the values. Calls no code of the notebook's: state is read from
`__dict__`, never by `repr`, properties or `__reduce__`.
"""

from __future__ import annotations

import hashlib
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEPTH = 30


def snapshot(namespace: Mapping[str, Any], hidden: Iterable[str]) -> dict[str, Any]:
    """Return `{"values": {name: text}, "sharing": [[name, name], …]}` for the user's names."""
    skip = set(hidden)
    names = sorted(n for n in namespace if n not in skip and not n.startswith("_"))
    held = {name: namespace[name] for name in names if not isinstance(namespace[name], types.ModuleType)}
    return {"values": {name: canonical(value) for name, value in held.items()}, "sharing": sharing(held)}


def canonical(value: Any) -> str:
    """Return the canonical text; long data is replaced by its digest."""
    return _Writer().text(value)


def sharing(values: Mapping[str, Any]) -> list[list[str]]:
    """Return the pairs of names from which one same mutable object can be reached."""
    reached = {name: _mutable_ids(value) for name, value in values.items()}
    names = sorted(reached)
    return [[a, b] for i, a in enumerate(names) for b in names[i + 1 :] if reached[a] & reached[b]]


class _Writer:
    """One walk over one value; a second visit of an object writes its number, so identities count."""

    def __init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []  # ids stay taken while we write

    def text(self, value: Any, depth: int = 0) -> str:
        kind = type(value)
        if value is None or kind in (bool, int, str, bytes, complex, range, slice, type(...)):
            return (
                f"{kind.__name__}:{value!r}" if len(str(value)) < 200 else _digest(kind, repr(value).encode())
            )
        if kind is float:
            return f"float:{value.hex()}"
        if id(value) in self.seen:
            return f"#{self.seen[id(value)]}"
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        if depth > _DEPTH:
            return f"…{kind.__qualname__}"
        return self._compound(value, kind, depth + 1)

    def _compound(self, value: Any, kind: type, depth: int) -> str:
        if isinstance(value, dict) and type(value).__iter__ is dict.__iter__:
            inner = ", ".join(f"{self.text(k, depth)}={self.text(v, depth)}" for k, v in dict.items(value))
            return f"{kind.__qualname__}{{{inner}}}{self._state(value, depth)}"
        if isinstance(value, (list, tuple)):
            items = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
            inner = ", ".join(self.text(item, depth) for item in items)
            return f"{kind.__qualname__}[{inner}]{self._state(value, depth)}"
        if isinstance(value, (set, frozenset)):
            inner = ", ".join(self.text(item, depth) for item in value)  # order is visible: it counts
            return f"{kind.__qualname__}({inner})"
        if isinstance(value, type):
            return f"class:{value.__qualname__}"
        if kind is types.ModuleType:  # splines of SciPy 1.18 have one
            return f"module:{value.__name__}"
        if kind in (types.FunctionType, types.BuiltinFunctionType, types.MethodType):
            return f"function:{getattr(value, '__qualname__', kind.__name__)}"  # np.vectorize: none
        return self._library(value, kind, depth)

    def _library(self, value: Any, kind: type, depth: int) -> str:
        root = (kind.__module__ or "").partition(".")[0]
        if root == "numpy":
            return self._numpy(value, kind, depth)
        if root == "pandas":
            return self._pandas(value, kind, depth)
        if root in ("matplotlib", "IPython", "sqlite3", "_io", "threading", "_thread", "asyncio"):
            return kind.__qualname__
        if kind.__qualname__ == "_Stream":  # the fork server's: what it shows is compared by cell
            return kind.__qualname__
        if root == "logging" and hasattr(value, "manager") and hasattr(value, "handlers"):
            # a logger also knows all others
            held = [value.name, value.level, value.disabled, value.propagate, value.handlers, value.filters]
            return f"{kind.__qualname__} {self.text(held, depth)}"
        return f"{kind.__qualname__}{self._state(value, depth)}"

    def _numpy(self, value: Any, kind: type, depth: int) -> str:
        import numpy as np

        if isinstance(value, np.ndarray):
            order = "F" if np.isfortran(value) else "C"
            flags = f"{value.dtype.str}{value.shape}{order}{value.flags.writeable}"
            if value.dtype.hasobject:
                return f"array {flags} {self.text(value.ravel().tolist(), depth)}"
            return f"array {flags} {_digest(kind, np.ascontiguousarray(value).tobytes())}"
        if isinstance(value, np.generic):
            return f"{kind.__name__}:{value.tobytes().hex()}"
        if hasattr(value, "bit_generator"):
            return f"Generator{self.text(value.bit_generator.state, depth)}"
        if isinstance(value, np.random.RandomState):
            return f"RandomState{self.text(value.get_state(legacy=False), depth)}"
        return f"{kind.__qualname__}:{value!r}" if isinstance(value, np.dtype) else kind.__qualname__

    def _pandas(self, value: Any, kind: type, depth: int) -> str:
        import pandas as pd

        if isinstance(value, pd.DataFrame):
            columns = [self._values(value.iloc[:, i], depth) for i in range(value.shape[1])]
            axes = f"{self._axis(value.index, depth)} {self._axis(value.columns, depth)}"
            return f"{kind.__name__} {axes} [{', '.join(columns)}] {self.text(dict(value.attrs), depth)}"
        if isinstance(value, pd.Series):
            axis = self._axis(value.index, depth)
            return f"{kind.__name__} {value.name!r} {axis} {self._values(value, depth)}"
        if isinstance(value, pd.Index):
            return self._axis(value, depth)
        return f"{kind.__qualname__}:{value!r}" if not hasattr(value, "__dict__") else kind.__qualname__

    def _axis(self, index: Any, depth: int) -> str:
        return f"{type(index).__name__}{list(index.names)!r}{self._values(index, depth)}"

    def _values(self, column: Any, depth: int) -> str:
        return f"{column.dtype}{_Writer().text(column.tolist(), depth)}"

    def _state(self, value: Any, depth: int) -> str:
        try:
            state = object.__getattribute__(value, "__dict__")
        except AttributeError:
            return ""
        items = list(state.items())
        if type(value).__module__ != "__main__" and hasattr(value, "__setstate__"):
            items.sort(key=lambda item: item[0])  # SciPy 1.18 sets them in another order than `__init__`
        inner = ", ".join(f"{name}={self.text(item, depth)}" for name, item in items)
        return f"<{inner}>"


def _digest(kind: type, data: bytes) -> str:
    return f"{kind.__name__}~{len(data)}~{hashlib.sha256(data).hexdigest()[:20]}"


def _mutable_ids(value: Any) -> frozenset[int]:
    found: set[int] = set()
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if id(item) in seen or item is None or isinstance(item, (str, bytes, int, float, type)):
            continue
        seen.add(id(item))
        stack.extend(_inside(item, found))
    return frozenset(found)


def _has_dict(item: Any) -> bool:
    """Tell whether an instance has a `__dict__`, without asking it."""
    return any("__dict__" in vars(base) for base in type(item).__mro__)


def _inside(item: Any, found: set[int]) -> list[Any]:
    root = (type(item).__module__ or "").partition(".")[0]
    if isinstance(item, dict):
        found.add(id(item))
        return list(dict.values(item))
    if isinstance(item, (list, set, tuple, frozenset)):
        if isinstance(item, (list, set)):
            found.add(id(item))
        return list(item)
    if root == "numpy" and hasattr(item, "__array_interface__") and hasattr(item, "base"):
        base = item
        while getattr(base, "base", None) is not None and type(base.base).__module__ == "numpy":
            base = base.base
        found.add(id(base))
        return item.ravel().tolist() if item.dtype.hasobject else []
    if root == "pandas" and hasattr(item, "index"):
        found.add(id(item))
    if root == "__main__" and hasattr(type(item), "__dict__"):
        found.add(id(item))
        return list(object.__getattribute__(item, "__dict__").values()) if _has_dict(item) else []
    return []
