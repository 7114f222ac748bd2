"""Modules that are loaded and not to be seen, until the user's code imports them.

A forked kernel has everything in memory that the steps import. To its user's code it must look like a
kernel that was just started: `sys.modules` without them, packages without attributes for submodules,
warnings, environment and finders as without them. An import then brings back exactly what it would have
loaded, in the same order, by what `recording` took down; nothing runs a second time.

Runs in the kernel's own environment: standard library only, nothing of stepmill.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import types
import warnings
from importlib.machinery import ModuleSpec, PathFinder

_STAT = os.stat  # the original: a step's observer replaces it in `os`
_HERE = "importlib.stepmill_hiding"


class Hidden:
    """A finder that finds the modules that were hidden. One for the life of a process.

    `packaged` has the modules, hidden or not, that are known to come from one of the folders `installed`,
    each ending in a separator: whoever looks for a project's own modules can leave them out.
    """

    def __init__(self, events, installed):
        self._events = events
        self._done_again = {}  # module -> its events, a plain import as the bare name
        self._of_packages = set()  # hidden modules whose source lies in one of the folders
        self._installed = tuple(installed)
        self.packaged = {}
        self._modules = {}
        self._places = {}  # hidden module -> its package, and its name there if it is an attribute of that
        self._finders = []  # `sys.meta_path` as it was when these were found out:
        self._in_front = []  # the finders in front of this one
        self._waiting = []  # and those of them that may want modules of packages
        self._state = None
        self._path = None
        self._stamps = {}
        self._lock = threading.RLock()
        self._loggers = {}
        self._is_kernel = False

    # in the fork server ----------------------------------------------------------------------------

    def note_state(self):
        """Remember the process as it is to look: called before anything that is to be hidden is loaded."""
        self.base = frozenset(sys.modules)
        self._state = (list(warnings.filters), list(sys.meta_path), os.environ._data.copy())
        self._base_loggers = frozenset(logging.root.manager.loggerDict)

    def hide(self):
        """Take all modules away that were loaded since `note_state`, and what their imports changed."""
        self.packaged = {name: one for name, one in sys.modules.items() if self._is_packaged(one)}
        for name, module in list(sys.modules.items()):
            if name not in self.base:
                self._modules[name] = module
                self._note_how(name, module)
        for name, module in self._modules.items():
            parent, _, child = name.rpartition(".")
            package = sys.modules.get(parent) if parent else None
            is_held = package is not None and getattr(package, "__dict__", {}).get(child) is module
            if is_held:
                delattr(package, child)
            self._places[name] = (parent, child if is_held else "")
        for name in self._modules:
            sys.modules.pop(name, None)
        filters, finders, environment = self._state
        warnings.filters[:] = filters
        warnings._filters_mutated()
        sys.meta_path[:] = finders
        _set_environment(environment)
        loggers = logging.root.manager.loggerDict
        self._loggers = {name: loggers.pop(name) for name in list(loggers) if name not in self._base_loggers}
        self._path, self._stamps = list(sys.path), {}

    def _note_how(self, name, module):
        """Note beforehand what each kernel would have to work out, and each would copy memory for it."""
        events = self._events.get(name, ())
        if len(self._done_again.get(name, ())) != len(events):
            self._done_again[name] = tuple(
                event[1] if event[0] == "import" and len(event) == 2 else event for event in events
            )
        if type(module) is types.ModuleType:
            origin = getattr(module.__dict__.get("__spec__"), "origin", None)
            if type(origin) is str and origin.startswith(self._installed):
                self._of_packages.add(name)

    def _is_packaged(self, module):
        if type(module) is not types.ModuleType:
            return False  # to ask another kind for its file may make it do something
        file = module.__dict__.get("__file__")
        return type(file) is not str or file.startswith(self._installed)

    def show(self):
        """Undo `hide`, in the fork server, before more is loaded. What the imports changed comes back too."""
        logging.root.manager.loggerDict.update(self._loggers)
        for name in list(self._modules):
            if name in self._modules:
                self.bring(name)
        self._modules.clear()

    # in the kernel ---------------------------------------------------------------------------------

    def install(self):
        """Find hidden modules from now on."""
        sys.meta_path.insert(0, self)
        self._stamps = {}
        self._is_kernel = True
        manager = logging.root.manager
        manager.loggerDict = _Loggers(manager.loggerDict, self._loggers)

    def peek(self, name):
        """Return a hidden module without bringing it back, or None."""
        return self._modules.get(name)

    def note_installation(self, folders):
        """Remember when packages were last installed."""
        self._stamps = {folder: _changed_ns(folder) for folder in folders}

    def find_spec(self, name, path=None, target=None):
        module = self._modules.get(name)
        if module is None:
            return None
        original = getattr(module, "__spec__", None)
        if not self._is_still_found(name, original, path):
            return None
        spec = ModuleSpec(name, _Bringing(self, name, original), origin=getattr(original, "origin", None))
        if original is not None:
            spec.submodule_search_locations = original.submodule_search_locations
            spec.has_location = original.has_location
        return spec

    def _is_still_found(self, name, original, path):
        """Tell whether an import would find the hidden module now; it may not where paths were changed."""
        if "." in name:
            return True
        for folder, stamp in self._stamps.items():
            if _changed_ns(folder) != stamp:
                raise RuntimeError(
                    f"packages were installed in {folder} while the step was running, and {name} had been "
                    "loaded ahead of it: run with --cold"
                )
        if self._has_same_place(name, original, path):
            return True
        for hidden in [one for one in self._modules if one == name or one.startswith(name + ".")]:
            del self._modules[hidden]
        return False

    def _has_same_place(self, name, original, path=None):
        """Tell whether `sys.path` as it is now leads to a top-level module where it was found before."""
        if sys.path == self._path or original is None or not original.has_location:
            return True
        if original.name != name:  # a second name, given by the module itself: no path leads there
            return True
        found = PathFinder.find_spec(name, path)
        return found is not None and _is_same_file(found.origin, original.origin)

    def bring(self, name):
        """Import a hidden module the short way, as another module's import does."""
        module = self._modules.get(name)
        if module is None:
            return
        parent, child = self._places[name]
        if parent in self._modules:
            self.bring(parent)
            if name not in self._modules:
                return
        if self._is_kernel:
            if not parent and not self._has_same_place(name, getattr(module, "__spec__", None)):
                raise RuntimeError(  # no ImportError, for which many are prepared
                    f"sys.path leads to another module {name} than the installed one, which libraries that "
                    "were loaded ahead of the step use: run with --cold"
                )
            if self._is_awaited(name):
                __import__(name)
                return
        sys.audit("import", name, None, sys.path, sys.meta_path, sys.path_hooks)
        self.restore(name)
        if child:
            setattr(sys.modules[parent], child, module)

    def _is_awaited(self, name):
        """Tell whether a finder in front of this one wants to do something with the module."""
        if self._finders != sys.meta_path:
            self._finders = list(sys.meta_path)
            before = self._finders[: self._finders.index(self)] if self in self._finders else []
            self._waiting = [one for one in before if not getattr(type(one), "wants_project_only", False)]
            self._in_front = before
        for finder in self._waiting if name in self._of_packages else self._in_front:
            find = getattr(finder, "find_spec", None)
            spec = find(name, None, None) if find is not None else None
            # one that only looks whether it is concerned leaves our loader as it is
            if spec is not None and not (
                type(spec.loader) is _Bringing and "exec_module" not in vars(spec.loader)
            ):
                return True
        return False

    def restore(self, name):
        """Put a module where it was, and do again what its import did to others."""
        hidden = self._modules
        with self._lock:
            module = hidden.pop(name)
        sys.modules[name] = sys.modules["__main__"] if name == "__mp_main__" else module
        events = self._done_again.get(name)
        if not events:
            return
        for event in events:
            if type(event) is str:
                if event in hidden:
                    self.bring(event)
                continue
            kind = event[0]
            if kind == "import":
                if event[1] in hidden:
                    with _Filters(*event[2:]):
                        self.bring(event[1])
            elif kind in _ONCE and not self._is_kernel:
                continue
            else:
                _REPEAT[kind](name, *event[1:])
        sys.modules[name] = sys.modules.pop(name)  # a module moves to the end when it is complete


class _Bringing:
    """The loader of one hidden module: there is nothing to load."""

    def __init__(self, hidden, name, original):
        self._hidden = hidden
        self._name = name
        self._original = original

    def create_module(self, spec):
        return self._hidden._modules.get(self._name)

    def exec_module(self, module):
        if self._original is not None:
            module.__spec__ = self._original
        if self._name in self._hidden._modules:
            self._hidden.restore(self._name)

    def __getattr__(self, name):
        loader = None if self._original is None else self._original.loader
        return getattr(loader, name)


class _Loggers(dict):
    """`logging`'s table, without the loggers of hidden modules until somebody wants one by its name.

    Whoever configures all existing loggers must meet those only that a new kernel would have.
    """

    def __init__(self, visible, hidden):
        super().__init__(visible)
        self._hidden = hidden

    def __contains__(self, name):
        self.bring(name)
        return super().__contains__(name)

    def bring(self, name):
        """Put a logger back, with those above it."""
        while name:
            if name in self._hidden:
                self[name] = self._hidden.pop(name)
            name = name.rpartition(".")[0]


def _is_same_file(one, other):
    if one == other:
        return True
    try:  # the same folder can stand on `sys.path` in another spelling, or through a link
        return os.path.samestat(_STAT(one), _STAT(other))
    except (OSError, TypeError):
        return False


def _changed_ns(folder):
    try:
        return _STAT(folder).st_mtime_ns
    except OSError:
        return None


class _Filters:
    """Has filters of warnings in force for one import: as `warnings.catch_warnings` around it."""

    def __init__(self, added=((), ())):
        self._front, self._back = added

    def __enter__(self):
        self._kept = warnings.filters
        if self._front or self._back:
            self._put([*self._front, *self._kept, *self._back])

    def __exit__(self, *_):
        if self._front or self._back:
            self._put(self._kept)

    def _put(self, filters):
        warnings.filters = filters
        warnings._filters_mutated()


def _add_filters(name, added):
    front, back = added
    kept = [one for one in warnings.filters if one not in front and one not in back]
    warnings.filters[:] = [*front, *kept, *back]
    warnings._filters_mutated()


def _add_finders(name, added):
    front, back = ([one for one in part if one not in sys.meta_path] for part in added)
    sys.meta_path[:] = [*front, *sys.meta_path, *back]


def _change_environment(name, changes):
    for key, value in changes.items():
        if value is None:
            os.environ.pop(os.fsdecode(key), None)
        else:
            os.environ[os.fsdecode(key)] = os.fsdecode(value)


def _set_environment(wanted):
    now = os.environ._data.copy()
    changes = {key: value for key, value in wanted.items() if now.get(key) != value}
    changes.update(dict.fromkeys(now.keys() - wanted.keys()))
    _change_environment("", changes)


def _ask(name, asker, function, path):
    _as_module(asker, "_ask(_function, _path)", _function=function, _path=path)


def _audit(name, asker, event, arguments):
    _as_module(asker, "_audit(_event, *_arguments)", _event=event, _arguments=arguments)


def _as_module(asker, expression, **values):
    """Evaluate where the innermost frame is that of the module which asked: listeners look there."""
    values.update(__name__=asker[0], _ask=_QUESTION, _audit=sys.audit)
    eval(compile(expression, asker[1], "eval"), values)  # noqa: S307 - one of the two above


def _question(function, path):
    try:
        (os.readlink if function == "readlink" else getattr(os.path, function))(path)
    except OSError:
        return


# It must not be seen as the one who asks: it counts as a part of `os.path`.
_QUESTION = types.FunctionType(_question.__code__, {"os": os, "OSError": OSError, "__name__": "genericpath"})


def _connect(name, function):
    """Connect a module to the running shell, as it does when it is imported."""
    getattr(sys.modules[name], function)()


def _write(name, stream, text):
    getattr(sys, stream).write(text)


def _warn(name, message, category, file, line):
    """Show a warning again; where it is the importer's, it is that of the first outside of imports."""
    if file is not None:
        warnings.warn_explicit(message, category, file, line)
        return
    frame = sys._getframe()
    while frame.f_back is not None and _is_import(frame.f_code.co_filename):
        frame = frame.f_back
    names = frame.f_globals
    registry = names.setdefault("__warningregistry__", {})
    warnings.warn_explicit(
        message, category, frame.f_code.co_filename, frame.f_lineno, names.get("__name__"), registry
    )


def _is_import(file):
    return file == __file__ or ("importlib" in file and "_bootstrap" in file)


def _bring_loggers(name, names):
    for one in names:
        logging.root.manager.loggerDict.bring(one)


def _register(name, function, arguments, options):
    atexit.register(function, *arguments, **options)


_REPEAT = {
    "loggers": _bring_loggers,
    "atexit": _register,
    "filters": _add_filters,
    "finders": _add_finders,
    "environ": _change_environment,
    "ask": _ask,
    "audit": _audit,
    "shell": _connect,
    "write": _write,
    "warning": _warn,
}
_ONCE = frozenset({"atexit", "loggers", "shell", "write", "warning"})  # in the kernel, not in the fork server
