"""`stepmill kernels`: what waits for the next run, and its end."""

from __future__ import annotations

from typing import Any

import click

from stepmill import api
from stepmill.cli.command import StepmillCommand, json_option
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.model.quantities import count_text

HELP = """List the fork servers that wait for the next run, or end them with `stop`.

On Linux kernels are forked from a process that has imported what the steps import. After a run from
JupyterLab it waits five minutes, so that the next one of the same notebook, in the same surroundings,
starts at once. `c.Stepmill.keep_s` sets for how long it waits, also after runs from a terminal.
"""
EXAMPLES = (
    ("what waits?", "stepmill kernels"),
    ("end it, and free its memory", "stepmill kernels stop"),
)


@click.command("kernels", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("what", required=False, type=click.Choice(["stop"]), metavar="[stop]")
@json_option
def command(what: str | None, *, as_json: bool) -> int:
    """Print what waits, or how many have ended."""
    document: dict[str, Any]
    if what == "stop":
        count = api.stop_waiting_kernels()
        document, lines = {"stopped": count}, [f"{count_text(count, 'fork server')} ended"]
    else:
        found = api.waiting_kernels()
        document = {"waiting": found}
        lines = [f"{one.pids[0]}  for {one.folder}, {one.python}" for one in found]
    if as_json:
        print_json({"schema": 1, **document})
    else:
        open_console().write(*(lines or ["nothing waits"]))
    return 0
