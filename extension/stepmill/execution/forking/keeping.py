"""The process above a fork server: nothing of it is left when it, or the runner, ended in disorder.

A fork server that ends in order takes its kernels and their children along. One that was killed cannot,
and one that hangs in an import does not hear that its runner is gone. So it has a parent that does
nothing but wait for its end, and for the end of the runner; orphans of its kernels become its children.

Runs in the kernel's own environment: standard library only, nothing of stepmill.
"""

import os
import select
import signal
import time

_LIFELINE = 0  # standard input: a pipe in which the runner holds the other end, and writes nothing
_PATIENCE_S = 0.5  # a fork server that hears that its runner is gone needs milliseconds
_PR_SET_CHILD_SUBREAPER = 36


def stay_above(control):
    """Fork. Return in the child, which is to be the fork server; the parent keeps it and never returns."""
    server = os.fork()
    if server == 0:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, _LIFELINE)
        os.close(nothing)
        return
    code = 1
    try:
        os.close(control)
        code = _keep(server)
    finally:
        os._exit(code)


def _keep(server):
    import ctypes  # here: a kernel has loaded it at another time

    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wake, theirs = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(theirs, False)
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    status = _watch(server, wake)
    if status != 0:
        _kill_all_that_is_left()
    return os.waitstatus_to_exitcode(status) & 0xFF


def _watch(server, wake):
    """Return how the fork server ended; kill it when its runner is gone and it does not end by itself."""
    poller = select.poll()
    poller.register(_LIFELINE, 0)  # the hang-up is told without being asked for
    poller.register(wake, select.POLLIN)
    deadline = None
    while True:
        pid = -1
        while pid != 0:  # orphans too, which nobody else waits for
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == server:
                return status
        left_ms = None if deadline is None else (deadline - time.monotonic()) * 1000
        if left_ms is not None and left_ms <= 0:
            os.kill(server, signal.SIGKILL)
            left_ms = deadline = None
        for descriptor, _ in poller.poll(left_ms):
            if descriptor == _LIFELINE:
                poller.unregister(_LIFELINE)
                deadline = time.monotonic() + _PATIENCE_S
            else:
                _drain(wake)


def _drain(wake):
    try:
        while os.read(wake, 512):
            continue
    except BlockingIOError:
        return


def _kill_all_that_is_left():
    """Kill children until there is none: those of one that was killed become ours."""
    while True:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children():
    mine = str(os.getpid())
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parent = file.read().rpartition(")")[2].split()[1]
            except OSError:
                continue  # it ended meanwhile
            if parent == mine:
                yield int(entry)
