"""Tables of plans, runs and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.cli.render.layout import step_columns, styled
from stepmill.model.plan import PlanStatus
from stepmill.model.quantities import seconds_text
from stepmill.model.run import StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.text import Text

    from stepmill.model.plan import Plan, StepPlan
    from stepmill.model.run import StepOutcome

LONGEST_REASON = 160
_BETWEEN_REASONS = "; "
STATUS_STYLES = {
    "cached": "cyan",
    "stale": "yellow",
    "blocked": "bold red",
    "queued": "dim",
    "running": "bold",
    "executed": "green",
    "failed": "bold red",
    "skipped": "yellow",
    "cancelled": "yellow",
    "succeeded": "green",
}


def status_text(status: str) -> Text:
    """Return the status word in its colour."""
    return styled(status, STATUS_STYLES.get(status, ""))


def ran_text(status: StepStatus, seconds: float | None) -> str:
    """Return how long a step ran; nothing for one that did not."""
    return (
        seconds_text(seconds)
        if status in (StepStatus.EXECUTED, StepStatus.FAILED, StepStatus.CANCELLED)
        else ""
    )


def short_reason(step: str, reason: str) -> str:
    """Return the reason without what its row says already, and no more than a row has room for.

    Of several the first are kept whole; `stepmill why` and --json have all. Of an error it is the beginning.
    """
    text = reason.removeprefix(f"step {step!r} ").removeprefix("failed: ")
    if len(text) <= LONGEST_REASON:
        return text
    if text != reason:
        return f"{text[: LONGEST_REASON - 1]}…"
    first, *others = text.split(_BETWEEN_REASONS)
    while others and len(first) + len(_BETWEEN_REASONS) + len(others[0]) <= LONGEST_REASON:
        first += _BETWEEN_REASONS + others.pop(0)
    return f"{first}{_BETWEEN_REASONS}{len(others)} more" if others else first


def _planned(step: StepPlan) -> str:
    """Return why; all of it where the user has to decide something."""
    return step.reason if step.status is PlanStatus.BLOCKED else short_reason(step.step, step.reason)


def plan_table(plan: Plan, *, width: int | None = None) -> list[Text]:
    """Return one row per step: what a run would do, how long that took last time, and why."""
    rows = [
        (styled(s.step, "bold"), status_text(s.status), seconds_text(s.expected_seconds), _planned(s))
        for s in plan.steps
    ]
    return step_columns(rows, header=("step", "status", "expected", "why"), width=width, right=frozenset({2}))


def outcome_table(steps: Mapping[str, StepOutcome], *, width: int | None = None) -> list[Text]:
    """Return one row per step of a run."""
    rows = [
        (
            styled(name, "bold"),
            status_text(o.status),
            ran_text(o.status, o.seconds),
            short_reason(name, o.reason),
        )
        for name, o in steps.items()
    ]
    return step_columns(rows, header=("step", "status", "time", "why"), width=width, right=frozenset({2}))
