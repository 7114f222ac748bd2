"""`stepmill compare`: what distinguishes runs, the cause before the effect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stepmill import api, atomic
from stepmill.cli.command import StepmillCommand, json_option, project_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.comparison import render_comparison
from stepmill.cli.render.comparison_html import html_report
from stepmill.cli.render.console import open_console
from stepmill.comparing.markdown import markdown_report
from stepmill.errors import DamagedArtifact, UsageError
from stepmill.model.documents import comparison_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stepmill.api import Run
    from stepmill.model.comparison import Comparison

HELP = """Compare runs: the first step that diverged and why, then what differs, in the order of cause:
parameters, code, environment, files, metrics, results, pictures, durations.

Each RUN is an id from `stepmill runs`, its beginning if that is unambiguous, `latest`, or `latest~1` for
the run before that. With one RUN it is compared with `latest`; with none the last run is compared with
the one of its notebook before it.
Failed runs, and runs whose results were removed since, are compared as far as they go.
"""
EXAMPLES = (
    ("what is different since the last run?", "stepmill compare"),
    ("three runs, and all that is equal as well", "stepmill compare latest~2 latest~1 latest --all"),
    ("a report with pictures side by side", "stepmill compare latest~1 latest --html report.html"),
    ("for a pull request", "stepmill compare 20260301 20260302 --markdown"),
)


@click.command("compare", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--all", "everything", is_flag=True, help="Show what is equal as well.")
@click.option("--markdown", is_flag=True, help="Write Markdown to standard output.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a report with pictures to a file that needs nothing else.",
)
@project_option
@json_option
def command(
    runs: tuple[str, ...],
    project: Path | None,
    html_file: Path | None,
    *,
    everything: bool,
    markdown: bool,
    as_json: bool,
) -> int:
    """Print or write the comparison; 0 whether the runs differ or not."""
    if markdown and as_json:
        raise UsageError("--markdown and --json exclude each other", hint="take one of them")
    opened = [api.open_run(name, project) for name in _named(runs, project)]
    whole = api.compare(*opened, project=project)
    found = whole if everything else whole.only_differences()
    if html_file is not None:
        _write(html_file, html_report(found, _pictures(opened, found)))
    if as_json:
        print_json(comparison_document(found))
    elif markdown:
        click.echo(markdown_report(found), nl=False)
    elif html_file is not None:
        open_console().write(found.sentence, f"report: {html_file}")
    else:
        screen = open_console()
        screen.write(*render_comparison(found, everything=everything, width=screen.width))
    return 0


def _named(runs: Sequence[str], project: Path | None) -> Sequence[str]:
    """Return the runs that are meant, the older one first where one is left out."""
    if runs:
        return (*runs, "latest") if len(runs) == 1 else runs
    newest = api.list_runs(project, limit=1)
    if not newest:
        return ("latest~1", "latest")  # that there is none is said where they are opened
    last = api.list_runs(project, notebook=newest[0].notebook_source, limit=2)
    if len(last) < 2:
        raise UsageError(
            f"{Path(newest[0].notebook_source).name}, which ran last, has no earlier run to compare with",
            hint="name two runs; `stepmill runs` lists them",
        )
    return [summary.run_id for summary in reversed(last)]


def _pictures(runs: Sequence[Run], found: Comparison) -> Mapping[str, bytes]:
    """Return the PNGs of cells, and of stored values, by digest."""
    pictures: dict[str, bytes] = {}
    for run in runs:
        pictures |= run.pictures()
    for digest in {digest for row in found.outputs for digest in row.pictures if digest}:
        try:
            pictures[digest] = bytes(runs[0].store.get_blob(digest))
        except DamagedArtifact:
            continue  # the report says that it is not there any more
    return pictures


def _write(path: Path, text: str) -> None:
    try:
        atomic.write_text(path, text.encode("utf-8", "replace").decode())  # half of a character is none
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
