"""A comparison of runs as Markdown, for a pull request or a report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stepmill.model.comparison import CodeRow, Comparison, Row, TextRow

_HISTOGRAM = "histogram"  # Markdown draws several spaces as one
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown_report(found: Comparison) -> str:
    """Return the report as GitHub and Jupyter read it; nothing in it is taken for markup or HTML."""
    blocks = [
        f"**{_plain(found.sentence)}**",
        _table(
            ("", "run", "notebook", "started", "status", "time"),
            [(r.letter, *run_facts_text(r)) for r in found.runs],
        ),
        *(f"> {_plain(remark)}" for remark in found.remarks),
        *_tables(found, "parameters"),
        *_code(found),
        *_tables(found, "environment", "files", "metrics"),
        *_outputs(found),
        *_texts(found),
        *_pictures(found),
        *_tables(found, "durations"),
    ]
    return "\n\n".join(blocks) + "\n"


def _tables(found: Comparison, *names: str) -> list[str]:
    blocks = []
    for title, rows in table_sections(found, *names):
        changes = title == TITLES["metrics"]
        blocks += [f"### {title}", _rows(found, rows, changes=changes)]
    return blocks


def _rows(found: Comparison, rows: Sequence[Row], *, changes: bool = False) -> str:
    header = ("", *letters(found), *((change_title(found),) if changes else ()))
    body = [
        (row_name(row), *map(value_cell, row.values), *((change_text(found, row.name),) if changes else ()))
        for row in rows
    ]
    return _table(header, body)


def _code(found: Comparison) -> list[str]:
    blocks: list[str] = []
    for row in found.code:
        blocks += [f"{_plain(row.title)}: the same"] if row.is_equal else _diffs(found, row, row.title)
    return [f"### {TITLES['code']}", *blocks] if blocks else []


def _texts(found: Comparison) -> list[str]:
    blocks: list[str] = []
    for row in found.texts:
        title = text_title(row)
        blocks += [f"{_plain(title)}: the same"] if row.is_equal else _diffs(found, row, title)
    return [f"### {TITLES['texts']}", *blocks] if blocks else []


def _diffs(found: Comparison, row: CodeRow | TextRow, title: str) -> list[str]:
    blocks = []
    for about, diff in diffs(found, row):
        text = "\n".join(diff)
        longest = max((len(ticks) for ticks in re.findall(r"`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        blocks.append(f"{_plain(title)} ({about})")
        blocks += [f"{fence}diff\n{text}\n{fence}"] if text else []
    return blocks


def _outputs(found: Comparison) -> list[str]:
    if not found.outputs:
        return []
    blocks = [f"### {TITLES['outputs']}"]
    for title, text, row in output_entries(found):
        blocks.append(f"**{_plain(title)}**: {_plain(text)}")
        details = () if row is None else [each for each in row.details if not each.name.endswith(_HISTOGRAM)]
        if details:
            blocks.append(_rows(found, details))
    return blocks


def _pictures(found: Comparison) -> list[str]:
    differing = [row for row in found.pictures if not row.is_equal]
    if not differing:
        return []
    lines = [f"- {_plain(row.step)}, cell {row.cell}" for row in differing]
    return [f"### {TITLES['pictures']}", "Different pictures:", "\n".join(lines)]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
