"""Stopping a run from another process."""

from __future__ import annotations

import threading
from pathlib import Path

from stepmill.running.cancellation import heeding


def test_a_request_is_heeded(tmp_path: Path) -> None:
    cancel = threading.Event()
    with heeding(tmp_path / "cancel", cancel):
        (tmp_path / "cancel").touch()
        assert cancel.wait(30)


def test_without_a_request_nothing_is_cancelled_and_no_thread_stays(tmp_path: Path) -> None:
    cancel = threading.Event()
    before = threading.active_count()
    with heeding(tmp_path / "cancel", cancel):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    (tmp_path / "cancel").touch()
    assert not cancel.is_set()
