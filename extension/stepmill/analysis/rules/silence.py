"""Comments `# stepmill: ignore[CODE]`: which diagnostics they silence, and which silence none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stepmill.analysis.rules.idle_ignore import RULE as IDLE_IGNORE
from stepmill.model.cell import Role
from stepmill.model.diagnostic import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

_COMMENT = re.compile(r"#\s*stepmill:\s*ignore\b(?:\[([^\]]*)\])?")


def silenced(view: View, found: Iterable[Diagnostic]) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Return what is left, with a note for each comment that silences nothing, and what is silenced."""
    left = list(found)
    quiet: list[Diagnostic] = []
    for place, code in _comments(view):
        here = [d for d in left if d.code == code and (d.cell, d.line) == (place.cell, place.line)]
        gone = [d for d in here if not d.is_error]
        if not gone:
            left.append(_idle(view, place, code, refused=bool(here)))
        quiet += gone
        left = [d for d in left if d not in gone]
    return left, quiet


def _comments(view: View) -> Iterator[tuple[Place, str]]:
    cells = view.notebook.cells
    for cell in cells if "stepmill:" in "\n".join([cell.source for cell in cells]) else ():
        if cell.role is Role.TEXT or "stepmill:" not in cell.source:
            continue
        for number, text in enumerate(cell.source.split("\n"), start=1):
            for comment in _COMMENT.finditer(text):
                place = Place(cell=cell.index, line=number, column=comment.start())
                codes = [code.strip() for code in (comment[1] or "").split(",")]
                yield from ((place, code) for code in codes)


def _idle(view: View, place: Place, code: str, *, refused: bool) -> Diagnostic:
    if not code:
        detail, todo = "it names no code", "write which: `# stepmill: ignore[SM205]`"
    elif refused:
        detail = f"{code} is an error, and errors cannot be silenced"
        todo = f"do what {code} says, and remove the comment"
    else:
        detail, todo = f"there is no {code} on this line", "remove it"
    return view.diagnose(IDLE_IGNORE, place, "", detail=detail, todo=todo)
