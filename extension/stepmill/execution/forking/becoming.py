"""What a forked child does to become a kernel like one that was started.

Runs in the kernel's own environment: standard library only, nothing of stepmill.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib.util
import json
import os
import random
import signal
import sys
import threading
import time
import types

_PR_SET_PDEATHSIG = 1
_READY_S = 2.0


class Child:
    """One kernel to be: made right after the fork, in the child."""

    def __init__(self, order, zygote, interrupt):
        self._interrupt = interrupt  # how SIGINT was handled at the start
        self._order = order
        self._zygote = zygote
        self._status = order["status"]

    def run(self):
        """Become the kernel and serve until its end; never returns."""
        parent = self._order["parent"]
        _end_with(parent)
        os.setsid()  # a group of its own: signals reach it and its children, Ctrl-C of a terminal does not
        self._reset_signals()
        self._take_descriptors()
        self._take_environment()
        self._refresh()
        sys.argv = [launcher(), *self._order["argv"]]
        sys.orig_argv = [
            sys.executable,
            *self._order["options"],
            "-m",
            "ipykernel_launcher",
            *self._order["argv"],
        ]
        sys.modules["__main__"] = types.ModuleType("__main__")
        code = 1
        try:
            code = self._serve()
        finally:
            _leave(code)

    def _serve(self):
        from ipykernel.kernelapp import IPKernelApp

        collector = self._zygote.gc
        self._zygote.collect_as_ever()
        collector.disable()
        sys.path.remove("")  # the kernel puts it in
        # 1: no thread that looks whether the parent is alive, which is `_end_with`'s affair
        app = IPKernelApp.instance(parent_handle=1)
        listing = _Listing(self._zygote.files)
        with _Patterns() as patterns, self._zygote.configuration, listing:
            app.initialize(self._order["argv"])
        listing.give(app.kernel)
        for stream, name in zip(self._zygote.streams, ("stdout", "stderr")):
            stream.target = getattr(sys, name)
        hidden = self._zygote.hidden
        hidden.install()
        hidden.note_installation(self._zygote.package_folders)
        self._zygote = None
        collector.enable()
        try:
            self._status.send(json.dumps({"bound": True, "patterns": patterns.found}).encode())
        except OSError:
            return 1  # nobody waits for this kernel
        self._status.close()
        try:
            app.start()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        _join_control_thread(app)
        return 0

    def _reset_signals(self):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, self._interrupt)

    def _take_descriptors(self):
        """Take the caller's standard streams, and close whatever else belongs to the fork server."""
        for number, descriptor in enumerate(self._order["streams"]):
            os.dup2(descriptor, number)
            os.close(descriptor)
        self._zygote.selector.close()
        self._zygote.control.close()
        self._zygote.above.close()
        os.close(self._zygote.notice)
        for channel in self._zygote.children.values():
            channel.close()
        self._zygote.children.clear()

    def _take_environment(self):
        os.environ.clear()
        os.environ.update({**self._zygote.environment, **self._order["env"]})
        os.chdir(self._order["cwd"])
        time.tzset()

    def _refresh(self):
        """Give the process what a new one would have drawn, where a library drew it once at its import."""
        hidden = self._zygote.hidden
        numpy, torch = hidden.peek("numpy.random"), hidden.peek("torch")
        if numpy is not None:
            numpy.seed()
        if torch is not None:
            torch.default_generator.seed()  # `torch.seed` would import more, which is hidden by now
        random.seed()
        multiprocessing = sys.modules.get("multiprocessing.process") or hidden.peek("multiprocessing.process")
        if multiprocessing is not None:
            multiprocessing.current_process().authkey = os.urandom(32)
        logging = sys.modules.get("logging")
        folders = tuple(self._zygote.package_folders)
        for path in [one for one in sys.path_importer_cache if not one.startswith(folders)]:
            del sys.path_importer_cache[path]  # what lies there may have changed a moment ago
        if logging is not None:
            now = time.time_ns() if isinstance(logging._startTime, int) else time.time()
            logging._startTime = now


class _Patterns:
    """Notes the regular expressions that are compiled: the fork server can do that once for all."""

    def __init__(self):
        self.found = []
        self._module = sys.modules.get("re._compiler") or sys.modules["sre_compile"]  # the latter before 3.11

    def __enter__(self):
        self._compile = self._module.compile

        def compile(pattern, flags=0):
            if type(pattern) is str:
                self.found.append((pattern, int(flags)))
            return self._compile(pattern, flags)

        self._module.compile = compile
        return self

    def __exit__(self, *_):
        self._module.compile = self._compile


class _Listing:
    """Gives the kernel the files of all modules, which its debugger passes over.

    To go through the modules itself, as ipykernel does, it would copy a page of memory or two for each.
    """

    class _System:
        modules: object = types.MappingProxyType({})

        def __getattr__(self, name):
            return getattr(sys, name)

    def __init__(self, files):
        self._files = files
        self._module = sys.modules["ipykernel.ipkernel"]

    def __enter__(self):
        self._module.sys = self._System()

    def __exit__(self, *_):
        self._module.sys = sys

    def give(self, kernel):
        for holder, name in (
            (kernel, "_kernel_modules"),
            (getattr(kernel, "debugger", None), "kernel_modules"),
        ):
            if getattr(holder, name, None) == []:
                setattr(holder, name, self._files)


def files_of_modules():
    """Return the files of the modules that are loaded."""
    files = [getattr(one, "__file__", None) for one in list(sys.modules.values())]
    return [file for file in (*files, launcher()) if file]


def _end_with(parent):
    """Have the kernel killed when the fork server ends, however it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended between the fork and now


def launcher():
    """Return what a kernel has for `sys.argv[0]`."""
    spec = importlib.util.find_spec("ipykernel_launcher")
    return "ipykernel_launcher.py" if spec is None else spec.origin


def _join_control_thread(app):
    """Let the thread end that carries control messages.

    ipykernel's exit handler stops the thread of the outputs, through which the other one may still
    flush: that flush would wait for ten seconds.
    """
    thread = getattr(app, "control_thread", None)
    if thread is not None and thread.is_alive():
        thread.stop()
        thread.join(_READY_S)


def _leave(code):
    """End as an interpreter does, but for taking apart modules: their memory is shared with others."""
    try:
        threading._shutdown()
    finally:
        try:
            atexit._run_exitfuncs()
        finally:
            for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
                try:
                    stream.flush()
                except Exception:  # closed by the user
                    continue
            os._exit(code)
