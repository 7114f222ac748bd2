"""Our papermill engine against nbclient and stock papermill on the same cells.

    python benchmarks/bench_engine.py [--cells 200] [--repeats 5]

Prints the wall time of each (minimum and median of the repeats, interleaved so that a busy machine
hits all alike) and the ratio to nbclient. The promise: at most 2.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import papermill
from nbclient import NotebookClient

from stepmill.execution.executors.base import StepTask
from stepmill.execution.executors.local import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Callable


def notebook(cells: int) -> nbformat.NotebookNode:
    source = "x = sum(range(1000))\nprint('line of output', x)\nx"
    made = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i in range(cells)]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": spec})


def run_nbclient(folder: Path) -> None:
    document = nbformat.read(folder / "in.ipynb", as_version=4)
    NotebookClient(document, kernel_name="python3").execute()
    nbformat.write(document, folder / "nbclient.ipynb")


def run_papermill(folder: Path) -> None:
    papermill.execute_notebook(str(folder / "in.ipynb"), str(folder / "stock.ipynb"), progress_bar=False)


def run_ours(folder: Path) -> None:
    executor = LocalExecutor()
    task = StepTask(
        step="bench",
        notebook=folder / "in.ipynb",
        executed=folder / "executed.ipynb",
        log=folder / "log.txt",
        folder=folder,
        kernel_name="python3",
    )
    assert executor.run(task, threading.Event()).is_good
    executor.close()  # waits for the kernel's exit, as the others do


RUNNERS: dict[str, Callable[[Path], None]] = {
    "nbclient": run_nbclient,
    "stepmill engine": run_ours,
    "stock papermill": run_papermill,
}


def measure(cells: int, repeats: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in RUNNERS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nbformat.write(notebook(cells), folder / "in.ipynb")
        for _ in range(repeats):
            for runner, function in RUNNERS.items():
                started = time.perf_counter()
                function(folder)
                seconds[runner].append(time.perf_counter() - started)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    seconds = measure(options.cells, options.repeats)
    base = statistics.median(seconds["nbclient"])
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:16} min {min(values):6.2f} s  median {median:6.2f} s  ratio {median / base:5.2f}")
    print(json.dumps({"cells": options.cells, "seconds": seconds}))


if __name__ == "__main__":
    main()
