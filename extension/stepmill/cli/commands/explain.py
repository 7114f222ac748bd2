"""`stepmill explain`: what a code means, with an example and what to do."""

from __future__ import annotations

import difflib
import sys

import click

from stepmill.cli.command import StepmillCommand, json_option
from stepmill.cli.explanations import Explanation, explanations
from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.layout import columns
from stepmill.errors import UsageError

HELP = """Explain the code CODE of a message, such as SM301: what it means, why it matters, a notebook
that has the problem and one that has not. Without CODE: list all codes.
"""
EXAMPLES = (
    ("what does this error mean, and what can I do?", "stepmill explain SM301"),
    ("all codes", "stepmill explain"),
)


@click.command("explain", cls=StepmillCommand, help=HELP, examples=EXAMPLES)
@click.argument("code", required=False)
@json_option
def command(code: str | None, as_json: bool) -> int:
    """Print one page, or the list of all codes."""
    known = explanations()
    if code is None:
        _print_list(list(known.values()), as_json)
        return 0
    found = known.get(code.upper())
    if found is None:
        close = difflib.get_close_matches(code.upper(), known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"there is no code {code!r}", hint=f"{hint}`stepmill explain` lists all codes")
    if as_json:
        print_json({"schema": 1, **_document(found), "page": found.page()})
    else:
        sys.stdout.write(found.page())
    return 0


def _print_list(known: list[Explanation], as_json: bool) -> None:
    if as_json:
        print_json({"schema": 1, "codes": [_document(one) for one in known]})
        return
    screen = open_console()
    screen.write(*columns([(one.code, one.weight, one.title) for one in known], width=screen.width))


def _document(one: Explanation) -> dict[str, str]:
    return {"code": one.code, "title": one.title, "weight": one.weight, "why": one.why}
