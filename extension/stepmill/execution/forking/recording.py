"""What each module does while it is imported, taken down so that it can be done again without running it.

Runs in the fork server, in the kernel's own environment: standard library only, nothing of stepmill.
"""

from __future__ import annotations

import atexit
import builtins
import logging
import os
import re
import sys
import tempfile
import types
import warnings
from importlib import _bootstrap
from importlib.machinery import ModuleSpec

# "import" name [, filters that are in force for it only] · "ask" function, path · "audit" …
# "filters", "finders" (added in front, at the end) · "environ" changes · "loggers" names
# "atexit" function, arguments · "write" stream, text · "warning" message, category, file, line
# "shell" function that connects to it
Event = tuple  # (kind, argument...)

_PLAIN = frozenset({str, int, float, bool, bytes, tuple, list, dict, set, frozenset, type(None)})
_PATH_EVENTS = frozenset({"open", "os.listdir", "os.scandir"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_QUESTIONS = ("stat", "lstat", "access", "readlink")
_UNREPEATABLE = frozenset(
    {"os.remove", "os.rename", "os.link", "os.symlink", "os.truncate", "sqlite3.connect"}
)
_SYSTEM = (
    "/usr/",
    "/etc/",
    "/lib/",
    "/lib64/",
    "/bin/",
    "/sbin/",
    "/proc/",
    "/sys/",
    "/dev/",
    "/run/",
    "/opt/",
)
_CARRIERS = frozenset(
    {
        *("os", "genericpath", "posixpath", "pathlib", "glob", "fnmatch"),
        *("tokenize", "zipfile", "io", "codecs"),
    }
)
_NOT_HEARD = frozenset(
    {
        *(
            "importlib",
            "_frozen_importlib_external",
            "_frozen_importlib",
            "linecache",
            "pkgutil",
            "zipimport",
        ),
        *("inspect", "traceback", "warnings", "tempfile", "site", "sysconfig", "IPython", "ipykernel"),
        *("stepmill", "stepmill_magics", "matplotlib_inline", "multiprocessing", "subprocess"),
    }
)
_SEARCHING = frozenset(
    {
        *("importlib._bootstrap_external", "_frozen_importlib_external"),
        *("importlib.metadata", "importlib_metadata"),
    }
)
"""They list all folders of `sys.path`: only what has a module's name, or a package's description, counts."""
_CONNECTING = {"matplotlib.pyplot": "install_repl_displayhook", "ipywidgets": "_handle_ipython"}
"""Modules -> their functions that connect them to the running shell, if there is one: to be called later."""
_TOLD = _PATH_EVENTS | _UNREPEATABLE | {"socket.connect"}
_INNER = frozenset({"mkdir", "makedirs", "expanduser", "realpath", "resolve", "_joinrealpath"})
_DEBRIS = re.compile(r"tmp[a-z0-9_]{8}|pymp-|joblib_memmapping_folder|loky-|ipykernel_|matplotlib-")


class Refused(ImportError):  # noqa: N818 - why, not what
    """A module must not be imported ahead of its time; the message says why."""


class Recorder:
    """Takes down events by module while it is `active`.

    Parameters
    ----------
    installed
        Folders, with a separator at the end, whose files are packages: standard library, site-packages.
    stamp_of
        Returns how a file is now.
    sources
        Is told of all files that imports look at.
    """

    def __init__(self, installed, stamp_of, sources):
        self._stamp_of = stamp_of
        self._sources = sources
        self.events: dict[str, list[Event]] = {}
        self.stamps: dict[str, object] = {}  # absolute path -> how it was when a module looked at it
        self.grave: list[str] = []  # what cannot be done again: the module must not be preloaded
        self._installed = tuple(installed)
        self._home = os.path.expanduser("~") + os.sep
        self._roots = _project_folders()
        self._temporary = {tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir())}
        tempfile.tempdir = None  # whoever asks first decides, as in a new process
        self._own_look = False
        self._hearing: list[bool] = []  # empty: nobody listens
        self.known = frozenset()  # modules that are not recorded
        self._count = 0
        self._lazy: dict[str, tuple] = {}  # dotted name -> what its package holds, name of the attribute
        self._listened: list[ModuleSpec] = []
        self._telling = _telling(self._request)
        self._stack: list[str] = []
        self._noted: set[tuple[str, str]] = set()
        self._active = False
        self._last = None
        self._loggers = set(logging.root.manager.loggerDict)
        self._shell = _Shell(self._ask_shell)
        self._unkept = self._shell.references()
        self._undo: list = []
        _add_hook(self._heard, self._hearing)

    def hear_files(self):
        """Begin to listen for files that are looked at; `stop_hearing` ends it."""
        self._hearing.append(True)
        for name in _QUESTIONS:
            self._replace(os, name, self._asking(name, getattr(os, name)))

    def stop_hearing(self):
        while self._undo:
            self._undo.pop()()
        self._hearing.clear()

    def start(self):
        """Begin, or go on, to take down."""
        self._active = True
        self.hear_files()
        sys.meta_path.insert(0, self)
        self._filters = warnings.filters  # `catch_warnings` puts another list in its place for a while
        self._last = self._state()
        for name, module in list(sys.modules.items()):
            if name in self.events:
                self._listen_to(getattr(module, "__spec__", None))
        self._replace(builtins, "__import__", self._import(builtins.__import__))
        self._replace(_bootstrap, "_load_unlocked", self._load(_bootstrap._load_unlocked))
        self._replace(atexit, "register", self._register(atexit.register))
        self._replace(_bootstrap, "_gcd_import", self._gcd_import(_bootstrap._gcd_import))
        shell = sys.modules.get("IPython.core.interactiveshell")
        if shell is not None:
            self._replace(shell.InteractiveShell, "initialized", classmethod(self._looked_for_shell))
            self._replace(shell.InteractiveShell, "instance", classmethod(lambda *_: self._shell))
        self._replace(builtins, "get_ipython", lambda: self._shell)
        if hasattr(warnings, "_showwarnmsg_impl"):
            self._replace(warnings, "_showwarnmsg", self._showing(warnings._showwarnmsg))

    def stop(self):
        if any(now > then for now, then in zip(self._shell.references(), self._unkept)):
            self.grave.append("it keeps the running shell")
            self._shell = _Shell(self._ask_shell)
        if warnings.filters is not self._filters:
            self.grave.append("it replaces the filters of warnings")
        sys.meta_path.remove(self)
        for spec in self._listened:
            spec.__class__ = ModuleSpec
        self._listened.clear()
        for name in self._lazy:
            self._give(name)
        self.stop_hearing()
        self._active = False

    def _replace(self, owner, name, new):
        missing = object()
        old = vars(owner).get(name, missing)
        setattr(owner, name, new)
        self._undo.append(lambda: delattr(owner, name) if old is missing else setattr(owner, name, old))

    def note(self, *event):
        if self._stack:
            self.events[self._stack[-1]].append(event)

    # imports --------------------------------------------------------------------------------------

    def find_spec(self, name, path=None, target=None):
        """Find nothing, and refuse code that is not installed: called for each module to be loaded."""
        if "." not in name:
            reason = self.refusal(name)
            if reason:
                self.grave.append(reason)  # should somebody catch the error
                raise Refused(reason)

    def refusal(self, name):
        """Return why a top-level module may not be imported ahead of its time, or ""."""
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find(name, None, None) if find is not None else None
            if spec is not None:
                self._own_look = True
                places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or ())
                good = all(os.path.realpath(one).startswith(self._installed) for one in places if one)
                self._own_look = False
                return "" if good else f"{name} is no installed package"
        return ""

    def _request(self, name):
        if name in self._lazy:
            self._give(name)
        if self._stack and (self._stack[-1], name) not in self._noted:
            self._noted.add((self._stack[-1], name))
            self.note("import", name, *self._filters_for_it())

    def _filters_for_it(self):
        """Return what `warnings.catch_warnings` adds around an import: (in front, at the end), or nothing."""
        if warnings.filters is self._filters:
            return ()
        added = _added(self._filters, warnings.filters)
        if added is None:
            self.grave.append("it takes filters away while it imports")
        return () if added is None else (added,)

    def _import(self, original):
        def __import__(name, globals=None, locals=None, fromlist=(), level=0):
            absolute = _absolute(name, globals, level)
            self._request(absolute)
            module = original(name, globals, locals, fromlist, level)
            for one in fromlist or ():
                if f"{absolute}.{one}" in sys.modules:
                    self._request(f"{absolute}.{one}")
            return module

        return __import__

    def _gcd_import(self, original):
        def _gcd_import(name, package=None, level=0):
            absolute = _bootstrap._resolve_name(name, package, level) if level else name
            self._request(absolute)
            return original(name, package, level)

        return _gcd_import

    def _load(self, original):
        def _load_unlocked(spec):
            self._request(spec.name)
            self._listen_to(spec)
            self._withhold()
            self._flush()
            self._stack.append(spec.name)
            self.events.setdefault(spec.name, [])
            before = len(sys.modules) - self._count
            self._count += 1
            try:
                module = original(spec)
                self._add_what_it_holds(spec, module)
                return module
            finally:
                if len(sys.modules) - self._count != before:
                    self._note_aliases(before)
                self._flush()
                self._stack.pop()
                self._note_if_lazy(spec.name)
                self._withhold()

        return _load_unlocked

    def fragments(self):
        """Return the modules that are loaded and whose package is not: it failed half-way."""
        found = [name for name in sys.modules if name not in self.known]
        return [name for name in found if _package(name) not in sys.modules]

    def _note_if_lazy(self, name):
        """Note a part that its package loads when somebody asks for the attribute: others ask as well."""
        parent, _, child = name.rpartition(".")
        held = getattr(sys.modules.get(parent), "__dict__", {})
        if parent and parent not in self._stack and "__getattr__" in held:
            module = sys.modules.get(name)
            is_new = child not in held
            held.setdefault(
                child, module
            )  # many import the part, which asks them again as long as it is not there
            try:
                given = held["__getattr__"](child)
            except Exception:  # a package that answers for other names only: pydantic for what has moved
                given = None
            if is_new:
                held.pop(child, None)
            if given is module is not None:
                self._lazy[name] = (held, child)

    def _withhold(self):
        """Take away attributes for such parts, so that the next who asks is noted too."""
        for name, (held, child) in self._lazy.items():
            if child in held and held[child] is sys.modules.get(name):
                del held[child]

    def _give(self, name):
        held, child = self._lazy[name]
        if name in sys.modules and child not in held:
            held[child] = sys.modules[name]

    def _listen_to(self, spec):
        """Hear of each import of a loaded module, also by compiled code, which uses no `__import__`.

        Every import looks whether the module's specification says that it is still being initialised.
        """
        if type(spec) is ModuleSpec:
            spec.__class__ = self._telling
            self._listened.append(spec)

    def _note_aliases(self, before):
        """Note modules that code has put into `sys.modules` itself."""
        for name in [one for one in sys.modules if one not in self.known]:
            if name not in self.events:
                self.events[name] = []
                self._count += 1
                self.note("import", name)

    def _add_what_it_holds(self, spec, module):
        """Note the modules where the things come from that a module holds: they are loaded with it.

        Compiled code imports what is there already without telling, and packages that load a part of
        them on demand do so for the first only who wants it.
        """
        is_compiled = not str(spec.origin).endswith(".py")
        holder = spec.name
        for value in tuple(getattr(module, "__dict__", {}).values()):
            kind = type(value)
            if kind in _PLAIN:
                continue
            if kind is types.ModuleType:
                self._came_with(holder, value.__name__, value, None)
            elif kind is type or callable(value):
                origin = getattr(value, "__module__", None)
                if origin != holder:
                    self._came_with(holder, origin, value, getattr(value, "__name__", None))
            if is_compiled and kind.__module__ in self.events and kind.__module__ != holder:
                self._request(kind.__module__)

    def _came_with(self, holder, origin, value, name):
        if type(origin) is str and origin in self.events and origin != holder:
            found = sys.modules.get(origin)
            if found is value or (type(name) is str and getattr(found, "__dict__", {}).get(name) is value):
                self._request(origin)

    # state of the process -------------------------------------------------------------------------

    def _flush(self):
        """Note what has changed since the last look, as done by the module that is under way."""
        loggers = logging.root.manager.loggerDict
        if len(loggers) != len(self._loggers):
            self.note("loggers", tuple(name for name in loggers if name not in self._loggers))
            self._loggers.update(loggers)
        before = self._last
        if (self._filters, sys.meta_path, os.environ._data) == before:
            return
        now = self._last = self._state()
        for kind, old, new in zip(("filters", "finders"), before, now):
            if new != old:
                added = _added(old, new)
                if added is None:
                    self.grave.append(f"it takes {kind} away")
                else:
                    self.note(kind, added)
        if now[2] != before[2]:
            changes = {k: v for k, v in now[2].items() if before[2].get(k) != v}
            changes.update(dict.fromkeys(before[2].keys() - now[2].keys()))
            self.note("environ", changes)

    def _state(self):
        return list(self._filters), list(sys.meta_path), os.environ._data.copy()

    def _register(self, original):
        """Keep what a module wants to be done at the end: it is no affair of those who do not import it."""

        def register(func, /, *arguments, **options):
            # one of a module that everybody has is registered once for all who use it: as `weakref` does
            if self._active and self._stack and getattr(func, "__module__", None) not in self.known:
                self.note("atexit", func, arguments, options)
                return func
            return original(func, *arguments, **options)

        return register

    # files and the shell --------------------------------------------------------------------------

    def _heard(self, event, arguments):
        if self._own_look:
            return
        if event in _PATH_EVENTS:
            path = "." if arguments[0] is None else arguments[0]
            is_listing = event != "open" and sys._getframe(2).f_globals.get("__name__") not in _SEARCHING
            self._sources.look(path, deep=is_listing)
            if self._active and self._counts(path):
                asker, _ = _asked_by()
                if event == "open" and arguments[2] & _WRITING:
                    self.grave.append(f"it writes {path}")
                elif asker is not None:
                    self.note("audit", asker, event, arguments)
        elif not self._active:
            return
        elif event in _UNREPEATABLE:
            if any(self._counts(one) for one in arguments if type(one) is str):
                self.grave.append(f"it does {event} with {arguments[0]}")
        elif event == "socket.connect" and type(arguments[1]) is tuple:
            self.grave.append(f"it connects to {arguments[1][0]}")

    def _asking(self, name, original):
        def asking(path, *arguments, **options):
            is_counted = not self._own_look and not options.get("dir_fd")
            if is_counted:
                self._sources.look(path)
            if is_counted and self._active and self._counts(path):
                asker, passed = _asked_by()
                if asker is not None and not passed & _INNER:
                    kind = next((one for one in ("getmtime", "getsize") if one in passed), "exists")
                    self.note("ask", asker, "readlink" if name == "readlink" else kind, path)
            return original(path, *arguments, **options)

        return asking

    def _counts(self, path):
        """Tell whether a file is none of the installation's: what it holds, or that it exists, may matter."""
        if type(path) is bytes:
            path = os.fsdecode(path)
        elif hasattr(path, "__fspath__"):
            path = path.__fspath__()
        if type(path) is not str:
            return False
        if path.startswith(self._installed):
            return False
        absolute = os.path.abspath(path)
        if not absolute.startswith(self._roots) and self._is_nobodys(absolute):
            return False
        if absolute not in self.stamps:
            self.stamps[absolute] = self._stamp_of(absolute)
        return True

    def _is_nobodys(self, absolute):
        if absolute.startswith((*self._installed, *_SYSTEM, self._home + ".")):
            return True
        for folder in self._temporary:
            inside = absolute.startswith(folder + os.sep)
            if absolute == folder or (inside and _DEBRIS.match(absolute[len(folder) + 1 :])):
                return True
        return False

    def _looked_for_shell(self, *_):
        """Say whether there is a shell: there is, but for those whom it cannot be shown before its time."""
        function = _CONNECTING.get(self._stack[-1]) if self._stack else None
        if function is None:
            return bool(self._stack)
        if function in vars(sys.modules[self._stack[-1]]):
            self.note("shell", function)
        else:  # another version
            self._ask_shell(function)
        return False

    def _ask_shell(self, name):
        importer = self._stack[-1] if self._stack else "it"
        self.grave.append(f"{importer} asks the running shell for {name}")

    def _showing(self, original):
        """Return what shows a warning: taken down, and shown where the module is imported."""
        usual = warnings._showwarnmsg_impl  # replaced by whoever catches warnings

        def _showwarnmsg(msg):
            if self._stack and warnings._showwarnmsg_impl is usual:
                file = None if msg.filename == __file__ else msg.filename  # ours stands for the importer's
                self.note("warning", msg.message, msg.category, file, msg.lineno)
            else:
                original(msg)

        return _showwarnmsg


def _add_hook(heard, hearing):
    """Have `heard` called for some events while `hearing` is not empty. The hook stays, in kernels too."""

    # tens of thousands of events in an import: what is looked up in defaults is found fastest
    def hook(event, arguments, heard=heard, hearing=hearing, told=_TOLD):
        if hearing and event in told:
            heard(event, arguments)

    sys.addaudithook(hook)


def _package(name):
    return name.rpartition(".")[0] or name


def _telling(request):
    """Return a kind of specification that tells when a module is imported."""

    class TellingSpec(ModuleSpec):
        @property
        def _initializing(self):
            request(self.name)
            return self.__dict__.get("_initializing", False)

        @_initializing.setter
        def _initializing(self, value):
            self.__dict__["_initializing"] = value

    return TellingSpec


class _Shell:
    """What `get_ipython()` gives to a module that is imported: enough to ask "is this a kernel?"."""

    __module__ = "ipykernel.zmqshell"

    def __init__(self, ask):
        self._ask = ask
        self.config = _Part(ask, "config")
        self.kernel = _Part(ask, "kernel")

    @property  # type: ignore[misc]
    def __class__(self):
        return getattr(sys.modules.get("ipykernel.zmqshell"), "ZMQInteractiveShell", _Shell)

    def references(self):
        """Count those to it and to its parts. How many a call adds differs between versions of Python."""
        return sys.getrefcount(self), sys.getrefcount(self.config), sys.getrefcount(self.kernel)

    def __getattr__(self, name):
        self._ask(name)
        raise AttributeError(name)


_Shell.__name__ = _Shell.__qualname__ = "ZMQInteractiveShell"


class _Part:
    """A part of the shell: it is there, and its configuration is a kernel's. All else differs."""

    def __init__(self, ask, name):
        self._ask = ask
        self._name = name

    def __contains__(self, name):
        if name != "IPKernelApp":
            self._ask(f"{self._name}[{name!r}]")
        return name == "IPKernelApp"

    def __getattr__(self, name):
        self._ask(f"{self._name}.{name}")
        raise AttributeError(name)


def _project_folders():
    """Return the notebook's folder and the project's: there every file matters."""
    folder = above = os.getcwd()
    while not any(
        os.path.exists(os.path.join(above, mark)) for mark in (".stepmill", "pyproject.toml", ".git")
    ):
        if above == os.path.dirname(above):
            above = folder
            break
        above = os.path.dirname(above)
    return tuple(one.rstrip(os.sep) + os.sep for one in {folder, above})


def _asked_by():
    """Return (name, file) of the module that asks, and the functions on the way to it.

    The name is None if the import system or its like asks: nobody listens to these.
    """
    frame, passed = sys._getframe(2), set()
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        top = name.partition(".")[0]
        if name.startswith("importlib.stepmill_") or top in _CARRIERS:
            passed.add(frame.f_code.co_name)
        else:
            return (None if top in _NOT_HEARD else (name, frame.f_code.co_filename)), passed
        frame = frame.f_back
    return None, passed


def _added(old, new):
    """Return what was put in front of a list, and at its end; None if something was also taken away."""
    for count in range(len(new) + 1):
        for in_front in range(count, -1, -1):
            front, end = new[:in_front], len(new) - (count - in_front)
            added = [*front, *new[end:]]
            if new[in_front:end] == [one for one in old if one not in added]:
                return front, new[end:]
    return None


def _absolute(name, globals, level):
    if not level:
        return name
    try:
        package = _bootstrap._calc___package__(globals)
        return _bootstrap._resolve_name(name, package, level)
    except (ImportError, KeyError, TypeError):
        return name
