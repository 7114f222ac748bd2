"""A run in which everything is cached, against the plain script that does the work again."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import STEPMILL, cost_of, report, write_notebook, write_script
from workloads import sklearn_steps


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_notebook(folder / "ten.ipynb", sklearn_steps())
        write_script(folder / "ten.py", sklearn_steps())
        run = (*STEPMILL, "run", "ten.ipynb")
        script = cost_of((sys.executable, "ten.py"), folder=folder, times=3)
        first = cost_of(run, folder=folder)
        again = cost_of(run, folder=folder, times=3)
        plan = cost_of((*STEPMILL, "plan", "ten.ipynb"), folder=folder, times=3)
    report(
        "ten scikit-learn steps (goal: fully cached at most 0.5 x the script's CPU)",
        {
            "plain script": script,
            "stepmill, first run": first,
            "stepmill, all cached": again,
            "stepmill plan": plan,
        },
        floor="plain script",
    )


if __name__ == "__main__":
    main()
