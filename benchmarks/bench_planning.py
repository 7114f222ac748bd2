"""What does planning cost for each cached step? Goal: linear, at most 1 ms of CPU a step, up to 1,000 steps.

The records are written as a run would, without running: a thousand kernels would take an hour. Each step
takes the value of the one before, uses a helper, a parameter and a library, and has read a file.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from measure import write_notebook

from stepmill.artifacts.file_digests import file_digest
from stepmill.artifacts.values import save_values
from stepmill.model.artifact import FileAccess, StepRecord
from stepmill.planning.keys import static_key
from stepmill.planning.project import Project
from stepmill.running.bench import set_up

SIZES = (100, 300, 1000)
GOAL_MS = 1.0


def cells(steps: int) -> list[str]:
    head = ["%%parameters\nalpha = 2", "import math\ndef double(x):\n    return alpha * x"]
    first = "%%step s0\nx0 = len(open('data.csv').read())"
    rest = (
        f"%%step s{n}\nx{n} = math.sqrt(double(x{n - 1})) + len(open('data.csv').read())"
        for n in range(1, steps)
    )
    return [*head, first, *rest]


def pretend_to_run(notebook: Path) -> None:
    """Store a result for each step."""
    bench = set_up(notebook, Project(notebook.parent), {})
    read = FileAccess(path="data.csv", mode="read", digest=file_digest(notebook.parent / "data.csv"))
    records: dict[str, StepRecord] = {}
    for number, step in enumerate(bench.pipeline.steps):
        made = bench.components(step, records)
        values = {output.name: float(number) for output in step.outputs}
        saved = save_values(bench.store, values, definitions={}, namespace={})
        records[step.name] = StepRecord(
            key=static_key(made),
            step=step.name,
            run_id="20260101-000000-0000",
            created_s=time.time(),
            seconds=1.0,
            components=made,
            outputs=saved.refs,
            files=(read,),
        )
        bench.records.add(records[step.name])


def main() -> None:
    print(f"\nplanning when everything is cached (goal: at most {GOAL_MS} ms of CPU per step, linear)")
    print(f"  {'steps':>6}{'reading and analysing, ms a step':>36}{'planning, ms a step':>22}")
    for steps in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / ".stepmill").mkdir()
            (folder / "data.csv").write_text("a\n1\n")
            write_notebook(folder / "n.ipynb", cells(steps))
            pretend_to_run(folder / "n.ipynb")
            best = []
            for _ in range(3):
                started = time.process_time()
                bench = set_up(folder / "n.ipynb", Project(folder), {})
                read = time.process_time()
                plan = bench.plan()
                best.append((time.process_time() - read, read - started))
            stale = [step for step in plan.steps if step.status.value != "cached"]
            if stale:
                raise SystemExit(f"{len(stale)} steps would run: {stale[0].step}: {stale[0].reason}")
            planning, reading = (1000 * seconds / steps for seconds in min(best))
            print(f"  {steps:>6}{reading:>36.2f}{planning:>22.2f}")


if __name__ == "__main__":
    main()
