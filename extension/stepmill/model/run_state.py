"""Where a run stands, as far as its events have told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stepmill.model.run import Event, StepStatus


@dataclass(slots=True)
class StepState:
    """What is known of one step. `started_s` are seconds since the epoch."""

    name: str
    status: StepStatus = StepStatus.QUEUED
    reason: str = ""
    started_s: float | None = None
    seconds: float | None = None
    expected_seconds: float | None = None
    note: str = ""


@dataclass(slots=True)
class RunState:
    """Fed with events in order; steps stand in the order in which they were first named."""

    run_id: str = ""
    steps: dict[str, StepState] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def apply(self, event: Event) -> None:
        """Take in one event; kinds and keys that are not known change nothing.

        A new plan starts all steps anew: what is reused of this very run is reported again.
        """
        self.run_id = self.run_id or event.run_id
        if event.kind == "run-planned":
            self.steps = {}
            for name, entry in dict(event.data.get("steps") or {}).items():
                self._learn(name, entry)
        elif event.kind in ("run-replanned", "run-warning"):
            prefix = "planned anew: " if event.kind == "run-replanned" else ""
            self.notices.append(prefix + str(event.data.get("message") or event.kind))
        if event.step is not None:
            self._step_event(event.step, event)

    @property
    def saved_seconds(self) -> float:
        """Time that the reused steps took when they last ran, as far as it is known."""
        return sum(step.expected_seconds or 0.0 for step in self.with_status(StepStatus.CACHED))

    def with_status(self, *wanted: StepStatus) -> list[StepState]:
        """Return the steps that have one of these statuses, in order."""
        return [step for step in self.steps.values() if step.status in wanted]

    def _step_event(self, name: str, event: Event) -> None:
        step = self._learn(name, event.data)
        if event.kind == "step-started":
            step.status, step.started_s = StepStatus.RUNNING, event.time_s
        elif event.kind == "step-progress":
            step.note = _progress_note(event.data)
        elif event.kind == "step-finished":
            step.status = StepStatus(event.data.get("status", StepStatus.EXECUTED))
            step.seconds = event.data.get("seconds")

    def _learn(self, name: str, data: Any) -> StepState:
        step = self.steps.setdefault(name, StepState(name))
        step.reason = str(data.get("reason") or step.reason)
        expected = data.get("expected_seconds")
        step.expected_seconds = expected if isinstance(expected, (int, float)) else step.expected_seconds
        return step


def _progress_note(data: Any) -> str:
    done, total = data.get("cell"), data.get("cells")
    if not isinstance(done, int) or not isinstance(total, int) or total < 2:
        return ""
    return f"cell {done} of {total}"
