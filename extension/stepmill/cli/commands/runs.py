"""`stepmill runs`: the past runs of a project."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.run_list import runs_table
from stepmill.cli.run_filter import (
    metric_test,
    ordered,
    parameter_test,
    since_test,
    status_test,
    unknown_names,
)
from stepmill.model.documents import runs_document
from stepmill.model.quantities import count_text, listed
from stepmill.model.run import RunStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stepmill.model.run import RunSummary

HELP = """List past runs, the newest first: when, how long, how they ended, their metrics, and what each had
otherwise than the run of its notebook before it.

Of the parameters only those are shown that are not the same in all runs of the list. `stepmill compare`
says more about the difference between two runs.
"""
EXAMPLES = (
    ("the last runs", "stepmill runs"),
    ("the best of one notebook", "stepmill runs churn.ipynb --sort f1"),
    ("good ones of this week", "stepmill runs --since 7d --status succeeded --metric 'f1>0.8'"),
    ("those with one value of a parameter", "stepmill runs -p alpha=0.3"),
    ("for a script", "stepmill runs --json"),
)


@click.command("runs", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("notebook", required=False, type=click.Path(path_type=Path))
@click.option("-n", "limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in RunStatus]),
    help="Only runs that ended so; may be given several times.",
)
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Only runs with that value."
)
@click.option(
    "--metric", "metrics", multiple=True, metavar="TEST", help="Only runs whose metric fits: 'f1>0.8', or f1."
)
@click.option("--since", metavar="WHEN", help="Only runs since then: 3d, 12h, 2026-03-01.")
@click.option(
    "--sort",
    "by",
    default="started",
    metavar="NAME",
    help="By started (default), time, status, notebook, a metric or a parameter; the largest first.",
)
@click.option("--reverse", is_flag=True, help="The other way round.")
@project_option
@json_option
def command(
    notebook: Path | None,
    limit: int,
    statuses: tuple[str, ...],
    parameters: tuple[str, ...],
    metrics: tuple[str, ...],
    since: str | None,
    by: str,
    project: Path | None,
    *,
    reverse: bool,
    as_json: bool,
) -> int:
    """Print the list."""
    tests = [*map(parameter_test, parameters), *map(metric_test, metrics)]
    tests += [status_test(statuses)] if statuses else []
    tests += [since_test(since, time.time())] if since else []
    known = api.list_runs(project or notebook, notebook=notebook)
    found = ordered([run for run in known if all(test(run) for test in tests)], by, reverse=reverse)
    shown = found[:limit]
    changes = api.changes_of(shown, project or notebook)
    if as_json:
        print_json(_document(shown, changes))
        return 0
    screen = open_console()
    if not shown:
        screen.write(_why_none(known, notebook, project, unknown_names([*parameters, *metrics], known)))
        return 0
    screen.write(*runs_table(shown, changes, width=screen.width))
    if len(shown) < len(found):
        older = "older ones are" if (by, reverse) == ("started", False) else "more are"
        screen.write("", f"{len(found) - len(shown)} {older} not shown (-n {len(found)})")
    return 0


def _why_none(
    known: Sequence[RunSummary], notebook: Path | None, project: Path | None, unknown: Sequence[str]
) -> str:
    if known:
        none = f"none of {count_text(len(known), 'run')} fits"
        return f"{none}: none has {listed(unknown, last=' or ')}" if unknown else none
    others = sorted({run.pipeline for run in api.list_runs(project or notebook)}) if notebook else []
    if not others or notebook is None:
        return "no runs yet: stepmill run NOTEBOOK makes the first one"
    return f"no run of {notebook} in this project; there are runs of {listed(others, last=' and ')}"


def _document(shown: Sequence[RunSummary], changes: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return the list of runs; `changed` says what each had otherwise, null for a first one."""
    document = dict(runs_document(shown))
    document["runs"] = [{**run, "changed": changes.get(run["run_id"])} for run in document["runs"]]
    return document
