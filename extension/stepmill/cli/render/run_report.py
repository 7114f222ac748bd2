"""A run when it is over: what failed, the table, what was reused, where to look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.cli.render.artifact_text import artifacts_table
from stepmill.cli.render.diagnostics import Excerpt, excerpt_lines, place_text
from stepmill.cli.render.errors import traceback_lines
from stepmill.cli.render.layout import joined, styled, wrapped
from stepmill.cli.render.tables import outcome_table, status_text
from stepmill.model.quantities import count_text, listed, moment_text, seconds_text, value_text
from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus, raised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from stepmill.model.artifact import StoredValue


def render_report(
    summary: RunSummary,
    *,
    notebook: Path,
    sources: Mapping[int, str] | None = None,
    saved_seconds: float = 0.0,
    width: int | None = None,
) -> list[Text]:
    """Return the whole report; failures come first so that the table is what stays on the screen."""
    lines: list[Text] = []
    for name, outcome in summary.steps.items():
        if outcome.status is StepStatus.FAILED:
            lines += [*render_failure(name, outcome, notebook=notebook, sources=sources or {}, width=width)]
            lines.append(styled(""))
    lines += [*outcome_table(summary.steps, width=width), styled("")]
    lines += wrapped(joined(status_text(summary.status), f": {tally_text(summary, saved_seconds)}"), width)
    if summary.same_as:
        lines += wrapped(styled(f"nothing ran: all results are those of run {summary.same_as}"), width)
    if summary.status in (RunStatus.FAILED, RunStatus.CANCELLED) and _any_good(summary):
        lines += wrapped(styled("finished steps are kept: the next run goes on from there"), width)
    places = {"notebook": summary.notebook, "run": f"{summary.run_id}   (stepmill show {summary.run_id})"}
    if summary.mlflow_run_id:
        places["tracked"] = f"MLflow run {summary.mlflow_run_id}   (stepmill ui)"
    lines += [joined(styled(f"{word:<8}  ", "dim"), text) for word, text in places.items() if text]
    return lines


def render_past_run(
    summary: RunSummary,
    *,
    sources: Mapping[int, str] | None = None,
    values: Sequence[StoredValue] = (),
    changed: Sequence[str] | None = None,
    width: int | None = None,
) -> list[Text]:
    """Return a run's facts, its report, and what its steps gave.

    `changed` is what the run has otherwise than the one before it, None for the first of a notebook.
    """
    source = Path(summary.notebook_source)
    facts = {"run": summary.run_id, "notebook": str(source), "started": moment_text(summary.started_s)}
    facts["parameters"] = listed(f"{name}={value_text(value)}" for name, value in summary.parameters.items())
    facts["metrics"] = listed(f"{name}={value:.6g}" for name, value in summary.metrics.items())
    if changed is not None:
        facts["changed"] = listed(changed) or "nothing since the run before it"
    lines: list[Text] = []
    for word, text in facts.items():
        if text:
            lines += wrapped(joined(styled(f"{word:<12}", "dim"), text), width, indent=12)
    lines += [styled(""), *render_report(summary, notebook=source, sources=sources, width=width)]
    if values:
        lines += [styled(""), *artifacts_table(values, width=width)]
    return lines


def render_failure(
    name: str,
    outcome: StepOutcome,
    *,
    notebook: Path | str,
    sources: Mapping[int, str],
    width: int | None = None,
) -> list[Text]:
    """Return the user's own traceback and the place of the failure."""
    error: Mapping[str, Any] = outcome.error or {}
    lines: list[Text] = []
    if error.get("traceback"):
        lines += traceback_lines(str(error["traceback"]))
    message = str(error.get("message") or raised(error) or outcome.reason or "failed")
    message = message if repr(name) in message else f"step {name!r}: {message}"
    code = error.get("code")
    title = f"failed[{code}]" if code else "failed"
    lines += wrapped(joined(styled(title, "bold red"), styled(f": {message}", "bold")), width, indent=2)
    lines += _place(error, notebook, sources)
    if error.get("hint"):
        lines += wrapped(joined(styled("hint: ", "bold"), str(error["hint"])), width, indent=6)
    if outcome.notebook:
        lines.append(joined(styled("as far as it came: ", "dim"), outcome.notebook))
    return lines


def tally_text(summary: RunSummary, saved_seconds: float = 0.0) -> str:
    """Return "2 steps executed, 3 cached in 4.1 s; reuse saved about 12 s"."""
    counts = {
        status: sum(o.status is status for o in summary.steps.values())
        for status in StepStatus
        if any(o.status is status for o in summary.steps.values())
    }
    words = [f"{number} {status}" for status, number in counts.items()]
    total = count_text(len(summary.steps), "step")
    text = f"{total}: {listed(words)}" if words else total
    if summary.seconds is not None:
        text += f", in {seconds_text(summary.seconds)}"
    reused = counts.get(StepStatus.CACHED, 0)
    return text + (
        f"; reuse saved about {seconds_text(saved_seconds)}" if reused and saved_seconds > 0 else ""
    )


def _any_good(summary: RunSummary) -> bool:
    return any(outcome.status.is_good for outcome in summary.steps.values())


def _place(error: Mapping[str, Any], notebook: Path | str, sources: Mapping[int, str]) -> list[Text]:
    cell, line = error.get("cell"), error.get("line")
    if not isinstance(cell, int):
        return []
    lines = [joined(styled(" --> ", "blue"), place_text(notebook, cell, line))]
    source = sources.get(cell, "").split("\n")
    shown_already = bool(error.get("traceback"))
    if isinstance(line, int) and 0 < line <= len(source) and not shown_already:
        lines += excerpt_lines(Excerpt(source[line - 1], line))
    return lines
