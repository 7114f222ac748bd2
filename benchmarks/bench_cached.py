"""A run in which everything is cached, against the plain script that does the work again."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import STEPMILL, cost_of, report, write_notebook, write_script
from workloads import large_frame_steps, sklearn_steps


def main() -> None:
    _measure("ten scikit-learn steps (goal: fully cached at most 0.3 x the script's CPU)", sklearn_steps())
    _measure("a frame of 200 MB through four steps (goal: the same)", large_frame_steps())


def _measure(title: str, cells: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_notebook(folder / "steps.ipynb", cells)
        write_script(folder / "steps.py", cells)
        run = (*STEPMILL, "run", "steps.ipynb")
        script = cost_of((sys.executable, "steps.py"), folder=folder, times=3)
        first = cost_of(run, folder=folder)
        again = cost_of(run, folder=folder, times=3)
        plan = cost_of((*STEPMILL, "plan", "steps.ipynb"), folder=folder, times=3)
    rows = {
        "plain script": script,
        "stepmill, first run": first,
        "stepmill, all cached": again,
        "stepmill plan": plan,
    }
    report(title, rows, floor="plain script")


if __name__ == "__main__":
    main()
