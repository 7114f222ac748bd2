"""Acting right after a library is imported, without importing it."""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


MODULE = "module:"
"""How the names of settings begin that are the data of a module of the project."""


class _Asking:
    """A finder that finds nothing itself: it asks the others, which may ask it in turn."""

    def __init__(self) -> None:
        self._asking = threading.local()

    def found_by_others(self, name: str, path: Any, target: Any) -> Any:
        """Return the first spec that another finder has; None while one that we asked asks us."""
        if getattr(self._asking, "busy", False):
            return None
        self._asking.busy = True
        try:
            finders: tuple[Any, ...] = tuple(sys.meta_path)
            for finder in finders:
                find = None if finder is self else getattr(finder, "find_spec", None)
                spec = find(name, path, target) if find is not None else None
                if spec is not None:
                    return spec
            return None
        finally:
            self._asking.busy = False


class ImportWatch(_Asking):
    """Calls back after the first import of a module."""

    def __init__(self) -> None:
        super().__init__()
        self._actions: dict[str, Callable[[], None]] = {}

    def after(self, module: str, action: Callable[[], None]) -> None:
        """Call `action` once, when `module` has run; in the middle of the import that asked for it."""
        self._actions[module] = action
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Forget all actions, and leave `sys.meta_path` as it was."""
        self._actions.clear()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        spec = self.found_by_others(name, path, target) if name in self._actions else None
        if spec is not None:
            _extend(spec.loader, after=partial(self._act, name))
        return spec

    def _act(self, name: str, module: Any) -> None:  # noqa: ARG002 - the name says which
        action = self._actions.pop(name, None)
        if action is not None:
            action()
        if not self._actions:
            self.remove()


class FreshModules(_Asking):
    """Tells how modules stand when their import is over: also a finder that finds nothing itself.

    Parameters
    ----------
    concerns
        Tells by a module's file whether it is one to look at.
    look
        Returns what is to be kept of a module.

    A module that another one imports is looked at when the outermost import is over: what a module
    does to others while it is imported belongs to the import. `seen` has "module:NAME" -> what `look`
    returned, after a reload anew; `first` that of the first time.
    """

    wants_project_only = True  # who brings modules of installed packages back need not ask

    def __init__(self, concerns: Callable[[str], bool], look: Callable[[Any], str]) -> None:
        super().__init__()
        self._concerns = concerns
        self._look = look
        self._under_way: list[str] = []
        self._running = 0
        self.seen: dict[str, str] = {}
        self.first: dict[str, str] = {}

    def start(self) -> None:
        """Look at the modules that are imported from now on."""
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Leave `sys.meta_path` as it was."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        spec = self.found_by_others(name, path, target)
        if spec is None:
            return None
        if spec.has_location and spec.loader is not None and self._concerns(spec.origin):
            _extend(spec.loader, before=self._begin, after=self._ran, at_last=self._end)
        return spec

    def _begin(self) -> None:
        self._running += 1

    def _ran(self, module: Any) -> None:
        self._under_way.append(module.__name__)

    def _end(self) -> None:
        self._running -= 1
        if self._running == 0:
            names, self._under_way = self._under_way, []
            found = {name: sys.modules[name] for name in names if name in sys.modules}
            looks = {f"{MODULE}{name}": self._look(module) for name, module in found.items()}
            self.seen |= looks
            self.first = {**looks, **self.first}


def _extend(
    loader: Any,
    *,
    after: Callable[[Any], None],
    before: Callable[[], None] | None = None,
    at_last: Callable[[], None] | None = None,
) -> None:
    """Make `loader` act around its next run of a module; it stays the module's own loader.

    `after` is called with the module if it ran well, `at_last` in any case.
    """
    run = loader.exec_module

    def exec_module(module: Any) -> None:
        vars(loader).pop("exec_module", None)  # the method of its class is back
        if before is not None:
            before()
        try:
            run(module)
            after(module)
        finally:
            if at_last is not None:
                at_last()

    loader.exec_module = exec_module
