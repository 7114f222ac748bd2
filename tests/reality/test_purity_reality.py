"""The purity tables against the libraries themselves: what a call is said to do is what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reality.table import Call, lay_files, read_calls

if TYPE_CHECKING:
    from pathlib import Path

CALLS = read_calls()
CHUNK = 60
PARTS = [CALLS[start : start + CHUNK] for start in range(0, len(CALLS), CHUNK)]


@pytest.mark.parametrize("calls", PARTS, ids=lambda calls: calls[0].source)
def test_calls_do_what_the_tables_say(
    calls: list[Call], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    lay_files(tmp_path)
    found = {call.source: call.difference(tmp_path) for call in calls}
    assert found == {call.source: (call.over, call.under) for call in calls}


def test_most_calls_are_run() -> None:
    assert sum(call.runs for call in CALLS) >= 750
