"""Copies of a project to run a notebook in, so that nothing that it writes reaches the user's files."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.errors import UsageError
from stepmill.model.quantities import size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LIMIT_BYTES = 1_000_000_000
LIMIT_FILES = 20_000
SCRATCH = "stepmill-verify-"
"""How the names of our own temporary folders begin."""
_EMPTIED = (".git", ".stepmill")
"""Folders that mark the project's root: the copy has them, but empty."""
_LEFT_OUT = frozenset(
    {"__pycache__", "node_modules", ".ipynb_checkpoints", ".tox", ".nox", ".hg", ".svn"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
)
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The project at `root`, to be copied without caches and environments.

    What is in `links` (absolute) is not copied but linked: the notebook must only read it.
    """

    root: Path
    links: frozenset[Path] = frozenset()
    stamps: dict[str, Stamp] = field(default_factory=dict)

    def copy_to(self, target: Path) -> None:
        """Copy to `target`, which must not exist. Links into the project lead into the copy.

        Raises
        ------
        UsageError
            There is no room for it. What we may not read is left out: the notebook cannot either.
        """
        try:
            self._copy_to(target)
        except OSError as error:
            raise UsageError(
                f"{self.root} cannot be copied to {target.parent}: {error.strerror or error}",
                hint="set TMPDIR to a folder with more room, or link what is big with --link",
            ) from error

    def _copy_to(self, target: Path) -> None:
        target.mkdir(parents=True)
        for entry, kind in self._entries(self.root, target):
            path = target / os.path.relpath(entry.path, self.root)
            if kind == "link":
                path.symlink_to(self._destination(entry, target))
            elif kind == "linked":
                path.symlink_to(entry.path)
            elif kind == "folder":
                path.mkdir()
            else:
                with contextlib.suppress(PermissionError, FileNotFoundError):
                    shutil.copy2(entry.path, path)

    def changed_links(self) -> list[str]:
        """Return the linked files that are not as they were when this was asked for the first time."""
        now = dict(self._stamps())
        if not self.stamps:
            self.stamps.update(now)
        before = self.stamps
        return sorted(path for path in {*before, *now} if before.get(path) != now.get(path))

    def refuse_if_huge(self) -> None:
        """Raise UsageError if the copies would take more than anybody expects of a look."""
        sizes: dict[str, int] = {}
        files = total = 0
        for entry, kind in self._entries(self.root, self.root):
            if kind != "file":
                continue
            size = entry.stat(follow_symlinks=False).st_size
            top = Path(entry.path).relative_to(self.root).parts[0]
            sizes[top] = sizes.get(top, 0) + size
            files, total = files + 1, total + size
            if total > 50 * LIMIT_BYTES or files > 10 * LIMIT_FILES:
                break
        if total <= LIMIT_BYTES and files <= LIMIT_FILES:
            return
        biggest = max(sizes, key=lambda name: sizes[name])
        raise UsageError(
            f"verify runs in copies of {self.root}, and that holds {size_text(total)} in {files} files "
            f"({biggest}: {size_text(sizes[biggest])})",
            hint=f"--link {biggest} links it instead, if the notebook only reads it",
        )

    def _entries(self, folder: Path, target: Path) -> Iterator[tuple[os.DirEntry[str], str]]:
        """Yield what is to be made, folders first, and its kind: "file", "folder", "link" or "linked".

        The scratch folder that `target` lies in is left out: temporary files may be kept in the project.
        """
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except PermissionError:
            return
        for entry in entries:
            if entry.is_symlink():
                yield entry, "link"
            elif Path(entry.path) in self.links:
                yield entry, "linked"
            elif entry.is_dir():
                if entry.name in _LEFT_OUT or _is_environment(entry.path):
                    continue
                if entry.name.startswith(SCRATCH) and target.is_relative_to(entry.path):
                    continue
                yield entry, "folder"
                if entry.name not in _EMPTIED:
                    yield from self._entries(Path(entry.path), target)
            elif entry.is_file():  # no sockets and pipes
                yield entry, "file"

    def _destination(self, entry: os.DirEntry[str], target: Path) -> str:
        """Return where a link of the copy leads: into the copy, or to the same place outside."""
        aim = Path(os.path.normpath(Path(entry.path).parent / Path(entry.path).readlink()))
        return str(target / aim.relative_to(self.root)) if aim.is_relative_to(self.root) else str(aim)

    def _stamps(self) -> Iterator[tuple[str, Stamp]]:
        for link in self.links:
            paths = [link, *link.rglob("*")] if link.is_dir() else [link]
            for path in paths:
                try:
                    about = path.stat()
                except OSError:
                    continue
                yield str(path), (about.st_ino, about.st_size, about.st_mtime_ns)


def original_of(root: Path, links: Sequence[str | Path], folder: Path) -> Original:
    """Return the project to copy; `links` are relative to `folder`, else to `root`.

    Raises
    ------
    UsageError
        There is no such file, or it does not lie in the project.
    """
    found = set()
    for link in links:
        candidates = [Path(os.path.normpath(base / link)) for base in (folder, root)]
        path = next((path for path in candidates if path.exists()), None)
        if path is None:
            raise UsageError(f"--link {link}: there is no such file or folder in {folder}")
        if not path.is_relative_to(root) or path == root:
            raise UsageError(f"--link {link}: it lies outside of the project {root}, and is never copied")
        found.add(path)
    return Original(root=root, links=frozenset(found))


def _is_environment(path: str) -> bool:
    return any(os.path.exists(f"{path}/{mark}") for mark in _ENVIRONMENT)  # noqa: PTH110 - many folders
