"""A run that failed or was killed goes on from what succeeded; two runs do not get in each other's way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from integration.notebooks import reason, statuses
from stepmill import api
from stepmill.errors import ProjectLocked

if TYPE_CHECKING:
    from integration.notebooks import Workplace

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL"),
]

FIRST = "%%step first\nx = len('abc')"
DEADLY = (
    "%%step second\nimport os, signal\nif not os.path.exists('safe'):\n"
    "    signal.raise_signal(signal.SIGKILL)\ny = x + 1"
)
WAITING = (
    "%%step second\nimport pathlib, time\npathlib.Path('waiting').touch()\n"
    "while pathlib.Path('wait').exists():\n    time.sleep(0.05)\ny = x + 1"
)
LAST = "%%step last\nz = y * 2"


def test_a_run_goes_on_after_its_kernel_was_killed(place: Workplace) -> None:
    place.write(FIRST, DEADLY, LAST)
    assert statuses(place.run()) == {"first": "executed", "second": "failed", "last": "skipped"}
    assert place.plan().step("second").reason == "its last run failed"
    (place.folder / "safe").touch()
    again = place.run()
    assert statuses(again) == {"first": "cached", "second": "executed", "last": "executed"}
    assert reason(again, "second") == "its last run failed"
    assert again.load("last", "z") == 8


def test_a_run_goes_on_after_its_runner_was_killed(place: Workplace) -> None:
    place.write(FIRST, WAITING, LAST)
    (place.folder / "wait").touch()
    script = f"from stepmill import api; api.run({str(place.notebook)!r}, tracking=False)"
    runner = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    try:
        while not (place.folder / "waiting").exists():
            assert runner.poll() is None
            time.sleep(0.05)
        with pytest.raises(ProjectLocked):
            place.run()
    finally:
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    (place.folder / "wait").unlink()
    assert api.open_run(project=place.folder).status.value == "cancelled"
    run = place.run()
    assert statuses(run) == {"first": "cached", "second": "executed", "last": "executed"}
    assert run.load("last", "z") == 8


FULL = """
import sys
from pathlib import Path
from stepmill import api
notebook, ballast = Path("n.ipynb").absolute(), Path("ballast")
ballast.write_bytes(bytes(22_000_000))
for _ in range(2):
    run = api.run(notebook, tracking=False)
    print(*(outcome.status.value for outcome in run.steps.values()), run.steps["big"].reason)
    ballast.unlink(missing_ok=True)
print(run.load("last", "z"))
"""
ON_A_SMALL_DISK = (
    "mkdir disk; mount -t tmpfs -o size=30m tmpfs disk; cd disk; touch pyproject.toml; cp ../*.ipynb n.ipynb"
)


def test_a_run_goes_on_after_the_disk_was_full(place: Workplace) -> None:
    place.write(FIRST, "%%step big\nys = bytes(10_000_000 * (x > 0))", "%%step last\nz = x + len(ys)")
    inside = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
    try:
        subprocess.run([*inside, ON_A_SMALL_DISK], cwd=place.folder, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no small disk is to be had here: {error}")
    (place.folder / "disk").rmdir()
    command = [*inside, f'{ON_A_SMALL_DISK}; exec "$@"', "sh", sys.executable, "-c", FULL]
    ended = subprocess.run(command, cwd=place.folder, capture_output=True, text=True, check=False)
    full, again, last = ended.stdout.splitlines()
    assert full.startswith("executed failed skipped ")
    assert "No space left on device" in full
    assert again.startswith("cached executed executed ")
    assert (last, ended.stderr) == ("10000003", "")


def test_many_steps_at_once(place: Workplace) -> None:
    names = [f"x{i}" for i in range(25)]
    place.write(*(f"%%step {name}\n{name} = 1" for name in names), f"%%step last\nz = {' + '.join(names)}")
    assert place.run(jobs=len(names)).check().load("last", "z") == len(names)
