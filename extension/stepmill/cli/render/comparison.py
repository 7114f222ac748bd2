"""A comparison of runs for terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.cli.render.layout import columns, joined, styled, wrapped
from stepmill.cli.render.tables import status_text
from stepmill.comparing.words import (
    TITLES,
    change_text,
    change_title,
    diffs,
    letters,
    output_entries,
    row_name,
    run_facts_text,
    table_sections,
    text_title,
    value_cell,
)
from stepmill.model.quantities import count_text, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from stepmill.model.comparison import CodeRow, Comparison, OutputRow, Row, TextRow

_LONGEST_CELL = 36
_MOST_DETAILS = 8
_MOST_TEXT_LINES = 12
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def render_comparison(found: Comparison, *, everything: bool = False, width: int | None = None) -> list[Text]:
    """Return the report; the sentence that matters stands below the names of the runs."""
    lines = [*_runs(found, width), styled("")]
    lines += wrapped(styled(found.sentence, "bold"), width)
    for remark in found.remarks:
        lines += wrapped(joined(styled("note: ", "yellow"), remark), width, indent=6)
    for title, rows in table_sections(found, "parameters"):
        lines += _section(title, _table(found, rows, width))
    lines += _code(found)
    for title, rows in table_sections(found, "environment", "files"):
        lines += _section(title, _table(found, rows, width))
    for title, rows in table_sections(found, "metrics"):
        lines += _section(title, _table(found, rows, width, changes=True))
    lines += _outputs(found, width, everything=everything)
    lines += _texts(found, everything=everything)
    lines += _pictures(found)
    for title, rows in table_sections(found, "durations"):
        lines += _section(title, _table(found, rows, width))
    return lines


def _runs(found: Comparison, width: int | None) -> list[Text]:
    rows = []
    for run in found.runs:
        run_id, notebook, started, status, seconds = run_facts_text(run)
        rows.append(
            (
                styled(run.letter, "bold cyan"),
                styled(run_id, "bold"),
                notebook,
                started,
                status_text(status),
                seconds,
            )
        )
    return columns(rows, width=width)


def _section(title: str, lines: Sequence[Text]) -> list[Text]:
    return [styled(""), styled(title, "bold"), *lines]


def _table(
    found: Comparison, rows: Sequence[Row], width: int | None, *, changes: bool = False, indent: int = 2
) -> list[Text]:
    """Return short rows as a table, then each long one over several lines."""
    short = [row for row in rows if all(len(value_cell(value)) <= _LONGEST_CELL for value in row.values)]
    header = ("", *letters(found), change_title(found) if changes else "")
    laid: list[tuple[Text | str, ...]] = [
        (
            styled(row_name(row), "dim" if row.is_equal else ""),
            *(styled(value_cell(value), "dim" if row.is_equal else "") for value in row.values),
            change_text(found, row.name) if changes else "",
        )
        for row in short
    ]
    lines = columns(laid, header=header, width=width, indent=indent) if laid else []
    for row in rows:
        if row not in short:
            lines.append(styled(" " * indent + row_name(row)))
            for letter, value in zip(letters(found), row.values, strict=True):
                first = " " * (indent + 2)
                text = joined(styled(f"{letter}  ", "bold dim"), value_cell(value))
                lines += wrapped(text, width, first=first, indent=len(first) + 3)
    return lines


def _code(found: Comparison) -> list[Text]:
    lines: list[Text] = []
    for row in found.code:
        if row.is_equal:
            lines.append(joined("  ", styled(f"{row.title}: the same", "dim")))
        else:
            lines += _diff(found, row, row.title)
    return _section(TITLES["code"], lines) if lines else []


def _texts(found: Comparison, *, everything: bool) -> list[Text]:
    lines: list[Text] = []
    for row in found.texts:
        if row.is_equal:
            lines.append(joined("  ", styled(f"{text_title(row)}: the same", "dim")))
        else:
            lines += _diff(found, row, text_title(row), most=None if everything else _MOST_TEXT_LINES)
    return _section(TITLES["texts"], lines) if lines else []


def _diff(found: Comparison, row: CodeRow | TextRow, title: str, *, most: int | None = None) -> list[Text]:
    lines: list[Text] = []
    for about, diff in diffs(found, row):
        lines.append(joined("  ", styled(title, "bold"), styled(f"  ({about})", "dim")))
        lines += [joined("    ", styled(line, _DIFF_STYLES.get(line[:1], "dim"))) for line in diff[:most]]
        if most is not None and len(diff) > most:
            lines.append(styled(f"    and {count_text(len(diff) - most, 'more line')} (--all)", "dim"))
    return lines


def _outputs(found: Comparison, width: int | None, *, everything: bool) -> list[Text]:
    lines: list[Text] = []
    for title, text, row in output_entries(found):
        style = "dim" if row is not None and row.is_equal else "bold"
        lines.append(joined("  ", styled(title, style), styled(f"  {text}", "dim")))
        if row is not None:
            lines += _details(found, row, width, most=None if everything else _MOST_DETAILS)
    return _section(TITLES["outputs"], lines) if lines else []


def _details(found: Comparison, row: OutputRow, width: int | None, *, most: int | None) -> list[Text]:
    shown = row.details[:most]
    lines = _table(found, shown, width, indent=4)[1 if _has_header(shown) else 0 :]
    more = len(row.details) - len(shown)
    if more:
        lines.append(styled(f"    and {count_text(more, 'more difference')} (--all)", "dim"))
    return lines


def _has_header(rows: Sequence[Row]) -> bool:
    return any(all(len(value_cell(value)) <= _LONGEST_CELL for value in row.values) for row in rows)


def _pictures(found: Comparison) -> list[Text]:
    if not found.pictures:
        return []
    places = listed(f"{row.step} (cell [{row.cell}])" for row in found.pictures if not row.is_equal)
    if not places:
        return _section(TITLES["pictures"], [styled("  the same", "dim")])
    text = f"  of {places} differ; --html FILE shows them side by side"
    return _section(TITLES["pictures"], [styled(text)])
