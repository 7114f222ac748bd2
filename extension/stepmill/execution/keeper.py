"""A small process beside the runner: when that was killed, it ends what is left of started kernels.

A forked kernel has its fork server for that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

_PROGRAM = Path(__file__).with_name("keeper_process.py")


class Keeper:
    """Knows the kernels that run. Its process is started with the first one, and hears of our end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def watch(self, pid: int) -> None:
        """End this kernel and all that it started, should this process end without `forget`."""
        if os.name == "posix":
            with self._lock:
                if self._process is None:
                    self._process = _start()
                self._tell(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """The kernel is gone, and its number may be another's."""
        with self._lock:
            self._tell(f"-{pid}\n")

    def close(self) -> None:
        """End the process."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.communicate()

    def _tell(self, line: str) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            with suppress(BrokenPipeError):  # somebody killed it: it is only a safety net
                self._process.stdin.write(line.encode())


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_PROGRAM)],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # whatever ends the runner's group does not reach it
    )
