"""What no format can carry to another process, and what to do instead."""

from __future__ import annotations

import io
import sys
import types
import weakref
from typing import Any

from stepmill.artifacts.scope import MAIN, module_of
from stepmill.errors import UnstorableValue

_OPEN_IN_STEP = "keep the path and open it in the step that reads"
_CONNECT_IN_STEP = "keep the address and connect in each step that needs it"
_MAKE_IN_STEP = "create it in each step that needs it"
_RELEASE = "release it before the step ends"
_TO_LIST = "turn it into a list in the step that makes it"

_HINTS: dict[str, str] = {
    "builtins.generator": _TO_LIST,
    "builtins.coroutine": "await it, and keep its result",
    "builtins.async_generator": "collect it into a list in the step that makes it",
    "builtins.frame": "keep what you need of it as plain values",
    "builtins.traceback": "keep its text: traceback.format_exc()",
    "builtins.memoryview": "keep the object that it views, or bytes(view)",
    "builtins.weakref": "keep the object itself",
    "weakref.ReferenceType": "keep the object itself",
    "weakref.finalize": (
        "what it cleans up is gone when its step's process ends: make a folder that others use by "
        "tempfile.mkdtemp(), or in each step that needs one"
    ),
    "_thread.lock": _RELEASE,
    "_thread.RLock": _RELEASE,
    "_csv.reader": _TO_LIST,
    "_csv.writer": _OPEN_IN_STEP,
    "numpy.memmap": "keep the path and call np.memmap in the step that reads",
    "mmap.mmap": _OPEN_IN_STEP,
    "os.DirEntry": "keep entry.path",
    "posix.DirEntry": "keep entry.path",
    "posix.ScandirIterator": _TO_LIST,
    "subprocess.Popen": "keep what the program printed",
    "select.epoll": _MAKE_IN_STEP,
    "functools._lru_cache_wrapper": "define the cached function at the top level of a cell",
}

_HINTS_BY_ROOT: dict[str, str] = {
    "socket": _CONNECT_IN_STEP,
    "_socket": _CONNECT_IN_STEP,
    "ssl": _CONNECT_IN_STEP,
    "sqlite3": _CONNECT_IN_STEP,
    "psycopg": _CONNECT_IN_STEP,
    "psycopg2": _CONNECT_IN_STEP,
    "pymysql": _CONNECT_IN_STEP,
    "duckdb": _CONNECT_IN_STEP,
    "_duckdb": _CONNECT_IN_STEP,
    "sqlalchemy": _CONNECT_IN_STEP,
    "threading": _MAKE_IN_STEP,
    "_thread": _MAKE_IN_STEP,
    "_queue": _MAKE_IN_STEP,
    "queue": _MAKE_IN_STEP,
    "multiprocessing": _MAKE_IN_STEP,
    "concurrent": _MAKE_IN_STEP,
    "asyncio": "await it, and keep its result",
    "_asyncio": "await it, and keep its result",
    "zipfile": _OPEN_IN_STEP,
    "tarfile": _OPEN_IN_STEP,
    "h5py": _OPEN_IN_STEP,
    "zmq": _MAKE_IN_STEP,
    "ipykernel": "it belongs to the running kernel; get it anew in the step that needs it",
}

_KERNEL_MODULES = ("ipykernel.", "IPython.core.interactiveshell", "IPython.terminal.", "zmq.", "tornado.")
_IN_MEMORY_FILES = (io.StringIO, io.BytesIO)
_STANDARD_STREAMS = ("stdout", "stderr", "stdin")
_DEFAULT_HINT = "compute it in the step that needs it, or keep what it was made of"


def type_name(kind: type) -> str:
    """Return the type as users write it: `pandas.DataFrame`, `list`, `Model` for a notebook's class."""
    module = module_of(kind) or MAIN
    if module in {"builtins", MAIN}:
        return kind.__qualname__
    if module.split(".")[0] in {"pandas", "numpy"}:
        module = module.split(".")[0]
    return f"{module}.{kind.__qualname__}"


def hint_for(value: Any) -> str:
    """Return what to do about a value that cannot be stored."""
    kind = type(value)
    if isinstance(value, io.IOBase):
        return _OPEN_IN_STEP
    if isinstance(value, _handler_class()):
        return "add the handler to its logger in each step that needs it"
    exact = _HINTS.get(f"{kind.__module__}.{kind.__qualname__}")
    return exact or _HINTS_BY_ROOT.get(module_of(kind).split(".")[0], _DEFAULT_HINT)


def is_executed_names(value: Any) -> bool:
    """Tell whether a dict, or one in it, is the namespace that `exec(code, names)` has filled."""
    return type(value) is dict and (
        "__builtins__" in value or any(type(v) is dict and "__builtins__" in v for v in value.values())
    )


def is_refused(value: Any) -> bool:
    """Tell whether a pickler would accept `value` but give back something else."""
    kind = type(value)
    if isinstance(value, io.IOBase):
        return not isinstance(value, _IN_MEMORY_FILES)
    if isinstance(value, _handler_class()):  # loggers of this process hold it
        return True
    if isinstance(value, (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, memoryview)):
        return True
    if isinstance(value, weakref.finalize):
        return value.alive
    module = module_of(kind)
    if module == "numpy" and kind.__name__ == "memmap":
        return getattr(value, "_mmap", None) is not None
    return module.startswith(_KERNEL_MODULES)


def _handler_class() -> type | tuple[()]:
    logging = sys.modules.get("logging")
    return logging.Handler if logging is not None else ()


def standard_stream(value: Any) -> str | None:
    """Return "stdout", "stderr" or "stdin" where `value` is that stream of this process, else None."""
    for name in _STANDARD_STREAMS:
        if value is getattr(sys, name):
            return name
    return None


def refusal(value: Any, culprit: Any, error: BaseException | None = None) -> UnstorableValue:
    """Return the error for `value`, which holds `culprit`."""
    if is_executed_names(value):
        return UnstorableValue(
            "a dict cannot be stored: it has the names of code that exec() or runpy has run, and Python's",
            hint="in the step that runs the code take out of the dict what others need, and hand that on "
            "(`f = names['f']`); or make a module of the code, and import it",
            type_name="dict",
        )
    outer, inner = type_name(type(value)), type_name(type(culprit))
    held = "" if culprit is value or inner == outer else f" (it holds a {inner})"
    because = f": {error}" if error is not None and str(error) else ""
    return UnstorableValue(
        f"a {outer} cannot be stored{held}{because}",
        hint=hint_for(culprit),
        type_name=inner if held else outer,
    )
