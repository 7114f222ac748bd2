"""The effect rules of the analyzer are the methods of its interpreter: does a test fail without one?

First the graphs of the oracle's cases, then what is said of library calls, then the tests of the analysis.
That the pipeline is right all the same does not count: what the analysis misses, a run often shows.
"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from oracle import graphs
from oracle.table import all_cases
from reality.observing import claimed
from reality.table import read_calls
from stepmill.analysis.heap import Heap
from stepmill.analysis.interpreter import Interpreter
from stepmill.analysis.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from oracle.case import Case

_TESTS = Path(__file__).parents[1]


def _empty(kind: type) -> dict[str, Callable[..., Any]]:
    return {"finds nothing": lambda *_, **__: kind()}


_INSTEAD: dict[str, dict[str, Callable[..., Any]]] = {
    "None": {"does nothing": lambda *_, **__: None},
    "Value": {"knows nothing": lambda *_, **__: UNKNOWN},
    "Value | None": {"finds nothing": lambda *_, **__: None},
    "bool": {"says no": lambda *_, **__: False, "says yes": lambda *_, **__: True},
    "int": {"finds no object": lambda *_, **__: 0},
    "str": {"finds no text": lambda *_, **__: ""},
    "str | None": {"finds no text": lambda *_, **__: None},
    **dict.fromkeys(("set[str]", "frozenset[str]", "frozenset[str] | None"), _empty(frozenset)),
    **dict.fromkeys(("list[str]", "list[str] | None", "list[Value]", "list[int]"), _empty(list)),
    **dict.fromkeys(("dict[str, Value]", "dict[str, frozenset[str]]"), _empty(dict)),
}
"""What a method is annotated to return -> the ways to take it out, and what stands in its place.

Methods that return something else (scopes, records, context managers) hold the analyzer together: without
them it does not run at all.
"""


def _rules() -> dict[str, tuple[type, str, Callable[..., Any]]]:
    """Return each way to take out a method: title -> (class, method, what is there instead)."""
    found: dict[str, tuple[type, str, Callable[..., Any]]] = {
        "Heap.deep sees only the object itself": (Heap, "deep", Heap.shallow),
        "Heap.shallow sees only the names": (Heap, "shallow", lambda _, roots: roots),
        "Heap.bind drops aliases": (
            Heap, "bind", lambda heap, name, _roots, weak=False: None if weak else heap.drop(name),
        ),
    }  # fmt: skip
    for owner in (*Interpreter.__mro__[:-1], Heap):
        for name, method in vars(owner).items():
            is_hook = owner is not Heap and getattr(Interpreter, name) is not method
            if not inspect.isfunction(method) or name.startswith("__") or is_hook:
                continue
            for what, instead in _INSTEAD.get(method.__annotations__["return"], {}).items():
                if what != "says no" or not _is_statement(name):  # else nothing after it is reached
                    found[f"{owner.__name__}.{name} {what}"] = (owner, name, instead)
    return found


def _is_statement(method: str) -> bool:
    node = getattr(ast, method[1:], None)
    return isinstance(node, type) and issubclass(node, ast.stmt)


RULES = _rules()


def try_rules(start: int = 0, stop: int | None = None) -> tuple[int, list[str]]:
    """Return how many rules were taken out, and the titles of those that no test missed."""
    warnings.simplefilter("ignore")
    alive = []
    titles = list(RULES)[start:stop]
    cases = {case.name: case for case in all_cases()}
    pinned = dict(line.split(": ", 1) for line in graphs.PATH.read_text("utf-8").splitlines())
    claims = {call.source: claimed(call.source) for call in read_calls()}
    for title in titles:
        killer = _other_graph(title, cases, pinned) or _other_claim(title, claims) or _failing_test(title)
        print(f"{title}: {killer or 'alive'}", file=sys.stderr, flush=True)
        if not killer:
            alive.append(title)
        else:  # what misses one rule is likely to miss the next
            cases = {killer: cases[killer], **cases} if killer in cases else cases
    return len(titles), alive


def _other_graph(title: str, cases: dict[str, Case], pinned: dict[str, str]) -> str:
    """Return a case whose graph is another one without the rule."""
    owner, attribute, instead = RULES[title]
    with mock.patch.object(owner, attribute, instead):
        for name, case in cases.items():
            with tempfile.TemporaryDirectory() as folder:
                try:
                    graph = graphs.graph_of(case, Path(folder))
                except Exception as error:  # the analyzer must never raise: that is seen too
                    graph = repr(error)
            if graph != pinned[name]:
                return name
    return ""


def _other_claim(title: str, claims: dict[str, set[str]]) -> str:
    """Return a library call that is said to do something else without the rule."""
    owner, attribute, instead = RULES[title]
    with mock.patch.object(owner, attribute, instead):
        return next((source for source, words in claims.items() if claimed(source) != words), "")


def _failing_test(title: str) -> str:
    """Return a test of the analysis that fails without the rule."""
    ended = subprocess.run(
        [sys.executable, "-m", "mutation.rules", title],
        capture_output=True,
        text=True,
        check=False,
        cwd=_TESTS,
    )
    if ended.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{title}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return next((line for line in ended.stdout.splitlines() if line.startswith("FAILED")), "")


def _test_without(title: str) -> int:
    """Run the tests of the analysis without one rule, up to the first that fails."""
    owner, attribute, instead = RULES[title]
    with mock.patch.object(owner, attribute, instead):
        return pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-n", "0", str(_TESTS / "analysis")])


if __name__ == "__main__":
    sys.exit(_test_without(sys.argv[1]))
