"""Where a run stands whose summary does not say: what its events tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepmill.model.codec import CodecError, from_json
from stepmill.model.run import RunStatus, StepOutcome, StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.model.run import Event, RunSummary

LOST = "the process that ran it ended without finishing it"
_NEVER_STARTED = "the run ended before it started"


def replayed(summary: RunSummary, events: Iterable[Event], *, is_live: bool) -> RunSummary:
    """Return the summary of a run that has not said its last word, with its steps as of the last event.

    One that is not live was killed: it and what it left undone count as cancelled.
    """
    steps: dict[str, StepOutcome] = {}
    time_s = summary.started_s
    for event in events:
        time_s = max(time_s, event.time_s)
        if event.kind == "run-planned":
            steps = _planned(event.data.get("steps"))
        elif event.step is not None:
            steps[event.step] = _after(event, steps.get(event.step))
    if is_live:
        return replace(summary, steps=steps)
    return replace(
        summary,
        status=RunStatus.CANCELLED,
        seconds=max(0.0, time_s - summary.started_s),
        steps={name: _given_up(outcome) for name, outcome in steps.items()},
    )


def _planned(entries: Any) -> dict[str, StepOutcome]:
    """Return the steps of a plan, all waiting: a new plan starts them anew."""
    found: Mapping[str, Any] = entries if isinstance(entries, dict) else {}
    return {
        name: StepOutcome(status=StepStatus.QUEUED, reason=str(entry.get("reason", "")))
        for name, entry in found.items()
    }


def _after(event: Event, before: StepOutcome | None) -> StepOutcome:
    known = before or StepOutcome(status=StepStatus.QUEUED)
    if event.kind == "step-started":
        return replace(known, status=StepStatus.RUNNING, reason=str(event.data.get("reason") or known.reason))
    if event.kind == "step-finished":
        try:
            return from_json(StepOutcome, dict(event.data))
        except CodecError:
            return known  # written by another version
    return known


def _given_up(outcome: StepOutcome) -> StepOutcome:
    if outcome.status.is_final:
        return outcome
    reason = LOST if outcome.status is StepStatus.RUNNING else _NEVER_STARTED
    return replace(outcome, status=StepStatus.CANCELLED, reason=reason)
