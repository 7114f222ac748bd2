"""A run as lines of JSON: one object per event, the last one its summary."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stepmill.cli.json_output import print_json
from stepmill.model.codec import SCHEMA
from stepmill.model.documents import FINISHED, event_document, run_document

if TYPE_CHECKING:
    from stepmill.model.run import Event, RunSummary


class RunStream:
    """Writes events as they come, from any thread; holds the last one back until the run is complete."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def on_event(self, event: Event) -> None:
        if event.kind != FINISHED:
            with self._lock:
                print_json(event_document(event), indent=None)

    def printed(self, step: str | None, line: str) -> None:
        """Write a line that a followed step printed; the run's record has no such events."""
        with self._lock:
            print_json({"event": "step-output", "schema": SCHEMA, "step": step, "text": line}, indent=None)

    def finish(self, summary: RunSummary) -> None:
        """Write the last line."""
        with self._lock:
            print_json(run_document(summary), indent=None)
