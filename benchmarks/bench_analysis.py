"""Analysis of 10, 100 and 1,000 cells, against parsing and compiling the same cells."""

from __future__ import annotations

import ast
import time
from resource import RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING

from workloads import varied_cells

from stepmill.api import analyze

if TYPE_CHECKING:
    from collections.abc import Callable


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


def compile_all(cells: list[str]) -> None:
    """The floor: what any tool that looks at the code has to do."""
    for cell in cells:
        source = cell.partition("\n")[2] if cell.startswith("%%") else cell
        compile(ast.parse(source), "<cell>", "exec")


def cpu_s(action: Callable[[], object], times: int) -> float:
    """Return the least CPU seconds of `action`."""
    best = float("inf")
    for _ in range(times):
        before = getrusage(RUSAGE_SELF)
        action()
        after = getrusage(RUSAGE_SELF)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main() -> None:
    analyze(document(varied_cells(4)))  # imports
    print("\nanalysis (goal: linear in the number of cells)")
    print(f"  {'cells':>6}{'floor ms':>10}{'analyze ms':>12}{'ratio':>8}{'ms per cell':>13}{'peak MB':>9}")
    for count in (10, 100, 1000):
        cells = varied_cells(count)
        floor = cpu_s(lambda cells=cells: compile_all(cells), 3)
        notebook = document(cells)
        ours = cpu_s(lambda notebook=notebook: analyze(notebook), 3 if count < 1000 else 1)
        peak_mb = getrusage(RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  {count:>6}{floor * 1000:>10.1f}{ours * 1000:>12.1f}{ours / max(floor, 1e-6):>8.1f}"
            f"{ours * 1000 / count:>13.2f}{peak_mb:>9.0f}"
        )


if __name__ == "__main__":
    started_s = time.monotonic()
    main()
    print(f"  ({time.monotonic() - started_s:.1f} s)")
