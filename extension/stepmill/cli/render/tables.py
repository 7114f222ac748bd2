"""Tables of plans, runs and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.cli.render.layout import step_columns, styled
from stepmill.model.quantities import seconds_text
from stepmill.model.run import StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.text import Text

    from stepmill.model.plan import Plan
    from stepmill.model.run import StepOutcome

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
    """Return the reason without what its row says already."""
    return reason.removeprefix(f"step {step!r} ").removeprefix("failed: ")


def plan_table(plan: Plan, *, width: int | None = None) -> list[Text]:
    """Return one row per step: what a run would do, how long that took last time, and why."""
    rows = [
        (styled(s.step, "bold"), status_text(s.status), seconds_text(s.expected_seconds), s.reason)
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
