"""Questions that no audit event tells of: is there a file, how big, how old; what does a variable say?

`os.stat` and its like, and the look-ups of `os.environ`, tell first and then do what they always
did. Python's own import system asks by other ways, and is not heard. All is put back at the end.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from stepmill_magics.callers import asked_by, is_users, only_makes_a_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    Tell = Callable[[str, tuple[Any, ...]], None]

_ASKING = ("stat", "lstat", "access", "readlink")
_CARRIERS = frozenset({"os", "genericpath", "posixpath", "ntpath", "pathlib", "glob", "fnmatch"})
_VARIABLE_CARRIERS = _CARRIERS | {
    *("_collections_abc", "collections", "string"),
    *("decouple", "dynaconf", "environ", "environs", "pydantic_settings"),  # whose trade it is
}
_NOT_HEARD = frozenset(
    {
        *("importlib", "_frozen_importlib_external", "linecache", "pkgutil", "zipimport", "inspect"),
        *("traceback", "warnings", "tempfile", "site", "sysconfig", "IPython", "ipykernel", "mlflow"),
        *("stepmill", "stepmill_magics", "matplotlib_inline", "multiprocessing", "subprocess"),
    }
)
_KINDS = frozenset(
    {
        *("exists", "lexists", "isfile", "isdir", "islink", "ismount", "isjunction", "samefile"),
        *("is_file", "is_dir", "is_symlink", "is_mount", "is_socket", "is_fifo", "is_block_device"),
        *("is_char_device", "is_junction", "walk", "fwalk", "touch", "rename", "replace", "unlink"),
        *("glob", "rglob", "iglob", "_iglob", "removedirs", "renames"),
    }
)
_TIMES = frozenset({"getmtime", "getctime", "getatime"})


class Questions:
    """Tells "ask" (what is asked, path) and "environment" (name) between `start` and `stop`."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._undo: list[Callable[[], None]] = []

    def start(self) -> None:
        for name in _ASKING:
            self._replace(os, name, _Asking(getattr(os, name), name, self._tell))
        kind: Any = type(os.environ)
        for name in ("__getitem__", "__iter__", "__setitem__", "__delitem__"):
            self._replace(kind, name, _telling(getattr(kind, name), name, self._tell))

    def stop(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, new: Any) -> None:
        old = getattr(owner, name)
        abilities = [known for known in _abilities() if owner is os and old in known]
        setattr(owner, name, new)
        for known in abilities:
            known.add(new)

        def undo() -> None:
            setattr(owner, name, old)
            for known in abilities:
                known.discard(new)

        self._undo.append(undo)


def _abilities() -> tuple[set[Any], ...]:
    """Return the sets by which the `os` module says what its functions can do."""
    return (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids)


class _Asking:
    """A function of `os` that tells what it is asked. No Python function: it must not bind as a method."""

    def __init__(self, function: Any, name: str, tell: Tell) -> None:
        self.__wrapped__ = function
        self.__name__ = self.__qualname__ = name
        self.__doc__ = function.__doc__
        self._tell = tell

    def __call__(self, path: Any, *arguments: Any, **options: Any) -> Any:
        folder = options.get("dir_fd")
        self._tell("ask", (self.__name__, path, -1 if folder is None else folder))
        return self.__wrapped__(path, *arguments, **options)

    def __reduce__(self) -> Any:
        return getattr, (os, self.__name__)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


def _telling(original: Any, name: str, tell: Tell) -> Any:
    """Return the method of `os.environ` that tells the variable's name ("*": of all) and what is done."""
    if name == "__iter__":

        def every(self: Any) -> Any:
            tell("environment", ("*", False))
            return original(self)

        return every

    changes = name in ("__setitem__", "__delitem__")

    def one(self: Any, key: Any, *value: Any) -> Any:
        tell("environment", (key, changes))
        return original(self, key, *value)

    return one


def aspect_asked(function: str) -> tuple[str, bool] | None:
    """Return what a call of `function` is after (see `FileAccess`), and whether it is the user's own.

    None if nobody needs to know.
    """
    module, frame, passed = asked_by(_CARRIERS)
    if module in _NOT_HEARD or frame is None or passed & {"mkdir", "makedirs", "expanduser"}:
        return None
    users = is_users(module, frame)
    if function == "readlink":
        return "link", users
    if passed & {"realpath", "resolve", "_joinrealpath"}:
        return None  # links on the way are read, and that is heard
    if passed & _TIMES:
        return "time", users
    if "getsize" in passed:
        return "size", users
    if passed & _KINDS or function == "access" or not users:
        return None if users and only_makes_a_folder(frame) else ("kind", users)
    return "time", users


def variable_is_heard() -> bool:
    """Tell whether the user's own code, not a library at its start, looks at a variable."""
    module, frame, passed = asked_by(_VARIABLE_CARRIERS)
    return is_users(module, frame) and "expanduser" not in passed
