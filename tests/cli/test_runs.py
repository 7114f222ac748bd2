"""`stepmill runs`: filtered, sorted, with metrics as columns and what changed; and `show`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cli.past_runs import past_run
from stepmill.cli.main import app
from stepmill.cli.render.run_list import runs_table
from stepmill.cli.run_filter import since_test
from stepmill.model.pipeline import Definition, Fragment, Pipeline, Step
from stepmill.model.run import RunStatus, RunSummary

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 86_400.0
START_S = 1_700_000_000.0
RUN_ID = "20260101-000000-abcd"


def pipeline(body: str, helper: str = "h1") -> Pipeline:
    step = Step(
        name="fit",
        cells=(1,),
        body=(Fragment(cell=1, line=1, source=body),),
        definitions=(Definition(name="helper", digest=helper),),
        code_digest=body + helper,
        body_digest=body,
    )
    return Pipeline(name="n.ipynb", steps=(step,))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    def run(day: int, name: str, **facts: object) -> None:
        about = {"started_s": START_S + day * DAY_S, **facts}
        past_run(tmp_path, f"2026010{day}-000000-{name}", {"fit": {"score": day}}, **about)

    run(1, "one", pipeline=pipeline("a"), parameters={"alpha": 0.1, "same": 1}, metrics={"f1": 0.5})
    run(
        2,
        "two",
        pipeline=pipeline("a"),
        parameters={"alpha": 0.3, "same": 1},
        metrics={"training_score": 1.0, "f1": 0.9, "auc": 0.7},
    )
    run(3, "other", pipeline=pipeline("x"), parameters={}, notebook_source=str(tmp_path / "m.ipynb"))
    run(4, "bad", pipeline=pipeline("b", "h2"), parameters={"alpha": 0.3, "same": 1}, status=RunStatus.FAILED)
    run(5, "idle", pipeline=pipeline("b", "h2"), parameters={"alpha": 0.3, "same": 1}, metrics={"f1": 0.7})
    return tmp_path


def runs(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["runs", *arguments, "--project", str(project)])


def names(project: Path, *arguments: str) -> list[str]:
    result = runs(project, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [run["run_id"].rpartition("-")[2] for run in json.loads(result.stdout)["runs"]]


FILTERS = [
    pytest.param([], ["idle", "bad", "other", "two", "one"], id="newest-first"),
    pytest.param(["--reverse"], ["one", "two", "other", "bad", "idle"], id="oldest-first"),
    pytest.param(["--status", "failed"], ["bad"], id="status"),
    pytest.param(
        ["--status", "failed", "--status", "succeeded", "-n", "2"], ["idle", "bad"], id="two-statuses"
    ),
    pytest.param(["-p", "alpha=0.1"], ["one"], id="parameter"),
    pytest.param(["-p", "same=1", "-p", "alpha=0.3"], ["idle", "bad", "two"], id="two-parameters"),
    pytest.param(["-p", "same=true"], [], id="true-is-not-one"),
    pytest.param(["--metric", "f1>0.6"], ["idle", "two"], id="metric"),
    pytest.param(["--metric", "auc"], ["two"], id="has-the-metric"),
    pytest.param(["--metric", "f1 <= 0.7", "--metric", "f1!=0.5"], ["idle"], id="two-metrics"),
    pytest.param(["--since", "2023-11-18"], ["idle", "bad"], id="since"),
    pytest.param(["--sort", "f1"], ["two", "idle", "one", "bad", "other"], id="by-metric-none-last"),
    pytest.param(
        ["--sort", "f1", "--reverse"], ["one", "idle", "two", "bad", "other"], id="by-metric-upwards"
    ),
    pytest.param(["--sort", "alpha", "-n", "1"], ["idle"], id="by-parameter-then-newest"),
]


@pytest.mark.parametrize(("arguments", "expected"), FILTERS)
def test_filters_and_order(arguments: list[str], expected: list[str], project: Path) -> None:
    assert names(project, *arguments) == expected


def test_what_changed_since_the_run_before_of_the_same_notebook(project: Path) -> None:
    document = json.loads(runs(project, "--json").stdout)
    assert {run["run_id"].rpartition("-")[2]: run["changed"] for run in document["runs"]} == {
        "one": None,
        "two": ["alpha 0.1 → 0.3"],
        "other": None,
        "bad": ["helper()", "code of fit"],
        "idle": [],
    }


def test_metrics_and_differing_parameters_are_columns(project: Path) -> None:
    header, *lines = runs(project).stdout.splitlines()
    assert header.split() == [
        "run",
        "started",
        "notebook",
        "status",
        "time",
        "alpha",
        "f1",
        "auc",
        "training_score",
        "changed",
    ]
    row = next(line for line in lines if "two" in line).split()
    assert row[-8:] == ["0.3", "0.9", "0.7", "1", "alpha", "0.1", "→", "0.3"]
    assert next(line for line in lines if "idle" in line).endswith("nothing changed")


def test_a_narrow_terminal_folds_columns_into_the_last(project: Path) -> None:
    summary = RunSummary(
        run_id="r",
        status=RunStatus.SUCCEEDED,
        pipeline="n",
        notebook_source="n.ipynb",
        started_s=START_S,
        seconds=1.0,
        metrics={"f1": 0.5, "a_very_long_metric": 2.0},
    )
    lines = [line.plain for line in runs_table([summary], {}, width=88)]
    assert "f1" in lines[0]
    assert "a_very_long_metric" not in lines[0]
    assert "a_very_long_metric=2" in "".join(lines[1:])
    assert all(len(line) <= 88 for line in lines)
    changes = {"r": ("alpha 0.1 → 0.3",)}
    lines = [line.plain for line in runs_table([replace(summary, run_id=RUN_ID)], changes, width=80)]
    assert all(len(line) <= 80 for line in lines)
    lines = [line.plain for line in runs_table([summary], changes, width=50)]
    assert all(len(line) <= 50 for line in lines)
    assert "    alpha 0.1 → 0.3, f1=0.5, a_very_long_metric=2" in lines


def test_durations_count_back_from_now() -> None:
    def started(at_s: float) -> RunSummary:
        return RunSummary(
            run_id="r",
            status=RunStatus.SUCCEEDED,
            pipeline="n",
            notebook_source="n",
            started_s=at_s,
            seconds=None,
        )

    test = since_test("2d", now_s=10 * DAY_S)
    assert [test(started(day * DAY_S)) for day in (7.9, 8.1)] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sort", "nope"), "no run has 'nope' to sort by"),
        (("--metric", "f1>many"), "not NAME, NAME>NUMBER"),
        (("--since", "yesterday"), "neither a duration nor a date"),
        (("-p", "alpha"), "not NAME=VALUE"),
    ],
    ids=["sort", "metric", "since", "parameter"],
)
def test_wrong_usage_is_said(arguments: tuple[str, ...], message: str, project: Path) -> None:
    result = runs(project, *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_nothing_found_is_said(project: Path) -> None:
    assert runs(project, "--status", "cancelled").stdout == "none of 5 runs fits\n"
    unknown = runs(project, "--metric", "f2>0.5", "-p", "beta=1", "-p", "alpha=7").stdout
    assert unknown == "none of 5 runs fits: none has beta or f2\n"


def test_a_notebook_without_runs_is_not_taken_for_a_project_without(project: Path) -> None:
    (project / "stepmill_config.py").touch()
    found = runs(project, str(project / "m.ipynp")).stdout
    assert found.startswith(f"no run of {project / 'm.ipynp'} in this project; there are runs of ")
    empty = project / "empty"
    empty.mkdir()
    assert (
        runs(empty, str(empty / "m.ipynb")).stdout
        == "no runs yet: stepmill run NOTEBOOK makes the first one\n"
    )


def test_show_says_what_changed_and_what_it_gave(project: Path) -> None:
    result = CliRunner().invoke(app, ["show", "latest~1", "--project", str(project)])
    assert "changed     helper(), code of fit" in result.stdout
    assert result.stdout.splitlines()[-1].split()[:2] == ["fit", "score"]
    first = CliRunner().invoke(app, ["show", "20260101", "--project", str(project)])
    assert "\nchanged " not in first.stdout
