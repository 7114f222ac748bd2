"""A run from the kernel: started as a child, looked on at, left alone by an interrupt, stopped."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepmill.errors import UsageError
from stepmill.model.run import Event
from stepmill.model.run_state import RunState
from stepmill_magics.pipeline.child import Background
from stepmill_magics.pipeline.failures import PipelineFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

POLL_S = 0.05
REDRAW_S = 1.0
"""While a step runs its time goes on: the lines are drawn again at least so often."""

_OWN_KEYS = frozenset({"event", "schema", "number", "run_id", "time_s", "step"})


@dataclass(slots=True)
class Watched:
    """A run of `notebook`, and what its events have told so far."""

    notebook: Path
    child: Background
    state: RunState = field(default_factory=RunState)
    finished: Mapping[str, Any] | None = None
    refusal: Mapping[str, Any] | None = None
    outcomes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    started_s: float = field(default_factory=time.time)

    def take_in(self) -> bool:
        """Read what is new; return whether anything was."""
        lines = list(self.child.new_lines())
        for line in lines:
            try:
                document = json.loads(line)
            except ValueError:
                continue  # a library printed something
            if isinstance(document, dict):
                self._apply(document)
        return bool(lines)

    def _apply(self, document: Mapping[str, Any]) -> None:
        if "error" in document and "event" not in document:
            self.refusal = document
        elif document.get("event") == "run-finished":
            self.finished = document
        elif "event" in document:
            event = event_of(document)
            self.state.apply(event)
            if event.kind == "run-planned":
                self.outcomes.clear()
            if event.kind == "step-finished" and event.step is not None:
                self.outcomes[event.step] = event.data


def event_of(document: Mapping[str, Any]) -> Event:
    """Return the event that a line of `run --json` says."""
    return Event(
        number=int(document.get("number", 0)),
        kind=str(document["event"]),
        run_id=str(document.get("run_id", "")),
        time_s=float(document.get("time_s", 0.0)),
        step=document.get("step"),
        data={key: value for key, value in document.items() if key not in _OWN_KEYS},
    )


_last: list[Watched] = []
"""The run that this kernel started last."""


def start(notebook: Path, arguments: tuple[str, ...]) -> Watched:
    """Start a run; its child process outlives the kernel."""
    watched = Watched(notebook, Background(("run", str(notebook), *arguments, "--json")))
    _last[:] = [watched]
    return watched


def last_run() -> Watched:
    """Return the run that this kernel started last.

    Raises
    ------
    UsageError
        It has started none.
    """
    if not _last:
        raise UsageError(
            "this kernel has started no run", hint="%pipeline runs lists the runs of the project"
        )
    return _last[0]


def follow(watched: Watched, draw: Callable[[Watched], None]) -> bool:
    """Draw at each change until the run is over; return False if the user interrupted: the run goes on."""
    drawn_s = 0.0
    try:
        draw(watched)
        while watched.child.is_running:
            changed = watched.take_in()
            if changed or time.monotonic() - drawn_s > REDRAW_S:
                draw(watched)
                drawn_s = time.monotonic()
            time.sleep(POLL_S)
        watched.take_in()
    except KeyboardInterrupt:
        return False
    return True


def stop(watched: Watched, wait_s: float = 15.0) -> bool:
    """Interrupt the run as Ctrl-C does; return whether it is over."""
    if watched.child.is_running:
        if sys.platform == "win32":
            watched.child.process.terminate()
        else:
            watched.child.process.send_signal(signal.SIGINT)
    until = time.monotonic() + wait_s
    while watched.child.is_running and time.monotonic() < until:
        time.sleep(POLL_S)
    watched.take_in()
    return not watched.child.is_running


def failure(watched: Watched) -> PipelineFailed | None:
    """Return the error that a finished run is, in one line; None if it succeeded."""
    if watched.finished is None:
        said = watched.child.errors().strip()
        return PipelineFailed(said or f"the run ended with exit code {watched.child.process.returncode}")
    status = str(watched.finished.get("status"))
    if status == "succeeded":
        return None
    failed = [name for name, outcome in watched.outcomes.items() if outcome.get("status") == "failed"]
    what = f": {', '.join(failed)}" if failed else ""
    return PipelineFailed(f"run {watched.state.run_id} {status}{what}")
