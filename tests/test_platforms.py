"""What we have no machine for: every module imports where what Windows lacks of Python is missing."""

from __future__ import annotations

import subprocess
import sys

PROBE = """
import asyncio, importlib, multiprocessing, os, pkgutil, select, signal, socket, subprocess, sys, types
import click, fsspec.implementations.local, ipykernel.kernelapp, jupyter_client.manager, nbclient, nbconvert
import jupyter_server.extension.application, numpy, papermill, rich.live, tornado.websocket, zmq.asyncio
import stepmill, stepmill_magics

NOT_ON_WINDOWS = {
    signal: "SIGKILL SIGHUP SIGALRM SIGCHLD SIGSTOP SIGCONT pidfd_send_signal",
    os: "fork killpg pidfd_open setsid getuid geteuid getpgid memfd_create posix_fallocate sched_getaffinity "
        "uname fchmod waitid WNOHANG mkfifo",
    socket: "AF_UNIX recv_fds send_fds",
    select: "poll",
}
for module, names in NOT_ON_WINDOWS.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "grp", "pty", "pwd", "resource", "termios"):
    sys.modules[name] = None
sys.modules["msvcrt"] = types.ModuleType("msvcrt")
sys.platform = "win32"
# they run only where one can fork
FORKED = (
    *("zygote", "becoming", "keeping", "recording", "hiding", "surroundings", "freshness", "waiting"),
)
for package in (stepmill, stepmill_magics):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith(FORKED):
            try:
                importlib.import_module(found.name)
            except Exception as error:
                print(found.name, repr(error))
from stepmill.execution.forking.servers import is_possible
print("forks" if is_possible() else "starts")
"""


def test_every_module_imports_where_the_system_is_like_windows() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("starts\n", 0), done.stderr
