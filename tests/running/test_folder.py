"""The names of runs sort in the order in which they were started; each step has a folder of its own."""

from __future__ import annotations

import calendar
import re
import time
from typing import TYPE_CHECKING

import pytest

from stepmill.running import folder
from stepmill.running.folder import find_run, latest_runs, new_run, step_folder_name

if TYPE_CHECKING:
    from pathlib import Path

PRESENT = [
    pytest.param([], id="the first"),
    pytest.param(["20200101-000000-ffff"], id="one of the past"),
    pytest.param(["21260228-235959-ffff", "20200101-000000-ffff"], id="one of a time to come"),
    pytest.param(["99999999-999999-ffff", "notes"], id="folders of other names"),
]


@pytest.mark.parametrize("names", PRESENT)
def test_what_starts_later_sorts_later(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).mkdir()
    started = [_started(tmp_path) for _ in range(4)]  # within a second
    assert list(latest_runs(tmp_path, 4)) == started[::-1]
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", name) for name in started)
    assert find_run(tmp_path, "latest").run_id == started[-1]


def _started(runs: Path) -> str:
    folder = new_run(runs)
    (folder.path / "run.json").touch()
    return folder.run_id


def test_the_name_says_the_time(tmp_path: Path) -> None:
    before_s = int(time.time())
    run_id = new_run(tmp_path).run_id
    said_s = calendar.timegm(time.strptime(run_id[:15], "%Y%m%d-%H%M%S"))
    assert before_s <= said_s <= time.time() + 1


NAMES = ("fit", "Fit", "FIT", "fit.2", "größe", "Größe", "con", "CON", "nul.x", "NUL.y", "com1", "_x", "a-b")


@pytest.mark.parametrize("folds_case", [False, True], ids=["linux", "windows-and-macos"])
def test_each_step_has_a_folder_of_its_own(folds_case: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "FOLDS_CASE", folds_case)
    folders = [step_folder_name(name) for name in NAMES]
    assert len({name.casefold() if folds_case else name for name in folders}) == len(NAMES)
    assert folders[0] == "fit"
    assert not folds_case or not {"con", "nul", "com1"} & {name.casefold().split(".")[0] for name in folders}
