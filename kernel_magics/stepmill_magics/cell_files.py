"""Which files of steps a cell writes in the user's own kernel: noted, so that nobody takes them for edited.

Before and after each cell that the user executes, the files that steps wrote in runs are looked at; those
that changed meanwhile are noted under the cell. Nothing is read, and where looking takes long it is given up.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.artifacts.cell_files import Stamp

_PATIENCE_S = 0.03
_AT_ONCE = 50
"""Where looking at more files than these takes longer, it is in the way: then nothing is noted."""


class CellFiles:
    """Looks at files before and after the cells of one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        folders = shell.user_ns.get("_dh") or ()
        self._folder = Path(str(folders[0])) if folders else Path.cwd()
        self._list: Path | None = None
        self._listed_at: Stamp | None = None
        self._files: tuple[str, ...] = ()
        self._before: dict[str, Stamp | None] | None = None

    def before(self, info: Any) -> None:
        """Take in what IPython tells before it runs a cell."""
        self._before = None
        with suppress(OSError):
            if info is not None and info.store_history and self._update():
                self._before = self._look()

    def after(self, result: Any) -> None:
        """Take in what IPython tells after it ran a cell, however that ended."""
        before, self._before = self._before, None
        if before is None:
            return
        now = self._look() or {}
        changed = {path: stamp for path, stamp in now.items() if stamp not in (None, before[path])}
        if changed and self._list is not None:
            from stepmill.artifacts.cell_files import note

            keys = tuple(self._keys(result.info))
            with suppress(OSError):
                note(self._list.parent.parent, keys, {p: s for p, s in changed.items() if s is not None})

    def _update(self) -> bool:
        """Read the list of files again if a run has written it; return whether there are any."""
        from stepmill.artifacts.cell_files import list_of, stamp_of, watched

        if self._list is None or not self._list.exists():
            places = (list_of(folder / ".stepmill") for folder in (self._folder, *self._folder.parents))
            self._list = next((place for place in places if place.exists()), None)
        if self._list is None:
            return False
        stamp = stamp_of(str(self._list))
        if stamp != self._listed_at:
            self._listed_at = stamp
            self._files = watched(self._list.parent.parent)
        return bool(self._files)

    def _look(self) -> dict[str, Stamp | None] | None:
        from stepmill.artifacts.cell_files import stamp_of

        assert self._list is not None
        root = str(self._list.parent.parent.parent)
        enough_s = time.perf_counter() + _PATIENCE_S
        found: dict[str, Stamp | None] = {}
        for number, path in enumerate(self._files, 1):
            found[path] = stamp_of(os.path.join(root, path))  # noqa: PTH118 - for many files
            if number % _AT_ONCE == 0 and time.perf_counter() > enough_s:
                self._files = ()  # until a run lists others
                return None
        return found

    def _keys(self, info: Any) -> Iterator[str]:
        """Yield what the cell is known by: its id, and its step where the notebook's file is known."""
        from stepmill.artifacts.cell_files import key_of_cell, key_of_step

        notebook = self._notebook()
        if isinstance(info.cell_id, str) and info.cell_id:
            yield key_of_cell(info.cell_id, notebook)
        step = _step_of(str(info.raw_cell))
        if step and notebook is not None:
            yield key_of_step(step, notebook)

    def _notebook(self) -> Path | None:
        """Return the notebook's file as front end or server left it; None if it is not there (any more)."""
        told = str(self._shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME", ""))
        place = Path(told) if Path(told).is_absolute() else self._folder / Path(told).name
        return place if told.endswith(".ipynb") and place.is_file() else None


def _step_of(source: str) -> str:
    """Return the step that a cell's own line names, "" if none does."""
    lines = (line.strip() for line in source.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    if first.partition(" ")[0] != "%%step":
        return ""
    from stepmill.notebook.step_line import parse_step_line

    return parse_step_line(first).name


def start_noting(shell: Any) -> None:
    """Note from the next cell on."""
    stop_noting(shell)
    files = CellFiles(shell)
    setattr(shell, _ATTRIBUTE, files)
    shell.events.register("pre_run_cell", files.before)
    shell.events.register("post_run_cell", files.after)


def stop_noting(shell: Any) -> None:
    """Note no more; harmless where nothing was."""
    files = getattr(shell, _ATTRIBUTE, None)
    if files is not None:
        shell.events.unregister("pre_run_cell", files.before)
        shell.events.unregister("post_run_cell", files.after)
        setattr(shell, _ATTRIBUTE, None)


_ATTRIBUTE = "_stepmill_cell_files"
