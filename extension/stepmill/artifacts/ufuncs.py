"""Universal functions of NumPy's kind have a name and no home: pickle takes the first module that has one."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from typing import Any


def is_ufunc(value: Any) -> bool:
    """Tell whether `value` is a universal function, without importing NumPy."""
    kind = type(value)
    return kind.__name__ == "ufunc" and kind.__module__ == "numpy"


def reduce_ufunc(ufunc: Any) -> Any:
    """Reduce a universal function to the compiled module that made it; NotImplemented if it names one itself.

    A module that imported it must not stand in for that: which one comes first depends on the order of
    imports, and a module of the project would be run where the value is loaded.
    """
    if getattr(ufunc, "__module__", None):
        return NotImplemented
    name = ufunc.__name__
    having = (home for home, held in list(sys.modules.items()) if _has(held, name, ufunc))
    home = min(having, default=None)
    return NotImplemented if home is None else (named, (home, name))


def named(home: str, name: str) -> Any:
    """Return a function of a module."""
    return getattr(import_module(home), name)


def _has(module: Any, name: str, ufunc: Any) -> bool:
    if getattr(module, "__dict__", {}).get(name) is not ufunc:
        return False
    return isinstance(getattr(getattr(module, "__spec__", None), "loader", None), ExtensionFileLoader)
