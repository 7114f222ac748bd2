"""What the cells of steps showed as text, as unified diffs against the first run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.comparing.code import diffs_against_first
from stepmill.comparing.rows import all_equal
from stepmill.model.comparison import Printed, TextRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stepmill.model.comparison import StepFacts


def text_rows(steps: Sequence[tuple[str, Sequence[StepFacts | None]]]) -> tuple[TextRow, ...]:
    """Return a row for each cell that showed text in any run: the first cell of a step with the first."""
    return tuple(row for name, facts in steps for row in _of_step(name, facts))


def _of_step(name: str, facts: Sequence[StepFacts | None]) -> Iterator[TextRow]:
    shown = [() if each is None else each.texts for each in facts]
    for at in range(max(map(len, shown))):
        here = [each[at] if at < len(each) else None for each in shown]
        known = [each or Printed(cell=-1) for each in here]
        if any(each.digest for each in known):
            yield TextRow(
                step=name,
                cell=next(each.cell for each in here if each is not None),
                is_equal=all_equal([each.digest for each in known]),
                diffs=diffs_against_first([each.text for each in known]),
            )
