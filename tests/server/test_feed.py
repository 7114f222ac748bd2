"""What a stream is fed with: run folders as they are found, and as they change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from server.conftest import write_notebook
from server.logs import FIRST, SECOND, THIRD, HandRun, live_run
from stepmill.errors import UsageError
from stepmill.server.feed import NotebookFeed, Position, RunTail, parse_position, run_folder

ALL = ["run-started", "run-planned", "step-finished", "run-finished"]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "nb.ipynb", "%%step a\nx = 1")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".stepmill"


def feed_of(state: Path, notebook: Path, after: Position | None = None) -> NotebookFeed:
    return NotebookFeed(state / "runs", str(notebook.resolve()), after).begin()


def read(feed: NotebookFeed) -> list[tuple[str, int, str]]:
    return [(event.run_id, event.number, event.kind) for event in feed.read()]


def test_finished_runs_are_not_told_again(state: Path, notebook: Path) -> None:
    HandRun(state, FIRST, notebook).finish()
    feed = feed_of(state, notebook)
    assert read(feed) == []
    assert read(feed) == []


def test_a_run_that_goes_on_is_told_from_its_start(state: Path, notebook: Path) -> None:
    HandRun(state, FIRST, notebook).finish()
    with live_run(state, SECOND, notebook) as run:
        feed = feed_of(state, notebook)
        assert read(feed) == [(SECOND, 0, "run-started"), (SECOND, 1, "run-planned")]
        assert feed.is_busy
        run.finish()
        assert read(feed) == [(SECOND, 2, "step-finished"), (SECOND, 3, "run-finished")]
        assert not feed.is_busy
    assert read(feed) == []


def test_a_run_that_begins_later_is_told(state: Path, notebook: Path) -> None:
    feed = feed_of(state, notebook)
    assert read(feed) == []
    HandRun(state, FIRST, notebook).finish()
    assert [kind for _, _, kind in read(feed)] == ALL


def test_a_run_that_ends_before_the_first_look_is_told(state: Path, notebook: Path) -> None:
    feed = feed_of(state, notebook)
    HandRun(state, FIRST, notebook).finish()
    assert [kind for _, _, kind in read(feed)] == ALL


def test_a_folder_without_its_summary_is_waited_for(state: Path, notebook: Path) -> None:
    (state / "runs" / FIRST).mkdir(parents=True)
    feed = feed_of(state, notebook)
    assert read(feed) == []
    HandRun(state, FIRST, notebook).finish()
    assert [kind for _, _, kind in read(feed)] == ALL


def test_runs_of_other_notebooks_are_not_told(state: Path, notebook: Path) -> None:
    feed = feed_of(state, notebook)
    HandRun(state, FIRST, notebook.with_name("other.ipynb")).finish()
    assert read(feed) == []


def test_what_a_client_missed_comes_first(state: Path, notebook: Path) -> None:
    for run_id in (FIRST, SECOND, THIRD):
        HandRun(state, run_id, notebook).finish()
    told = read(feed_of(state, notebook, Position(SECOND, 1)))
    assert [(run_id, number) for run_id, number, _ in told] == [
        *((SECOND, 2), (SECOND, 3)),
        *((THIRD, number) for number in range(4)),
    ]


def test_a_client_that_missed_nothing_is_told_nothing(state: Path, notebook: Path) -> None:
    HandRun(state, FIRST, notebook).finish()
    assert read(feed_of(state, notebook, Position(FIRST, 3))) == []


def test_a_position_in_a_run_that_was_deleted_is_no_error(state: Path, notebook: Path) -> None:
    HandRun(state, SECOND, notebook).finish()
    assert [run_id for run_id, _, _ in read(feed_of(state, notebook, Position(FIRST, 7)))] == [SECOND] * 4


def test_a_torn_last_line_waits_for_its_end(state: Path, notebook: Path) -> None:
    with live_run(state, FIRST, notebook) as run:
        feed = feed_of(state, notebook)
        read(feed)
        whole = run.folder.events.read_bytes()
        run.emit("step-started", "a", reason="é")
        line = run.folder.events.read_bytes()
        run.folder.events.write_bytes(line[: len(whole) + 90])
        assert read(feed) == []
        run.folder.events.write_bytes(line)
        assert read(feed) == [(FIRST, 2, "step-started")]


def test_a_damaged_line_is_passed_over(state: Path, notebook: Path) -> None:
    with live_run(state, FIRST, notebook) as run:
        feed = feed_of(state, notebook)
        read(feed)
        with run.folder.events.open("ab") as file:
            file.write(b"\x00\xff no event\n")
        run.emit("step-started", "a")
        assert read(feed) == [(FIRST, 2, "step-started")]


def test_a_run_whose_process_died_is_given_an_end(state: Path, notebook: Path) -> None:
    with live_run(state, FIRST, notebook) as run:
        feed = feed_of(state, notebook)
        run.emit("step-started", "a", reason="first")
        read(feed)
    last = until_told(feed)[-1]
    assert (last.kind, last.number, last.data["status"]) == ("run-finished", 3, "cancelled")
    assert last.data["lost"] is True
    assert "ended without finishing" in last.data["reason"]
    assert last.data["steps"]["a"]["status"] == "cancelled"
    assert read(feed) == []


def test_a_run_whose_folder_is_deleted_is_given_an_end(state: Path, notebook: Path) -> None:
    with live_run(state, FIRST, notebook) as run:
        feed = feed_of(state, notebook)
        read(feed)
        shutil.rmtree(run.folder.path)
        last = until_told(feed)[-1]
        assert (last.kind, last.data["status"]) == ("run-finished", "cancelled")
        assert "deleted" in last.data["reason"]


def until_told(feed: NotebookFeed):
    """Look until there is something: that a process is gone is asked once a second."""
    for tail in feed._tails.values():
        tail._silent_since_s = 0.0
    return feed.read()


def test_the_end_of_a_dead_run_is_told_once(state: Path, notebook: Path) -> None:
    HandRun(state, FIRST, notebook).log.close()
    folder = run_folder(state / "runs", FIRST)
    assert folder is not None
    tail = RunTail(folder)
    assert [event.number for event in [*tail.read_all(), *tail.read_all()]] == [0, 1, 2]
    assert tail.is_over
    assert RunTail(folder, after=2).read_all() == []


@pytest.mark.parametrize("run_id", ["", "..", "../runs", "latest", FIRST[:10], f"{FIRST}/x", "x" * 300, "\0"])
def test_only_whole_ids_name_a_folder(state: Path, notebook: Path, run_id: str) -> None:
    HandRun(state, FIRST, notebook).finish()
    assert run_folder(state / "runs", run_id) is None


@pytest.mark.parametrize("text", ["x", FIRST, f"{FIRST}:", f"{FIRST}:-1", f"../{FIRST}:1", f"{FIRST}:1\n"])
def test_a_position_that_is_none_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="'after' is"):
        parse_position(text)


def test_positions_are_read() -> None:
    assert parse_position("") is None
    assert parse_position(f"{FIRST}:12") == Position(FIRST, 12)
