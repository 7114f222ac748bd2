"""How long a tracker may hold up the end of a run without a word."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.execution.events import EventLog, read_events
from stepmill.running.tracking_link import WAITING, TrackingLink

if TYPE_CHECKING:
    from pathlib import Path


class SlowTracker:
    """Delivers when it is told to go on."""

    def __init__(self, go_on: threading.Event) -> None:
        self.warnings: list[str] = []
        self._go_on = go_on

    def run_finished(self, _summary: Any, _folder: Path) -> str:
        assert self._go_on.wait(60)
        return "delivered"


@pytest.mark.parametrize("is_slow", [True, False])
def test_a_tracker_that_holds_up_the_end_is_spoken_of(tmp_path: Path, is_slow: bool) -> None:
    go_on = threading.Event()
    link = TrackingLink("any", patience_s=0.0 if is_slow else 3600.0)
    link._tracker, link._folder = SlowTracker(go_on), type("Folder", (), {"path": tmp_path})()  # type: ignore[assignment]
    with EventLog(tmp_path / "events.jsonl", "r") as log:
        if is_slow:
            log.listen(lambda _: go_on.set())  # it waits until the word is there
        else:
            go_on.set()
        assert link.run_finished(object(), log) == "delivered"  # type: ignore[arg-type]
    said = [event.data["message"] for event in read_events(tmp_path / "events.jsonl")]
    assert said == ([WAITING] if is_slow else [])
