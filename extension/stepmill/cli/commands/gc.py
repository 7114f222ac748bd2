"""`stepmill gc`: free disk space."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.cleaning import render_cleaning
from stepmill.cli.render.console import open_console
from stepmill.errors import UsageError
from stepmill.model.documents import cleaning_document
from stepmill.notebook.quantities import parse_duration_s, parse_size_bytes

HELP = """Remove stored values that nothing needs, and say what was freed and what is left.

What no result and no run names goes in any case. --older-than and --budget remove results as well; the
next run that needs one computes it again. The values of the newest run of each notebook that succeeded
are never removed, nor those of runs marked with --keep.
"""
EXAMPLES = (
    ("what would go?", "stepmill gc --dry-run"),
    ("also what was not used for a month", "stepmill gc --older-than 30d"),
    ("until all values take at most 5 GB, the least valuable first", "stepmill gc --budget 5GB"),
    ("never remove the values of this run", "stepmill gc --keep 20250301-101500-3f2a"),
)
T = TypeVar("T")


@click.command("gc", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.option("--dry-run", is_flag=True, help="Remove nothing, say what would be removed.")
@click.option("--older-than", metavar="AGE", help="Remove results that no run used for this long: 12h, 30d.")
@click.option(
    "--budget", metavar="SIZE", help="Remove results until the rest fits: 500MB, 5GB.  [default: configured]"
)
@click.option("--keep", "kept", multiple=True, metavar="RUN", help="Never remove the values of this run.")
@click.option("--release", "released", multiple=True, metavar="RUN", help="Take that back.")
@project_option
@json_option
def command(
    dry_run: bool,
    older_than: str | None,
    budget: str | None,
    kept: tuple[str, ...],
    released: tuple[str, ...],
    project: Path | None,
    as_json: bool,
) -> int:
    """Clean the store."""
    limits: dict[str, Any] = {
        "unused_s": _parsed(older_than, parse_duration_s, "--older-than", "12h, 30d"),
        "budget_bytes": _parsed(budget, parse_size_bytes, "--budget", "500MB, 5GB"),
    }
    for run_id in () if dry_run else kept:
        api.keep(run_id, project=project)
    for run_id in () if dry_run else released:
        api.keep(run_id, keep=False, project=project)
    done = api.clean(project, dry_run=dry_run, **limits)
    if as_json:
        print_json(cleaning_document(done))
        return 0
    screen = open_console()
    screen.write(*render_cleaning(done, width=screen.width))
    return 0


def _parsed(text: str | None, parse: Callable[[str], T | None], option: str, examples: str) -> T | None:
    if text is None:
        return None
    found = parse(text)
    if found is None:
        raise UsageError(f"{option} {text!r} cannot be understood", hint=f"write it like {examples}")
    return found
