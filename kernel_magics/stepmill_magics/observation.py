"""What a step's process does with files, seen through Python's audit events.

Seen is what Python itself opens, lists, renames and removes, and Parquet files. Not seen are other
files that compiled libraries open on their own (HDF5, Polars, Arrow's other formats), what other
processes do (workers, shell commands), and questions that open nothing (`Path.exists`).
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.file_digests import file_digest, listing_digest
from stepmill.model.artifact import ABSENT, FileAccess
from stepmill_magics.arrow_files import ArrowFiles
from stepmill_magics.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

UNKNOWN = "unknown"
"""The digest of a file whose content at its first read is lost: it equals that of no file."""

_AT_ONCE_BYTES = 1 << 20
"""Files up to this size are hashed when first opened, bigger ones when the step ends or changes them."""

_Stamp = tuple[int, int, int, int]


class Observer:
    """Collects the accesses of one step between `start` and `stop`. One at a time per process."""

    def __init__(self, folder: Path) -> None:
        self._places = Places(folder)
        self._files: dict[str, _Seen] = {}
        self._listings: dict[str, str] = {}
        self._made: set[str] = set()
        self._volatile: dict[str, None] = {}
        self._thread = threading.local()
        self._failure: Exception | None = None
        self._arrow = ArrowFiles(lambda path, flags: self.saw("open", (path, "", flags)))

    def start(self) -> None:
        _install_hook()
        _ACTIVE[:] = [self]
        self._arrow.start()

    def stop(self) -> None:
        """Observe no more. Raises what went wrong inside the hook, which may not raise there."""
        if self in _ACTIVE:
            _ACTIVE.clear()
            self._arrow.stop()
        if self._failure is not None:
            raise self._failure

    def accesses(self) -> tuple[FileAccess, ...]:
        """Return what was seen, sorted by path; hashes what has not been hashed yet."""
        found = [
            FileAccess(path=self._places.name_of(path), mode=mode, digest=digest)
            for path, seen in self._files.items()
            for mode, digest in seen.outcome()
        ]
        found += [
            FileAccess(path=self._places.name_of(path), mode="list", digest=digest)
            for path, digest in self._listings.items()
        ]
        return tuple(sorted(found, key=lambda access: (access.path, access.mode)))

    def volatile(self) -> tuple[str, ...]:
        """Return what has no digest: "network: host", "subprocess: program", "database: path"."""
        return tuple(self._volatile)

    def saw(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take in one audit event. Called by the hook only, before the event happens."""
        if getattr(self._thread, "busy", False):
            return  # our own look at the file
        self._thread.busy = True
        try:
            _HANDLERS[event](self, *arguments)
        except Exception as error:  # noqa: BLE001 - in the user's call; `stop` raises it
            self._failure = self._failure or error
        finally:
            self._thread.busy = False

    def _open(self, path: Any, mode: Any, flags: int) -> None:
        name = self._places.path_of(path)
        if name is None or _is_import():
            return
        if mode is None and not flags & os.O_CREAT and not os.path.lexists(name):
            return  # `os.open` relative to a descriptor that the event does not tell
        access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        keeps = not flags & (os.O_TRUNC | os.O_EXCL)
        if access == os.O_RDONLY or (keeps and (access == os.O_RDWR or flags & os.O_APPEND)):
            self._read(name)
        if access != os.O_RDONLY or flags & os.O_TRUNC:
            self._write(name)

    def _list(self, path: Any = None) -> None:
        name = self._places.path_of("." if path is None else path)
        if name is None or name in self._listings or _is_import() or os.path.isfile(name):  # noqa: PTH113
            return
        if not any(name == made or name.startswith(made + os.sep) for made in self._made):
            self._listings[name] = listing_digest(Path(name))

    def _remove(self, path: Any, folder: int = -1) -> None:
        name = self._places.path_of(_below(folder, path))
        if name is not None:
            self._write(name)

    def _rename(self, source: Any, target: Any, source_folder: int = -1, target_folder: int = -1) -> None:
        old = os.path.abspath(_below(source_folder, source))  # noqa: PTH100 - may be bytes
        new = os.path.abspath(_below(target_folder, target))  # noqa: PTH100
        for path in _files_at(os.fsdecode(old)):
            moved = os.fsdecode(new) + path[len(os.fsdecode(old)) :]
            if (name := self._places.path_of(path)) is not None:
                self._read(name)
                self._write(name)
            if (name := self._places.path_of(moved)) is not None:
                self._write(name)

    def _link(self, _: Any, target: Any, *folders: int) -> None:
        name = self._places.path_of(_below(folders[-1] if folders else -1, target))
        if name is not None:
            self._write(name)

    def _remove_tree(self, path: Any, folder: int | None = None) -> None:
        for file in _files_at(os.fsdecode(_below(-1 if folder is None else folder, path))):
            self._remove(file)

    def _make_folder(self, path: Any, mode: int, folder: int = -1) -> None:  # noqa: ARG002
        name = self._places.path_of(_below(folder, path))
        if name is not None and not os.path.lexists(name):
            self._made.add(name)

    def _truncate(self, path: Any, length: int) -> None:  # noqa: ARG002
        name = self._places.path_of(path)
        if name is not None:
            self._read(name)
            self._write(name)

    def _run_program(self, program: Any, *_: Any) -> None:
        if not _is_library_code():
            text = os.fsdecode(program) if isinstance(program, (bytes, os.PathLike)) else str(program)
            self._volatile[f"subprocess: {text.split(chr(10))[0][:200]}"] = None

    def _connect(self, _: Any, address: Any) -> None:
        if (
            isinstance(address, tuple)
            and address
            and not _is_loopback(str(address[0]))
            and not _is_tracking()
        ):
            self._volatile[f"network: {address[0]}"] = None

    def _open_database(self, database: Any) -> None:
        if isinstance(database, int) or os.fsdecode(database) in ("", ":memory:") or _is_tracking():
            return
        name = self._places.path_of(database)
        if name is not None:
            self._volatile[f"database: {self._places.name_of(name)}"] = None
            self._read(name)
            self._write(name)  # dropped at the end if nothing was written

    def _read(self, name: str) -> None:
        seen = self._seen(name)
        now = _stamp(name)
        own = seen.written and now != seen.before
        if not (seen.was_read or own or _is_special(name)):
            seen.was_read, seen.at_read = True, now
            if now is None:
                seen.digest = ABSENT
            elif now[0] <= _AT_ONCE_BYTES:
                seen.hash_content()

    def _write(self, name: str) -> None:
        seen = self._seen(name)
        if not seen.digest and seen.was_read:
            seen.hash_content()  # the last moment at which it is as it was read
        seen.written = not _is_special(name)

    def _seen(self, name: str) -> _Seen:
        seen = self._files.get(name)
        if seen is None:
            seen = self._files[name] = _Seen(name, _stamp(name))
        return seen


class _Seen:
    """One file: how it was when first touched (`before`, `at_read`; None: missing) and what was done."""

    __slots__ = ("at_read", "before", "digest", "path", "was_read", "written")

    def __init__(self, path: str, before: _Stamp | None) -> None:
        self.path = path
        self.before = before
        self.at_read: _Stamp | None = None
        self.digest = ""
        self.was_read = False
        self.written = False

    def hash_content(self) -> None:
        """Hash the content as it was read; somebody whom we do not see may have changed it since."""
        self.digest = _digest(self.path) if _stamp(self.path) == self.at_read else UNKNOWN

    def outcome(self) -> Iterator[tuple[str, str]]:
        """Yield (mode, digest) of what the step did in effect."""
        if self.was_read:
            if not self.digest:
                self.hash_content()
            yield "read", self.digest
        now = _stamp(self.path)
        if self.written and now != self.before:
            yield "write", ABSENT if now is None else _digest(self.path)


def _digest(path: str) -> str:
    try:
        return file_digest(Path(path))
    except OSError:  # not ours to read: then nobody can tell that it is the same later
        return UNKNOWN


def _stamp(path: str) -> _Stamp | None:
    """Return (size, changed, status changed, inode); None if there is nothing under `path`."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every open
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _is_special(path: str) -> bool:
    """Return whether something is there that is no file: a folder, a pipe, a device."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def _below(folder: int, path: Any) -> Any:
    """Return `path` with the folder that the descriptor `folder` stands for (-1: none)."""
    link = f"/proc/self/fd/{folder}"
    if folder == -1 or isinstance(path, int) or not os.path.lexists(link):
        return path
    return os.path.join(os.readlink(link), os.fsdecode(path))  # noqa: PTH115, PTH118


def _files_at(path: str) -> Iterator[str]:
    """Yield `path` itself, or all files below it if it is a folder."""
    if not os.path.isdir(path) or os.path.islink(path):  # noqa: PTH112, PTH114
        yield path
        return
    for folder, _, names in os.walk(path):
        for name in names:
            yield os.path.join(folder, name)  # noqa: PTH118


# Who asked: the nearest callers, innermost first.

_IMPORTERS = ("importlib", "_frozen_importlib_external", "linecache", "pkgutil", "zipimport")
_CARRIERS = ("pathlib", "tokenize", "zipfile", "io", "os", "codecs")


def _callers() -> Iterator[tuple[str, FrameType]]:
    """Yield (top-level module, frame) from the innermost caller outside of this file."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if frame.f_code.co_filename != __file__:
            yield name, frame
        frame = frame.f_back


def _is_import() -> bool:
    """Return whether the import system or a traceback looks for source, rather than the user for data."""
    for name, _ in _callers():
        if name in _IMPORTERS:
            return True
        if name not in _CARRIERS:
            return False
    return False


def _is_library_code() -> bool:
    """Return whether a library decided on its own, like joblib that counts processors with `lscpu`."""
    for name, frame in _callers():
        if name in sys.stdlib_module_names - {"__main__"} or name in ("IPython", "ipykernel"):
            continue
        return "site-packages" in frame.f_code.co_filename
    return False


def _is_tracking() -> bool:
    return any(name == "mlflow" for name, _ in _callers())


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "") or host.startswith("127.")


_HANDLERS: Mapping[str, Callable[..., None]] = {
    "open": Observer._open,
    "os.listdir": Observer._list,
    "os.scandir": Observer._list,
    "os.remove": Observer._remove,
    "os.rename": Observer._rename,
    "os.link": Observer._link,
    "os.symlink": Observer._link,
    "os.mkdir": Observer._make_folder,
    "os.truncate": Observer._truncate,
    "shutil.rmtree": Observer._remove_tree,
    "subprocess.Popen": Observer._run_program,
    "os.system": Observer._run_program,
    "os.posix_spawn": Observer._run_program,
    "socket.connect": Observer._connect,
    "sqlite3.connect": Observer._open_database,
}

_ACTIVE: list[Observer] = []
_installed = threading.Event()


def _install_hook() -> None:
    """Add the hook once per process: Python has no way to take one away."""
    if not _installed.is_set():
        _installed.set()
        sys.addaudithook(_hook)


def _hook(
    event: str,
    arguments: tuple[Any, ...],
    active: list[Observer] = _ACTIVE,
    handlers: Mapping[str, Any] = _HANDLERS,
) -> None:
    # Called for every audit event of the process, tens of thousands a second: defaults are the
    # fastest look-up, and still there when the interpreter takes the module apart at exit.
    if active and event in handlers:
        active[0].saw(event, arguments)
