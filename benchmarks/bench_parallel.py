"""One step, then twenty side by side that each compute for a second, then one: how much two cores gain.

Perfect would be the work of all steps, measured by the plain script, spread evenly over the cores where steps
may run side by side. A bare process pool that does the same work is the peer.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import STEPMILL, cost_of, write_notebook, write_script

WIDTH, CORES = 20, 2
TASK = "total = 0\nfor i in range({rounds}):\n    total += i * i"
POOL = """
import sys
from concurrent.futures import ProcessPoolExecutor
def work(seed):
    names = {{}}  # as in a script: names of a module, which are slower than those of a function
    exec({task!r}, names)
    return seed + names["total"]
if __name__ == "__main__":
    with ProcessPoolExecutor({cores}) as pool:
        first = pool.submit(work, 0).result()
        middle = list(pool.map(work, [first] * {width}))
        pool.submit(work, sum(middle)).result()
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rounds = _rounds_of_a_second(folder)
        task = TASK.format(rounds=rounds)
        cells = [f"%%step first\n{task}\nfirst = total"]
        cells += [f"%%step s{i}\nx = first\n{task}\nx{i} = total" for i in range(WIDTH)]
        cells += [f"%%step last\n{task}\nresult = total + {' + '.join(f'x{i}' for i in range(WIDTH))}"]
        write_notebook(folder / "n.ipynb", cells)
        write_script(folder / "n.py", cells)
        (folder / "pool.py").write_text(POOL.format(task=task, cores=CORES, width=WIDTH))
        script = cost_of((sys.executable, "n.py"), folder=folder)
        one_s = script.wall_s / (WIDTH + 2)
        perfect_s = (2 + WIDTH / CORES) * one_s
        print(
            f"a step computes for {one_s:.2f} s; "
            f"the script takes {script.wall_s:.1f} s, perfect {perfect_s:.1f}"
        )
        ours = (*STEPMILL, "run", "n.ipynb", "--no-tracking", "--no-cache", "--jobs", str(CORES))
        for row, command in {
            "process pool": (sys.executable, "pool.py"),
            "stepmill": ours,
            "stepmill, started kernels": (*ours, "--cold"),
        }.items():
            cost = cost_of(command, folder=folder)
            print(
                f"  {row:<28}{cost.wall_s:>7.1f} s wall  {100 * perfect_s / cost.wall_s:>5.0f} % of perfect"
            )


def _rounds_of_a_second(folder: Path) -> int:
    rounds = 2_000_000
    (folder / "one.py").write_text(TASK.format(rounds=rounds))
    (folder / "none.py").write_text("pass")
    one, none = (cost_of((sys.executable, f"{name}.py"), folder=folder, times=3) for name in ("one", "none"))
    return int(rounds / (one.cpu_s - none.cpu_s))


if __name__ == "__main__":
    main()
