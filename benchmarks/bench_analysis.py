"""Analysis of 100 to 2,000 cells, from nothing and after an edit, against compiling and pyflakes."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from itertools import count
from resource import RUSAGE_SELF, getrusage

from recursion import recursive_notebooks
from workloads import chained_cells, fanned_cells, varied_cells

from stepmill.api import analyze

try:
    from pyflakes.checker import Checker
except ImportError:  # pip install pyflakes
    Checker = None

SHAPES = {
    "varied": (varied_cells, (100, 200, 1000, 2000)),
    "chain": (chained_cells, (100, 1000)),
    "fan-out": (fanned_cells, (100, 1000)),
}
EDITS: dict[str, Callable[[str, int], str]] = {
    "a constant": lambda cell, number: f"{cell}\nlimit = {number}",
    "a line": lambda cell, number: f"{cell}\nprint({number})\nprint(0)",
    "a new variable": lambda cell, number: f"{cell}\nnew_{number} = 1",
    "the step's name": lambda cell, number: cell.replace("%%step s", f"%%step t{number}_", 1),
}
Change = Callable[[list[str], int, int], tuple[list[str], list[str]]]
"""Returns from the cells, a place among them and a number two versions of the notebook."""


def _inserted(cells: list[str], at: int, number: int) -> tuple[list[str], list[str]]:
    return cells, [*cells[:at], f"new_{number} = 1", *cells[at:]]


def _deleted(cells: list[str], at: int, number: int) -> tuple[list[str], list[str]]:
    before, after = _inserted(cells, at, number)
    return after, before


def _moved(cells: list[str], at: int, number: int) -> tuple[list[str], list[str]]:
    return _inserted(cells, at, number)[1], _inserted(cells, at - 2, number)[1]


def _edited(edit: Callable[[str, int], str]) -> Change:
    return lambda cells, at, number: (cells, [*cells[:at], edit(cells[at], number), *cells[at + 1 :]])


CHANGES = {name: _edited(edit) for name, edit in EDITS.items()}
CHANGES |= {"inserted": _inserted, "deleted": _deleted, "moved": _moved}

_fresh = count()


def document(cells: list[str]) -> dict[str, object]:
    """Return the cells as an nbformat 4 dict."""
    made = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": s,
        }
        for i, s in enumerate(cells)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}


def unseen(cells: list[str]) -> list[str]:
    """Return the cells with a comment that no cache has seen."""
    number = next(_fresh)
    return [f"{cell}\n# {number}" for cell in cells]


def compile_all(cells: list[str]) -> None:
    """The floor: what any tool that looks at the code has to do."""
    for cell in cells:
        compile(ast.parse(_body(cell)), "<cell>", "exec")


def check_all(cells: list[str]) -> None:
    """Let pyflakes look at each cell."""
    for cell in cells:
        Checker(ast.parse(_body(cell)))


def check_as_one(cells: list[str]) -> None:
    """Let pyflakes look at all cells as one module."""
    Checker(ast.parse("\n".join(map(_body, cells))))


def _body(cell: str) -> str:
    return cell.partition("\n")[2] if cell.startswith("%%") else cell


def cpu_s(action: Callable[[], object], times: int) -> float:
    """Return the least CPU seconds of `action`."""
    best = float("inf")
    for _ in range(times):
        before = getrusage(RUSAGE_SELF)
        action()
        after = getrusage(RUSAGE_SELF)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def from_nothing() -> None:
    """Print how long the first analysis takes."""
    print("\nanalysis from nothing (goal: twice pyflakes; as many ms per cell at 2,000 as at 100)")
    print(
        f"  {'shape':<9}{'cells':>6}{'compile ms':>12}{'pyflakes ms':>13}{'as one ms':>11}"
        f"{'analyze ms':>12}{'ratio':>7}{'as one':>8}{'ms per cell':>13}{'peak MB':>9}"
    )
    for shape, (make, sizes) in SHAPES.items():
        for size in sizes:
            cells, times = make(size), 3 if size < 1000 else 1
            floor = cpu_s(lambda cells=cells: compile_all(cells), times)
            flakes, whole = (
                cpu_s(lambda cells=cells, f=f: f(cells), times) if Checker else float("nan")
                for f in (check_all, check_as_one)
            )
            ours = cpu_s(lambda cells=cells: analyze(document(unseen(cells))), times)
            peak_mb = getrusage(RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"  {shape:<9}{size:>6}{floor * 1000:>12.1f}{flakes * 1000:>13.1f}{whole * 1000:>11.1f}"
                f"{ours * 1000:>12.1f}{ours / flakes:>7.1f}{ours / whole:>8.1f}"
                f"{ours * 1000 / size:>13.2f}{peak_mb:>9.0f}"
            )


def after_edits() -> None:
    """Print how long the analysis takes when one cell has been edited, or stands elsewhere."""
    print("\nanalysis after an edit of one cell (goal: 5 ms at 200 cells, 20 ms at 1,000)")
    print(f"  {'cells':>6}  {'cell':<17}{'first ms':>10}{'middle ms':>11}{'last ms':>9}{'from nothing':>14}")
    for size in (200, 1000):
        cells = varied_cells(size)
        nothing = cpu_s(lambda cells=cells: analyze(document(unseen(cells))), 1)
        analyze(document(cells))
        for name, change in CHANGES.items():
            found = [_after(cells, change, at) for at in (2, size // 2 + 2, size - 2)]
            first, middle, last = (seconds * 1000 for seconds in found)
            print(f"  {size:>6}  {name:<17}{first:>10.1f}{middle:>11.1f}{last:>9.1f}{nothing * 1000:>14.1f}")


def of_recursion() -> None:
    """Print how long the first analysis of notebooks takes in which functions call themselves."""
    print("\nanalysis from nothing of recursion over objects that share others")
    print(f"  {'notebook':<13}{'cells':>6}{'pyflakes ms':>13}{'analyze ms':>12}{'ratio':>7}")
    for name, cells in recursive_notebooks().items():
        flakes = cpu_s(lambda cells=cells: check_all(cells), 3) if Checker else float("nan")
        ours = cpu_s(lambda cells=cells: analyze(document(unseen(cells))), 1)
        print(f"  {name:<13}{len(cells):>6}{flakes * 1000:>13.1f}{ours * 1000:>12.1f}{ours / flakes:>7.1f}")


def _after(cells: list[str], change: Change, at: int) -> float:
    """Return the least CPU seconds of an analysis after that of another version of the notebook."""
    best = float("inf")
    for _ in range(4):
        before, after = map(document, change(cells, at, next(_fresh)))
        analyze(before)
        best = min(best, cpu_s(lambda after=after: analyze(after), 1))
    return best


def main() -> None:
    analyze(document(varied_cells(4)))  # imports
    from_nothing()
    of_recursion()
    after_edits()


if __name__ == "__main__":
    started_s = time.monotonic()
    main()
    print(f"  ({time.monotonic() - started_s:.1f} s)")
