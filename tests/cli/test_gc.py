"""`stepmill gc` on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from cli.golden import check_golden
from stepmill.cli.main import app
from stepmill.cli.render.cleaning import render_cleaning
from stepmill.model.cleaning import Cleaning, RemovedResult

if TYPE_CHECKING:
    from pathlib import Path


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["gc", *map(str, arguments)])


def test_a_project_without_runs_has_nothing_to_free(tmp_path: Path) -> None:
    assert "nothing to remove" in invoke("--project", tmp_path).stdout
    document = json.loads(invoke("--project", tmp_path, "--json", "--budget", "5GB").stdout)
    assert {**document, "removed": None} == {
        "schema": 1,
        "dry_run": False,
        "removed": None,
        "freed_bytes": 0,
        "freed_files": 0,
        "unreferenced_files": 0,
        "leftover_files": 0,
        "left_bytes": 0,
        "kept_bytes": 0,
        "kept_runs": [],
        "history_bytes": 0,
        "budget_bytes": 5 * 10**9,
        "over_budget_bytes": 0,
    }


def test_amounts_that_are_none_are_refused(tmp_path: Path) -> None:
    for option, text in (("--budget", "much"), ("--older-than", "yesterday")):
        result = invoke("--project", tmp_path, option, text)
        assert result.exit_code == 2
        assert f"{option} {text!r} cannot be understood" in result.stderr


def test_a_run_that_does_not_exist_cannot_be_kept(tmp_path: Path) -> None:
    result = invoke("--project", tmp_path, "--keep", "nope")
    assert (result.exit_code, "no run 'nope'" in result.stderr) == (2, True)


def test_text_is_as_kept() -> None:
    done = Cleaning(
        removed=tuple(
            RemovedResult(step=f"step{n}", run_id=f"r{n}", size_bytes=10**n, seconds=n * 7.5, used_s=0.0)
            for n in range(3, 9)
        ),
        freed_bytes=111_111_000,
        freed_files=20,
        unreferenced_files=3,
        leftover_files=1,
        left_bytes=6_400_000_000,
        kept_bytes=5_100_000_000,
        kept_runs=("r1", "r2", "r3", "r9"),
        history_bytes=12_000_000,
        budget_bytes=6_000_000_000,
    )
    check_golden("gc", "\n".join(map(str, render_cleaning(done))) + "\n")
