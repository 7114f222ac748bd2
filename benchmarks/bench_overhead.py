"""What a step costs over its own work: chains of steps that do nothing, ten real ones, a large frame.

Words in the arguments choose among the chains; `forked` leaves started kernels out. Without them also the
memory that each kernel has for itself, with pandas and scikit-learn imported.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from measure import KEEPING, STEPMILL, Cost, cost_of, report, write_notebook, write_script
from workloads import IMPORTS, large_frame_steps, sklearn_steps, trivial_steps

from stepmill.execution.forking import kept

CHAINS = {
    "50 trivial steps": trivial_steps(50),
    "10 scikit-learn steps": sklearn_steps(),
    "4 steps that hand on a frame of 200 MB (goal: forked, at most 500 ms CPU a step)": large_frame_steps(),
}
WAYS = {
    "started kernels": ("--cold", "--no-tracking", "--no-cache"),
    "forked kernels": ("--forked", "--no-tracking", "--no-cache"),
    "forked kernels, a later run": ("--forked", "--no-tracking", "--no-cache"),
    "forked kernels, with MLflow": ("--forked", "--no-cache"),
}
LOOK = """%%step look
with open("/proc/self/smaps_rollup") as f:
    kilobytes = {line.split()[0]: int(line.split()[1]) for line in f if line.endswith("kB\\n")}
assert callable(RandomForestClassifier)
print(kilobytes["Private_Clean:"] + kilobytes["Private_Dirty:"], kilobytes["Pss:"])"""


def main() -> None:
    words = sys.argv[1:]
    for title, cells in CHAINS.items():
        if set(words) - {"forked"} and not any(word in title for word in words):
            continue
        rows: dict[str, Cost] = {}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_notebook(folder / "n.ipynb", cells)
            write_script(folder / "n.py", cells)
            rows["plain script"] = cost_of((sys.executable, "n.py"), folder=folder, times=3)
            for way, options in WAYS.items():
                if "started" in way and "forked" in words:
                    continue
                command = (*STEPMILL, "run", "n.ipynb", *options)
                variables = KEEPING if "later" in way else {}
                if variables:
                    cost_of(command, folder=folder, variables=variables)  # leaves a fork server
                times = 1 if "started" in way else 2
                rows[way] = cost_of(command, folder=folder, times=times, variables=variables)
                kept.stop()
        report(title, rows, floor="plain script")
        steps = sum(cell.startswith("%%step") for cell in cells)
        for name, cost in list(rows.items())[1:]:
            wall_ms = (cost.wall_s - rows["plain script"].wall_s) * 1000 / steps
            cpu_ms = (cost.cpu_s - rows["plain script"].cpu_s) * 1000 / steps
            print(f"  {name}: {wall_ms:.0f} ms wall, {cpu_ms:.0f} ms CPU per step over the script")
    if sys.platform == "linux" and not words:
        print("\nmemory of a kernel with pandas and scikit-learn imported")
        for way in ("--cold", "--forked"):
            private_mb, share_mb = memory_of_kernel(way)
            print(
                f"  {way:<10} {private_mb:.0f} MB its own, {share_mb:.0f} MB with its share of common pages"
            )


def memory_of_kernel(way: str) -> tuple[float, float]:
    """Return what a kernel has for itself, and that plus its share of what several have, in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_notebook(folder / "n.ipynb", [IMPORTS, LOOK])
        cost_of((*STEPMILL, "run", "n.ipynb", way, "--no-tracking"), folder=folder)
        (executed,) = folder.glob(".stepmill/runs/*/notebook.ipynb")
        outputs = json.loads(executed.read_text())["cells"][1]["outputs"]
        private_kb, share_kb = "".join(outputs[0]["text"]).split()
    return int(private_kb) / 1024, int(share_kb) / 1024


if __name__ == "__main__":
    main()
