"""The events of a notebook's runs, whoever runs them: read from the run folders, a look at a time."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.errors import StepmillError, UsageError
from stepmill.execution.events import LogTail
from stepmill.execution.lock import holder
from stepmill.model.codec import SCHEMA, CodecError, to_json
from stepmill.model.documents import FINISHED
from stepmill.model.run import Event, RunStatus
from stepmill.running.folder import RunFolder
from stepmill.running.replay import LOST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
_POSITION = re.compile(rf"({_RUN_ID.pattern}):(\d+)")
_MOST_MISSED = 50  # runs that are told again to a client that was away for long
_GRACE_S = 1.0  # of silence, before we ask whether anybody still runs it


@dataclass(frozen=True, slots=True)
class Position:
    """The last event that a client has seen."""

    run_id: str
    number: int


def parse_position(text: str) -> Position | None:
    """Read "<run id>:<number>"; None for "".

    Raises
    ------
    UsageError
        It is something else.
    """
    if not text:
        return None
    found = _POSITION.fullmatch(text)
    if found is None:
        raise UsageError(f"'after' is {text[:80]!r}", hint="write <run id>:<number>, as the stream's ids are")
    return Position(found[1], int(found[2]))


def is_run_id(text: str) -> bool:
    """Tell whether a text can be a whole run id, and so no other path."""
    return _RUN_ID.fullmatch(text) is not None


def run_folder(runs: Path, run_id: str) -> RunFolder | None:
    """Return the folder of a run by its whole id, or None; no other path can be reached by it."""
    folder = RunFolder(runs, run_id)
    return folder if is_run_id(run_id) and folder.path.is_dir() else None


class RunTail:
    """One run's events as they come. A run whose process died, or whose folder is gone, gets a last one."""

    def __init__(self, folder: RunFolder, after: int = -1) -> None:
        self.folder = folder
        self.is_over = False
        self._log = LogTail(folder.events)
        self._after = after
        self._last = -1
        self._silent_since_s = time.monotonic()

    def read(self) -> list[Event]:
        """Return what is new, above the number that the client knows already."""
        events = self._new_events()
        if events:
            self._silent_since_s = time.monotonic()
        elif not self.is_over and time.monotonic() - self._silent_since_s >= _GRACE_S:
            self._silent_since_s = time.monotonic()
            events = self._end_if_dead()
        return [event for event in events if event.number > self._after]

    def read_all(self) -> list[Event]:
        """Return what is new, and the end of a run that nobody runs any more, without waiting for it."""
        events = self._new_events()
        if not self.is_over:
            events += self._end_if_dead()
        return [event for event in events if event.number > self._after]

    def _new_events(self) -> list[Event]:
        while not self.is_over:
            try:
                events = self._log.read()
            except CodecError:
                continue  # the damaged line is behind us now
            for event in events:
                self._last = event.number
                self.is_over = self.is_over or event.kind == FINISHED
            return events
        return []

    def _end_if_dead(self) -> list[Event]:
        """Return the rest of a run that nobody runs any more, with an end where its own is missing."""
        if self.folder.path.is_dir() and _is_held(self.folder):
            return []
        events = self._new_events()  # it may have ended between our look and this one
        if self.is_over:
            return events
        self.is_over = True
        return [*events, self._last_event()]

    def _last_event(self) -> Event:
        summary = self.folder.read_state(None)
        data: dict[str, Any] = {"schema": SCHEMA, "status": RunStatus.CANCELLED.value, "steps": {}}
        if summary is not None:
            data |= to_json(summary)
        reason = LOST if self.folder.path.is_dir() else "its folder was deleted"
        return Event(
            number=self._last + 1,
            kind=FINISHED,
            run_id=self.folder.run_id,
            time_s=time.time(),
            data={**data, "lost": True, "reason": reason},
        )


@dataclass(slots=True)
class NotebookFeed:
    """The events of all runs of one notebook from now on, and of one that is going on, from its start.

    With `after`, what the client has missed since comes first: the rest of that run, and all later
    ones. "Now" is the call of `begin`. Both calls look at the disk, so they are made in a thread, one at a
    time.
    """

    runs: Path
    notebook: str
    after: Position | None = None
    _seen: set[str] = field(default_factory=set)
    _tails: dict[str, RunTail] = field(default_factory=dict)

    def begin(self) -> NotebookFeed:
        """Note which runs are over already, and return the feed."""
        names = _names(self.runs)
        held = _holder(self.runs) or {}
        wanted = sorted(name for name in names if self._is_wanted(name, held.get("run_id")))
        self._seen = names.difference(wanted[-_MOST_MISSED:])
        return self

    def read(self) -> list[Event]:
        """Return what is new since the last call, run by run."""
        for run_id in self._arrivals():
            number = self.after.number if self.after and self.after.run_id == run_id else -1
            self._tails[run_id] = RunTail(RunFolder(self.runs, run_id), number)
        events: list[Event] = []
        for run_id, tail in list(self._tails.items()):
            events += tail.read()
            if tail.is_over:
                del self._tails[run_id]
        return events

    @property
    def is_busy(self) -> bool:
        """Whether a run is going on, so that news are to be expected soon."""
        return bool(self._tails)

    def _arrivals(self) -> list[str]:
        """Return the runs of the notebook that are to be followed from now on, the oldest first."""
        new = _names(self.runs) - self._seen
        begun = sorted(name for name in new if (self.runs / name / "run.json").exists())
        self._seen.update(begun)
        return [run_id for run_id in begun if self._is_ours(run_id)]

    def _is_wanted(self, run_id: str, live: str | None) -> bool:
        """Tell whether a run whose folder is there when we begin is to be followed."""
        if self.after is not None and run_id >= self.after.run_id:
            return True
        has_begun = (self.runs / run_id / "run.json").exists()
        return run_id == live or not has_begun

    def _is_ours(self, run_id: str) -> bool:
        summary = RunFolder(self.runs, run_id).read_summary()
        return summary is not None and summary.notebook_source == self.notebook


def _names(runs: Path) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(runs)}
    except OSError:
        return set()


def _is_held(folder: RunFolder) -> bool:
    held = _holder(folder.runs)
    return held is not None and held.get("run_id", folder.run_id) == folder.run_id


def _holder(runs: Path) -> Mapping[str, Any] | None:
    try:
        return holder(runs.parent)
    except StepmillError:
        return {}  # not ours to ask, on a disk that cannot be written: it may be held
