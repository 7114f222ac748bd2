"""What a project's first run costs with kernels that are started, and with a fork server that loads first."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measure import STEPMILL, Cost, cost_of, report, write_notebook
from workloads import IMPORTS, sklearn_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

FIT = "RandomForestClassifier(20, random_state=0).fit(*make_classification(1000, random_state=0))"
NOTEBOOKS = {
    "one trivial step": ["%%step one\nx = 1"],
    "two trivial steps, side by side": ["%%step one\nx = 1", "%%step two\ny = 2"],
    "one scikit-learn step": [IMPORTS, f"%%step one\nmodel = {FIT}"],
    "two scikit-learn steps, side by side": [
        IMPORTS,
        f"%%step one\nmodel = {FIT}",
        f"%%step two\nother = {FIT}",
    ],
    "ten scikit-learn steps": sklearn_steps(),
}
TIMES = 3


def main() -> None:
    for title, cells in NOTEBOOKS.items():
        rows = {way: _least([_first_run(cells, way) for _ in range(TIMES)]) for way in ("--cold", "--forked")}
        report(title, rows, floor="--cold")


def _first_run(cells: Sequence[str], way: str) -> Cost:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_notebook(folder / "n.ipynb", cells)
        return cost_of((*STEPMILL, "run", "n.ipynb", way, "--no-tracking"), folder=folder)


def _least(costs: Sequence[Cost]) -> Cost:
    return Cost(
        cpu_s=min(cost.cpu_s for cost in costs),
        wall_s=min(cost.wall_s for cost in costs),
        peak_mb=min(cost.peak_mb for cost in costs),
    )


if __name__ == "__main__":
    main()
