"""Calls that are like earlier ones are not gone through again, and nothing that they do is missed."""

from __future__ import annotations

import pytest

from analysis.notebooks import notebook
from stepmill.analysis import analyze
from stepmill.analysis.interpreter import interpret
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
