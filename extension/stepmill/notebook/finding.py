"""Where a module's source lies, found without importing it."""

from __future__ import annotations

import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_LOCAL = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True)
class Module:
    """A module that was found. `source` is its .py file, None for compiled and namespace modules."""

    name: str
    source: Path | None
    is_package: bool = False
    locations: tuple[str, ...] = ()  # folders of a package in which its submodules lie
    compiled: bool = False

    @property
    def package(self) -> str:
        """What relative imports in it start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


def find_module(dotted: str, search: Sequence[Path]) -> Module | None:
    """Return the module `dotted`, looked up in `search` first and then as this interpreter would."""
    return _inside(_top_level(dotted.partition(".")[0], search), dotted)


@dataclass(frozen=True, slots=True)
class SearchPath:
    """Where a notebook's modules are looked up: in `folders`, and in those that its own code has `added`.

    Whether that code runs is not known, nor which of them come first.
    """

    folders: tuple[Path, ...]
    added: tuple[Path, ...] = ()

    def find(self, dotted: str) -> Module | None:
        """Return the module, None if there is none, or two of which Python might take either."""
        found = self.candidates(dotted)
        return found[0] if len(found) == 1 else None

    def candidates(self, dotted: str) -> tuple[Module, ...]:
        """Return the different modules of that name."""
        found = [find_module(dotted, self.folders)]
        found += [_found_in(dotted, folder) for folder in self.added]
        modules = tuple(dict.fromkeys(module for module in found if module is not None))
        regular = tuple(module for module in modules if module.source or module.compiled)
        return regular or modules  # a mere folder of that name comes last


def is_local(path: Path) -> bool:
    """Tell whether a file belongs to the user's project: not installed, not the standard library."""
    if any(part in _NOT_LOCAL for part in path.parts):
        return False
    return not any(path.is_relative_to(folder) for folder in _library_folders())


def _found_in(dotted: str, folder: Path) -> Module | None:
    return _inside(_quietly(dotted.partition(".")[0], [str(folder)]), dotted)


def _inside(spec: ModuleSpec | None, dotted: str) -> Module | None:
    """Return the module `dotted`, whose top-level module is at `spec`."""
    for part in dotted.split(".")[1:]:
        if spec is None or spec.submodule_search_locations is None:
            return None
        # its last name alone: of a namespace in a namespace Python wants the parent to be imported
        spec = _quietly(part, list(spec.submodule_search_locations))
    return None if spec is None else _module(dotted, spec)


def _top_level(name: str, search: Sequence[Path]) -> ModuleSpec | None:
    if name in sys.builtin_module_names:
        return find_spec(name)
    spec = _quietly(name, [str(folder) for folder in search])
    if spec is not None and spec.loader is not None:
        return spec
    try:
        return find_spec(name) or spec  # sees editable installs; a mere folder of that name comes last
    except (ImportError, ValueError, AttributeError):
        return spec


def _quietly(name: str, folders: list[str]) -> ModuleSpec | None:
    for folder in folders:
        _see_new_files(folder)
    try:
        return PathFinder.find_spec(name, folders)
    except (ImportError, OSError, ValueError):
        return None


def _see_new_files(folder: str) -> None:
    """Let Python's finder list a folder again: a file made a moment ago must be seen.

    The finder itself looks at the time of the last change, which two changes soon after each other may have
    in common. A folder of installed modules is listed once after that: for each module it would take as long
    as the rest of the analysis after an edit.
    """
    finder = sys.path_importer_cache.get(folder)
    if finder is None or not hasattr(finder, "invalidate_caches"):
        return
    changed = None
    if _is_installed(folder):
        with suppress(OSError):
            changed = Path(folder).stat().st_mtime
    if changed is None or _LISTED.get(folder) != changed:
        finder.invalidate_caches()
        if changed is not None and time.time() - changed > SAME_TIME_S:
            _LISTED[folder] = changed


_LISTED: dict[str, float] = {}
SAME_TIME_S = 5.0
"""Changes that are less apart may have one time stamp."""


@cache
def _is_installed(folder: str) -> bool:
    return not is_local(Path(folder))


def _module(name: str, spec: ModuleSpec) -> Module:
    origin = spec.origin or ""
    locations = tuple(spec.submodule_search_locations or ())
    source = Path(origin) if origin.endswith((".py", ".pyw")) else None
    if source is None and origin == "frozen":
        source = _frozen_source(name, bool(locations) or spec.submodule_search_locations is not None)
    compiled = origin == "built-in" or origin.endswith(tuple(EXTENSION_SUFFIXES))
    is_package = spec.submodule_search_locations is not None
    return Module(name, source, is_package, locations, compiled)


def _frozen_source(name: str, is_package: bool) -> Path | None:
    """`os` and its like come frozen with the interpreter; their source lies in the library still."""
    path = Path(sysconfig.get_path("stdlib"), *name.split("."))
    path = path / "__init__.py" if is_package else path.with_suffix(".py")
    return path if path.is_file() else None


@cache
def _library_folders() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = [Path(folder) for name in names if (folder := sysconfig.get_path(name))]
    return tuple({folder.resolve() for folder in found} | set(found))
