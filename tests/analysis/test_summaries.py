"""Calls that are like earlier ones are not gone through again, and nothing that they do is missed."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.notebooks import notebook
from stepmill.analysis import analyze
from stepmill.analysis.heap import Heap
from stepmill.analysis.interpreter import Interpreter, interpret
from stepmill.analysis.summaries import EXACT_CALLS, PLAIN_CALLS
from stepmill.analysis.units import units_of

BRANCHING = """
def solve(board, depth, seen):
    if depth == 0:
        return [board]
    left = solve(board[1:], depth - 1, seen)
    right = solve([board, left], depth - 1, seen)
    both = combine(left, right, seen)
    return both or solve(both, depth - 1, seen) or combine(right, left, seen)

def combine(a, b, seen):
    seen.append(a)
    return solve(a, 1, seen) + solve(b, 1, seen) + [x for x in a if check(x, b)]

def check(x, b):
    return any(solve(y, 0, []) == combine(x, y, []) for y in b)
"""


def bodies_gone_through(*cells: str) -> int:
    """Return how many bodies the last cell's statement went through."""
    interpreter, _ = interpret(units_of(notebook(*cells)))
    return interpreter.book.calls


def test_a_recursive_function_with_many_branches_is_gone_through_a_few_times() -> None:
    once = bodies_gone_through(BRANCHING, "%%step a\nsolve([1], 9, [])")
    assert PLAIN_CALLS < once <= EXACT_CALLS + 9


def producers_of(name: str, consumer: str, *cells: str) -> set[str]:
    edges = analyze(notebook(*cells)).edges
    return {edge.producer for edge in edges if edge.consumer == consumer and edge.name == name}


@pytest.mark.parametrize(
    ("helper", "call"),
    [
        pytest.param("def put(box, n): box.append(n)", "put(x, 1)", id="changes-its-argument"),
        pytest.param("def put(box, n): (lambda b: b.append(n))(box)", "put(x, 1)", id="in-an-inner-function"),
        pytest.param("def put(box, n): n in x or x.append(n)", "put([], 1)", id="changes-a-global"),
        pytest.param("def put(box, n): return box", "put(x, 1).append(2)", id="gives-it-back"),
        pytest.param("def put(box, n): return x", "put([], 1).append(2)", id="gives-a-global"),
        pytest.param("def put(box, n): callable(n) and n(box)", "put(x, grow)", id="calls-what-it-is-given"),
        pytest.param("def put(box, n): kept.append(box)", "put(x, 1); kept[-1].append(2)", id="keeps-it"),
    ],
)
@pytest.mark.parametrize("calls", [0, PLAIN_CALLS + 2, EXACT_CALLS + 20])
def test_a_call_after_many_others_still_changes_what_it_changes(helper: str, call: str, calls: int) -> None:
    before = "\n".join(f"    put([], {i if calls > EXACT_CALLS else 0})" for i in range(calls)) or "    pass"
    step = f"%%step change\nif kept is not None:\n{before}\n    {call}"
    made = "%%step make\nx, kept = [0], []\nkept.clear()"
    defined = f"def grow(b): b.append(1)\n{helper}"
    assert producers_of("x", "look", defined, made, step, "%%step look\nprint(x)") == {"change"}


TREES = """
class Node:
    def __init__(self, op, *args): self.op, self.args = op, args
    def __add__(self, other): return Node('+', self, other)
    def __mul__(self, other): return Node('*', self, other)
    def __radd__(self, other): return Node('+', other, self)
    def __rmul__(self, other): return Node('*', other, self)
    def __neg__(self): return Node('-', self)
    def __eq__(self, other): return self.op == other.op and self.args == other.args

class Function(Node):
    def __call__(self, x): return Node(self, x)

def derived(y, x):
    if y == x: return 1
    if len(y.args) == 1:
        u = y.args[0]
        return derived(y, u) * derived(u, x) + sin(x) * -cos(x)
    u, v = y.args
    return derived(u, x) * v + derived(v, x) * u + (u * v + x) * derived(v * u, x)
"""


def test_what_a_guess_has_shown_is_not_found_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expression trees, whose every operator may be a method: thousands of guesses, of which few differ."""
    work = {"guesses": 0, "held": 0, "nodes": 0}
    guess, hold, noted = Interpreter.guess, Heap.hold, Interpreter._note_change

    def counted_guess(self: Interpreter, *about: Any) -> Any:
        work["guesses"] += 1
        with monkeypatch.context() as inner:
            inner.setattr(Heap, "hold", counted_hold)
            return guess(self, *about)

    def counted_hold(self: Heap, holders: int, held: int) -> None:
        work["held"] += 1
        hold(self, holders, held)

    def counted_nodes(self: Interpreter, nodes: int, *about: Any, **how: bool) -> None:
        work["nodes"] += nodes.bit_count()
        noted(self, nodes, *about, **how)

    monkeypatch.setattr(Interpreter, "guess", counted_guess)
    monkeypatch.setattr(Interpreter, "_note_change", counted_nodes)
    names = "x, y, sin, cos = map(Function, ['x', 'y', 'sin', 'cos'])"
    steps = [f"%%step s{i}\nd{i} = derived(sin(x * y) + cos(y) * d{i - 1}, x)" for i in range(1, 9)]
    interpreter, _ = interpret(units_of(notebook(TREES, f"{names}\nd0 = x", *steps)))
    assert work["guesses"] > 1000
    assert work["held"] < 0.75 * work["guesses"]
    assert work["nodes"] < 2 * work["guesses"]
    assert len(interpreter.heap.numbering.names) < 500  # what a statement has made and nobody kept is no node
