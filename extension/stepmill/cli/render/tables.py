"""Tables of plans, runs and steps."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from stepmill.cli.render.layout import columns, styled
from stepmill.model.quantities import listed, moment_text, seconds_text, value_text
from stepmill.model.run import StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from stepmill.model.plan import Plan
    from stepmill.model.run import RunSummary, StepOutcome

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
    return columns(rows, header=("step", "status", "expected", "why"), width=width, right=frozenset({2}))


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
    return columns(rows, header=("step", "status", "time", "why"), width=width, right=frozenset({2}))


def runs_table(runs: Sequence[RunSummary], *, width: int | None = None) -> list[Text]:
    """Return one row per run; parameters that are the same in all runs shown are left out."""
    differing = differing_parameters(runs)
    rows = []
    for run in runs:
        values = [
            f"{name}={value_text(run.parameters[name])}" for name in differing if name in run.parameters
        ]
        values += [f"{name}: {value:.6g}" for name, value in run.metrics.items()]
        notebook = PurePath(run.notebook_source).name
        moment = moment_text(run.started_s)
        facts = (moment, notebook, status_text(run.status), seconds_text(run.seconds), listed(values))
        rows.append((styled(run.run_id, "bold"), *facts))
    header = ("run", "started", "notebook", "status", "time", "parameters and metrics")
    return columns(rows, header=header, width=width, right=frozenset({4}))


def differing_parameters(runs: Sequence[RunSummary]) -> list[str]:
    """Return the parameters whose value is not the same in all runs of one notebook, in their order."""
    seen: dict[tuple[str, str], list[Any]] = {}
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.notebook_source] = counts.get(run.notebook_source, 0) + 1
        for name, value in run.parameters.items():
            seen.setdefault((run.notebook_source, name), []).append(value)
    found = [
        name
        for (notebook, name), values in seen.items()
        if len(values) < counts[notebook] or any(value != values[0] for value in values)
    ]
    return list(dict.fromkeys(found))
