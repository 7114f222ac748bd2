"""The process of `keeper`: reads `+PID` and `-PID`, and ends what is left when its standard input ends.

Standard library only, started by path, and quick to start.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PROCESSES = Path("/proc")


def main() -> None:
    """Serve until the runner is gone."""
    kernels: dict[int, int] = {}  # with a handle: another process may get the number later; -1: none
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            kernels[pid] = _handle(pid)
        elif pid in kernels:
            handle = kernels.pop(pid)
            if handle >= 0:
                os.close(handle)
    if (_PROCESSES / "self").is_dir():
        _end_families(kernels)
    else:
        for pid in kernels:
            _kill(os.killpg, pid, signal.SIGKILL)


def _handle(pid: int) -> int:
    try:
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    except OSError:
        return -1


def _end_families(kernels: dict[int, int]) -> None:
    """Stop kernels and what they started, so that nothing new comes and nobody is orphaned; then kill all."""
    known: set[int] = set()
    while new := _families(kernels, known) - known:
        for pid in new:
            _kill(os.kill, pid, signal.SIGSTOP)
        known |= new
    for pid in known:
        _kill(os.kill, pid, signal.SIGKILL)


def _families(kernels: dict[int, int], known: set[int]) -> set[int]:
    """Return the kernels that live, what descends from them or from `known`, and all of their sessions."""
    processes = dict(_processes())
    dead = {pid for pid, handle in kernels.items() if handle >= 0 and select.select([handle], [], [], 0)[0]}
    # While one of a session lives its number is no other process's: this one is somebody else then.
    ours = {pid for pid in kernels if pid not in dead or pid not in processes}
    found = known | {pid for pid, (_, session) in processes.items() if session in ours}
    while more := {pid for pid, (parent, _) in processes.items() if parent in found} - found:
        found |= more
    return found & set(processes)


def _processes() -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield every process that is not dead: its number, its parent's, its session's."""
    for entry in _PROCESSES.iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it ended meanwhile
            state, parent, _, session = stat.rpartition(")")[2].split()[:4]
            if state not in "ZX":
                yield int(entry.name), (int(parent), int(session))


def _kill(how: Callable[[int, int], None], pid: int, number: int) -> None:
    try:
        how(pid, number)
    except OSError:
        return  # it is gone


if __name__ == "__main__":
    main()
