"""How a process stands: what an import must leave alone, and files as they were when somebody looked.

Runs in the kernel's own environment: standard library only, nothing of stepmill.
"""

from __future__ import annotations

import builtins
import os
import signal
import stat as stat_module
import sys
import threading
import warnings

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGALRM", "SIGUSR1")
)


class Surroundings:
    """State of the process that an import must leave alone: `changes` says what it did not."""

    def __init__(self):
        self._before = _rigid()

    def changes(self):
        now = _rigid()
        return [f"it changes {name}" for name, value in now.items() if value != self._before[name]]


def stamp_of(path, shallow=True, stat=os.stat):
    """Return how a file is now, for comparison; None if it is not there."""
    try:
        found = stat(path)
    except (OSError, ValueError):
        return None
    if stat_module.S_ISDIR(found.st_mode):
        return (found.st_mode, found.st_ino) if shallow else (found.st_mode, found.st_mtime_ns, found.st_ino)
    return (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ino)


def _rigid():
    root = sys.modules["logging"].root if "logging" in sys.modules else None
    return {
        "sys.path": list(sys.path),
        "the working directory": os.getcwd(),
        "the hooks of the interpreter": (sys.excepthook, sys.displayhook, sys.gettrace(), sys.getprofile()),
        "the recursion limit": sys.getrecursionlimit(),
        "signal handlers": [signal.getsignal(number) for number in _SIGNALS],
        "the root logger": root and (list(root.handlers), root.level, root.manager.disable),
        "builtins": sorted(vars(builtins)),
        "threading": (threading.Thread, threading.Lock, threading.current_thread),
        "how warnings are shown": (warnings.showwarning, warnings.formatwarning),
    }
