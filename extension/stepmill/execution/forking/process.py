"""A forked kernel as the runner sees it: what `subprocess.Popen` is for one that was started."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time
from typing import Any

_REPORT_S = 5.0
_UNKNOWN = -9  # SIGKILL, which Windows does not know: there nothing is forked


class ForkedProcess:
    """A process that is the fork server's child, known by its pidfd.

    `status` is the socket over which the fork server reports the end. Closing it ends the process:
    a kernel whose owner is gone does not stay.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, handle: int, status: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.peak_bytes = 0  # the most memory that it had, known at its end
        self._handle = handle
        self._status = status

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it lives."""
        if self.returncode is None and _is_readable(self._handle, 0):
            self.returncode = self._report()
            self.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the process has ended.

        Raises
        ------
        subprocess.TimeoutExpired
            It has not, within so many seconds.
        """
        if self.returncode is None:
            _is_readable(self._handle, timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the process if it lives: to no other that has got its number."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Let go of the process; if it lives it is killed."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
            self._status.close()

    def _report(self) -> int:
        """Return what the fork server says; it is told by a signal, so only a dead one says nothing."""
        deadline = time.monotonic() + _REPORT_S
        while (left := deadline - time.monotonic()) > 0:
            message = receive(self._status, left)[0]
            if not message:
                break
            if "exit" in message:
                self.peak_bytes = int(message["peak_bytes"])
                return int(message["exit"])
        kill_group(self.pid)  # the fork server's end took the kernel with it, but not the kernel's children
        return _UNKNOWN


def receive(channel: socket.socket, timeout_s: float) -> tuple[dict[str, Any], list[int]]:
    """Return the next message and its descriptors; empty if the other end is gone or the time is over."""
    if not _is_readable(channel.fileno(), timeout_s):
        return {}, []
    try:
        data, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 4)
    except OSError:
        return {}, []
    message: dict[str, Any] = json.loads(data) if data else {}
    return message, descriptors


def kill_group(pid: int) -> None:
    """Kill what is left of a process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _is_readable(descriptor: int, timeout_s: float | None) -> bool:
    poller = select.poll()  # not `select`: it knows no descriptor above 1,023
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000))
