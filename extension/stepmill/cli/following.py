"""What one step prints, as it prints it: read from its log, whichever process writes there."""

from __future__ import annotations

import codecs
import re
import threading
from typing import TYPE_CHECKING

from stepmill.model.run import StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stepmill.model.run import Event

_LOOK_S = 0.1
_HEADING = re.compile(r"\[\d+/\d+ (cell \d+|parameters|setup|inputs|outputs)\]")  # ours
_MOST_BYTES = 1 << 20


class Follower:
    """Gives `write` each line that `step` prints, between the step's start and end.

    `log_of` finds the step's log by the run's id. `pending` is the line that is not complete yet.
    """

    def __init__(self, step: str, log_of: Callable[[str], Path], write: Callable[[str], None]) -> None:
        self.step = step
        self.pending = ""
        self._log_of = log_of
        self._write = write
        self._log: Path | None = None
        self._read = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def around(self, on_event: Callable[[Event], None]) -> Callable[[Event], None]:
        """Return a callback for events: lines come after the step's start is shown, and before its end."""

        def heard(event: Event) -> None:
            is_end = event.step == self.step and event.kind == "step-finished"
            if is_end:
                self._end(StepStatus(event.data.get("status", StepStatus.EXECUTED)))
            on_event(event)
            if event.step == self.step and event.kind == "step-started":
                self._begin(event.run_id)

        return heard

    def _begin(self, run_id: str) -> None:
        self._log = self._log_of(run_id)
        self._over.clear()
        self._thread = threading.Thread(target=self._look, name="follow", daemon=True)
        self._thread.start()

    def _end(self, status: StepStatus) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        elif status is StepStatus.CACHED:
            self._write(f"[{self.step} is reused and prints nothing; --refresh {self.step} runs it again]")
        self._take()
        if self.pending:
            self._write(self.pending)
            self.pending = ""

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            self._take()

    def _take(self) -> None:
        with self._lock:
            while data := self._new():
                *lines, rest = (self.pending + self._decoder.decode(data)).split("\n")
                self.pending = _as_seen(rest)
                for line in lines:
                    if not _HEADING.fullmatch(line):
                        self._write(_as_seen(line))

    def _new(self) -> bytes:
        if self._log is None:
            return b""
        try:
            with self._log.open("rb") as log:
                if log.seek(0, 2) < self._read:
                    self._read = 0  # the step began anew, and its log
                log.seek(self._read)
                data = log.read(_MOST_BYTES)
        except FileNotFoundError:
            return b""
        self._read += len(data)
        return data


def _as_seen(line: str) -> str:
    r"""Return what a terminal would show of a line: a bar that overwrites itself (`\r`) has one state."""
    return line.rstrip("\r").rpartition("\r")[2]
