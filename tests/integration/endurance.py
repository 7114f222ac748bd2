"""What must not happen once in a thousand times: by hand with large numbers, in CI with small ones.

PYTHONPATH=tests python tests/integration/endurance.py kills 1000 [forked|started] [SEED]
PYTHONPATH=tests python tests/integration/endurance.py runs 200 [forked|started]
PYTHONPATH=tests python tests/integration/endurance.py kept 200 [SEED]
STEPMILL_KEEP_S=60 has `runs` pass their fork server on; `kept` kills runners that do so.
"""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from integration.notebooks import write_notebook
from stepmill import api
from stepmill.execution.forking import kept
from stepmill.execution.forking.servers import is_possible

CELLS = (
    "import json, os, subprocess",
    "%%step first\nxs = list(range(200_000))",
    (
        "%%step second\nsleeper = subprocess.Popen(['sleep', '600'])\n"
        "ys = [x * 2 for x in xs]\nsleeper.kill()\ndel sleeper"
    ),
    "%%step third\ntotal = sum(ys)",
)
TOTAL = 200_000 * 199_999
PROGRAM = (
    "import sys; from stepmill import api; api.run(sys.argv[1], tracking=False, forked=sys.argv[2] == '1')"
)
_MARK = "ENDURANCE_MARK"


def kill_runners(folder: Path, times: int, *, seed: int, forked: bool) -> list[tuple[float, float]]:
    """Kill `times` runners, each at a random point, and look what is left.

    After each kill all processes must end by themselves, and the next run must come to the right result.
    Return of each when that was, and how long something was left after it, in seconds.
    """
    (folder / "pyproject.toml").write_text("")
    notebook = write_notebook(folder / "n.ipynb", *CELLS)
    draw = random.Random(seed)
    found, longest_s = [], 3.0
    for number in range(times):
        mark = f"{_MARK}={uuid4()}"
        write_notebook(notebook, *CELLS[:1], f"{CELLS[1]}\nnumber = {number}", *CELLS[2:])
        runner = _start(notebook, mark, forked=forked)
        started_s = time.monotonic()
        point_s = draw.uniform(0.0, longest_s)
        try:
            runner.wait(point_s)
            longest_s = (longest_s + time.monotonic() - started_s) / 2  # it was through already
        except subprocess.TimeoutExpired:
            runner.kill()
            runner.wait()
        killed_s = time.monotonic()
        while _marked(mark):
            time.sleep(0.02)  # whoever calls this has a limit of their own
        found.append((round(point_s, 3), round(time.monotonic() - killed_s, 3)))
        run = api.run(notebook, tracking=False, forked=forked).check()
        total: Any = run.load("third", "total")
        if total != TOTAL:
            raise AssertionError(f"after a kill at {point_s:.3f} s: {total}")
    return found


def kill_runners_that_pass_on(folder: Path, times: int, *, seed: int) -> int:
    """Kill two of three runners that use one fork server in turn; return how many ended by themselves.

    After each kill nothing may be left but fork servers that wait; when these are stopped, nothing at all.
    """
    (folder / "pyproject.toml").write_text("")
    notebook = write_notebook(folder / "n.ipynb", *CELLS)
    draw, mark, longest_s, ended = random.Random(seed), f"{_MARK}={uuid4()}", 4.0, 0
    for number in range(times):
        write_notebook(notebook, *CELLS[:1], f"{CELLS[1]}\nnumber = {number}", *CELLS[2:])
        started_s = time.monotonic()
        with _start(notebook, mark, forked=True) as runner:
            try:
                runner.wait(draw.uniform(0.0, longest_s) if number % 3 else None)
                ended += 1
                longest_s = (longest_s + time.monotonic() - started_s) / 2
            except subprocess.TimeoutExpired:
                runner.kill()
        while set(_marked(mark)) - {pid for one in kept.waiting() for pid in one.pids}:
            time.sleep(0.02)  # whoever calls this has a limit of their own
        if len(kept.waiting()) > kept.MOST:
            raise AssertionError(kept.waiting())
    kept.stop()
    while _marked(mark):
        time.sleep(0.02)
    return ended


def count_after_runs(folder: Path, times: int, *, forked: bool) -> list[dict[str, int]]:
    """Run a notebook `times` times in this process; return after each what is open, alive or left in it."""
    (folder / "pyproject.toml").write_text("")
    notebook = write_notebook(folder / "n.ipynb", *CELLS)
    found = []
    for _ in range(times):
        api.run(notebook, tracking=False, forked=forked, refresh=True).check()
        gc.collect()
        found.append(
            {
                "descriptors": _count("/proc/self/fd"),
                "threads": threading.active_count(),
                "children": len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()),
                "temporary": _count(tempfile.gettempdir(), "stepmill-*"),
                "shared": _count("/dev/shm"),
            }
        )
    return found


def _count(folder: str, pattern: str = "*") -> int:
    return len(list(Path(folder).glob(pattern)))


def _start(notebook: Path, mark: str, *, forked: bool) -> subprocess.Popen[bytes]:
    name, _, value = mark.partition("=")
    command = [sys.executable, "-c", PROGRAM, str(notebook), str(int(forked))]
    return subprocess.Popen(command, env={**os.environ, name: value}, start_new_session=True)


def _marked(mark: str) -> list[int]:
    """Return the processes that have inherited the mark and are not dead."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def main(what: str, count: int, how: str = "", seed: int = 0) -> None:
    """Do it by hand; say the worst."""
    if what == "kept":
        os.environ["STEPMILL_KEEP_S"] = "60"
        with tempfile.TemporaryDirectory() as name:
            ended = kill_runners_that_pass_on(Path(name), count, seed=int(how or 0))
            print(f"{count} runners, {ended} of which were not killed: nothing is left")
        return
    os.environ.setdefault("STEPMILL_KEEP_S", "0")
    ways = [is_forked for is_forked, name in ((True, "forked"), (False, "started")) if how in ("", name)]
    for is_forked in ways:
        if is_forked and not is_possible():
            continue
        way = "forked" if is_forked else "started"
        with tempfile.TemporaryDirectory() as name:
            if what == "kills":
                killed = kill_runners(Path(name), count, seed=seed, forked=is_forked)
                left_s = sorted(left for _, left in killed)
                print(
                    f"{way}: {count} kills; something left for {left_s[count // 2]} s (median), {left_s[-3:]}"
                )
            else:
                counts = count_after_runs(Path(name), count, forked=is_forked)
                print(way, counts[0], *counts[1 :: max(1, count // 10)], counts[-1], sep="\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:4], *map(int, sys.argv[4:5]))
