"""Acting right after a library is imported, without importing it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class ImportWatch:
    """Calls back after the first import of a module: a finder that finds nothing itself."""

    def __init__(self) -> None:
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
        if name not in self._actions:
            return None
        for finder in tuple(sys.meta_path):
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                self._extend(name, spec.loader)
                return spec
        return None

    def _extend(self, name: str, loader: Any) -> None:
        """Make `loader` act once it has run the module; it stays the module's own loader."""
        run = loader.exec_module

        def exec_module(module: Any) -> None:
            del loader.exec_module  # the entry in the instance: the method of its class is back
            run(module)
            action = self._actions.pop(name, None)
            if action is not None:
                action()
            if not self._actions:
                self.remove()

        loader.exec_module = exec_module
