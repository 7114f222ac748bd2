"""What a step's process does with files, seen through Python's audit events.

Seen is what Python itself opens, lists, renames and removes, what it asks about files and variables
(`questions`), the files that known libraries open in compiled code (`native_files`), and what worker
processes do (`workers`). Not seen are files that other compiled code opens on its own, and what
programs in other languages do.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.file_digests import answer, listing_digest
from stepmill.model.artifact import ABSENT, FOLDER, FileAccess
from stepmill.plugins import BY_NAME
from stepmill_magics.callers import is_library_code, is_trackers, is_tracking, opener
from stepmill_magics.native_files import NativeFiles
from stepmill_magics.own_modules import possibly_own
from stepmill_magics.places import Places
from stepmill_magics.questions import Questions, aspect_asked, variable_is_heard
from stepmill_magics.seen_files import (
    SeenFile,
    below,
    files_at,
    folders_above,
    is_special,
    source_of,
    stamp_of,
)
from stepmill_magics.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_IMPORTERS = (
    *("importlib", "importlib_metadata", "_frozen_importlib_external"),
    *("linecache", "pkgutil", "zipimport"),
)
_CODE = (".py", ".pyw", ".pyc")
_OURS = "stepmill"

_AT_ONCE_BYTES = 1 << 20
"""Files up to this size are hashed when first opened, bigger ones when the step ends or changes them."""


class Observer:
    """Collects the accesses of one step between `start` and `stop`. One at a time per process.

    `report` is the file by which worker processes tell what they see; None: they are not watched.
    `tell` is called with each new sight at once, as `_take` takes it in: in a worker process.
    """

    def __init__(
        self, folder: Path, *, report: Path | None = None, tell: Callable[..., None] = lambda *_: None
    ) -> None:
        self._places = Places(folder)
        self._files: dict[str, SeenFile] = {}
        self._listings: dict[str, str] = {}
        self._answers: dict[tuple[str, str], tuple[str, bool]] = {}
        self._variables: dict[str, bool] = {}
        self._made: set[str] = set()
        self._volatile: dict[str, None] = {}
        self._modules: set[str] = set()
        self._named: set[str] = set()
        self._thread = threading.local()
        self._failure: Exception | None = None
        self._tell = tell
        self._native = NativeFiles(lambda path, flags: self.saw("open", (path, "", flags)))
        self._questions = Questions(self.saw)
        self._workers = None if report is None else Workers(folder, report)

    @property
    def is_active(self) -> bool:
        return self in _ACTIVE

    def start(self) -> None:
        _install_hook()
        for other in _ACTIVE:  # of the process from which this one was forked
            other._put_back()
        _ACTIVE[:] = [self]
        if self._workers is None:
            _HANDLERS[_IMPORT] = Observer._import_module
        else:  # thousands of modules, of which only worker processes need to tell
            _HANDLERS.pop(_IMPORT, None)
        self._native.start()
        self._questions.start()
        if self._workers is not None:
            self._workers.start()

    def stop(self) -> None:
        """Observe no more. Raises what went wrong inside the hook, which may not raise there."""
        if self in _ACTIVE:
            _ACTIVE.clear()
            self._put_back()
            for sight in self._workers.reported() if self._workers is not None else ():
                self._take(*sight)
        if self._failure is not None:
            raise self._failure

    def _put_back(self) -> None:
        self._native.stop()
        self._questions.stop()
        if self._workers is not None:
            self._workers.stop()

    def accesses(self) -> tuple[FileAccess, ...]:
        """Return what was seen, sorted by path; hashes what has not been hashed yet."""
        for path in self._compiled_modules():
            self._read(path)
        found = [
            (mode, path, digest) for path, seen in self._files.items() for mode, digest in seen.outcome()
        ]
        found += [("list", path, digest) for path, digest in self._listings.items()]
        found += [("folder", path, FOLDER) for path in self._made if os.path.isdir(path)]  # noqa: PTH112
        known = {path for mode, path, _ in found if mode in ("read", "list")}
        known |= {folder for _, path, digest in found if digest != ABSENT for folder in folders_above(path)}
        found += [
            (aspect, path, said)
            for (aspect, path), (said, by_user) in self._answers.items()
            if aspect in ("time", "link") or path not in known  # the content says more
            if by_user or not self._is_written(path)
        ]
        accesses = [FileAccess(path=self._places.name_of(p), mode=m, digest=d) for m, p, d in found]
        return tuple(sorted(accesses, key=lambda access: (access.path, access.mode)))

    def _is_written(self, path: str) -> bool:
        """Return whether the step wrote there, or below: libraries look first whether something is there."""
        return any(
            seen.written and (name == path or name.startswith(path + os.sep))
            for name, seen in self._files.items()
        )

    def environment(self) -> tuple[str, ...]:
        """Return the variables that the user's code looked at before it set them; "*": at all their names."""
        return tuple(sorted(name for name, heard in self._variables.items() if heard))

    def modules(self) -> frozenset[str]:
        """Return the top-level modules that worker processes imported."""
        return frozenset(self._modules)

    def by_name(self) -> tuple[str, ...]:
        """Return the project's modules of which pickles and plug-ins named something; "*": any of them."""
        own = {name.partition(".")[0] for name, _, path in possibly_own() if self._places.path_of(path)}
        found = ("*" if _may_name_any(name) else name for name in self._named)
        return tuple(sorted({name for name in found if name == "*" or name.partition(".")[0] in own}))

    def volatile(self) -> tuple[str, ...]:
        """Return what has no digest: "network: host", "subprocess: program", "database: path"."""
        return tuple(self._volatile)

    def saw(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take in one audit event. Called by the hook only, before the event happens."""
        if getattr(self._thread, "busy", False):
            return  # our own look at the file
        self._thread.busy = True
        try:
            if event in _FILE_WORK and opener() == _OURS:
                return  # our own key and store
            _HANDLERS[event](self, *arguments)
        except Exception as error:  # noqa: BLE001 - in the user's call; `stop` raises it
            self._failure = self._failure or error
        finally:
            self._thread.busy = False

    def _take(self, kind: str, *what: Any) -> None:
        """Take in what a worker process told."""
        match kind, what:
            case "read", (path, stamp, digest):
                seen = self._seen(path)
                if not seen.was_read:
                    seen.was_read, seen.at_read, seen.digest = True, stamp and tuple(stamp), digest
            case "write", (path, before):
                seen = self._files.setdefault(path, SeenFile(path, before and tuple(before)))
                seen.written = True
            case "code", (path, stamp):
                self._seen(path).import_as(stamp and tuple(stamp))
            case "list", (path, digest):
                self._listings.setdefault(path, digest)
            case "ask", (aspect, path, said, by_user):
                self._answers.setdefault((aspect, path), (said, by_user))
            case "environment", (name, heard):
                self._variables.setdefault(name, heard)
            case "volatile", (text,):
                self._volatile[text] = None
            case "module", (name,):
                self._modules.add(name)
            case "name", (name,):
                self._named.add(name)
            case _:
                raise ValueError(f"a worker process told {kind!r}")

    def _open(self, path: Any, mode: Any, flags: int) -> None:
        if isinstance(path, str) and path.endswith(".pyc"):
            path = source_of(path)
        name = self._places.path_of(path)
        if name is None:
            return
        who = opener()
        if who == _OURS or is_trackers(who):
            return  # its key and its settings are no inputs of the user's
        if who in _IMPORTERS and name.endswith(_CODE):
            if who != "linecache" and flags & (os.O_WRONLY | os.O_RDWR) == 0:
                self._import(name)
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
        if name is None or name in self._listings or opener() in _IMPORTERS or os.path.isfile(name):  # noqa: PTH113
            return
        if not self._is_below_made(name):
            self._listings[name] = listing_digest(Path(name))
            self._tell("list", name, self._listings[name])

    def _is_below_made(self, name: str) -> bool:
        return any(name == made or name.startswith(made + os.sep) for made in self._made)

    def _ask(self, function: str, path: Any, folder: int) -> None:
        name = self._places.path_of(below(folder, path))
        if name is None or self._is_below_made(name) or self._places.is_above(name):
            return
        seen = self._files.get(name)
        if seen is not None and seen.written:
            return  # the answer is the step's own
        asked = aspect_asked(function)
        if asked is not None and (asked[0], name) not in self._answers:
            if _is_connection_file(name) or is_trackers(opener()):
                return
            said = answer(Path(name), asked[0])
            self._answers[asked[0], name] = (said, asked[1])
            self._tell("ask", asked[0], name, said, asked[1])

    def _look_up(self, name: Any, changes: bool) -> None:
        text = os.fsdecode(name) if isinstance(name, (str, bytes)) else ""
        if not text or text in self._variables or text.startswith("STEPMILL_"):
            return
        if changes:
            self._variables[text] = False
        elif variable_is_heard():
            self._variables[text] = True
            self._tell("environment", text, True)

    def _import_module(self, name: str, *_: Any) -> None:
        top = name.partition(".")[0]
        if top not in self._modules:
            self._modules.add(top)
            self._tell("module", top)

    def _name(self, module: Any, _name: Any) -> None:
        if isinstance(module, str) and module not in self._named:
            self._named.add(module)
            self._tell("name", module)

    def _remove(self, path: Any, folder: int = -1) -> None:
        name = self._places.path_of(below(folder, path))
        if name is not None:
            self._write(name)

    def _rename(self, source: Any, target: Any, source_folder: int = -1, target_folder: int = -1) -> None:
        old = os.path.abspath(below(source_folder, source))  # noqa: PTH100 - may be bytes
        new = os.path.abspath(below(target_folder, target))  # noqa: PTH100
        for path in files_at(os.fsdecode(old)):
            moved = os.fsdecode(new) + path[len(os.fsdecode(old)) :]
            if (name := self._places.path_of(path)) is not None:
                self._read(name)
                self._write(name)
            if (name := self._places.path_of(moved)) is not None:
                self._write(name)

    def _link(self, _: Any, target: Any, *folders: int) -> None:
        name = self._places.path_of(below(folders[-1] if folders else -1, target))
        if name is not None:
            self._write(name)

    def _remove_tree(self, path: Any, folder: int | None = None) -> None:
        for file in files_at(os.fsdecode(below(-1 if folder is None else folder, path))):
            self._remove(file)

    def _make_folder(self, path: Any, mode: int, folder: int = -1) -> None:  # noqa: ARG002
        name = self._places.path_of(below(folder, path))
        if name is not None and not os.path.lexists(name):
            self._made.add(name)

    def _truncate(self, path: Any, length: int) -> None:  # noqa: ARG002
        name = self._places.path_of(path)
        if name is not None:
            self._read(name)
            self._write(name)

    def _run_program(self, program: Any, *_: Any) -> None:
        if not is_library_code():
            text = os.fsdecode(program) if isinstance(program, (bytes, os.PathLike)) else str(program)
            self._depend_on(f"subprocess: {text.split(chr(10))[0][:200]}")

    def _depend_on(self, what: str) -> None:
        if what not in self._volatile:
            self._volatile[what] = None
            self._tell("volatile", what)

    def _connect(self, _: Any, address: Any) -> None:
        if isinstance(address, tuple) and address and not _is_loopback(str(address[0])) and not is_tracking():
            self._depend_on(f"network: {address[0]}")

    def _open_database(self, database: Any) -> None:
        if isinstance(database, int) or os.fsdecode(database) in ("", ":memory:") or is_tracking():
            return
        name = self._places.path_of(database)
        if name is not None:
            self._depend_on(f"database: {self._places.name_of(name)}")
            self._read(name)
            self._write(name)  # dropped at the end if nothing was written

    def _read(self, name: str) -> None:
        seen = self._seen(name)
        now = stamp_of(name)
        own = seen.written and now != seen.before
        if not (seen.was_read or own or is_special(name)):
            seen.was_read, seen.at_read = True, now
            if now is None:
                seen.digest = ABSENT
            elif now[0] <= _AT_ONCE_BYTES:
                seen.hash_content()
            self._tell("read", name, now, seen.digest)

    def _write(self, name: str) -> None:
        seen = self._seen(name)
        if not seen.digest and seen.was_read:
            seen.hash_content()  # the last moment at which it is as it was read
        if not seen.written and not is_special(name):
            seen.written = True
            self._tell("write", name, seen.before)

    def _import(self, name: str) -> None:
        if self._places.is_ours(name):
            return
        seen = self._seen(name)
        now = stamp_of(name)
        if now is not None and not (seen.written and now != seen.before) and seen.import_as(now):
            self._tell("code", name, now)

    def _compiled_modules(self) -> Iterable[str]:
        """Return the user's own modules that were compiled: they are loaded without an `open`."""
        for _, _, path in possibly_own():
            if path.endswith(tuple(EXTENSION_SUFFIXES)):
                name = self._places.path_of(path)
                if name is not None:
                    yield name

    def _seen(self, name: str) -> SeenFile:
        seen = self._files.get(name)
        if seen is None:
            seen = self._files[name] = SeenFile(name, stamp_of(name))
        return seen


def _may_name_any(module: str) -> bool:
    """Tell whether what a pickle names there makes functions, which say names of their own."""
    return module == "__main__" or module.startswith("importlib") or any(one in module for one in _BY_VALUE)


_BY_VALUE = ("cloudpickle", "dill")


def _is_connection_file(name: str) -> bool:
    """Tell whether the file is this kernel's own, which MLflow asks for: each kernel has another."""
    kernel = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
    running = getattr(kernel, "_instance", None)
    return running is not None and os.path.abspath(running.connection_file) == name  # noqa: PTH100


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "") or host.startswith("127.")


_IMPORT = "import"
_HANDLERS: dict[str, Callable[..., None]] = {
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
    _IMPORT: Observer._import_module,
    "pickle.find_class": Observer._name,
    BY_NAME: Observer._name,
    # told by `questions`, not by Python
    "ask": Observer._ask,
    "environment": Observer._look_up,
}

_FILE_WORK = frozenset(
    event for event in _HANDLERS if event.startswith(("os.", "shutil.")) and event != "os.system"
) - {"os.posix_spawn"}

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
