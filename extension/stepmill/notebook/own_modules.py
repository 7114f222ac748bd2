"""The Python of the project's own modules, for the analysis to read."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.model.own_module import ModuleText
from stepmill.notebook.finding import is_local
from stepmill.syntax import FAILURES, parse

if TYPE_CHECKING:
    from stepmill.notebook.finding import SearchPath

_MOST_BYTES = 1 << 20


class OwnSources:
    """Reads the modules that a notebook beside them imports, each once."""

    def __init__(self, search: SearchPath) -> None:
        self._search = search
        self._known: dict[str, ModuleText | None] = {}

    def __call__(self, dotted: str) -> ModuleText | None:
        """Return the project's own module of that name; None if there is none, or nothing to read in it."""
        if dotted not in self._known:
            self._known[dotted] = self._read(dotted) if self._may_be_own(dotted) else None
        return self._known[dotted]

    def _may_be_own(self, dotted: str) -> bool:
        """Tell whether to look closer. Where installed modules lie is not looked up in each analysis."""
        root = dotted.partition(".")[0]
        folders = (self._search.folders[0], *self._search.added)
        beside = any((folder / f"{root}.py").is_file() or (folder / root).is_dir() for folder in folders)
        return beside or not _is_installed(root, self._search)

    def _read(self, dotted: str) -> ModuleText | None:
        module = self._search.find(dotted)
        if module is None or module.source is None or not is_local(module.source.resolve()):
            return None
        try:
            if module.source.stat().st_size > _MOST_BYTES:
                return None
            content = module.source.read_bytes()
            text = content.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None
        if not _is_python(text):
            return None
        return ModuleText(dotted, module.package, self._shown(module.source), str(module.source), text)

    def _shown(self, source: Path) -> str:
        path, folder = source.resolve(), self._search.folders[0].resolve()
        return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


@lru_cache(maxsize=1024)
def _is_installed(root: str, search: SearchPath) -> bool:
    module = search.find(root)
    return module is not None and (module.source is None or not is_local(module.source.resolve()))


@lru_cache(maxsize=256)
def _is_python(text: str) -> bool:
    try:
        parse(text)
    except FAILURES:
        return False
    return True
