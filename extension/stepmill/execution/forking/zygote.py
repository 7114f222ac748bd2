"""The fork server: a process in the kernel's environment that imports what steps import, and forks kernels.

    python zygote.py DESCRIPTOR SETTINGS

Started by path in the kernel's own interpreter: standard library only, nothing of stepmill. It stays
single-threaded, runs nothing but imports, and refuses to fork once an import left a thread behind or
did something to the process that cannot be done again in each kernel.

DESCRIPTOR is its end of a SOCK_SEQPACKET pair; one JSON object a packet:

SETTINGS has the descriptor of a file in which it notes what it is importing, should that end it.

- `{"preload": [module…]}`: to be imported when nothing else is asked for.
- `{"compile": [[pattern, flags]…]}`: regular expressions that every kernel compiles when it starts.
- `{"fork": {"argv", "env", "cwd", …}, "needs": [module…]}` with four descriptors: a socket for this one
  kernel, and its stdin, stdout, stderr. What it needs is imported first. On the kernel's socket come
  `{"pid"}` with a pidfd or `{"refused", "denied"}`, then `{"bound"}` from the kernel itself, and at its end
  `{"exit": code, "peak_bytes"}`. When the other end of that socket is closed the kernel is killed: nobody
  waits for it.
- `{"end": true}`: the control socket will be closed in order.
- `{"wait": {"path", "seconds", "signature"}}`: the run is over; answered by `{"waits": true}`, or it ends.
  After an empty object, the last word, the next run can have it for so long (`waiting`).

When the control socket is closed no kernel is left, and the fork server ends. The process above it
(`keeping`) hears that too, should it not hear itself.
"""

from __future__ import annotations

import sys

_FOLDER = sys.path.pop(0)  # this file's: no kernel may find modules there

import builtins  # noqa: E402
import importlib.util  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import selectors  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sysconfig  # noqa: E402
import time  # noqa: E402
import types  # noqa: E402

# What every kernel has loaded before its first cell. Listed in the order in which it loads them.
KERNEL = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.iostream"),
    *("ipykernel.displayhook", "ipykernel.comm.manager", "ipykernel.debugger", "ipykernel.subshell_manager"),
    *("IPython.core.magics", "IPython.core.completer", "IPython.core.history", "IPython.core.async_helpers"),
    *("zmq.eventloop.zmqstream", "tornado.platform.asyncio", "asyncio", "sqlite3", "traceback"),
    *("pdb", "comm", "IPython.core.debugger", "IPython.core.oinspect", "IPython.core.completerlib"),
    *("IPython.extensions.storemagic", "IPython.utils.wildcard", "faulthandler", "ctypes", "runpy"),
)
# In the fork server only: libraries whose own threads can be switched off, and what a kernel sets early.
_WHILE_LOADING = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
_ROOMS = (
    *("recording", "hiding", "surroundings", "configuring"),
    *("freshness", "inheriting", "waiting"),
)
_RARELY = 1_000_000  # objects
_LOOK_S = 1.0
_LONGEST_LIFE_S = 3600  # with runs again and again
_MOST_BYTES = 1 << 20
_NOTICE_BYTES = 512


def _sibling(name):
    """Load a module that lies beside this file; it is not in `sys.modules`, where user code could meet it."""
    path = os.path.join(_FOLDER, f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"importlib.stepmill_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Zygote:
    """Loads and forks. `serve` returns in a forked child only, with what that is to become."""

    def __init__(self, control, above, settings, rooms):
        self.control = control
        self.above = above
        self.children = {}  # pid -> its socket
        self.selector = selectors.DefaultSelector()
        self.streams = (_LateStream("stdout"), _LateStream("stderr"))
        self.notice = settings["notice"]
        os.set_inheritable(self.notice, False)
        self.denied = dict(settings["denied"])
        surroundings = rooms["surroundings"]
        self._stamp_of = surroundings.stamp_of
        self._surroundings = surroundings.Surroundings
        self._inherited = rooms["inheriting"].inherited
        self.configuration = rooms["configuring"].Configuration()
        self.package_folders = _package_folders()
        self._sources = rooms["freshness"].Sources(self.package_folders)
        self._waiting = rooms["waiting"]
        installed = [*self.package_folders, *settings["own"]]
        folders = {_with_separator(one) for one in _both_forms(installed)}
        self.recorder = rooms["recording"].Recorder(folders, self._stamp_of, self._sources)
        self.hidden = rooms["hiding"].Hidden(self.recorder.events, folders)
        for stream in self.streams:
            stream.hear = self.recorder.note
        self._installation = {one: self._stamp_of(one, shallow=False) for one in self.package_folders}
        self._is_hiding = False
        self._is_told = False
        self._loaded = set()
        self._wanted = []
        self._tainted = ""

    def prepare(self):
        """Load what a kernel is made of. Not hidden: a kernel that was just started has it too."""
        self.gc = importlib.import_module("gc")
        del sys.modules["gc"]  # a new kernel has not loaded it, or it is among what that loads
        self.collects_at = self.gc.get_threshold()
        self.gc.set_threshold(_RARELY)  # imports make little garbage, and `_hide` collects it
        kept = self._begin_loading()
        before = dict(os.environ)
        self.recorder.hear_files()
        for name in KERNEL:
            try:
                importlib.import_module(name)
            except ImportError:  # another version of ipykernel; it then loads what it needs in each kernel
                continue
        self.recorder.stop_hearing()
        self._sources.note_modules()
        self.environment = {k: v for k, v in os.environ.items() if before.get(k) != v}
        self._end_loading(kept)
        self._census("ipykernel")
        self._do_what_a_kernel_does_first()
        sys.path.insert(_place_of_current_folder(), "")  # as IPython does at its start
        self.hidden.note_state()
        self.recorder.known = self.hidden.base
        self.hidden.hide()
        self._is_hiding = True

    def collect_as_ever(self):
        """Let garbage be collected as in a new process, unless an import has set that otherwise."""
        if self.gc.get_threshold()[0] == _RARELY:
            self.gc.set_threshold(*self.collects_at)

    def _do_what_a_kernel_does_first(self):
        """Change what modules may look at while they are imported, as a kernel does before.

        And compile the expressions by which IPython takes cells apart.
        """
        shell = sys.modules.get("IPython.core.inputtransformer2")
        if shell is not None:
            shell.TransformerManager().transform_cell("%pwd\n!true\nx = 1\n")
        application = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
        if hasattr(application, "init_pdb"):
            application.init_pdb(None)  # puts IPython's debugger into `pdb`
        self.configuration.prepare()
        kernel = getattr(sys.modules.get("ipykernel.kernelbase"), "Kernel", None)
        if hasattr(kernel, "_process_children"):
            kernel._process_children = _without_a_search(kernel._process_children)
        builtins.__IPYTHON__ = True
        display = sys.modules.get("IPython.core.display_functions")
        if display is not None:
            builtins.display = display.display

    def serve(self):
        self._born_s = time.monotonic()
        self.selector.register(self.control, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, self._reap)
        while True:
            idle = self._wanted and not self._tainted
            ready = self.selector.select(0 if idle else None)
            for key, _ in ready:
                if key.fileobj is self.control:
                    order = self._obey()
                    if order is not None:
                        return order
                else:
                    self._heed_lease(key.fileobj, key.data)
            if not ready and idle:
                self._load(self._wanted.pop(0))

    # orders ---------------------------------------------------------------------------------------

    def _obey(self):
        data, descriptors, _, _ = socket.recv_fds(self.control, _MOST_BYTES, 4)
        if not data:
            self._end()
        message = json.loads(data)
        if "end" in message:
            self._is_told = True
            return None
        if "preload" in message:
            self._wanted += [name for name in message["preload"] if name not in self._wanted]
            return None
        if "compile" in message:
            for pattern, flags in message["compile"]:
                re.compile(pattern, flags)
            return None
        if "wait" in message:
            self._wait_for_next_run(**message["wait"])
            return None
        return self._fork(message, socket.socket(fileno=descriptors[0]), descriptors[1:])

    def _fork(self, message, status, streams):
        for name in message["needs"]:
            self._load(name)
        refusal = self._tainted or self._outdated()
        if not refusal:
            self._hide()
            parent = os.getpid()
            try:
                pid = os.fork()
            except OSError as error:
                refusal = f"the fork failed: {error}"
        if refusal:
            _send(status, {"refused": refusal, "denied": self.denied})
        elif pid == 0:
            return {**message["fork"], "status": status, "streams": streams, "parent": parent}
        else:
            self.children[pid] = status
            handle = os.pidfd_open(pid)  # no race: nobody but us reaps it, and not before the next signal
            _send(status, {"pid": pid, "denied": self.denied}, [handle])
            os.close(handle)
            self.selector.register(status, selectors.EVENT_READ, pid)
            self._reap()
        for descriptor in streams:
            os.close(descriptor)
        if refusal:
            status.close()
        return None

    def _outdated(self):
        """Say what has changed since imports looked at it."""
        for folder, stamp in self._installation.items():
            if self._stamp_of(folder, shallow=False) != stamp:
                return f"packages were installed in {folder} since they were imported"
        for path, stamp in self.recorder.stamps.items():
            if self._stamp_of(path) != stamp:
                return f"{path}, which an import looked at, is another now"
        return ""

    def _hide(self):
        if not self._is_hiding:
            self.hidden.hide()
            self._is_hiding = True
            self.gc.collect()
            self.gc.freeze()  # the children do not copy what no one frees

    # between runs ---------------------------------------------------------------------------------

    def _wait_for_next_run(self, path, seconds, signature):
        """Come back when another run has taken over, of which nothing that the first one set would be seen.

        It ends if nobody comes, and where it cannot be left alone.
        """
        self._is_told = True
        too_old = time.monotonic() > self._born_s + _LONGEST_LIFE_S
        if too_old or self.children or self._tainted or not self._is_alone():
            self._end()
        door = self._waiting.Door(path)
        try:
            control = self._next_run(door, seconds, signature) if self._is_left(seconds) else None
        finally:
            door.close()
        if control is None:
            self._end()
        self.control = control
        self.above.serve(control)
        handle = os.pidfd_open(os.getppid())
        _send(control, {"adopted": True}, [self.notice, handle])
        os.close(handle)
        self.selector.register(control, selectors.EVENT_READ)
        self._is_told = False

    def _is_left(self, seconds):
        """Have the runner go; tell whether it does."""
        self.above.wait(seconds)
        _send(self.control, {"waits": True})
        self.control.settimeout(_LOOK_S)
        try:
            return self.control.recv(_MOST_BYTES) == b"{}"
        except OSError:
            return False

    def _next_run(self, door, seconds, signature):
        """Return the channel to the run that takes over, or None."""
        self.selector.unregister(self.control)
        self.control.close()
        folder = os.getcwd()
        self._wanted.clear()
        self._hide()
        if self._sources.settle():
            return None
        os.chdir("/")  # no folder is in use

        def answer(message):
            if "adopt" not in message:
                return {
                    "pids": [os.getpid(), os.getppid()],
                    "python": sys.executable,
                    "folder": folder,
                }, False
            wish = message["adopt"]
            if wish["signature"] != signature or wish["denied"] != self.denied:
                return {"refused": "it was started for something else"}, False
            if not self._loaded <= set(wish["preload"]):
                return {"refused": "it has loaded what this run does not import"}, False
            return self._stale(folder, wish["inherited"])

        return door.wait(seconds, answer)

    def _stale(self, folder, inherited):
        """Return what to say to a run whose own fork server would not be like this, and whether to end."""
        try:
            os.chdir(folder)
        except OSError:
            return {"refused": "its folder is gone"}, True
        mine = json.loads(json.dumps(self._inherited(self.ignores_interrupt)))
        other = next((name for name, value in mine.items() if inherited.get(name) != value), "")
        changed = self._outdated() or self._sources.changed()
        if not other and not changed and _task_count() == 1:
            return None, False
        os.chdir("/")
        return {"refused": changed or f"its process differs in {other or 'threads'}"}, bool(changed)

    def _is_alone(self):
        """Tell whether nobody else would end with it: what a step has left running is none of its affair."""
        above = os.getppid()
        try:
            with open(f"/proc/{above}/task/{above}/children") as file:
                return file.read().split() == [str(os.getpid())]
        except OSError:
            return False

    # loading --------------------------------------------------------------------------------------

    def _load(self, name):
        if name in self._loaded or name in self.denied or self._tainted:
            return
        self._loaded.add(name)
        if self._is_hiding:
            self.hidden.show()
            self._is_hiding = False
        if self.recorder.refusal(name.partition(".")[0]):
            return
        kept = self._begin_loading()
        self.recorder.grave.clear()
        surroundings = self._surroundings()
        self.recorder.start()
        self._note(name)
        try:
            importlib.import_module(name)
        except (Exception, SystemExit):
            # the step that imports it will meet the same; but parts without their package are no state
            # that a kernel could be in
            if self.recorder.fragments():
                self.recorder.grave.append("its import fails, and leaves parts of it behind")
        finally:
            self._note("")
            self.recorder.stop()
            self._sources.note_modules()
            self._end_loading(kept)
        problems = [*self.recorder.grave, *surroundings.changes()]
        if problems and not self._tainted:
            self._taint(name, problems[0])
        self._census(name)

    def _note(self, name):
        os.pwrite(self.notice, name.encode()[:_NOTICE_BYTES].ljust(_NOTICE_BYTES, b"\0"), 0)

    def _begin_loading(self):
        ours = {key: os.environ.get(key) for key in _WHILE_LOADING if not os.environ.get(key)}
        kept = sys.stdout, sys.stderr, ours
        sys.stdout, sys.stderr = self.streams
        for key in ours:  # an empty one counts as none, for ipykernel as well
            os.environ[key] = _WHILE_LOADING[key]
        return kept

    def _end_loading(self, kept):
        sys.stdout, sys.stderr, ours = kept
        for key, was in ours.items():
            if was is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = was

    def _census(self, name):
        """Fork no more if the import left a thread behind that does not end by itself in a fork."""
        if not self._tainted and _task_count() > 1:
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            if _task_count() > 1:
                self._taint(name, "it starts a thread")

    def _taint(self, name, reason):
        self.denied[name] = reason
        self._tainted = f"{name} must not be imported ahead of time: {reason}"

    # children -------------------------------------------------------------------------------------

    def _reap(self, *_):
        """Report kernels that have ended. The handler of SIGCHLD: also while something is imported."""
        for pid in list(self.children):
            try:
                found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                found = None
            if found is None:
                continue
            _kill_group(pid)  # what it left behind; until it is reaped its number is nobody else's
            _, status, used = os.wait4(pid, 0)
            channel = self.children.pop(pid, None)
            if channel is not None:
                code = os.waitstatus_to_exitcode(status)
                _send(channel, {"exit": code, "peak_bytes": used.ru_maxrss * 1024})
                self._forget(channel)

    def _heed_lease(self, channel, pid):
        if channel.fileno() < 0:
            return  # reaped a moment ago
        try:
            data = channel.recv(_MOST_BYTES)
        except OSError:
            data = b""
        if not data and pid in self.children:
            self.selector.unregister(channel)
            _kill_group(pid)

    def _forget(self, channel):
        try:
            self.selector.unregister(channel)
        except KeyError:
            pass  # its lease had ended before
        channel.close()

    def _end(self):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for pid in self.children:
            _kill_group(pid)
        for pid in self.children:
            os.waitpid(pid, 0)
        # Else the runner was killed: the process above ends what left its kernel's group, too.
        os._exit(0 if self._is_told else 1)


class _LateStream(io.TextIOBase):
    """Stands for the kernel's `sys.stdout` in modules that take hold of it while they are imported."""

    __module__ = "importlib.stepmill_zygote"
    encoding = "UTF-8"
    errors = "replace"

    def __init__(self, name):
        self._name = name
        self.target = None
        self.hear = None

    def write(self, text):
        if self.target is not None:
            return self.target.write(text)
        self.hear("write", self._name, text)
        return len(text)

    def flush(self):
        if self.target is not None:
            self.target.flush()

    def isatty(self):
        return False

    def fileno(self):
        return {"stdout": 1, "stderr": 2}[self._name] if self.target is None else self.target.fileno()

    def writable(self):
        return True


def _without_a_search(process_children):
    """Return a method that looks through all processes of the machine only if there are children to find."""

    def _process_children(self):
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return []
        return process_children(self)

    return _process_children


def _send(channel, message, descriptors=()):
    try:
        socket.send_fds(channel, [json.dumps(message).encode()], list(descriptors))
    except OSError:
        return  # nobody is there any more: its lease ends


def _kill_group(pid):
    for kill in (os.killpg, os.kill):  # the second if it has not made its group yet
        try:
            kill(pid, signal.SIGKILL)
            return
        except OSError:
            continue


def _task_count():
    return len(os.listdir("/proc/self/task"))


def _with_separator(folder):
    return folder.rstrip(os.sep) + os.sep


def _both_forms(folders):
    return {form(one) for one in folders for form in (os.path.abspath, os.path.realpath)}


def _package_folders():
    """Return where installed packages lie. Not the whole prefix: a project may lie in it."""
    found = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    site = sys.modules.get("site")
    if site is not None:
        found.update(site.getsitepackages())
        if site.ENABLE_USER_SITE:
            found.add(site.getusersitepackages())
    return sorted(one for one in found if one)


def _place_of_current_folder():
    for index, entry in enumerate(sys.path):
        if os.path.basename(entry) in ("site-packages", "dist-packages"):
            return index
    return 0


def main():
    """Serve until nobody is there; in a forked child, return what is to become a kernel."""
    descriptor, settings = int(sys.argv[1]), json.loads(sys.argv[2])
    above = _sibling("keeping").stay_above(descriptor)
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    rooms = {name: _sibling(name) for name in _ROOMS}
    becoming = _sibling("becoming")
    ours = sys.modules["__main__"]
    # what an import would see of it in a kernel
    sys.argv, sys.modules["__main__"] = [becoming.launcher()], types.ModuleType("__main__")
    zygote = Zygote(control, above, settings, rooms)
    zygote.ignores_interrupt = interrupt is signal.SIG_IGN
    zygote.prepare()
    zygote.files = becoming.files_of_modules()  # before any module of a step's is loaded
    order = zygote.serve()  # only a child comes back, and with it the frames of the server are gone
    return becoming.Child(order, zygote, interrupt), ours


if __name__ == "__main__":
    child, _ours = main()
    child.run()
