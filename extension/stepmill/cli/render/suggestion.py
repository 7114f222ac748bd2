"""A proposal of steps as a table, and what to type next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from stepmill.cli.render.layout import columns, joined, styled
from stepmill.model.quantities import count_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.text import Text

    from stepmill.suggestion.proposal import Suggestion

MOST_NAMES = 3
"""Names of one cell of the table; of more it says how many."""


def render_suggestion(
    found: Suggestion, notebook: Path, target: Path, *, width: int | None = None
) -> list[Text]:
    """Return one row per step: its cells, what it takes and gives, why it is one; then what comes next."""
    rows = [
        (
            styled(step.name, "bold"),
            ranges_text(step.cells),
            _names_text(step.inputs),
            _names_text(step.outputs),
            step.why,
        )
        for step in found.steps
    ]
    lines = columns(rows, header=("step", "cells", "takes", "gives", "why"), width=width)
    lines += [styled(""), *_rest(found)]
    lines += [styled(f"written to {target}; {notebook} is as it was"), styled("")]
    where = shlex.quote(str(target))
    follow = [
        (f"stepmill run {where}", "run it; a second time only what changed runs"),
        (f"stepmill verify {where}", "does it give what Run All gives?"),
        (f"stepmill graph {where}", "what flows between the steps"),
    ]
    lines.append(styled("next", "bold dim"))
    lines += columns([(styled(line, "bold"), purpose) for line, purpose in follow], width=width, indent=2)
    return lines


def ranges_text(cells: Sequence[int]) -> str:
    """Return "3-7, 9" for the cells 3, 4, 5, 6, 7 and 9."""
    runs: list[list[int]] = []
    for cell in sorted(cells):
        if runs and runs[-1][1] == cell - 1:
            runs[-1][1] = cell
        else:
            runs.append([cell, cell])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _names_text(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:MOST_NAMES])} +{more}"


def _rest(found: Suggestion) -> list[Text]:
    lines = []
    if found.parameters:
        lines.append(joined("parameters: ", ", ".join(found.parameters), "; replace one with -p NAME=VALUE"))
    if found.untagged:
        cells = count_text(len(found.untagged), "cell")
        stay = "stays" if len(found.untagged) == 1 else "stay"
        lines.append(
            styled(f"{cells} {stay} untagged ({ranges_text(found.untagged)}): replayed where needed")
        )
    doubts = sum(diagnostic.is_doubt for diagnostic in found.pipeline.diagnostics)
    if doubts:
        lines.append(styled(f"{count_text(doubts, 'doubt')}: `stepmill check` on the copy says which"))
    return lines
