"""What a step costs over its own work: chains of steps that do nothing, and ten real ones."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import STEPMILL, Cost, cost_of, report, write_notebook, write_script
from workloads import sklearn_steps, trivial_steps

CHAINS = {"10 trivial steps": trivial_steps(10), "10 scikit-learn steps": sklearn_steps()}


def main() -> None:
    for title, cells in CHAINS.items():
        rows: dict[str, Cost] = {}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_notebook(folder / "n.ipynb", cells)
            write_script(folder / "n.py", cells)
            rows["plain script"] = cost_of((sys.executable, "n.py"), folder=folder, times=3)
            rows["stepmill run"] = cost_of((*STEPMILL, "run", "n.ipynb", "--no-tracking"), folder=folder)
            rows["stepmill run, with MLflow"] = cost_of(
                (*STEPMILL, "run", "n.ipynb", "--no-cache"), folder=folder
            )
        report(title, rows, floor="plain script")
        for name, cost in list(rows.items())[1:]:
            wall_ms = (cost.wall_s - rows["plain script"].wall_s) * 100
            cpu_ms = (cost.cpu_s - rows["plain script"].cpu_s) * 100
            print(f"  {name}: {wall_ms:.0f} ms wall, {cpu_ms:.0f} ms CPU per step over the script")


if __name__ == "__main__":
    main()
