"""The runner's side of the fork server: started, asked for kernels, retired, and remembered what it learned.

Light to import: a run starts its fork server before anything else of the execution is loaded.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill import atomic
from stepmill.execution.forking import kept
from stepmill.execution.forking.process import ForkedProcess, receive

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

EVERY = ("stepmill_magics.ahead", "psutil", "IPython.core.magics.extension", "IPython.core.logger")
"""What every kernel imports in a step: ours, if installed there, psutil, by which ipykernel ends, and what
IPython 9 loads late."""

_ZYGOTE = Path(__file__).with_name("zygote.py")
_OF_ONE_STEP = ("STEPMILL_", "MLFLOW_", "JPY_")
"""How the variables begin that may differ from step to step: no library reads them when it is imported."""

NOTICE_BYTES = 512
_LOOK_S = 0.1
_LEAVE_S = 0.5
_END_S = 5.0
_LAUNCHERS = ("ipykernel_launcher", "ipykernel")


class Unforkable(Exception):  # noqa: N818 - the kernel is then started the other way
    """A kernel cannot be forked; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a kernel would be started: program, the interpreter's own options, the kernel's arguments."""

    python: str
    options: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: str


def is_possible() -> bool:
    """Return whether this system can fork safely and tell processes apart: Linux, if nobody forbids it.

    Some containers refuse handles of processes.
    """
    if sys.platform != "linux" or not hasattr(os, "pidfd_open") or not hasattr(socket, "recv_fds"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def as_launch(command: Sequence[str], environment: Mapping[str, str], folder: str) -> Launch:
    """Take apart the command of a kernelspec.

    Raises
    ------
    Unforkable
        It is not `python [options] -m ipykernel_launcher …`.
    """
    options: list[str] = []
    rest = list(command[1:])
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c"):
        options.append(rest.pop(0))
        if options[-1] in ("-X", "-W") and rest:
            options.append(rest.pop(0))
    if rest[:1] != ["-m"] or rest[1:2] not in ([name] for name in _LAUNCHERS):
        raise Unforkable(
            "the kernel is not IPython's own: it is not started by `python -m ipykernel_launcher`"
        )
    return Launch(
        python=command[0],
        options=tuple(options),
        arguments=tuple(rest[2:]),
        environment=environment,
        folder=folder,
    )


class ForkServers:
    """The fork servers of one run: one for each kind of kernel, and those that take no more of them.

    `memory` is a file that keeps between runs which modules must not be imported ahead of time. `preload`
    are the modules that steps will import, in the order in which they will be needed. The one that was
    warmed waits `keep_s` seconds for the next run, or has done so for this one.
    """

    def __init__(
        self, *, preload: Sequence[str] = (), memory: Path | None = None, keep_s: float = 0.0
    ) -> None:
        self._preload = tuple(preload)
        self._memory = memory
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._all: list[_Server] = []

    def warm(self, launch: Launch) -> None:
        """Start the fork server for such kernels, so that it loads while the runner does other things.

        Or take one over that a run like this has left. The environment must hold no secret of a step.
        """
        if is_possible():
            with self._lock:
                self._fitting(launch, is_for_all=True)

    def fork(
        self,
        launch: Launch,
        needs: Collection[str],
        streams: Sequence[int],
        *,
        timeout_s: float,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> ForkedProcess:
        """Return a kernel that is bound to its sockets. `streams`: its standard descriptors.

        What it `needs` is imported first, if it is not there yet.

        Raises
        ------
        Unforkable
            The message says why; start the kernel in the ordinary way.
        """
        if not is_possible():
            raise Unforkable("this system cannot fork safely: that needs Linux and pidfd")
        with self._lock:
            server = self._fitting(launch)
            status = server.ask(launch, needs, streams)
        deadline = time.monotonic() + timeout_s
        message, descriptors = _wait(status, deadline, is_cancelled)
        if "pid" not in message:
            status.close()
            why = message.get("refused", "")
            if not why and not is_cancelled():
                message = server.blame(timeout_s if time.monotonic() >= deadline else None)
                why = "; ".join(f"{name}: {text}" for name, text in message["denied"].items())
            self._give_up(server, message)
            raise Unforkable(why or _silence(deadline, is_cancelled))
        self._learn(server, message)
        process = ForkedProcess(message["pid"], descriptors[0], status)
        bound = _wait(status, deadline, is_cancelled)[0]
        if not bound.get("bound"):
            process.close()
            raise Unforkable("a forked kernel did not get to its sockets")
        with self._lock:
            server.compile(bound["patterns"])
        return process

    def close(self) -> None:
        """End all fork servers but one that waits; kernels that are still there end with them."""
        with self._lock:
            servers, self._all = self._all, []
        for server in servers:
            if not self._keep_s or not server.leave(self._keep_s):
                server.close()

    def _fitting(self, launch: Launch, *, is_for_all: bool = False) -> _Server:
        """Return the server for such kernels, a new one if there is none."""
        for server in self._all:
            if server.fits(launch):
                return server
        preload, denied = (*EVERY, *self._preload), self._denied(launch)
        signature = _signature(launch) if is_for_all and self._keep_s else ""
        left = kept.take(signature, preload, denied) if signature else None
        body = _started(launch, denied) if left is None else _Body(left[0], *left[1])
        server = _Server(launch, denied, body, signature)
        self._all.append(server)
        server.preload(preload)
        return server

    def _give_up(self, server: _Server, message: Mapping[str, Any]) -> None:
        """Take no more kernels from it. It ends with the run, not before its kernels."""
        server.is_gone = True
        self._learn(server, message)

    def _learn(self, server: _Server, message: Mapping[str, Any]) -> None:
        denied = {k: v for k, v in message.get("denied", {}).items() if v != server.denied.get(k)}
        if not denied or self._memory is None:
            return
        with self._lock:
            server.denied |= denied
            known = _read(self._memory)
            known[server.identity] = {**known.get(server.identity, {}), **server.denied}
            atomic.write_text(self._memory, json.dumps(known, indent=1))

    def _denied(self, launch: Launch) -> dict[str, str]:
        known = {} if self._memory is None else _read(self._memory).get(_identity(launch), {})
        for server in self._all:
            known |= server.denied if server.identity == _identity(launch) else {}
        return dict(known)


class _Body:
    """The processes of a fork server: the channel to it, a file with what it is importing, their end."""

    def __init__(self, channel: socket.socket, notice: int, end: int | subprocess.Popen[bytes]) -> None:
        self.channel = channel
        self.notice = notice
        self._end = end  # a handle of the upper process, or our child

    def let_go(self) -> None:
        """Close what is ours; a fork server that was not told to wait then ends."""
        self.channel.close()
        os.close(self.notice)
        if isinstance(self._end, int):
            os.close(self._end)
        else:
            threading.Thread(target=self._end.wait, name="stepmill-fork-server", daemon=True).start()

    def close(self) -> None:
        """Have it end, and wait for that: half a second at most, one that does not hear is killed."""
        self.channel.close()
        os.close(self.notice)
        if isinstance(self._end, int):
            kept.wait_for_end(self._end, _END_S)
            os.close(self._end)
        else:
            self._end.wait()


def _started(launch: Launch, denied: Mapping[str, str]) -> _Body:
    channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    notice = os.memfd_create("stepmill-importing")
    settings = json.dumps({"own": _own_folders(), "denied": denied, "notice": notice})
    command = [launch.python, *launch.options, str(_ZYGOTE), str(theirs.fileno()), settings]
    with theirs:
        try:
            process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno(), notice],
                env=dict(launch.environment),
                cwd=launch.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            channel.close()
            os.close(notice)
            raise Unforkable(f"the fork server cannot be started: {error}") from error
    return _Body(channel, notice, process)


class _Server:
    """One fork server. With a `signature` another run may have it after this one."""

    def __init__(self, launch: Launch, denied: dict[str, str], body: _Body, signature: str) -> None:
        self.denied = denied
        self.identity = _identity(launch)
        self._launch = launch
        self._signature = signature
        self.is_gone = False
        self.body = body
        self._channel = body.channel

    def fits(self, launch: Launch) -> bool:
        """Return whether it lives, and such a kernel would start as it did."""
        mine = self._launch
        same = (mine.python, mine.options, mine.folder) == (launch.python, launch.options, launch.folder)
        alive = not self.is_gone and not _is_closed(self._channel)
        return same and alive and _early(mine.environment) == _early(launch.environment)

    def preload(self, names: Sequence[str]) -> None:
        self._send({"preload": list(names)})

    def compile(self, patterns: Sequence[tuple[str, int]]) -> None:
        """Have the regular expressions compiled that a kernel had to compile itself."""
        if patterns:
            with suppress(Unforkable):  # gone: the next who asks it for a kernel finds out
                self._send({"compile": patterns})

    def ask(self, launch: Launch, needs: Collection[str], streams: Sequence[int]) -> socket.socket:
        """Ask for a kernel; answers come on the socket returned."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = {
            "argv": list(launch.arguments),
            "options": list(launch.options),
            "env": {**launch.environment, "JPY_PARENT_PID": str(os.getpid())},
            "cwd": launch.folder,
        }
        with theirs:
            try:
                self._send({"fork": order, "needs": [*EVERY, *needs]}, [theirs.fileno(), *streams])
            except Unforkable:
                ours.close()
                raise
        return ours

    def blame(self, patience_s: float | None) -> dict[str, Any]:
        """Return what to deny, as a refusal of the fork server's says it: what it was importing, if anything.

        It has ended, or did not answer for `patience_s` seconds.
        """
        name = self._importing()
        how = "ends the interpreter" if patience_s is None else f"takes longer than {patience_s:g} s"
        return {"denied": {name: f"importing it {how}"} if name else {}}

    def _importing(self) -> str:
        return os.pread(self.body.notice, NOTICE_BYTES, 0).rstrip(b"\0").decode()

    def _send(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        try:
            socket.send_fds(self._channel, [json.dumps(message).encode()], list(descriptors))
        except OSError as error:
            self.is_gone = True
            raise Unforkable(f"the fork server is gone: {error}") from error

    def leave(self, seconds: float) -> bool:
        """Let it wait for the next run; return whether it does."""
        if not self._signature or self.is_gone or self._importing():
            return False  # while it imports it would not hear
        path = kept.place(self._signature)
        if not path:
            return False
        try:
            self._send({"wait": {"path": path, "seconds": seconds, "signature": self._signature}})
        except Unforkable:
            return False
        waits = bool(receive(self._channel, _LEAVE_S)[0].get("waits"))
        if waits:
            with suppress(Unforkable):
                self._send({})
            self.body.let_go()
        return waits

    def close(self) -> None:
        with suppress(Unforkable):
            self._send({"end": True})
        self.body.close()


def _wait(
    channel: socket.socket, deadline: float, is_cancelled: Callable[[], bool]
) -> tuple[dict[str, Any], list[int]]:
    """Return the next message; empty if none comes."""
    while time.monotonic() < deadline and not is_cancelled():
        message, descriptors = receive(channel, _LOOK_S)
        if message or _is_closed(channel):
            return message, descriptors
    return {}, []


def _is_closed(channel: socket.socket) -> bool:
    try:
        return not channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _silence(deadline: float, is_cancelled: Callable[[], bool]) -> str:
    if is_cancelled():
        return "the run was cancelled"
    return (
        "the fork server did not answer in time" if time.monotonic() >= deadline else "the fork server ended"
    )


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that an interpreter or a library may read while it is loaded."""
    return {name: value for name, value in environment.items() if not name.startswith(_OF_ONE_STEP)}


def _identity(launch: Launch) -> str:
    """Return a name for the environment of a kernel, in which what was learned holds."""
    return launch.python


def _signature(launch: Launch) -> str:
    """Return what an other run must have in common to use the same fork server."""
    try:
        place, program = os.stat(launch.folder), os.stat(launch.python)  # noqa: PTH116
    except OSError:
        return ""  # whoever starts it says so
    return kept.signature_of([
        *(launch.python, launch.options, launch.folder, dict(launch.environment), _own_folders()),
        *(place.st_dev, place.st_ino, program.st_ino, program.st_mtime_ns, os.getuid()),
    ])  # fmt: skip


def _own_folders() -> list[str]:
    """Return where our code lies, which is imported ahead of time wherever that is."""
    specs = (importlib.util.find_spec(name) for name in ("stepmill", "stepmill_magics"))
    return [str(Path(spec.origin).parent) for spec in specs if spec is not None and spec.origin]


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # only a memory: what is missing is found out again
    return document if isinstance(document, dict) else {}
