"""A run as lines of JSON: one object per event, the last one its summary."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from stepmill.cli.json_output import print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.run import Event, RunSummary

FINISHED = "run-finished"


class RunStream:
    """Writes events as they come, from any thread; holds the last one back until the run is complete."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def on_event(self, event: Event) -> None:
        if event.kind != FINISHED:
            with self._lock:
                print_json(event_document(event), indent=None)

    def finish(self, summary: RunSummary) -> None:
        """Write the last line."""
        with self._lock:
            print_json(finished_document(summary), indent=None)


def event_document(event: Event) -> Mapping[str, Any]:
    """Return the event with its data beside its own fields, which win over data of the same name."""
    own = {
        "event": event.kind,
        "schema": 1,
        "number": event.number,
        "run_id": event.run_id,
        "time_s": event.time_s,
    }
    step = {} if event.step is None else {"step": event.step}
    return {**own, **step, **{name: value for name, value in event.data.items() if name not in own | step}}


def finished_document(summary: RunSummary) -> Mapping[str, Any]:
    """Return the summary as the last event says it."""
    return {
        "event": FINISHED,
        "schema": 1,
        "run_id": summary.run_id,
        "status": summary.status,
        "steps": summary.steps,
        "notebook": summary.notebook,
        "mlflow_run_id": summary.mlflow_run_id,
        "same_as": summary.same_as,
        "seconds": summary.seconds,
        "parameters": summary.parameters,
        "metrics": summary.metrics,
    }
