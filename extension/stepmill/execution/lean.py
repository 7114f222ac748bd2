"""Importing the notebook libraries without what they load and a run does not use."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from functools import partial
from types import ModuleType
from typing import Any

from stepmill.plugins import entry_points_of

_PUT_OFF = {
    # jsonschema's checks of formats, which everybody has who has JupyterLab. The first builds a parser:
    # a second of CPU
    "rfc3987_syntax": ("is_valid_syntax",),
    "rfc3986_validator": ("validate_rfc3986",),
    "rfc3339_validator": ("validate_rfc3339",),
    "isoduration": ("parse_duration",),
    # papermill's Hadoop: loads pyarrow and numpy
    "pyarrow.fs": ("FileSelector", "HadoopFileSystem"),
    # papermill's notebooks at web addresses
    "requests": ("get", "put"),
}
"""Modules, and what the libraries import from them. Whoever calls one of these gets the real one."""

_ERRORS = {"isoduration": ("DurationParsingException",)}
"""Their errors which the libraries want to catch: until then any stands for them."""

_ENTRY_POINTS = "entrypoints"
_lock = threading.Lock()


class _EntryPoints(ModuleType):
    """For papermill the library `entrypoints`, which reads all packages again for each group asked for."""

    def get_group_all(self, group: str, path: Any = None) -> list[Any]:
        return (
            list(entry_points_of(group)) if path is None else self.__getattr__("get_group_all")(group, path)
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(_ENTRY_POINTS), name)


def import_notebook_libraries() -> None:
    """Import nbformat, nbclient and papermill, the costly modules that they only may need put off."""
    with _lock:
        if "papermill" in sys.modules:
            return
        put_off = [name for name in _PUT_OFF if _can_be_put_off(name)]
        for name in put_off:
            sys.modules[name] = _stand_in(name)
        known = sys.modules.get(_ENTRY_POINTS)
        sys.modules[_ENTRY_POINTS] = _EntryPoints(_ENTRY_POINTS)
        try:
            for name in ("nbformat", "nbclient", "papermill"):
                importlib.import_module(name)
        finally:
            for name in put_off:
                del sys.modules[name]
            del sys.modules[_ENTRY_POINTS]
            if known is not None:
                sys.modules[_ENTRY_POINTS] = known


def _can_be_put_off(name: str) -> bool:
    top = name.partition(".")[0]
    return top not in sys.modules and importlib.util.find_spec(top) is not None


def _stand_in(name: str) -> ModuleType:
    module = ModuleType(name)
    for function in _PUT_OFF[name]:
        setattr(module, function, partial(_real, name, function))
    for error in _ERRORS.get(name, ()):
        setattr(module, error, Exception)
    return module


def _real(module: str, function: str, *arguments: Any, **options: Any) -> Any:
    return getattr(importlib.import_module(module), function)(*arguments, **options)
