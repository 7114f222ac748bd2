"""A run as lines and as HTML: one line per step, then what came of it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from stepmill.model.quantities import count_text, listed, seconds_text
from stepmill.model.run import StepStatus, raised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stepmill.model.run_state import StepState
    from stepmill_magics.pipeline.following import Watched

TRACEBACK_LINES = 12
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SIGNS = {
    "queued": ("·", "#808080"),
    "running": ("▶", "#b8860b"),
    "executed": ("✓", "#2e8b57"),
    "cached": ("●", "#3b78c4"),
    "failed": ("✗", "#c8372d"),
    "skipped": ("-", "#808080"),
    "cancelled": ("■", "#7d4fa3"),
    "succeeded": ("✓", "#2e8b57"),
}
"""Status -> a sign and a colour that reads on light and on dark."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step's line."""

    name: str
    status: str
    time: str
    why: str


def rows(watched: Watched) -> list[Row]:
    """Return the steps in running order."""
    return [_row(step, watched) for step in watched.state.steps.values()]


def step_text(row: Row, name_width: int) -> str:
    """Return the line of one step for a terminal."""
    sign = _SIGNS.get(row.status, ("·", ""))[0]
    return f"{sign} {row.name:<{name_width}}  {row.status:<9}  {row.time:<8}  {row.why}".rstrip()


def headline(watched: Watched) -> str:
    """Return what is going on, or how it ended: "churn.ipynb: succeeded: 3 steps: 3 cached, in 4.1 s"."""
    if watched.finished is not None:
        seconds = watched.finished.get("seconds")
        took = f", in {seconds_text(float(seconds))}" if isinstance(seconds, (int, float)) else ""
        status = watched.finished.get("status")
        return f"{watched.notebook.name}: {status}: {_tally(watched)}{took}"
    if watched.refusal is not None:
        return f"{watched.notebook.name}: refused, nothing ran"
    if not watched.state.steps:
        return f"{watched.notebook.name}: reading the notebook"
    seconds_so_far = seconds_text(time.time() - watched.started_s)
    return f"{watched.notebook.name}: running: {_tally(watched)}, {seconds_so_far} so far"


def as_text(watched: Watched) -> str:
    """Return the whole picture of this moment as plain text."""
    found = rows(watched)
    width = max((len(row.name) for row in found), default=0)
    lines = [headline(watched), *(f"  {step_text(row, width)}" for row in found)]
    lines += [f"  note: {notice}" for notice in watched.state.notices]
    for failed in failures(watched):
        lines += ["", failed.title, *(f"    {line}" for line in failed.traceback)]
        lines += [f"  hint: {failed.hint}"] if failed.hint else []
    if metrics := metric_texts(watched):
        lines += ["", f"metrics: {listed(metrics)}"]
    lines += ["", *(f"{word}: {text}" for word, text in more(watched))] if watched.finished else []
    return "\n".join(lines)


def as_html(watched: Watched) -> str:
    """Return the same as HTML: no script, no style sheet, colours that read on light and dark pages."""
    parts = [f"<div><b>{escape(headline(watched))}</b></div>"]
    found = rows(watched)
    if found:
        parts.append(f"<table>{''.join(_row_html(row) for row in found)}</table>")
    parts += [f"<div>note: {escape(notice)}</div>" for notice in watched.state.notices]
    for failed in failures(watched):
        parts.append(f'<div style="color:#c8372d"><b>{escape(failed.title)}</b></div>')
        if failed.traceback:
            parts.append(f"<pre>{escape(chr(10).join(failed.traceback))}</pre>")
        if failed.hint:
            parts.append(f"<div>hint: {escape(failed.hint)}</div>")
    if metrics := metric_texts(watched):
        parts.append(f"<div>metrics: {escape(listed(metrics))}</div>")
    if watched.finished:
        parts += [f"<div><small>{escape(w)}: {_code(text)}</small></div>" for w, text in more(watched)]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed step: where, what, and the end of the user's own traceback."""

    title: str
    traceback: Sequence[str]
    hint: str


def failures(watched: Watched) -> list[Failure]:
    """Return the failed steps in the order in which they ended."""
    return [
        _failure(name, outcome)
        for name, outcome in watched.outcomes.items()
        if outcome.get("status") == StepStatus.FAILED.value
    ]


def metric_texts(watched: Watched) -> list[str]:
    """Return "score=0.93" for each metric that the steps gave, reused ones included."""
    found: dict[str, Any] = {}
    for outcome in watched.outcomes.values():
        found |= outcome.get("metrics") or {}
    return [f"{name}={value:.6g}" for name, value in found.items() if isinstance(value, (int, float))]


def more(watched: Watched) -> list[tuple[str, str]]:
    """Return where to look for more."""
    finished = watched.finished or {}
    found = [("executed copy", str(finished.get("notebook") or ""))]
    if finished.get("same_as"):
        found.append(("nothing ran", f"all results are those of run {finished['same_as']}"))
    if finished.get("status") == "succeeded":
        found.append(("results into this kernel", "%pipeline restore"))
    found.append(("more", f"%pipeline show {finished.get('run_id', '')}, %pipeline why STEP"))
    return [(word, text) for word, text in found if text]


def _row(step: StepState, watched: Watched) -> Row:
    took = ""
    if step.status is StepStatus.RUNNING:
        elapsed = seconds_text(max(time.time() - (step.started_s or time.time()), 0.0))
        took = (
            f"{elapsed} of about {seconds_text(step.expected_seconds)}" if step.expected_seconds else elapsed
        )
    elif step.status in (StepStatus.EXECUTED, StepStatus.FAILED, StepStatus.CANCELLED):
        took = seconds_text(step.seconds)
    why = step.reason.removeprefix(f"step {step.name!r} ").removeprefix("failed: ")
    if step.status is StepStatus.RUNNING and step.note:
        why = f"{why}; {step.note}" if why else step.note
    failed = step.status is StepStatus.FAILED
    if failed and (told := watched.outcomes.get(step.name, {}).get("reason")):
        why = str(told).removeprefix(f"step {step.name!r} ").removeprefix("failed: ")
    return Row(step.name, step.status.value, took, _one_line(why))


def _row_html(row: Row) -> str:
    sign, colour = _SIGNS.get(row.status, ("·", "#808080"))
    cells = (
        f'<span style="color:{colour}">{sign}</span> <b>{escape(row.name)}</b>',
        f'<span style="color:{colour}">{escape(row.status)}</span>',
        escape(row.time),
        escape(row.why),
    )
    return f"<tr>{''.join(f'<td style=text-align:left>{cell}</td>' for cell in cells)}</tr>"


def _failure(name: str, outcome: Mapping[str, Any]) -> Failure:
    error: Mapping[str, Any] = outcome.get("error") or {}
    cell, line = error.get("cell"), error.get("line")
    place = "" if cell is None else f" in cell [{cell}]" + (f", line {line}" if line is not None else "")
    what = raised(error) or str(error.get("message") or outcome.get("reason") or "failed")
    lines = _COLOURS.sub("", str(error.get("traceback") or "")).rstrip().split("\n")
    return Failure(
        title=f"step {name} failed{place}: {_one_line(what)}",
        traceback=tuple(line for line in lines[-TRACEBACK_LINES:] if line.strip("-")),
        hint=str(error.get("hint") or ""),
    )


def _tally(watched: Watched) -> str:
    steps = watched.state.steps.values()
    counts = {status: sum(step.status is status for step in steps) for status in StepStatus}
    words = [f"{number} {status.value}" for status, number in counts.items() if number]
    return f"{count_text(len(watched.state.steps), 'step')}: {listed(words)}" if words else "no steps"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def plain_changes(known: dict[str, str], found: Iterable[Row]) -> list[str]:
    """Return the lines of the steps whose status is another than in `known`, which is brought up to date."""
    found = list(found)
    width = max((len(row.name) for row in found), default=0)
    changed = [row for row in found if known.get(row.name, "queued") != row.status]
    known.update({row.name: row.status for row in found})
    return [step_text(row, width) for row in changed]
