"""The process above a fork server: nothing of it is left when it, or the runner, ended in disorder.

A fork server that ends in order takes its kernels and their children along. One that was killed cannot,
and one that hangs in an import does not hear that its runner is gone. So it has a parent that does
nothing but wait for its end, and for the end of the runner; orphans of its kernels become its children.
Of the runner it has the fork server's end of their channel, which tells when the other end is gone. A fork
server that waits for its next runner says until when, and hands on the channel to that.

Runs in the kernel's own environment: standard library only, nothing of stepmill.
"""

import os
import select
import signal
import socket
import time

_PATIENCE_S = 0.5  # a fork server that hears that its runner is gone needs milliseconds
_PR_SET_CHILD_SUBREAPER = 36


class Above:
    """The fork server's word to the process above it."""

    def __init__(self, channel):
        self._channel = channel

    def wait(self, seconds):
        """Say that there is no runner now, and none to end for until so many seconds are over."""
        self._channel.send(str(seconds).encode())

    def serve(self, control):
        """Say over which channel the runner is heard."""
        socket.send_fds(self._channel, [b"serve"], [control.fileno()])

    def close(self):
        self._channel.close()


def stay_above(control):
    """Fork. Return in the child, which is to be the fork server; the parent keeps it and never returns."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server = os.fork()
    if server == 0:
        ours.close()
        return Above(theirs)
    code = 1
    try:
        theirs.close()
        os.chdir("/")
        code = _keep(server, ours, control)
    finally:
        os._exit(code)


def _keep(server, word, control):
    import ctypes  # here: a kernel has loaded it at another time

    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wake, theirs = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(theirs, False)
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    status = _Watch(server, wake, word, control).status()
    if status != 0:
        _kill_all_that_is_left()
    return os.waitstatus_to_exitcode(status) & 0xFF


class _Watch:
    """Kills a fork server when its runner is gone, or its time to wait over, and it does not end."""

    def __init__(self, server, wake, word, control):
        self._server, self._wake, self._word, self._control = server, wake, word, control
        self._deadline = None
        self._poller = select.poll()
        for descriptor in (wake, word.fileno()):
            self._poller.register(descriptor, select.POLLIN)
        self._poller.register(control, 0)  # the hang-up is told without being asked for

    def status(self):
        """Return how it ended."""
        while True:
            pid = -1
            while pid != 0:  # orphans too, which nobody else waits for
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == self._server:
                    return status
            ready = {descriptor for descriptor, _ in self._poller.poll(self._left_ms())}
            if self._word.fileno() in ready:
                self._hear()  # first: whoever is to wait loses its runner a moment later
            elif self._control in ready:
                self._lose_runner(_PATIENCE_S)
            if self._wake in ready:
                _drain(self._wake)

    def _left_ms(self):
        if self._deadline is None:
            return None
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            os.kill(self._server, signal.SIGKILL)
            self._deadline = None
            return None
        return left_s * 1000

    def _hear(self):
        text, descriptors, _, _ = socket.recv_fds(self._word, 64, 1)
        if descriptors:
            self._lose_runner(0)
            self._control, self._deadline = descriptors[0], None
            self._poller.register(self._control, 0)
        elif text:
            self._lose_runner(float(text) + _PATIENCE_S)
        else:
            self._poller.unregister(self._word)  # the fork server is ending

    def _lose_runner(self, seconds):
        self._deadline = time.monotonic() + seconds
        if self._control >= 0:
            self._poller.unregister(self._control)
            os.close(self._control)
            self._control = -1


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
