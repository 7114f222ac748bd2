from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from cli.samples import event
from stepmill.cli.following import Follower

if TYPE_CHECKING:
    from pathlib import Path

STARTED = event(0, "step-started", "train", reason="it is new")
FINISHED = event(9, "step-finished", "train", status="executed")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


def followed(log: Path) -> tuple[Follower, list[str]]:
    seen: list[str] = []
    return Follower("train", lambda _: log, seen.append), seen


PRINTED = [
    pytest.param("one\ntwo\n", ["one", "two"], id="lines"),
    pytest.param("[1/4 parameters]\n[3/4 cell 7]\none\n", ["one"], id="headings-are-ours"),
    pytest.param("[3/4 epochs]\n[1/2 cell]\n", ["[3/4 epochs]", "[1/2 cell]"], id="progress-is-no-heading"),
    pytest.param("[3/4 cell 7] one\n", ["[3/4 cell 7] one"], id="only-whole-lines-are-headings"),
    pytest.param(" 5%\r50%\r99%\ndone\n", ["99%", "done"], id="a-bar-is-one-line"),
    pytest.param("dos\r\n", ["dos"], id="dos-line-ends"),
    pytest.param("one\nand no end", ["one", "and no end"], id="no-newline-at-the-end"),
    pytest.param("größe 評価\n", ["größe 評価"], id="other-scripts"),
    pytest.param("", [], id="nothing"),
]


@pytest.mark.parametrize(("text", "lines"), PRINTED)
def test_lines_come_between_start_and_end(log: Path, text: str, lines: list[str]) -> None:
    follower, seen = followed(log)
    on_event = follower.around(lambda event: seen.append(event.kind))
    on_event(STARTED)
    log.write_text(text, encoding="utf-8")
    on_event(event(1, "step-finished", "other", status="executed"))
    on_event(FINISHED)
    seen.remove("step-finished")  # the other step's, whenever that was
    assert seen == ["step-started", *lines, "step-finished"]
    assert follower.pending == ""


def test_an_unfinished_line_is_pending_and_characters_stay_whole(log: Path) -> None:
    follower, seen = followed(log)
    follower.around(lambda _: None)(STARTED)
    data = "ready\n 10%\r 20% 評".encode()
    log.write_bytes(data[:-1])
    while not follower.pending:
        time.sleep(0.01)
    assert (seen, follower.pending) == (["ready"], " 20% ")
    log.write_bytes(data)
    follower.around(lambda _: None)(FINISHED)
    assert seen == ["ready", " 20% 評"]


def test_a_step_that_begins_anew_is_read_anew(log: Path) -> None:
    follower, seen = followed(log)
    for text in ("first attempt, which failed\n", "second\n"):
        log.write_text(text)
        on_event = follower.around(lambda _: None)
        on_event(STARTED)
        on_event(FINISHED)
    assert seen == ["first attempt, which failed", "second"]


def test_a_reused_step_prints_nothing_and_that_is_said(log: Path) -> None:
    follower, seen = followed(log)
    follower.around(lambda _: None)(event(1, "step-finished", "train", status="cached"))
    assert seen == ["[train is reused and prints nothing; --refresh train runs it again]"]
