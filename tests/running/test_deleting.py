"""Deleting runs: out of all lists, back on request, and never in the way of later runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.past_runs import past_run
from stepmill import api
from stepmill.errors import UsageError
from stepmill.planning.project import Project
from stepmill.running.deleting import forget_deleted

RUN = "20260101-100000-aaaa"


def listed(project: Path) -> list[str]:
    return [run.run_id for run in api.list_runs(project)]


def test_a_deleted_run_comes_back_as_it_was(tmp_path: Path) -> None:
    past_run(tmp_path, RUN, {"load": {"x": [1, 2]}})
    api.delete_run(RUN, tmp_path)
    assert listed(tmp_path) == []
    with pytest.raises(UsageError, match="there is no run"):
        api.open_run(RUN, tmp_path)
    assert api.restore_run(RUN, tmp_path).artifacts("load")[0].name == "x"
    assert listed(tmp_path) == [RUN]
    with pytest.raises(UsageError, match="not among the deleted ones"):
        api.restore_run(RUN, tmp_path)


def test_a_week_later_it_is_gone(tmp_path: Path) -> None:
    past_run(tmp_path, RUN, {"load": {"x": 1}})
    api.delete_run(RUN, tmp_path)
    forget_deleted(Project(tmp_path))
    forget_deleted(Project(tmp_path), older_than_s=-60.0)
    with pytest.raises(UsageError, match="not among the deleted ones"):
        api.restore_run(RUN, tmp_path)


def test_an_old_run_is_kept_for_a_week_though_somebody_cleans_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past_run(tmp_path, RUN, {"load": {"x": 1}})
    project = Project(tmp_path)
    os.utime(project.runs / RUN, (0, 0))
    move = Path.replace

    def replace(source: Path, target: Path) -> Path:
        moved = move(source, target)
        forget_deleted(project)
        return moved

    monkeypatch.setattr(Path, "replace", replace)
    api.delete_run(RUN, tmp_path)
    assert api.restore_run(RUN, tmp_path).run_id == RUN
