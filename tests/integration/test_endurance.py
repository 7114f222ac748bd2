"""A few rounds of what `endurance.py` does a thousand times."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from integration.endurance import count_after_runs, kill_runners, kill_runners_that_pass_on

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
]


def test_a_killed_runner_leaves_no_process_and_no_half_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # what a killed runner cannot remove
    kill_runners(tmp_path, 2, seed=7, forked=True)


def test_killed_runners_that_use_one_fork_server_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = Path(tempfile.mkdtemp(prefix="sm-"))  # short, as names of sockets must be
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(private))
    monkeypatch.setenv("STEPMILL_KEEP_S", "60")
    assert kill_runners_that_pass_on(tmp_path, 4, seed=7) >= 2
    assert not list((private / "stepmill").iterdir())
    shutil.rmtree(private)


def test_runs_in_a_row_leave_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("t")))
    counts = count_after_runs(tmp_path, 4, forked=True)
    del counts[0]["shared"], counts[-1]["shared"]  # others on the machine may use it
    assert counts[-1] == counts[0]
