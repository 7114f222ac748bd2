"""A run while it goes on, from events made by hand."""

from __future__ import annotations

import io
import json
import math
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cli.samples import FAILED_RUN, event
from stepmill.cli.render.console import Screen
from stepmill.cli.render.run_progress import LiveView, PlainView, show_progress
from stepmill.cli.render.tables import LONGEST_REASON, outcome_table, short_reason
from stepmill.cli.run_stream import RunStream
from stepmill.model.documents import event_document, run_document
from stepmill.model.json_text import json_text
from stepmill.model.run import StepOutcome, StepStatus

if TYPE_CHECKING:
    from stepmill.model.run import Event

PLANNED = {
    "load": {"status": "cached", "reason": "nothing changed", "expected_seconds": 12.0},
    "train": {"status": "stale", "reason": "alpha changed from 0.1 to 0.3", "expected_seconds": 75.0},
    "report": {"status": "stale", "reason": "train runs", "expected_seconds": None},
}
EVENTS: list[Event] = [
    event(0, "run-started", notebook="churn.ipynb"),
    event(1, "run-planned", round=0, steps=PLANNED),
    event(2, "step-finished", "load", status="cached", reason="nothing changed", seconds=0.0),
    event(3, "step-started", "train", reason="alpha changed from 0.1 to 0.3"),
    event(4, "step-progress", "train", cell=2, cells=5),
]
LATER = [
    event(5, "run-warning", message="tracking is out of reach"),
    event(
        6, "step-finished", "train", status="executed", reason="alpha changed from 0.1 to 0.3", seconds=1.23
    ),
    event(7, "run-finished", status="succeeded"),
]


def screen_on(file: io.StringIO, *, terminal: bool = False) -> Screen:
    return Screen(Console(file=file, force_terminal=terminal, width=80, color_system=None))


def test_plain_lines_elsewhere_than_on_a_terminal() -> None:
    file = io.StringIO()
    with show_progress(screen_on(file)) as (on_event, state):
        for each in EVENTS + LATER:
            on_event(each)
    assert file.getvalue().splitlines() == [
        "train   running    (75 s expected)  alpha changed from 0.1 to 0.3".replace("75 s", "1 min 15 s"),
        "note: tracking is out of reach",
        "train   executed   1.2 s",
    ]
    assert state.saved_seconds == 12.0


def test_live_view_folds_cached_steps_and_counts_waiting_ones() -> None:
    view = LiveView(has_unicode=False, clock=lambda: 1010.0)
    for each in EVENTS:
        view.apply(each)
    lines = [line.plain for line in view.lines(80)]
    assert lines[0] == "cached  1: load"
    assert lines[1].startswith("train")
    assert lines[1].endswith("running  7 s of about 1 min 15 s  cell 2 of 5")
    assert lines[2] == "1 step waiting"


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_long_name_leaves_room_for_times_and_reasons(width: int) -> None:
    name = "train_the_gradient_boosted_model_with_all_features_and_weights"
    view = LiveView(has_unicode=True, clock=lambda: 1010.0)
    for each in (*EVENTS[:3], event(3, "step-started", name, reason="new"), *EVENTS[3:]):
        view.apply(each)
    view.apply(event(7, "step-finished", "train", status="executed", reason="alpha changed", seconds=1.23))
    finished, running = (line.plain for line in view.lines(width)[1:3])
    assert "7 s" in running
    assert name[:4] in running
    assert "alpha" in finished
    outcomes = {name: StepOutcome(status=StepStatus.EXECUTED, reason="alpha changed", seconds=1.23)}
    table = outcome_table(outcomes, width=width)
    assert max(line.cell_len for line in table) <= width
    text = "".join(line.plain.replace(" ", "") for line in table)
    assert all(word in text for word in ("executed", "1.2s", "alphachanged"))


def test_what_a_followed_step_prints_stands_above() -> None:
    view = LiveView(has_unicode=True, clock=lambda: 1010.0, pending=lambda: "\x1b[32m50%\x1b[0m ####")
    for each in EVENTS:
        view.apply(each)
    assert view.lines(80)[0].plain == "│ 50% ####"


def test_live_view_never_exceeds_the_width() -> None:
    view = LiveView(has_unicode=True, clock=lambda: 1010.0)
    for each in EVENTS + LATER:
        view.apply(each)
    assert max(line.cell_len for line in view.lines(30)) <= 30


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_live_lines_and_keeps_the_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    file = Terminal()
    with show_progress(screen_on(file, terminal=True)) as (on_event, _):
        for each in EVENTS + LATER:
            on_event(each)
    text = file.getvalue()
    assert "1 step waiting" in text
    assert text.rstrip().endswith("note: tracking is out of reach")


def test_a_new_plan_starts_all_steps_anew() -> None:
    view = PlainView(screen_on(io.StringIO()))
    for each in [*EVENTS, event(5, "run-replanned", message="y is changed by f")]:
        view.apply(each)
    view.apply(event(6, "run-planned", round=1, steps={"setup": {}, **PLANNED}))
    assert list(view.state.steps) == ["setup", "load", "train", "report"]
    assert view.state.notices == ["planned anew: y is changed by f"]


def test_json_stream_is_one_object_a_line_and_ends_with_the_contract(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = RunStream()
    for each in EVENTS + LATER:
        stream.on_event(each)
    stream.finish(FAILED_RUN)
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [d["event"] for d in documents[:3]] == ["run-started", "run-planned", "step-finished"]
    assert [d["event"] for d in documents].count("run-finished") == 1
    last = documents[-1]
    assert last["event"] == "run-finished"
    assert last["schema"] == 1
    assert {"run_id", "status", "steps", "notebook", "mlflow_run_id"} <= last.keys()
    assert {"status", "reason", "seconds", "outputs", "notebook"} <= last["steps"]["train"].keys()


def test_event_data_cannot_hide_the_events_own_fields() -> None:
    document = event_document(event(3, "step-started", "train", event="x", step="y", run_id="z"))
    assert (document["event"], document["step"], document["run_id"]) == ("step-started", "train", "r1")


def test_run_document_is_strict_json() -> None:
    text = json_text({**run_document(FAILED_RUN), "metrics": {"loss": math.nan, "best": -math.inf}})
    assert json.loads(text, parse_constant=pytest.fail)["metrics"] == {"loss": "NaN", "best": "-Infinity"}
    assert text.isascii()


LONG = "; ".join(f"input name{number} (from step{number}) has the shape 24, had 48" for number in range(6))
ERROR = "step 'fit' failed: ValueError: " + "x" * 300


def test_a_row_has_no_more_reasons_than_it_has_room_for() -> None:
    shown = short_reason("fit", LONG)
    assert len(shown) <= LONGEST_REASON + len("; 9 more")
    assert shown.startswith("input name0 (from step0) has the shape 24, had 48; input name1")
    assert shown.endswith("; 3 more")
    assert short_reason("fit", ERROR) == "ValueError: " + "x" * (LONGEST_REASON - 13) + "…"
    assert short_reason("fit", "alpha changed from 0.1 to 0.3") == "alpha changed from 0.1 to 0.3"
