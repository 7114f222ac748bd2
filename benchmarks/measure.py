"""Measuring child processes, and printing ratios to a floor of the same session."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.execution.forking import kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STEPMILL = (sys.executable, "-m", "stepmill")
KEEPING = {"STEPMILL_KEEP_S": "300"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command cost: CPU seconds with all its children, wall seconds, peak memory in MB."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def cost_of(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    times: int = 1,
    variables: Mapping[str, str] | None = None,
) -> Cost:
    """Run `command` `times` times; return the least CPU and wall time seen.

    `variables` of the environment; unless they say otherwise no fork server waits for the next run.

    Raises
    ------
    subprocess.CalledProcessError
        It failed; its output is in the exception.
    """
    environment = _environment() | dict(variables or {})
    return min((_once(command, folder, environment) for _ in range(times)), key=lambda cost: cost.cpu_s)


def _once(command: Sequence[str], folder: Path | None, environment: Mapping[str, str]) -> Cost:
    waited = _waiting_cpu_s()
    before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    wall_s = time.monotonic() - started_s
    if answer.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{answer.stdout[-2000:]}{answer.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    cpu_s += sum(used_s - waited.get(pid, 0.0) for pid, used_s in _waiting_cpu_s().items())
    return Cost(cpu_s=cpu_s, wall_s=wall_s, peak_mb=after.ru_maxrss / 1024)


def _waiting_cpu_s() -> dict[int, float]:
    """Return what each fork server that waits between runs has used with all its kernels: nobody's child."""
    found = {}
    for waiting in kept.waiting() if sys.platform == "linux" else ():
        for pid in waiting.pids[:1]:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            found[pid] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return found


def _environment() -> dict[str, str]:
    return os.environ | {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "STEPMILL_KEEP_S": "0",
        "USERNAME": "bench",  # Metaflow asks for it
    }


def report(title: str, rows: Mapping[str, Cost], floor: str) -> None:
    """Print each row beside its ratio to the row called `floor`."""
    least = rows[floor]
    print(f"\n{title}")
    print(f"  {'':<34}{'CPU s':>9}{'ratio':>8}{'wall s':>9}{'ratio':>8}")
    for name, cost in rows.items():
        ratios = f"{cost.cpu_s / least.cpu_s:>8.2f}{cost.wall_s:>9.3f}{cost.wall_s / least.wall_s:>8.2f}"
        print(f"  {name:<34}{cost.cpu_s:>9.3f}{ratios}")


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write code cells as an nbformat 4.5 notebook."""
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
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document: dict[str, Any] = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel},
        "cells": made,
    }
    path.write_text(json.dumps(document))


def write_script(path: Path, cells: Sequence[str]) -> None:
    """Write the same cells as a plain script, without our lines."""
    path.write_text("\n".join(cell.partition("\n")[2] if cell.startswith("%%") else cell for cell in cells))
