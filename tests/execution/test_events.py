from __future__ import annotations

import json
import math
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepmill.execution.events import EventLog, LogTail, follow, read_events
from stepmill.model.codec import CodecError
from stepmill.model.run import Event, StepOutcome, StepStatus

if TYPE_CHECKING:
    from pathlib import Path


def test_events_come_back_as_they_were_emitted(tmp_path: Path) -> None:
    path = tmp_path / "runs/r1/events.jsonl"
    with EventLog(path, "r1") as log:
        first = log.emit("run-started", parameters={"alpha": 0.1, "name": "ünï"})
        second = log.emit("step-finished", "load", outcome=StepOutcome(status=StepStatus.CACHED))
        assert read_events(path) == [first, second]  # flushed, not only written at the end
    assert (first.number, first.run_id, first.step) == (0, "r1", None)
    assert second.data["outcome"]["status"] == "cached"


def test_listeners_hear_every_event_in_order(tmp_path: Path) -> None:
    heard: list[Event] = []
    log = EventLog(tmp_path / "e.jsonl", "r", (heard.append,))
    late: list[Event] = []
    log.emit("run-started")
    log.listen(late.append)
    log.emit("run-finished")
    log.close()
    assert [e.number for e in heard] == [0, 1]
    assert [e.number for e in late] == [1]


def test_threads_do_not_tear_lines_or_share_numbers(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with EventLog(path, "r") as log:
        threads = [
            threading.Thread(target=lambda: [log.emit("step-progress", text="x" * 500) for _ in range(50)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [event.number for event in read_events(path)] == list(range(400))


@pytest.mark.parametrize(
    "torn", [b'{"number": 1, "ki', b"\xc3", b'{"number": 1}'], ids=["half", "byte", "no-end"]
)
def test_a_torn_last_line_is_left_out_and_mended(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "e.jsonl"
    with EventLog(path, "r") as log:
        log.emit("run-started")
    path.write_bytes(path.read_bytes() + torn)
    assert [e.number for e in read_events(path)] == [0]
    with EventLog(path, "r") as log:
        log.emit("run-finished")
    assert [(e.number, e.kind) for e in read_events(path)] == [(0, "run-started"), (1, "run-finished")]


def test_damage_in_the_middle_is_said(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("{}\n", "utf-8")
    with pytest.raises(CodecError, match=r"events.jsonl line 1\.number is missing"):
        read_events(path)
    path.write_text("oops\n", "utf-8")
    with pytest.raises(CodecError, match=r"events\.jsonl line 1 is no JSON"):
        read_events(path)


def test_an_absent_log_has_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none.jsonl") == []


def test_a_value_that_is_no_json_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with EventLog(path, "r") as log:
        with pytest.raises(TypeError):
            log.emit("step-progress", value=object())
        log.emit("run-finished")
    assert [e.number for e in read_events(path)] == [0]


def test_numbers_that_json_lacks_become_text(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with EventLog(path, "r") as log:
        log.emit("x", metrics={"loss": math.nan, "deep": [math.inf, {"low": -math.inf}]})
    line = json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)
    assert line["data"] == {"metrics": {"loss": "NaN", "deep": ["Infinity", {"low": "-Infinity"}]}}


def test_follow_reads_on_while_another_thread_writes(tmp_path: Path) -> None:
    path = tmp_path / "later/e.jsonl"

    def write() -> None:
        with EventLog(path, "r") as log:
            for _ in range(30):
                log.emit("step-progress")
            log.emit("run-finished")

    writer = threading.Thread(target=write)
    reader = follow(path, poll_s=0.01, after=4)
    writer.start()
    numbers = [event.number for event in reader]
    writer.join()
    assert numbers == list(range(5, 31))


def test_follow_stops_when_told_after_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with EventLog(path, "r") as log:
        log.emit("run-started")
    assert [e.kind for e in follow(path, stop=lambda: True)] == ["run-started"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values)
def test_any_json_value_survives(tmp_path: Path, value: object) -> None:
    path = tmp_path / "e.jsonl"
    path.unlink(missing_ok=True)
    with EventLog(path, "r") as log:
        event = log.emit("x", value=value)
    assert read_events(path) == [event]


def test_a_tail_reads_piece_by_piece_and_goes_on_behind_damage(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "events.jsonl")
    assert tail.read() == []
    with EventLog(tail.path, "r") as log:
        log.emit("run-started")
        assert [event.number for event in tail.read()] == [0]
        assert tail.read() == []
        log.emit("run-warning")
        with tail.path.open("ab") as file:
            file.write(b"{}\n")
        log.emit("run-finished")
    assert [event.number for event in tail.read()] == [1]
    with pytest.raises(CodecError, match="line 3"):
        tail.read()
    assert [event.number for event in tail.read()] == [2]
