"""The event log of a run: the one truth that command line, panel, magics and tracking read."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from stepmill.model.codec import CodecError, from_json, to_json
from stepmill.model.documents import FINISHED
from stepmill.model.json_text import finite
from stepmill.model.run import Event

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

Listener = Callable[[Event], None]


class EventLog:
    """Writes `events.jsonl`: one event a line, numbered from 0 without gaps, flushed at once.

    Several threads may emit. Opening a log that exists continues it, less a torn last line.
    """

    def __init__(self, path: Path, run_id: str, listeners: tuple[Listener, ...] = ()) -> None:
        self.path = path
        self._run_id = run_id
        self._listeners = list(listeners)
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._next = _mend(path)
        self._file = path.open("a", encoding="utf-8")

    def emit(self, kind: str, step: str | None = None, **data: Any) -> Event:
        """Append an event and tell the listeners, in the order of the numbers.

        `data` may hold records of the model; infinities and NaN become the strings "Infinity",
        "-Infinity" and "NaN", because JSON has no such numbers.
        """
        with self._lock:
            event = Event(
                number=self._next,
                kind=kind,
                run_id=self._run_id,
                time_s=time.time(),
                step=step,
                data=finite(to_json(data)),
            )
            line = json.dumps(to_json(event), ensure_ascii=False, allow_nan=False)
            self._file.write(line + "\n")
            self._file.flush()
            self._next += 1
            for listener in tuple(self._listeners):
                listener(event)
        return event

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every event from now on, in the thread that emits it."""
        with self._lock:
            self._listeners.append(listener)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_events(path: Path) -> list[Event]:
    """Return the events of a log, also of one that is being written; an absent log has none.

    A last line without its end is left out: its writer is still at it, or died.

    Raises
    ------
    CodecError
        A line in the middle is no event; the message has its number.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [_event(line, f"{path.name} line {number}") for number, line in enumerate(lines, 1)]


def follow(
    path: Path,
    *,
    after: int = -1,
    stop: Callable[[], bool] = lambda: False,
    poll_s: float = 0.2,
) -> Iterator[Event]:
    """Yield the events with a number above `after` as they are written, up to `run-finished`.

    Ends also when `stop` returns true, after everything written so far. A log that does not exist
    yet is waited for.
    """
    tail = LogTail(path)
    while True:
        stopping = stop()
        for event in tail.read():
            if event.number > after:
                yield event
            if event.kind == FINISHED:
                return
        if stopping:
            return
        time.sleep(poll_s)


class LogTail:
    """Reads a log piece by piece, also one that is being written, or is not there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._position = 0
        self._line = 0

    def read(self) -> list[Event]:
        """Return the events that were written since the last call; a line without its end waits.

        Raises
        ------
        CodecError
            A line is no event; the message has its number. The next call goes on behind it.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self._position)
                data = file.read()
        except FileNotFoundError:
            return []
        events: list[Event] = []
        for line in data.split(b"\n")[:-1]:
            try:
                events.append(_event(line, f"{self.path.name} line {self._line + 1}"))
            except CodecError:
                if events:
                    return events  # the good ones first; the next call comes to the damaged line again
                self._pass(line)
                raise
            self._pass(line)
        return events

    def _pass(self, line: bytes) -> None:
        self._position += len(line) + 1
        self._line += 1


def _event(line: bytes, place: str) -> Event:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise CodecError(f"{place} is no JSON: {error}") from error
    return from_json(Event, document, place)


def _mend(path: Path) -> int:
    """Cut off a torn last line and return the number of the next event."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return 0
    whole = data.rfind(b"\n") + 1
    if whole != len(data):
        with path.open("r+b") as file:
            file.truncate(whole)
    events = read_events(path)
    return events[-1].number + 1 if events else 0
