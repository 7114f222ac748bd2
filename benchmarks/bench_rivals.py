"""What a step costs over its own work: here, and with other tools.

`RIVALS_PYTHON` names the interpreter of an environment with the other tools (and pandas, scikit-learn):
`pip install papermill ipykernel dvc metaflow pandas scikit-learn`. What is not there is left out.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measure import STEPMILL, Cost, cost_of, report
from rivals import RIVALS, Part, has, parts_of, plain_script, rivals_python
from workloads import sklearn_steps, trivial_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHAINS = {"50 trivial steps": trivial_steps(50), "10 scikit-learn steps": sklearn_steps()}
OURS = {
    "stepmill": ("--no-tracking", "--no-cache"),
    "stepmill, started kernels": ("--no-tracking", "--no-cache", "--cold"),
}
TIMES = 2


def main() -> None:
    for title, cells in CHAINS.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            parts = parts_of(cells, folder)
            floor = plain_script(parts, folder, rivals_python())
            rows = {"plain script": cost_of(floor, folder=folder, times=3)}
            for way, options in OURS.items():
                rows[way] = cost_of((*STEPMILL, "run", "n.ipynb", *options), folder=folder, times=TIMES)
            for rival, (module, prepare) in RIVALS.items():
                if has(rivals_python(), module):
                    rows[rival] = min((_anew(prepare, parts) for _ in range(TIMES)), key=lambda c: c.cpu_s)
                else:
                    print(f"{rival}: not installed", file=sys.stderr)
        report(title, rows, floor="plain script")
        for row, cost in list(rows.items())[1:]:
            wall_ms = (cost.wall_s - rows["plain script"].wall_s) * 1000 / len(parts)
            cpu_ms = (cost.cpu_s - rows["plain script"].cpu_s) * 1000 / len(parts)
            print(f"  {row}: {wall_ms:.0f} ms wall, {cpu_ms:.0f} ms CPU per step over the script")


def _anew(prepare: Callable[[Sequence[Part], Path, str], list[str]], parts: Sequence[Part]) -> Cost:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return cost_of(prepare(parts, folder, rivals_python()), folder=folder)


if __name__ == "__main__":
    main()
