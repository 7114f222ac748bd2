"""Expected errors as text: code and message, place, source line, the user's traceback, hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.cli.render.diagnostics import (
    Excerpt,
    excerpt_lines,
    place_text,
    render_diagnostics,
    summary_text,
)
from stepmill.cli.render.layout import joined, styled, wrapped
from stepmill.errors import PipelineError, StepFailed, StepmillError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.text import Text


def render_error(
    error: StepmillError,
    *,
    notebook: Path | None = None,
    sources: Mapping[int, str] | None = None,
    place: str = "",
    width: int | None = None,
) -> list[Text]:
    """Return the block of one error; `place` replaces the place that the error itself knows."""
    if isinstance(error, PipelineError) and error.diagnostics:
        return _refusal(error, notebook, sources, width)
    lines: list[Text] = []
    if isinstance(error, StepFailed) and error.traceback:
        lines += traceback_lines(error.traceback)
    title = joined(styled(f"error[{error.code}]", "bold red"), styled(f": {error.message}", "bold"))
    lines += wrapped(title, width, indent=2)
    where = place or (place_text(notebook, error.cell, error.line) if error.cell is not None else "")
    if where:
        lines.append(joined(styled(" --> ", "blue"), where))
    lines += _excerpt(error, sources or {})
    if error.hint:
        lines += wrapped(joined(styled("hint: ", "bold"), error.hint), width, indent=6)
    return lines


def traceback_lines(traceback: str) -> list[Text]:
    """Return the traceback that Jupyter shows, its colours kept for those who can see them."""
    from rich.text import Text

    return [Text.from_ansi(line) for line in traceback.rstrip("\n").split("\n")]


def _refusal(
    error: PipelineError, notebook: Path | None, sources: Mapping[int, str] | None, width: int | None
) -> list[Text]:
    """Return all diagnostics; the error's own message, which only repeats the first, becomes their sum."""
    lines = render_diagnostics(error.diagnostics, notebook=notebook, sources=sources, width=width)
    is_strict = not any(diagnostic.is_error for diagnostic in error.diagnostics)
    verdict = "is refused under --strict" if is_strict else "cannot run as a pipeline"
    about = f"{notebook or 'the notebook'} {verdict}: {summary_text(error.diagnostics)}"
    return lines + wrapped(
        joined(styled(f"error[{error.code}]", "bold red"), styled(f": {about}", "bold")), width
    )


def _excerpt(error: StepmillError, sources: Mapping[int, str]) -> list[Text]:
    if error.cell is None or error.line is None or (isinstance(error, StepFailed) and error.traceback):
        return []  # the traceback has the line
    source = sources.get(error.cell, "").split("\n")
    if not 0 < error.line <= len(source):
        return []
    return excerpt_lines(Excerpt(source[error.line - 1], error.line, error.column))
