"""The code of steps as it ran, as unified diffs against the first run."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from stepmill.comparing.rows import all_equal, merged
from stepmill.model.comparison import CodeRow
from stepmill.model.quantities import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stepmill.model.comparison import RunFacts, StepFacts

_CONTEXT = 3


def code_rows(
    runs: Sequence[RunFacts], steps: Sequence[tuple[str, Sequence[StepFacts | None]]]
) -> tuple[CodeRow, ...]:
    """Return what is replayed before steps, then the cells of each step."""
    return (_replayed(runs), *(_cells(name, facts) for name, facts in steps))


def _cells(name: str, facts: Sequence[StepFacts | None]) -> CodeRow:
    texts = ["\n\n".join(each.cells.values()) if each is not None else "" for each in facts]
    places = merged([[f"[{cell}]" for cell in each.cells] for each in facts if each is not None])
    known = [each.body_digest for each in facts if each is not None]
    return CodeRow(
        steps=(name,),
        title=f"{name}, cell {listed(places)}",
        is_equal=all_equal(texts),
        diffs=diffs_against_first(texts),
        is_layout=len(known) == len(facts) and all_equal(known),
    )


def _replayed(runs: Sequence[RunFacts]) -> CodeRow:
    """Return the imports, functions and constants that any step has before it, each once."""
    texts = []
    for run in runs:
        places = {(cell, line): source for step in run.steps for cell, line, source in step.replayed}
        texts.append("\n".join(source for _, source in sorted(places.items())))
    changed = merged([[step.name for step in run.steps if step.replayed] for run in runs])
    digests = [sorted({step.code_digest for step in run.steps}) for run in runs]
    return CodeRow(
        steps=tuple(changed),
        title="imports, functions and constants",
        is_equal=all_equal(texts),
        diffs=diffs_against_first(texts),
        is_layout=all_equal(digests),
    )


def diffs_against_first(texts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return a unified diff, without its head, for each text against the first one."""
    first = texts[0].splitlines()
    return tuple(
        tuple(list(difflib.unified_diff(first, text.splitlines(), lineterm="", n=_CONTEXT))[2:])
        for text in texts
    )
