"""`stepmill delete`: out of the lists, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cli.past_runs import past_run
from stepmill.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = "20260101-000000-aaaa", "20260102-000000-bbbb"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for day, run_id in enumerate((FIRST, SECOND)):
        past_run(tmp_path, run_id, {"fit": {"score": day}}, started_s=1.7e9 + day)
    return tmp_path


def stepmill(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--project", str(project)])


def listed(project: Path) -> list[str]:
    return [run["run_id"] for run in json.loads(stepmill(project, "runs", "--json").output)["runs"]]


def test_a_run_goes_by_the_beginning_of_its_id_and_comes_back(project: Path) -> None:
    done = stepmill(project, "delete", FIRST[:10])
    assert (done.exit_code, done.output.splitlines()[0]) == (0, f"1 run deleted: {FIRST}")
    assert f"--undo {FIRST}" in done.output
    assert listed(project) == [SECOND]
    back = stepmill(project, "delete", "--undo", FIRST, "--json")
    assert json.loads(back.output) == {"schema": 1, "runs": [FIRST], "deleted": False}
    assert listed(project) == [SECOND, FIRST]


def test_none_goes_where_one_is_not_known(project: Path) -> None:
    done = stepmill(project, "delete", SECOND, "20990101")
    assert done.exit_code == 2
    assert listed(project) == [SECOND, FIRST]
    assert stepmill(project, "delete", "--undo", SECOND).exit_code == 2
    assert stepmill(project, "delete").exit_code == 2
