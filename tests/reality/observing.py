"""What a library call really does to its arguments, and what the analyzer says that it does.

Both sides speak in words: `changes x`, `shares x r` (`r` is the result), `immutable r`, `iterator r`,
`draws numpy`, `session`, `reads PATH`, `writes PATH`. Only the analyzer says `takes x` (a name that stands
in a text), `names fn` (a definition that is asked for by its name).
"""

from __future__ import annotations

import collections
import copy
import os
import pickle
import random
import re
import sys
import types
import warnings
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oracle.canonical import canonical
from oracle.case import Case, CaseCell
from stepmill.analysis.effects import FILE, RANDOM
from stepmill.analysis.interpreter import interpret
from stepmill.analysis.units import units_of
from stepmill.analysis.values import Kind
from stepmill.notebook.reading import parse_document

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORTS = (
    "import bisect, builtins, collections, copy, csv, dataclasses, functools, heapq, io, itertools, json\n"
    "import operator, os, pathlib, pickle, random, re, shutil, statistics, glob, types\n"
    "import numpy, numpy as np, pandas, pandas as pd\n"
)
OBJECTS = {
    "n": "3",
    "word": "'ab c'",
    "raw": "b'ab'",
    "when": "pd.Timestamp('2020-01-02')",
    "xs": "[3, 1, 2]",
    "ys": "[[1], [2]]",
    "more": "[[7]]",
    "d": "{'k': [1], 'm': [2]}",
    "plain": "{'k': 1}",
    "s": "{1, 2, 3}",
    "q": "collections.deque([[1], [2]])",
    "c": "collections.Counter('aab')",
    "od": "collections.OrderedDict(k=[1], m=[2])",
    "dd": "collections.defaultdict(list, k=[1])",
    "ba": "bytearray(b'ab')",
    "a": "np.array([3.0, 1.0, 2.0])",
    "i": "np.array([0, 1])",
    "g": "np.arange(6.0).reshape(2, 3)",
    "m": "np.eye(2)",
    "f": "pd.DataFrame({'a': [2, 1, 2], 'b': [1.0, None, 3.0]})",
    "shown": "f.to_numpy()",
    "f2": "pd.DataFrame({'a': [1, 5], 'z': [7, 8]})",
    "se": "pd.Series([2, 1, 2], name='s')",
    "st": "pd.Series(['a', 'b'])",
    "cat": "pd.Series(['a', 'b'], dtype='category')",
    "dates": "pd.Series([1, 2, 3], index=pd.date_range('2020', periods=3))",
    "cells": "pd.Series([[1], [2]])",
    "it": "iter([1, 2, 3])",
    "rows": "iter([[1], [2]])",
    "rng": "np.random.default_rng(1)",
    "dice": "random.Random(1)",
    "box": "types.SimpleNamespace(k=[1])",
    "out": "io.StringIO()",
    "lr": "LinearRegression()",
    "fitted": "LinearRegression().fit(np.eye(2), np.array([0.0, 1.0]))",
    "tree": "DecisionTreeClassifier()",
    "scaler": "StandardScaler()",
    "kmeans": "KMeans(n_clusters=2, n_init=1)",
    "ax": "plt.figure().subplots()",
    "fig": "plt.figure()",
    "own": "Own()",
    "log": "[]",
}
"""Names that calls may use, and what they are bound to."""

LATE_IMPORTS = {
    "plt": "import matplotlib.pyplot as plt\n",
    "scipy.stats.": "import scipy.stats\n",  # else the call itself imports it, which adds filters of warnings
    "LinearRegression": "from sklearn.linear_model import LinearRegression\n",
    "DecisionTreeClassifier": "from sklearn.tree import DecisionTreeClassifier\n",
    "StandardScaler": "from sklearn.preprocessing import StandardScaler\n",
    "KMeans": "from sklearn.cluster import KMeans\n",
    "Own": "class Own:\n    def fit(self, *given):\n        log.append(0)\n",
}
"""What the objects need that are slow to import."""

HOOK = "lambda v, *rest: log.append(0) or 0"
"""What `fn` is: called or not is seen in `log`."""

_PRESENT = frozenset(re.findall(r"\w+", IMPORTS)) | {"list", "dict", "set", "str"}
_ATOMS = (int, float, complex, str, bytes, bool, type(None), range, slice, type, types.ModuleType, type(...))
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.CodeType, property)


def used(call: str) -> list[str]:
    """Return the objects that a call uses, in the order of `OBJECTS`."""
    names = set(re.findall(r"(?<![\w.'])[a-z]\w*\b(?!\s*=[^=])", re.sub(r"'[^']*'", "''", call)))
    if names & {"fn", "own"}:
        names.add("log")
    return [name for name in OBJECTS if name in names]


def _in_texts(call: str) -> set[str]:
    """Return the objects whose names, of more than one letter, stand in the texts of a call."""
    return {name for text in re.findall(r"'[^']*'", call) for name in re.findall(r"\w{2,}", text)} & {
        *OBJECTS
    }


def setup(call: str) -> str:
    """Return the code that makes the objects which a call uses, or names in a text."""
    names = {*used(call), *_in_texts(call)}
    lines = [f"{name} = {made}" for name, made in OBJECTS.items() if name in names]
    if re.search(r"\bfn\b", call):
        lines.append(f"fn = {HOOK}")
    needed = [text for name, text in LATE_IMPORTS.items() if name in " ".join([call, *lines])]
    package = re.match(r"([a-zA-Z]\w*)\.", call)
    if package and package[1] not in (*OBJECTS, *_PRESENT):
        needed.append(f"import {package[1]}\n")
    return "\n".join([IMPORTS + "".join(needed), *lines])


# -- what happens ----------------------------------------------------------------------------------


def observed(call: str, folder: Path) -> set[str]:
    """Run the call on new objects in `folder` and say what it did."""
    space: dict[str, Any] = {"__name__": "__main__"}
    here = Path.cwd()
    os.chdir(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(setup(call), space)
            random.seed(11)
            np.random.seed(11)
            names = used(call)
            before = {name: _state(space[name]) for name in names}
            held = {name: _reach(space[name]) for name in names}
            process, states = _process(), _generators()
            _watch.clear()
            _watching.append(str(folder))
            try:
                result = eval(call, space)
            finally:
                _watching.clear()
            files = set(_watch)
            words = {f"changes {name}" for name in names if _state(space[name]) != before[name]}
            words |= {f"draws {name}" for name, state in _generators().items() if state != states[name]}
            words |= {"session"} if _process() != process else set()
            words |= files
            words |= _sharing(space, names, held, result)
            words |= _kind_words(result)
            return words
    finally:
        os.chdir(here)


def _kind_words(result: Any) -> set[str]:
    if _is_immutable(result):
        return {"immutable r"}
    if hasattr(type(result), "__next__") and not hasattr(result, "read"):
        return {"iterator r"}
    root = type(result).__module__.partition(".")[0]
    if root == "pandas":
        return {"frame r"}
    if isinstance(result, np.ndarray):
        return {"array r"}
    return {"container r"} if isinstance(result, (list, dict, set, collections.deque, bytearray)) else set()


def _is_immutable(value: Any) -> bool:
    if isinstance(value, (tuple, frozenset)):
        return all(_is_immutable(item) for item in value)
    known = type(value).__module__.partition(".")[0]
    plain = isinstance(value, (*_ATOMS, *_CODE)) or known in ("datetime", "decimal", "fractions", "pathlib")
    if known == "numpy":
        return type(value).__mro__[-2].__name__ == "generic" or isinstance(value, np.dtype)
    return plain or type(value).__name__ in (
        "Timestamp",
        "Timedelta",
        "Period",
        "Interval",
        "Pattern",
        "Match",
        "NAType",
        "NaTType",
    )


def _state(value: Any) -> Any:
    kind = type(value)
    if kind.__module__.startswith("matplotlib"):
        return pickle.dumps(value)
    if kind.__name__ == "StringIO":
        return value.getvalue()
    if isinstance(value, random.Random):
        return value.getstate()
    if hasattr(kind, "__next__"):
        try:
            return list(copy.copy(value))
        except TypeError:
            return None
    if isinstance(value, types.SimpleNamespace):
        return canonical(vars(value))
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, (collections.deque, collections.OrderedDict)):
        return canonical(list(value.items() if isinstance(value, dict) else value))
    if kind.__module__.startswith("sklearn"):
        return canonical({k: _state(v) for k, v in getattr(value, "__dict__", {}).items()})
    return canonical(value) + (
        repr(value.attrs) if kind.__module__.startswith("pandas") and hasattr(value, "attrs") else ""
    )


def _sharing(
    space: dict[str, Any], names: list[str], held: dict[str, dict[int, Any]], result: Any
) -> set[str]:
    words = set()
    after = {name: _reach(space[name]) for name in names}
    inside = _reach(result)
    for name in names:
        if _meet(inside, after[name]):
            words.add(f"shares {name} r")
    for one, two in combinations(names, 2):
        if _meet(after[one], after[two]) and not _meet(held[one], held[two]):
            words.add(f"shares {one} {two}")
    return words


def _meet(left: dict[int, Any], right: dict[int, Any]) -> bool:
    if left.keys() & right.keys():
        return True
    ours = [v for v in left.values() if isinstance(v, np.ndarray)]
    theirs = [v for v in right.values() if isinstance(v, np.ndarray)]
    return any(np.shares_memory(one, two) for one in ours for two in theirs)


def _reach(value: Any) -> dict[int, Any]:
    """Return the objects that could be changed through `value`, by their ids."""
    found: dict[int, Any] = {}
    seen: dict[int, Any] = {}
    pending = [value]
    while pending and len(seen) < 20_000:
        item = pending.pop()
        if id(item) in seen or isinstance(item, (*_ATOMS, types.FunctionType, types.CodeType)):
            continue
        seen[id(item)] = item
        if not isinstance(item, (tuple, frozenset)) and not _is_immutable(item):
            found[id(item)] = item
        pending += _inside(item)
    return found


def _inside(item: Any) -> Iterator[Any] | list[Any]:
    import gc

    root = type(item).__module__.partition(".")[0]
    if root == "numpy" and hasattr(item, "dtype"):
        return item.ravel().tolist() if item.dtype.hasobject else []
    if root == "pandas":
        return _inside_pandas(item)
    if isinstance(item, (types.BuiltinFunctionType, types.MethodType)):
        return [item.__self__]
    return [] if root in ("re", "matplotlib") and not hasattr(item, "__next__") else gc.get_referents(item)


def _inside_pandas(item: Any) -> list[Any]:
    """Frames are copied on write: of what they hold only the objects in their cells can be shared."""
    import pandas as pd

    if isinstance(item, pd.DataFrame):
        return [v for _, column in item.items() for v in _inside_pandas(column)]
    if isinstance(item, (pd.Series, pd.Index)):
        return item.tolist() if item.dtype == object else []
    return []


def _generators() -> dict[str, Any]:
    return {"numpy": repr(np.random.get_state()), "random": random.getstate()}


def _process() -> list[Any]:
    import locale
    import logging

    import matplotlib as mpl
    import pandas as pd

    return [
        dict(os.environ), Path.cwd(), list(sys.path), list(warnings.filters), np.get_printoptions(),
        np.geterr(),
        pd.get_option("display.width"), pd.get_option("display.max_rows"), dict(mpl.rcParams),
        logging.root.level, list(logging.root.handlers), logging.root.manager.disable,
        sys.getrecursionlimit(), csv_dialects(), locale.setlocale(locale.LC_ALL),
    ]  # fmt: skip


def csv_dialects() -> list[str]:
    import csv

    return [*csv.list_dialects(), str(csv.field_size_limit())]


_watch: set[str] = set()
_watching: list[str] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching or event != "open" or not isinstance(arguments[0], (str, os.PathLike)):
        return
    path = os.path.relpath(os.fspath(arguments[0]), _watching[0])
    if not path.startswith(".."):
        mode, flags = arguments[1], arguments[2]
        writes = (
            any(c in mode for c in "wax+")
            if isinstance(mode, str)
            else bool(flags & (os.O_WRONLY | os.O_RDWR))
        )
        _watch.add(f"{'writes' if writes else 'reads'} {path}")


sys.addaudithook(_audit)


# -- what the analyzer says ------------------------------------------------------------------------


def claimed(call: str) -> set[str]:
    """Say what the analyzer takes the call to do: `doubts x` is a change that it only thinks possible."""
    cells = [setup(call), "numpy.random.seed(0)\nrandom.seed(0)", f"r = {call}"]
    texts = tuple(CaseCell(source=source, tags=(f"step:s{k}",)) for k, source in enumerate(cells))
    document = Case(name="call", category="", cells=texts).document()
    interpreter, found = interpret(units_of(parse_document(document, "n.ipynb")))
    effects = found[max(found)].effects
    names = used(call)
    words = set()
    for name, change in effects.changes.items():
        if name in names:
            words.add(f"{'doubts' if change.doubtful else 'changes'} {name}")
    draws = {n.removeprefix(RANDOM) for n in (*effects.changes, *effects.binds) if n.startswith(RANDOM)}
    words |= {f"draws {name}" for name in draws}
    words |= {"session"} if effects.session else set()
    words |= {f"environment {name}" for name in effects.environment}
    words |= {f"unseeded {name}" for name in effects.unseeded}
    words |= {f"takes {name}" for name in effects.reads if name in OBJECTS and name not in names}
    words |= {f"names {name}" for name in effects.by_text if name not in OBJECTS}
    words |= {"plots"} if effects.plots else set()
    words |= {f"volatile {v.what.split(' ')[0]}" for v in effects.volatile}
    for verb, files in (("reads", effects.reads), ("writes", {**effects.binds, **effects.changes})):
        words |= {f"{verb} {f.removeprefix(FILE)}" for f in files if f.startswith(FILE)}
    heap = interpreter.heap
    value = interpreter.env.get("r")
    if value is None or value.kind in (Kind.IMMUTABLE, Kind.LIBRARY, Kind.MODULE):
        words.add("immutable r")
    else:
        words |= {f"shares {name} r" for name in names if heap.may_share(name, "r")}
        words |= {f"{value.kind.name.lower()} r"} - {"unknown r", "function r"}
        words |= {f"fit-draws {name}" for name in value.random}
    words |= {f"shares {one} {two}" for one, two in combinations(names, 2) if heap.may_share(one, two)}
    return words
