"""A run while it goes on: live lines on a terminal, one plain line per change elsewhere."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stepmill.cli.render.layout import GAP, REASON, columns, joined, shortened, styled, wrapped
from stepmill.cli.render.tables import ran_text, short_reason, status_text
from stepmill.model.quantities import count_text, listed, seconds_text
from stepmill.model.run import Event, StepStatus
from stepmill.model.run_state import RunState, StepState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

    from stepmill.cli.render.console import Screen

    Row = tuple[str, Text, str, str]
    """Name, status, time, remark."""

FINISHED_SHOWN = 8
"""Finished steps that stay visible while others run; the final table has them all."""
WIDTH_FOR_WORDS = 60
SHORTEST_NAME = 10
STATUS_WIDTH = max(len(status) for status in StepStatus)


@contextmanager
def show_progress(
    screen: Screen, pending: Callable[[], str] | None = None
) -> Iterator[tuple[Callable[[Event], None], RunState]]:
    """Give the callback for the run's events, to be called from any thread, and the state they add up to.

    `pending` gives a line that is not complete yet, of a step whose output is written above the others.
    """
    if screen.is_live:
        from rich.live import Live

        live = LiveView(screen.has_unicode, pending=pending)
        with Live(live, console=screen.rich, refresh_per_second=8, transient=True):
            yield live.apply, live.state
        for notice in live.state.notices:  # what the live lines had room for is gone with them
            screen.write(*wrapped(styled(f"note: {notice}", "yellow"), screen.width, indent=6))
    else:
        plain = PlainView(screen)
        yield plain.apply, plain.state


class PlainView:
    """Writes `train    running   alpha changed from 0.1 to 0.3` when a step starts, and how it ended.

    Cached steps take no time and are in the final table: no lines for them.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.state = RunState()
        self._lock = threading.Lock()

    def apply(self, event: Event) -> None:
        with self._lock:
            notices = len(self.state.notices)
            self.state.apply(event)
            for notice in self.state.notices[notices:]:
                self.screen.write(f"note: {notice}")
            if event.step is not None and event.kind in ("step-started", "step-finished"):
                step = self.state.steps[event.step]
                names = max(styled(name).cell_len for name in self.state.steps)
                if step.status is not StepStatus.CACHED:
                    self.screen.write(step_line(step, name_width=names))


def step_line(step: StepState, *, name_width: int) -> Text:
    """Return one step's line, its columns as wide as the longest name and status."""
    name = styled(step.name, "bold")
    status = status_text(step.status)
    time_text = ran_text(step.status, step.seconds)
    if step.status is StepStatus.RUNNING:
        time_text = f"({seconds_text(step.expected_seconds)} expected)" if step.expected_seconds else ""
    why = "" if step.status is StepStatus.EXECUTED else short_reason(step.name, step.reason)
    padding = " " * (name_width - name.cell_len + 2), " " * (STATUS_WIDTH - status.cell_len + 2)
    line = joined(name, padding[0], status, padding[1], f"{time_text:<8}  ", why)
    line.rstrip()
    return line


class LiveView:
    """What rich draws again and again: cached steps in one line, then finished, running, waiting ones."""

    def __init__(
        self,
        has_unicode: bool,
        clock: Callable[[], float] = time.time,
        pending: Callable[[], str] | None = None,
    ) -> None:
        from rich.spinner import Spinner

        self._has_unicode = has_unicode
        self._pending = pending
        self.state = RunState()
        self._spinner = Spinner("dots" if has_unicode else "line")
        self._clock = clock
        self._lock = threading.Lock()

    def apply(self, event: Event) -> None:
        with self._lock:
            self.state.apply(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            lines = self.lines(options.max_width)
        yield from lines

    def lines(self, width: int) -> list[Text]:
        """Return the drawing of this moment, each line within `width` cells."""
        state = self.state
        lines = [styled(f"note: {notice}", "yellow") for notice in state.notices]
        cached = state.with_status(StepStatus.CACHED)
        if cached:
            names = listed(step.name for step in cached)
            lines.append(joined(status_text("cached"), styled(f"  {len(cached)}: {names}", "dim")))
        done = [s for s in state.steps.values() if s.status.is_final and s.status is not StepStatus.CACHED]
        running = state.with_status(StepStatus.RUNNING)
        rows = [
            (s.name, status_text(s.status), ran_text(s.status, s.seconds), short_reason(s.name, s.reason))
            for s in done[-FINISHED_SHOWN:]
        ]
        rows += [(s.name, self._running(width), self._elapsed(s), s.note) for s in running]
        lines += columns(_with_room(rows, width), right=frozenset({2}))
        if self._pending is not None and (text := self._pending()):
            lines.insert(0, output_line(text, has_unicode=self._has_unicode))
        waiting = len(state.with_status(StepStatus.QUEUED))
        if waiting:
            lines.append(styled(f"{count_text(waiting, 'step')} waiting", "dim"))
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return lines

    def _running(self, width: int) -> Text:
        from rich.text import Text

        frame = self._spinner.render(self._clock())
        word = f" {StepStatus.RUNNING}" if width >= WIDTH_FOR_WORDS else ""
        return joined(frame if isinstance(frame, Text) else "", styled(word, "bold"))

    def _elapsed(self, step: StepState) -> str:
        elapsed = max(self._clock() - (step.started_s or self._clock()), 0.0)
        expected = f" of about {seconds_text(step.expected_seconds)}" if step.expected_seconds else ""
        return f"{int(elapsed)} s{expected}" if elapsed < 60 else f"{seconds_text(elapsed)}{expected}"


def output_line(text: str, *, has_unicode: bool) -> Text:
    """Return a line that a step printed, told from lines of ours by its beginning; its colours stay."""
    from rich.text import Text

    return joined(styled("│ " if has_unicode else "| ", "dim"), Text.from_ansi(text))


def _with_room(rows: Sequence[Row], width: int) -> list[tuple[Text, Text, str, str]]:
    """Make names so short that what stands right of them has room."""
    names = max((styled(name).cell_len for name, *_ in rows), default=0)
    others = [max((styled(str(row[i])).cell_len for row in rows), default=0) for i in (1, 2, 3)]
    room = width - others[0] - others[1] - min(others[2], REASON) - 3 * GAP
    room = max(min(names, room), SHORTEST_NAME)
    return [(styled(shortened(row[0], room), "bold"), *row[1:]) for row in rows]
