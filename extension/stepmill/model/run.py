"""One execution of a plan: its states, its events, its summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from stepmill.errors import RunCancelled, StepFailed, StepmillError

if TYPE_CHECKING:
    from pathlib import Path


class StepStatus(StrEnum):
    """Where a step of a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    EXECUTED = "executed"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (StepStatus.QUEUED, StepStatus.RUNNING)

    @property
    def is_good(self) -> bool:
        return self in (StepStatus.EXECUTED, StepStatus.CACHED)


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of `events.jsonl`.

    `kind` is one of run-started, run-planned, step-started, step-progress, step-finished,
    run-replanned, run-warning, step-kernel (not forked, and why), run-finished. `number` counts from 0
    without gaps; `time_s` are seconds since the epoch. `data` holds JSON values only.
    """

    number: int
    kind: str
    run_id: str
    time_s: float
    step: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """How one step of a run ended.

    `notebook` is the path of its executed notebook; `cached_from` the run whose record a cached
    step reuses.
    """

    status: StepStatus
    reason: str = ""
    seconds: float | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)  # name -> digest
    notebook: str | None = None
    error: Mapping[str, Any] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    cached_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What the last event of a run says, and `stepmill runs` lists."""

    run_id: str
    status: RunStatus
    pipeline: str
    notebook_source: str
    started_s: float
    seconds: float | None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, StepOutcome] = field(default_factory=dict)
    notebook: str | None = None
    mlflow_run_id: str | None = None
    same_as: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_all_cached(self) -> bool:
        """Whether the run succeeded without running a step."""
        nothing_ran = all(outcome.status is StepStatus.CACHED for outcome in self.steps.values())
        return nothing_ran and self.status is RunStatus.SUCCEEDED


def outcome_of_error(
    error: StepmillError, *, seconds: float | None = None, notebook: Path | None = None
) -> StepOutcome:
    """Return the outcome of a step that failed for `error` (cancelled, if it says so)."""
    cancelled = isinstance(error, RunCancelled)
    return StepOutcome(
        status=StepStatus.CANCELLED if cancelled else StepStatus.FAILED,
        reason=error.message,
        seconds=seconds,
        notebook=str(notebook) if notebook is not None and notebook.exists() else None,
        error=None if cancelled else _error_document(error),
    )


def _error_document(error: StepmillError) -> dict[str, Any]:
    """Return what an outcome carries about `error`; the traceback keeps its colours."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "cell": error.cell,
        "line": error.line,
        "ename": "",
        "evalue": "",
        "traceback": error.traceback if isinstance(error, StepFailed) else "",
    }


def raised(error: Mapping[str, Any]) -> str:
    """Return what the user's code raised, as "ValueError: no", by an outcome's error; "" if nothing."""
    return ": ".join(str(error[key]) for key in ("ename", "evalue") if error.get(key))
