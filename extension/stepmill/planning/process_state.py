"""What a step leaves in its process and a later one would have found there: seen when both have run.

A record says which settings its step left changed (`LEFT`) and in which ones such a change would have
shown (`USES`). A module of the project that keeps data in its globals is such a setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.artifact import StepRecord
    from stepmill.model.pipeline import Pipeline

LEFT, USES = "left", "uses"
"""Where `StepRecord.extra` has the two."""

_WORDS = {"module": "the data of module {}", "figures": "the figures that pyplot holds open"}


def find_lost_change(
    pipeline: Pipeline, step: str, record: StepRecord, others: Mapping[str, StepRecord]
) -> StepFailed | None:
    """Return why `step`, with `record`, does not go together with the records of the `others`, if so.

    Of two steps the one whose first cell comes first in the notebook is the earlier one, as in Run All.
    """
    for other, its_record in sorted(others.items()):
        if other == step:
            continue
        pair = ((step, record), (other, its_record))
        (first, given), (second, found) = sorted(pair, key=lambda one: min(pipeline.step(one[0]).cells))
        if lost := _listed(given, LEFT) & _listed(found, USES):
            return _error(pipeline, first, second, min(lost))
    return None


def _listed(record: StepRecord, what: str) -> set[str]:
    return set(record.extra.get(what, ()))


def _error(pipeline: Pipeline, first: str, second: str, setting: str) -> StepFailed:
    kind, _, name = setting.partition(":")
    what = _WORDS[kind].format(name)
    return StepFailed(
        f"step {first!r} changes {what}, and step {second!r} uses that too: in a process of its own "
        "it would not see the change",
        hint="hand the data on in a variable, or do both in one step; --lenient lets it pass",
        cell=min(pipeline.step(second).cells),
        step=second,
    )
