"""How the user's namespace and process stood before a step, and what is different after it."""

from __future__ import annotations

import locale
import os
import pickle
import re
import sys
import weakref
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from pathlib import Path

_SHELL_NAMES = re.compile(r"(In|Out|exit|quit|get_ipython|_+|_i+|_[doi]h|_i?\d+|_exit_code|__\w+__)")
"""What IPython itself binds."""

_CONTAINERS = (list, dict, set, bytearray)
_CONTAINER_ITEMS = 10_000
"""A literal in a notebook is smaller; a longer container is no constant and not watched."""

_SET_BY_IMPORTS = ("KMP_", "OMP_", "PYDEVD_", "MPL", "QT_", "TF_", "TORCH_", "CUDA_", "STEPMILL_", "MLFLOW_")
"""Prefixes of environment variables that libraries set when they are imported."""


class Held:
    """One object as long as the user keeps it: weakly where Python allows, so that `del` frees memory."""

    def __init__(self, value: Any) -> None:
        try:
            self._get: Callable[[], Any] = weakref.ref(value)
            self._weak = True
        except TypeError:
            self._get = lambda: value
            self._weak = False

    @property
    def value(self) -> Any:
        """The object, or None when it is gone."""
        return self._get()

    @property
    def is_gone(self) -> bool:
        return self._weak and self._get() is None

    def holds(self, value: Any) -> bool:
        return not self.is_gone and self._get() is value


class Marked(Held):
    """An object that is known by its address alone, as an array is not resized while anybody refers to it."""

    def __init__(self, value: Any) -> None:
        self._address = id(value)
        self._weak = True
        self._get = lambda: None

    def holds(self, value: Any) -> bool:
        return id(value) == self._address


class Namespace:
    """The names that were bound when a step began; `inputs` among them were loaded for it.

    The `changed` among these the step is held to change: nobody looks at their objects again.
    """

    def __init__(
        self, namespace: Mapping[str, Any], inputs: Iterable[str], changed: Container[str] = ()
    ) -> None:
        self._namespace = namespace
        self.loaded = {name: (Marked if name in changed else Held)(namespace[name]) for name in inputs}
        self._others = {
            name: value
            for name, value in namespace.items()
            if name not in self.loaded and not _SHELL_NAMES.fullmatch(name)
        }
        self._constants = {
            name: content
            for name, value in self._others.items()
            if isinstance(value, _CONTAINERS) and (content := _content(value)) is not None
        }

    def rebound(self) -> frozenset[str]:
        """Return the names that are bound to another object than at the start, newly, or no more."""
        now = self._namespace
        kept = {name for name, held in self.loaded.items() if name in now and held.holds(now[name])}
        kept |= {name for name, value in self._others.items() if name in now and now[name] is value}
        bound = {name for name in now if not _SHELL_NAMES.fullmatch(name)}
        return frozenset((bound | self.loaded.keys() | self._others.keys()) - kept)

    def changed_constants(self) -> tuple[str, ...]:
        """Return the names of containers from the setup code whose content is another now, sorted."""
        return tuple(sorted(n for n, old in self._constants.items() if _content(self._others[n]) != old))


def process_settings(folder: Path) -> Mapping[str, str]:
    """Return what a later step could notice of this process: "directory", "path", "environment:NAME" …

    "module:NAME" is the data that a module of the project, below `folder`, holds.
    """
    settings = {
        "directory": _directory(),
        "path": os.pathsep.join(sys.path),
        "locale": str(locale.setlocale(locale.LC_ALL)),
    }
    for name, value in os.environ.items():
        if not name.startswith(_SET_BY_IMPORTS):
            settings[f"environment:{name}"] = value
    for name, value in _pandas_options():
        settings[f"pandas:{name}"] = repr(value)
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if path and name != "__main__" and _is_below(path, folder):
            settings[f"module:{name}"] = _held_data(vars(module))
    return settings


def _is_below(path: str, folder: Path) -> bool:
    """Return whether a module belongs to the project; environments inside of it do not."""
    if ".." in path or not path.startswith(os.sep):  # rare; abspath is slow for thousands of modules
        path = os.path.abspath(path)  # noqa: PTH100
    return path.startswith(f"{folder}{os.sep}") and "site-packages" not in path


def _held_data(namespace: Mapping[str, Any]) -> str:
    """Return a digest of the plain data in a module or class; what does not pickle does not count."""
    found = []
    for name, value in namespace.items():
        if name.startswith("__") or isinstance(value, (ModuleType, FunctionType)):
            continue
        if isinstance(value, type):
            if value.__module__ == namespace.get("__name__"):
                found.append(f"{name}={_held_data(vars(value))}")
            continue
        try:
            found.append(f"{name}={blake3(pickle.dumps(value)).hexdigest()}")
        except Exception:  # noqa: BLE001, S112 - anybody's __reduce__ may raise anything
            continue
    return ";".join(found)


def changed_settings(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the settings that differ, sorted; those of a library imported meanwhile do not."""
    had_pandas = any(name.startswith("pandas:") for name in before)
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    names = {name for name in names if not name.startswith("module:") or name in before}
    return tuple(sorted(name for name in names if had_pandas or not name.startswith("pandas:")))


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except FileNotFoundError:  # the step removed it
        return ""


def _pandas_options() -> Iterator[tuple[str, Any]]:
    config = sys.modules.get("pandas._config.config")
    if config is None:
        return
    frontier = [("", config._global_config)]
    while frontier:
        prefix, options = frontier.pop()
        for key, value in options.items():
            if isinstance(value, dict):
                frontier.append((f"{prefix}{key}.", value))
            else:
                yield f"{prefix}{key}", value


def _content(value: Any) -> Any:
    """Return a comparable copy of a container's plain content, other objects by identity; None if too big."""
    budget = [_CONTAINER_ITEMS]
    try:
        return _frozen(value, budget)
    except (OverflowError, RecursionError):
        return None


def _frozen(value: Any, budget: list[int]) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        raise OverflowError
    kind = type(value)
    if isinstance(value, dict):
        return kind, tuple((_frozen(key, budget), _frozen(item, budget)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return kind, tuple(_frozen(item, budget) for item in value)
    if isinstance(value, (set, frozenset)):
        return kind, frozenset(_frozen(item, budget) for item in value)
    if isinstance(value, bytearray):
        return kind, bytes(value)
    if kind in (str, bytes, int, bool, type(None), complex):
        return kind, value
    return (kind, value.hex()) if kind is float else (kind, _Same(value))


class _Same:
    """An object that equals only itself; keeps it alive, so that its place in memory is not reused."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._value is self._value

    def __hash__(self) -> int:
        return id(self._value)
