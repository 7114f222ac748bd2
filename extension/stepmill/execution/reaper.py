"""Kernels on their way out: off the step's path, but never forgotten."""

from __future__ import annotations

import shutil
import signal
import threading
from dataclasses import dataclass
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GRACE_S = 5.0
"""Time for the user's atexit handlers and threads before the kernel is told off."""
TERMINATE_S = 1.0
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class Process(Protocol):
    """What we need of `subprocess.Popen`; a forked kernel's handle has it too."""

    pid: int

    def wait(self, timeout: float | None = None) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A kernel that was asked to exit. `signal_group` reaches its children too; `gone` hears of its end."""

    process: Process
    folder: Path
    signal_group: Callable[[int], None]
    note: Callable[[str], None]
    gone: Callable[[], None]


class Reaper:
    """Sees leaving kernels to their end, one thread each, and removes what they leave on disk."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def take(self, leaving: Leaving) -> None:
        """Watch over `leaving` in the background."""
        # Not a daemon: an interpreter that exits waits for it, at most GRACE_S + TERMINATE_S.
        thread = threading.Thread(target=see_off, args=(leaving,), name=f"reaper-{leaving.process.pid}")
        with self._lock:
            self._threads = [t for t in self._threads if t.is_alive()]
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Wait until every kernel taken so far is gone."""
        with self._lock:
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join()


def see_off(leaving: Leaving) -> None:
    """Wait for the process; past its time terminate and then kill it; remove what it leaves."""
    try:
        _wait(leaving)
        # Children that ignored what ipykernel sends them. Nobody can have got the number of their group:
        # it is taken as long as one of them lives.
        leaving.signal_group(_KILL)
        leaving.gone()
    finally:
        shutil.rmtree(leaving.folder, ignore_errors=True)


def _wait(leaving: Leaving) -> None:
    for number, patience_s in ((None, GRACE_S), (signal.SIGTERM, TERMINATE_S)):
        if number is not None:
            leaving.note(f"the kernel did not exit within {GRACE_S:g} s of the step's end and was terminated")
            leaving.signal_group(number)
        try:
            leaving.process.wait(patience_s)
            return
        except TimeoutExpired:
            continue
    leaving.signal_group(_KILL)
    leaving.process.wait()
