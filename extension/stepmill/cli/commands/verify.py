"""`stepmill verify`: does the pipeline give what Run All gives?"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from stepmill import api
from stepmill.cli.assignments import typed_parameters
from stepmill.cli.command import (
    StepmillCommand,
    json_option,
    notebook_argument,
    parameter_option,
    project_option,
)
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.verification import render_verification
from stepmill.cli.sources import cell_sources
from stepmill.model.codec import SCHEMA, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stepmill.cli.render.console import Screen

HELP = """Run NOTEBOOK as a pipeline and as Run All does, and compare the two.

Compared are all values that steps give and everything that their cells show. Both run in copies of
the project, so no file of yours changes; nothing comes from the cache, nothing is tracked. If
something differs, Run All runs again, once or twice: what differs between Run Alls is named as not
reproducible, the rest is what the split into steps has changed. The exit code is 0 if that is
nothing.
"""
EXAMPLES = (
    ("does the pipeline give what Run All gives?", "stepmill verify churn.ipynb"),
    ("and with another value of a parameter?", "stepmill verify churn.ipynb -p alpha=0.3"),
    ("where data is too big to be copied, and only read", "stepmill verify churn.ipynb --link data"),
    ("for a script", "stepmill verify churn.ipynb --json"),
)


@click.command("verify", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@notebook_argument
@parameter_option
@click.option(
    "--link",
    "links",
    multiple=True,
    metavar="PATH",
    help="Link this file or folder instead of copying it; the notebook must only read it.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Steps that may run at once.  [default: one per CPU]"
)
@project_option
@json_option
def command(
    notebook: Path,
    assignments: tuple[str, ...],
    links: tuple[str, ...],
    jobs: int | None,
    project: Path | None,
    as_json: bool,
) -> int:
    """Print what differs; 1 if something does, or the notebook is refused."""
    parameters = typed_parameters(assignments, notebook, project)
    screen = open_console()
    with _progress(is_silent=as_json) as say:
        found = api.verify(notebook, parameters, jobs=jobs, project=project, links=links, on_progress=say)
    if as_json:
        print_json({"schema": SCHEMA, **to_json(found)})
    else:
        screen.write(*render_verification(found, sources=cell_sources(notebook), width=screen.width))
    return 0 if found.is_equal else 1


@contextmanager
def _progress(*, is_silent: bool) -> Iterator[Callable[[str], None]]:
    """Tell on standard error what goes on: on a terminal in one line that disappears."""
    screen = open_console(stderr=True)
    if is_silent or not screen.is_live:
        yield (lambda _: None) if is_silent else _lines(screen)
        return
    with screen.rich.status("verify") as status:
        yield status.update


def _lines(screen: Screen) -> Callable[[str], None]:
    """Return what tells each run and each step in a line, and no cells."""
    said: set[str] = set()

    def say(message: str) -> None:
        head = message.partition(": cell ")[0]
        if head not in said:
            said.add(head)
            screen.write(head)

    return say
