"""Run folders written by hand: what a run leaves on disk, without running anything."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.execution.events import EventLog
from stepmill.execution.lock import hold_project
from stepmill.model.codec import to_json
from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.running.folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST, SECOND, THIRD = "20260101-100000-aaaa", "20260101-100001-bbbb", "20260101-100002-cccc"


class HandRun:
    """A run that does what the test says."""

    def __init__(self, state: Path, run_id: str, notebook: Path) -> None:
        self.folder = RunFolder(state / "runs", run_id)
        self.log = EventLog(self.folder.events, run_id)
        self.summary = RunSummary(
            run_id=run_id,
            status=RunStatus.RUNNING,
            pipeline=notebook.name,
            notebook_source=str(notebook.resolve()),
            started_s=1.0,
            seconds=None,
        )
        self.folder.write_summary(self.summary)
        self.emit("run-started", steps=["a"])
        self.emit("run-planned", round=0, steps={"a": {"status": "stale", "reason": "first"}})

    def emit(self, kind: str, step: str | None = None, **data: Any) -> None:
        self.log.emit(kind, step, **data)

    def finish(self) -> None:
        self.emit("step-finished", "a", **to_json(StepOutcome(status=StepStatus.EXECUTED, seconds=0.5)))
        document = {**to_json(self.summary), "status": RunStatus.SUCCEEDED.value}
        self.emit("run-finished", schema=1, **{k: v for k, v in document.items() if k != "run_id"})
        self.log.close()


@contextlib.contextmanager
def live_run(state: Path, run_id: str, notebook: Path) -> Iterator[HandRun]:
    """Give a run that holds its project; leaving the block is as if its process died."""
    with hold_project(state, run_id):
        run = HandRun(state, run_id, notebook)
        yield run
        run.log.close()
