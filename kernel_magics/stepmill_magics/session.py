"""How the user's namespace and process stood before a step, and what is different after it."""

from __future__ import annotations

import locale
import os
import re
import sys
import weakref
from contextlib import suppress
from enum import EnumMeta
from types import FunctionType
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.scope import MAIN
from stepmill_magics.imports import MODULE
from stepmill_magics.module_data import held_data
from stepmill_magics.own_modules import possibly_own
from stepmill_magics.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from pathlib import Path

_SHELL_NAMES = re.compile(r"(In|Out|exit|quit|get_ipython|_+|_i+|_[doi]h|_i?\d+|_exit_code|__\w+__)")
"""What IPython itself binds."""

FIGURES = "figures:pyplot"
"""The setting that the figures are which pyplot holds open."""

_CONTAINERS = (list, dict, set, bytearray)
_CONTAINER_ITEMS = 10_000
"""A literal in a notebook is smaller; a longer container is no constant and not watched."""

_LATE_SETTINGS = ("pandas:", "matplotlib:")
"""Settings that come to be with an import."""

_UNTOUCHED_LOGGER = repr((0, False, True, 0, 0))
"""Level, disabled, propagate, handlers, filters."""

_SET_BY_MLFLOW = re.compile(r"alembic(\..*)?|[0-9a-f]{12}_\w+_py")
"""Loggers that MLflow sets when it makes the tables of a new store: who comes first has them set."""

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


class Kept(Held):
    """An object that stays, as it would in Run All, where others show it, too."""

    def __init__(self, value: Any) -> None:
        self._get = lambda: value
        self._weak = False


class Namespace:
    """The names that were bound when a step began; `inputs` among them were loaded for it.

    The `changed` among these the step is held to change: nobody looks at their objects again. Those of
    `shared` are shown by names of other steps, too.
    """

    def __init__(
        self,
        namespace: Mapping[str, Any],
        inputs: Iterable[str],
        changed: Container[str] = (),
        shared: Container[str] = (),
    ) -> None:
        self._namespace = namespace
        self.loaded = {
            name: (Marked if name in changed else Kept if name in shared else Held)(namespace[name])
            for name in inputs
        }
        self._others = {
            name: value
            for name, value in namespace.items()
            if name not in self.loaded and not _SHELL_NAMES.fullmatch(name)
        }
        self._constants = {
            name: content
            for name, value in self._others.items()
            if self._is_watched(value) and (content := self._content(value)) is not None
        }

    def rebound(self) -> frozenset[str]:
        """Return the names that are bound to another object than at the start, newly, or no more."""
        now = self._namespace
        kept = {name for name, held in self.loaded.items() if name in now and held.holds(now[name])}
        kept |= {name for name, value in self._others.items() if name in now and now[name] is value}
        bound = {name for name in now if not _SHELL_NAMES.fullmatch(name)}
        return frozenset((bound | self.loaded.keys() | self._others.keys()) - kept)

    def changed_constants(self) -> tuple[str, ...]:
        """Return the names of containers, classes and functions from the setup code, sorted.

        Those whose content is another now: for definitions, the plain data that they carry.
        """
        return tuple(sorted(n for n, old in self._constants.items() if self._content(self._others[n]) != old))

    def _is_watched(self, value: Any) -> bool:
        return isinstance(value, _CONTAINERS) or _is_definition(value, self._namespace)

    def _content(self, value: Any) -> Any:
        """Return a comparable copy of what `value` holds, other objects by identity; None if too big."""
        try:
            return _Copying(self._namespace).frozen(value)
        except (OverflowError, RecursionError):
            return None


def process_settings(folder: Path) -> Mapping[str, str]:
    """Return what a later step could notice of this process: "directory", "path", "logging:NAME" …

    "module:NAME" is the data that a module of the project holds; `folder` is the notebook's.
    """
    settings = {
        "directory": _directory(),
        "path": os.pathsep.join(sys.path),
        "locale": str(locale.setlocale(locale.LC_ALL)),
        "decimal:context": _decimal_context(),
    }
    for name, value in _variables():
        if not name.startswith(_SET_BY_IMPORTS):
            settings[f"environment:{name}"] = value
    settings |= {f"pandas:{name}": repr(value) for name, value in _pandas_options()}
    settings |= {f"matplotlib:{name}": repr(value) for name, value in _plot_settings()}
    settings |= {f"logging:{name}": state for name, state in _loggers()}
    places = Places(folder)
    for name, module, path in possibly_own():
        # libraries put modules that no file made under relative names: torch.ops says "_ops.py"
        if not os.path.isabs(path):  # noqa: PTH117 - for every module
            continue
        if name not in ("__main__", "__mp_main__") and places.is_project(path):
            settings[f"{MODULE}{name}"] = held_data(module)
    return settings


def _variables() -> Iterable[tuple[str, str]]:
    """Return the environment; the observer, who hears each question to `os.environ`, is not asked."""
    variables = os.environ
    if type(variables) is not os._Environ:
        return variables.items()
    data = variables._data.items()  # type: ignore[attr-defined]
    return [(variables.decodekey(name), variables.decodevalue(value)) for name, value in data]


def open_figures() -> tuple[Any, ...]:
    """Return the numbers of the figures that pyplot holds open."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return () if helpers is None else tuple(helpers.Gcf.figs)


def changed_settings(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the settings that differ, sorted; those of a library imported meanwhile do not."""
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return tuple(sorted(n for n in names if n in before or not _comes_late(n, after[n])))


def _comes_late(name: str, value: str) -> bool:
    """Tell whether a setting that was not there before is nobody's doing: the first look at it, an import."""
    if not name.startswith("logging:"):
        return name.startswith((MODULE, *_LATE_SETTINGS))
    package = name.removeprefix("logging:").partition(".")[0]
    return value == _UNTOUCHED_LOGGER or (package in sys.modules and package != MAIN)


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except FileNotFoundError:  # the step removed it
        return ""


def _decimal_context() -> str:
    """Return the rules of decimal arithmetic in this thread; "" where they are the usual ones."""
    decimal = sys.modules.get("decimal")
    if decimal is None:
        return ""
    now, usual = (_decimal_rules(context) for context in (decimal.getcontext(), decimal.DefaultContext))
    return "" if now == usual else now


def _decimal_rules(context: Any) -> str:
    """Return all of a context but its flags: these tell what has been computed with it."""
    traps = sorted(signal.__name__ for signal, is_set in context.traps.items() if is_set)
    return repr(
        (context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp, traps)
    )


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


def _plot_settings() -> Iterator[tuple[str, Any]]:
    """Yield what matplotlib draws by, but for what it keeps about its window system."""
    matplotlib = sys.modules.get("matplotlib")
    for name, value in dict.items(getattr(matplotlib, "rcParams", {})):
        if not name.startswith(("backend", "interactive", "toolbar")):
            yield name, value


def _loggers() -> Iterator[tuple[str, str]]:
    """Yield the loggers with what somebody may have set them to."""
    logging = sys.modules.get("logging")
    root = getattr(logging, "root", None)
    if root is None:
        return
    for name, logger in [("root", root), *root.manager.loggerDict.items()]:
        if hasattr(logger, "handlers") and not _SET_BY_MLFLOW.fullmatch(name):  # others only hold a place
            kept = (
                logger.level,
                logger.disabled,
                logger.propagate,
                len(logger.handlers),
                len(logger.filters),
            )
            yield name, repr(kept)


def _is_definition(value: Any, namespace: Mapping[str, Any]) -> bool:
    """Tell whether `value` is a class or function that notebook code defines: not what a library wraps."""
    if isinstance(value, FunctionType):
        return value.__globals__ is namespace
    return isinstance(value, type) and value.__module__ == MAIN


class _Copying:
    """One copy of plain content in progress, that equals another one of the same content."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._budget = _CONTAINER_ITEMS
        self._met: set[int] = set()

    def frozen(self, value: Any) -> Any:
        self._budget -= 1
        if self._budget < 0:
            raise OverflowError
        kind = type(value)
        if isinstance(value, dict):
            return kind, tuple((self.frozen(key), self.frozen(item)) for key, item in value.items())
        if isinstance(value, (list, tuple)):
            return kind, tuple(self.frozen(item) for item in value)
        if isinstance(value, (set, frozenset)):
            return kind, frozenset(self.frozen(item) for item in value)
        if isinstance(value, bytearray):
            return kind, bytes(value)
        if kind in (str, bytes, int, bool, type(None), complex):
            return kind, value
        return (kind, value.hex()) if kind is float else self._held_by(value)

    def _held_by(self, value: Any) -> Any:
        """Return the object itself, and what it carries if it, or its class, is defined in the notebook."""
        if id(value) in self._met:
            return _Same(value)
        self._met.add(id(value))
        if _is_definition(value, self._namespace):
            carried = _of_class(value) if isinstance(value, type) else _of_function(value)
        elif type(value).__module__ == MAIN:
            carried = _of_instance(value)
        else:
            return _Same(value)
        return _Same(value), tuple((key, self.frozen(item)) for key, item in carried)


def _of_instance(value: Any) -> list[tuple[str, Any]]:
    try:
        return list(object.__getattribute__(value, "__dict__").items())  # the user's own look-up is not asked
    except AttributeError:
        return []


def _of_class(cls: type) -> list[tuple[str, Any]]:
    members = list(cls._member_map_.items()) if isinstance(cls, EnumMeta) else []
    held = [(name, value) for name, value in vars(cls).items() if not name.startswith("__")]
    # what an Enum keeps about its members is not the user's, and grows by looking
    return members + [(name, value) for name, value in held if not (members and name.startswith("_"))]


def _of_function(function: FunctionType) -> list[tuple[str, Any]]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found = [("", function.__defaults__), ("", function.__kwdefaults__), *vars(function).items()]
    for name, cell in cells:
        with suppress(ValueError):  # an empty cell
            found.append((name, cell.cell_contents))
    return found


class _Same:
    """An object that equals only itself; keeps it alive, so that its place in memory is not reused."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._value is self._value

    def __hash__(self) -> int:
        return id(self._value)
