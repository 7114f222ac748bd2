"""Diagnostics as a good compiler prints them: what, where, the line with a caret, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.cli.render.layout import joined, styled, wrapped
from stepmill.model.diagnostic import Diagnostic, Severity
from stepmill.model.quantities import count_text, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.text import Text

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}
LONGEST_EXCERPT = 96
"""Cells of the notebook's line that are shown; a longer one is cut around the caret."""


def place_text(notebook: Path | str | None, cell: int | None, line: int | None) -> str:
    """Return "churn.ipynb, cell [7], line 3", as far as it is known; "" if nothing is."""
    parts = [str(notebook)] if notebook is not None else []
    if cell is not None:
        parts.append(f"cell [{cell}]")
        if line is not None:
            parts.append(f"line {line}")
    return ", ".join(parts)


def render_diagnostic(
    diagnostic: Diagnostic,
    *,
    notebook: Path | str | None = None,
    sources: Mapping[int, str] | None = None,
    width: int | None = None,
) -> list[Text]:
    """Return the block of one diagnostic; `sources` maps cell indices to their text."""
    style = STYLES[diagnostic.severity]
    title = joined(
        styled(f"{diagnostic.severity}[{diagnostic.code}]", style), styled(f": {diagnostic.message}", "bold")
    )
    lines = wrapped(title, width, indent=2)
    excerpts = _excerpts(diagnostic, sources or {}, style)
    margin = max((len(str(excerpt.line)) for excerpt in excerpts), default=1)
    place = place_text(notebook, diagnostic.cell, diagnostic.line)
    if place and diagnostic.cell is not None:
        lines.append(joined(styled(f"{'':{margin}}--> ", "blue"), place))
    for number, excerpt in enumerate(excerpts):
        if number:
            where = place_text(None, excerpt.cell, excerpt.line)
            lines += [_rail(margin), joined(styled(f"{'':{margin}}::: ", "blue"), where)]
        lines += excerpt_lines(excerpt, margin=margin, width=width)
    notes = [("why", diagnostic.why), ("hint", diagnostic.hint)]
    notes += [("fix", fix.title) for fix in diagnostic.fixes if fix.automatic]
    for word, text in notes:
        if text:
            note = joined(styled(f"{word}: ", "bold"), text)
            lines += wrapped(note, width, first=f"{'':{margin}} = ", indent=margin + 5 + len(word))
    return lines


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line of source and what is marked in it; `cell` is only needed for a second place."""

    source: str
    line: int
    column: int | None = None
    end_column: int | None = None
    label: str = ""
    style: str = "bold red"
    mark: str = "^"
    cell: int | None = None


def excerpt_lines(excerpt: Excerpt, *, margin: int = 0, width: int | None = None) -> list[Text]:
    """Return the line of source behind its number, and below it the mark and its label."""
    margin = max(margin, len(str(excerpt.line)))
    rail = _rail(margin)
    shown, start, length = cut(excerpt.source.rstrip("\n"), excerpt.column, excerpt.end_column)
    lines = [rail, joined(styled(f"{excerpt.line:>{margin}} | ", "blue"), shown)]
    if start is not None:
        pad = styled(shown[:start]).cell_len
        size = max(styled(shown[start : start + length]).cell_len, 1)
        marked = joined(rail, " " + " " * pad, styled(excerpt.mark * size, excerpt.style))
        label = styled(f" {excerpt.label}" if excerpt.label else "", excerpt.style)
        if width is not None and marked.cell_len + label.cell_len > width:
            lines += [marked, *wrapped(joined(label), width, first=f"{'':{margin}} | ", indent=margin + 3)]
        else:
            lines.append(joined(marked, label))
    return lines


def _rail(margin: int) -> Text:
    return styled(f"{'':{margin}} |", "blue")


def _excerpts(diagnostic: Diagnostic, sources: Mapping[int, str], style: str) -> list[Excerpt]:
    """Return the diagnostic's own line and those of the other places, as far as `sources` has them."""
    found = []
    source = _source_line(sources, diagnostic.cell, diagnostic.line)
    if source is not None and diagnostic.line is not None:
        span = (diagnostic.column, diagnostic.end_column)
        found.append(Excerpt(source, diagnostic.line, *span, label=diagnostic.label, style=style))
    for other in diagnostic.others:
        source = _source_line(sources, other.cell, other.line)
        if found and source is not None and (other.cell, other.line) != (diagnostic.cell, diagnostic.line):
            span = (other.column, other.end_column)
            found.append(
                Excerpt(
                    source, other.line, *span, other.message, style="bold blue", mark="-", cell=other.cell
                )
            )
    return found


def render_diagnostics(
    diagnostics: Sequence[Diagnostic],
    *,
    notebook: Path | str | None = None,
    sources: Mapping[int, str] | None = None,
    width: int | None = None,
) -> list[Text]:
    """Return all blocks in notebook order, an empty line after each."""
    lines: list[Text] = []
    for diagnostic in sorted(diagnostics, key=_order):
        lines += render_diagnostic(diagnostic, notebook=notebook, sources=sources, width=width)
        lines.append(styled(""))
    return lines


def summary_text(diagnostics: Sequence[Diagnostic]) -> str:
    """Return "1 error, 2 warnings", or "no problems found"."""
    nouns = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    counts = {kind: sum(d.severity is kind for d in diagnostics) for kind in Severity}
    found = [count_text(number, nouns[kind]) for kind, number in counts.items() if number]
    return listed(found) or "no problems found"


def silenced_text(silenced: Sequence[Diagnostic]) -> str:
    """Return "2 silenced: SM203 (cell [1], line 4), SM205 (cell [3], line 1)"."""
    places = [f"{d.code} ({place_text(None, d.cell, d.line)})" for d in silenced]
    return f"{len(silenced)} silenced: {', '.join(places)}"


def _order(diagnostic: Diagnostic) -> tuple[int, int, int, str]:
    cell, line, column = (
        -1 if n is None else n for n in (diagnostic.cell, diagnostic.line, diagnostic.column)
    )
    return cell, line, column, diagnostic.code


def _source_line(sources: Mapping[int, str], cell: int | None, line: int | None) -> str | None:
    if cell is None or line is None:
        return None
    found = sources.get(cell, "").split("\n")
    return found[line - 1] if 0 < line <= len(found) else None


def cut(source: str, column: int | None, end_column: int | None) -> tuple[str, int | None, int]:
    """Return the part of a line to show, where its mark starts there, and how many characters that has."""
    if column is None or not 0 <= column <= len(source):
        return (source if len(source) <= LONGEST_EXCERPT else source[: LONGEST_EXCERPT - 1] + "…"), None, 0
    if end_column is None:
        word = re.compile(r"\w+").match(source, column)
        end_column = word.end() if word else column + 1
    length = max(min(end_column, len(source)) - column, 1)
    if len(source) <= LONGEST_EXCERPT:
        return source, column, length
    start = max(0, min(column - LONGEST_EXCERPT // 3, len(source) - LONGEST_EXCERPT))
    head = "…" if start else ""
    shown = head + source[start + len(head) : start + LONGEST_EXCERPT]
    tail = "…" if start + LONGEST_EXCERPT < len(source) else ""
    return shown + tail, column - start, min(length, len(shown) - (column - start))
