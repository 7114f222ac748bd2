"""Fork servers that wait between runs: found, taken, stopped.

Each has a socket in a folder that only this user can enter; its name begins with what the server is for.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import select
import socket
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.execution.forking.inheriting import inherited
from stepmill.execution.forking.process import receive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST = 2
"""So many wait at a time: each keeps the libraries of a pipeline in memory."""
_ANSWER_S = 2.0  # one looks at some thousand files first
_END_S = 5.0
_LONGEST_SOCKET_PATH = 100
_CHARACTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A fork server that waits: its process and the one above it, what it is for."""

    pids: tuple[int, ...]
    python: str
    folder: str


def signature_of(launch: Sequence[Any]) -> str:
    """Return what has to be equal for one run to use what another has started: all of it, and our code."""
    program = Path(__file__).parent
    ours = [(path.name, path.stat().st_mtime_ns) for path in sorted(program.glob("*.py"))]
    return hashlib.sha256(json.dumps([*launch, ours], sort_keys=True).encode()).hexdigest()


def take(
    signature: str, preload: Sequence[str], denied: Mapping[str, str]
) -> tuple[socket.socket, list[int]] | None:
    """Return the channel to one that waits and fits, a file with what it is importing, and a handle.

    The handle is that of the process above it. One fits only if a new one would be like it: the same
    `signature`, surroundings and files, and nothing loaded that is not among `preload`.
    """
    wish = {
        "signature": signature,
        "preload": list(preload),
        "denied": dict(denied),
        "inherited": inherited(),
    }
    for path in _sockets(signature[:_CHARACTERS]):
        channel = _connected(path)
        if channel is not None:
            said, descriptors = _ask(channel, {"adopt": wish})
            if said.get("adopted") and len(descriptors) == 2:
                return channel, descriptors
            channel.close()
    return None


def place(signature: str) -> str:
    """Return where the next one that waits is to listen; "" if it cannot. Those that are too many end."""
    folder = _folder()
    path = folder / f"{signature[:_CHARACTERS]}-{secrets.token_hex(4)}"
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH or not _is_only_ours(folder, make=True):
        return ""
    waiting = sorted(_sockets(), key=_since)
    for one in waiting[: max(0, len(waiting) - MOST + 1)]:
        _end(one)
    return str(path)


def waiting() -> list[Waiting]:
    """Return those that wait now."""
    found = (_who(path) for path in _sockets())
    return [one for one in found if one is not None]


def stop() -> int:
    """End all that wait; return how many there were, when they are gone."""
    return sum(_end(path) for path in _sockets())


def _folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and _is_only_ours(Path(runtime)):
        return Path(runtime) / "stepmill"
    return Path(tempfile.gettempdir()) / f"stepmill-{os.geteuid()}"


def _is_only_ours(folder: Path, *, make: bool = False) -> bool:
    with suppress(OSError):
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return False


def _sockets(prefix: str = "") -> Iterator[Path]:
    folder = _folder()
    if _is_only_ours(folder):
        yield from sorted(folder.glob(f"{prefix}*-*"))


def _since(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _connected(path: Path) -> socket.socket | None:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        channel.connect(str(path))
    except ConnectionRefusedError:  # it was killed
        path.unlink(missing_ok=True)
    except OSError:
        pass  # it has just been taken, or ended
    else:
        return channel
    channel.close()
    return None


def _ask(channel: socket.socket, question: Mapping[str, Any]) -> tuple[dict[str, Any], list[int]]:
    try:
        channel.send(json.dumps(question).encode())
    except OSError:
        return {}, []
    return receive(channel, _ANSWER_S)


def _who(path: Path) -> Waiting | None:
    channel = _connected(path)
    if channel is None:
        return None
    with channel:
        said = _ask(channel, {"who": True})[0]
    return Waiting(pids=tuple(said["pids"]), python=said["python"], folder=said["folder"]) if said else None


def _end(path: Path) -> bool:
    who = _who(path)
    handles = [] if who is None else [handle for pid in who.pids if (handle := _handle(pid)) >= 0]
    channel = _connected(path)
    if channel is not None:
        with channel:
            _ask(channel, {"end": True})
    for handle in handles:
        wait_for_end(handle, _END_S)
        os.close(handle)
    return who is not None


def _handle(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def wait_for_end(handle: int, timeout_s: float) -> None:
    """Wait until the process of this handle has ended."""
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.poll(timeout_s * 1000)
