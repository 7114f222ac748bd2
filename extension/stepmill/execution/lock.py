"""One run per project at a time."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from stepmill.errors import ConfigError, ProjectLocked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOCK_FILE = "lock"
CLEANING = "gc"
"""What stands in the place of a run's id while the store is cleaned."""

_TRIES, _PAUSE_S = 5, 0.01
_CLEANING_TAKES_S = 60.0
_LOCKED_BYTE = 1 << 30  # Windows locks bytes against reading too: one far behind the text


@contextmanager
def hold_project(state: Path, run_id: str) -> Iterator[None]:
    """Hold the project whose state folder is `state` for the run `run_id`.

    The lock is the operating system's: it goes when the process dies, however it dies. The file
    stays behind, empty; deleting it could let two runs in.

    Raises
    ------
    ProjectLocked
        Another run holds it; the message says which.
    ConfigError
        The folder cannot be written, or its file system has no locks.
    """
    with _open(state / LOCK_FILE) as file:
        if not _is_locked_by_us(file, state):
            raise _locked(_read(file))
        _write(file, _card(run_id))
        try:
            yield
        finally:
            _write(file, None)
            _unlock(file)


def holder(state: Path) -> Mapping[str, Any] | None:
    """Return who holds the project (pid, host, run_id, since_s), or None if nobody does."""
    try:
        opened = (state / LOCK_FILE).open("rb")  # reading is enough: one may look at a project of others
    except FileNotFoundError:
        return None
    with opened as file:
        try:
            return None if _is_free(file) else _read(file)
        except OSError:  # a file system without locks: no run can begin there
            return None


def _is_locked_by_us(file: IO[bytes], state: Path) -> bool:
    try:
        return _lock_patiently(file)
    except OSError as error:
        raise ConfigError(
            f"the project cannot be locked for a run: {error.strerror or error}",
            hint=f"the file system of {str(state)!r} has no locks, as some network disks: choose a folder on "
            "another one with --project",
        ) from error


def _lock_patiently(file: IO[bytes]) -> bool:
    """Try for a moment: who only asks whether the lock is held has it for an instant, too.

    A run that starts while the store is cleaned waits until that is over.
    """
    tries, until_s = 0, time.monotonic() + _CLEANING_TAKES_S
    while tries < _TRIES:
        if _try_lock(file):
            return True
        time.sleep(_PAUSE_S)
        if _read(file).get("run_id") != CLEANING or time.monotonic() > until_s:
            tries += 1
    return False


def _open(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
    except OSError as error:
        raise ConfigError(
            f"the project's state cannot be written: {error}",
            hint=f"make {str(path.parent)!r} writable, or choose another project folder with --project",
        ) from error


def _card(run_id: str) -> dict[str, Any]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "run_id": run_id, "since_s": time.time()}


def _write(file: IO[bytes], card: dict[str, Any] | None) -> None:
    file.seek(0)
    file.truncate()
    if card is not None:
        file.write(json.dumps(card).encode())
    file.flush()


def _read(file: IO[bytes]) -> dict[str, Any]:
    """Return the holder's card; empty if it is just being written."""
    file.seek(0)
    try:
        card = json.loads(file.read())
    except ValueError:
        return {}
    return card if isinstance(card, dict) else {}


def _locked(card: Mapping[str, Any]) -> ProjectLocked:
    since_s = card.get("since_s")
    since = time.strftime(" since %H:%M:%S", time.localtime(since_s)) if since_s else ""
    who = f"run {card['run_id']}" if card.get("run_id") else "another run"
    who = "`stepmill gc`" if card.get("run_id") == CLEANING else who
    where = f", process {card['pid']} on {card['host']}" if card.get("pid") else ""
    return ProjectLocked(
        f"{who} is using this project{since}{where}",
        hint="wait for it or stop it there with Ctrl-C; the lock ends with its process. "
        "Projects are independent: --project FOLDER runs beside it",
    )


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

    def _is_free(file: IO[bytes]) -> bool:
        if not _try_lock(file):
            return False
        _unlock(file)
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

    def _is_free(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # those who ask do not see one another
        except BlockingIOError:
            return False
        _unlock(file)
        return True
