"""Which of the files that a process touches are the user's: code, libraries and debris are not."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from stepmill import atomic

_PROJECT_MARKS = (".stepmill", "pyproject.toml", ".git")

_IGNORED_FOLDERS = (
    *(".stepmill", "__pycache__", ".ipynb_checkpoints", ".git"),
    *("site-packages", "dist-packages"),
)

_SYSTEM_FOLDERS = (
    *("/usr", "/etc", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/proc", "/sys", "/dev", "/run", "/boot"),
    *("/var/cache", "/System", "/Library", "/private/etc"),
)

_DEBRIS = re.compile(r"tmp[a-z0-9_]{8}|pymp-|joblib_memmapping_folder|loky-|ipykernel_|matplotlib-")
"""How names in the temporary folder begin that libraries choose at random."""


_OURS = tuple(
    os.path.dirname(os.path.abspath(file)) + os.sep  # noqa: PTH100, PTH120
    for file in (atomic.__file__, __file__)
)
"""The folders of this program: code that is developed in a project that uses it is not the user's."""


class Places:
    """Decides about paths, for the notebook in `folder`.

    Below the project's root everything counts but caches and an environment that lies there.
    Outside of it, files of the system, of the Python installation, hidden ones in the home
    folder (settings, caches) and temporary ones of libraries do not count.
    """

    def __init__(self, folder: Path) -> None:
        absolute = os.path.abspath(folder)  # noqa: PTH100 - links stay as the user wrote them
        self._folders = tuple(dict.fromkeys((absolute + os.sep, os.path.realpath(folder) + os.sep)))
        self._roots = tuple(_with_root(one) for one in self._folders)
        self._installed = _installed_folders()
        self._system = (*(f"{one}/" for one in _SYSTEM_FOLDERS), *_windows_folders())
        self._home = os.path.expanduser("~") + os.sep  # noqa: PTH111
        self._temporary = tuple({f"{one}{os.sep}" for one in _temporary_folders()})

    def path_of(self, path: Any) -> str | None:
        """Return the absolute path, or None if the file does not count or `path` is a descriptor."""
        if isinstance(path, int):
            return None
        text = os.fsdecode(path)
        if text.startswith(self._installed) and not text.startswith(self._roots):
            return None  # the common case, without asking the system
        absolute = os.path.abspath(text)  # noqa: PTH100 - speed; called for every open
        return absolute if self._counts(absolute + os.sep) else None

    def is_ours(self, path: str) -> bool:
        """Return whether a file is of this program, wherever it is installed."""
        return path.startswith(_OURS)

    def is_project(self, path: str) -> bool:
        """Return whether a file is the project's own: no installed one, none of this program."""
        if self.is_ours(path) or (path.startswith(self._installed) and not path.startswith(self._roots)):
            return False
        absolute = os.path.abspath(path)  # noqa: PTH100 - links stay as the user wrote them
        return absolute.startswith(self._roots) and self._counts(absolute)

    def name_of(self, absolute: str) -> str:
        """Return the path as results say it: relative to the folder if below, with forward slashes."""
        for folder in self._folders:
            if absolute.startswith(folder):
                return absolute[len(folder) :].replace(os.sep, "/")
            if absolute + os.sep == folder:
                return "."
        return absolute.replace(os.sep, "/")

    def is_above(self, absolute: str) -> bool:
        """Return whether it is the notebook's folder or one above, which are always there."""
        return any(folder.startswith(absolute.rstrip(os.sep) + os.sep) for folder in self._folders)

    def _counts(self, path: str) -> bool:
        if any(f"{os.sep}{name}{os.sep}" in path for name in _IGNORED_FOLDERS):
            return False
        if path.startswith(self._roots):
            # An environment inside the project, not an installation around it.
            return not any(path.startswith(one) for one in self._installed if one.startswith(self._roots))
        if path.startswith((*self._installed, *self._system)):
            return False
        return not (self._is_hidden_in_home(path) or self._is_debris(path))

    def _is_hidden_in_home(self, path: str) -> bool:
        return path.startswith((self._home + ".", self._home + "Library" + os.sep))

    def _is_debris(self, path: str) -> bool:
        for folder in self._temporary:
            if path.startswith(folder):
                parts = Path(path[len(folder) :]).parts
                return not parts or any(_DEBRIS.match(part) for part in parts)
        return False


def _with_root(folder: str) -> str:
    """Return the project root of a notebook's folder, with a separator at the end like `folder`."""
    path = Path(folder)
    for parent in (path, *path.parents):
        if any((parent / mark).exists() for mark in _PROJECT_MARKS):
            return str(parent).rstrip(os.sep) + os.sep
    return folder


def _installed_folders() -> tuple[str, ...]:
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, library}
    found |= {os.path.realpath(one) for one in found}
    return tuple(one.rstrip(os.sep) + os.sep for one in sorted(found) if len(one) > 1)


def _temporary_folders() -> set[str]:
    folder = tempfile.gettempdir()
    return {folder, os.path.realpath(folder)}


def _windows_folders() -> tuple[str, ...]:
    found = (os.environ.get(name, "") for name in ("SystemRoot", "ProgramFiles", "LOCALAPPDATA", "APPDATA"))
    return tuple(one + os.sep for one in found if one and os.name == "nt")
