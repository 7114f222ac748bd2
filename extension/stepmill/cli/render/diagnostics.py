"""Diagnostics as a good compiler prints them: what, where, the line with a caret, what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stepmill.cli.render.layout import joined, styled, wrapped
from stepmill.cli.render.quantities import count_text, listed
from stepmill.model.diagnostic import Diagnostic, Severity

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
    excerpt = _source_line(sources or {}, diagnostic.cell, diagnostic.line)
    margin = len(str(diagnostic.line)) if excerpt is not None else 1
    place = place_text(notebook, diagnostic.cell, diagnostic.line)
    if place and diagnostic.cell is not None:
        lines.append(joined(styled(f"{'':{margin}}--> ", "blue"), place))
    if excerpt is not None and diagnostic.line is not None:
        lines += excerpt_lines(excerpt, diagnostic.line, diagnostic.column, style=style)
    if diagnostic.hint:
        hint = joined(styled("hint: ", "bold"), diagnostic.hint)
        lines += wrapped(hint, width, first=f"{'':{margin}} = ", indent=margin + 9)
    return lines


def excerpt_lines(source: str, line: int, column: int | None, *, style: str = "bold red") -> list[Text]:
    """Return one line of source behind its number, and a caret line below where `column` is known."""
    margin = len(str(line))
    rail = styled(f"{'':{margin}} |", "blue")
    shown, start, length = _cut(source.rstrip("\n"), column)
    lines = [rail, joined(styled(f"{line} | ", "blue"), shown)]
    if start is not None:
        pad = styled(shown[:start]).cell_len
        size = max(styled(shown[start : start + length]).cell_len, 1)
        lines.append(joined(rail, " " + " " * pad, styled("^" * size, style)))
    return lines


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


def _cut(source: str, column: int | None) -> tuple[str, int | None, int]:
    """Return the part of the line to show, the caret's start in it, and how many characters it marks."""
    if column is None or not 0 <= column <= len(source):
        return (source if len(source) <= LONGEST_EXCERPT else source[: LONGEST_EXCERPT - 1] + "…"), None, 0
    word = re.compile(r"\w+").match(source, column)
    length = word.end() - column if word else 1
    if len(source) <= LONGEST_EXCERPT:
        return source, column, length
    start = max(0, min(column - LONGEST_EXCERPT // 3, len(source) - LONGEST_EXCERPT))
    head = "…" if start else ""
    shown = head + source[start + len(head) : start + LONGEST_EXCERPT]
    tail = "…" if start + LONGEST_EXCERPT < len(source) else ""
    return shown + tail, column - start, min(length, len(shown) - (column - start))
