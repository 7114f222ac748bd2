"""A comparison of runs as one HTML file: it needs nothing beside it, asks no server, runs no script."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
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
    from collections.abc import Mapping, Sequence

    from stepmill.model.comparison import CodeRow, Comparison, Row, TextRow

_PNG = b"\x89PNG\r\n\x1a\n"
_FEW_RUNS = 2
_NONE = "\N{EN DASH}"
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = Path(__file__).with_name("comparison.css")


def html_report(found: Comparison, pictures: Mapping[str, bytes]) -> str:
    """Return the page; `pictures` are PNGs by digest, and what is no PNG is not put in."""
    parts = [
        f'<p class="verdict">{escape(found.sentence)}</p>',
        *(f'<p class="remark">{escape(remark)}</p>' for remark in found.remarks),
        _runs(found),
        *_tables(found, "parameters"),
        _code(found),
        *_tables(found, "environment", "files"),
        *_tables(found, "metrics"),
        _pictures(found, pictures),
        _outputs(found, pictures),
        _texts(found),
        *_tables(found, "durations"),
    ]
    title = f"{' / '.join(run.run_id for run in found.runs)} compared"
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{_STYLE.read_text(encoding='utf-8')}</style></head>\n"
        f"<body><main>\n<h1>stepmill: {len(found.runs)} runs compared</h1>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )


def _runs(found: Comparison) -> str:
    rows = []
    for run in found.runs:
        run_id, notebook, started, status, seconds = map(escape, run_facts_text(run))
        cells = "".join(f"<td>{cell}</td>" for cell in (run_id, notebook, started))
        rows.append(
            f'<tr><td class="letter">{escape(run.letter)}</td>{cells}'
            f'<td class="{status}">{status}</td><td>{seconds}</td></tr>'
        )
    head = "".join(f"<th>{word}</th>" for word in ("", "run", "notebook", "started", "status", "time"))
    return _framed("runs", head, rows)


def _tables(found: Comparison, *names: str) -> list[str]:
    return [
        f"<h2>{escape(title)}</h2>{_table(found, rows, changes=title == TITLES['metrics'])}"
        for title, rows in table_sections(found, *names)
    ]


def _table(found: Comparison, rows: Sequence[Row], *, changes: bool = False) -> str:
    head = "".join(
        f"<th>{escape(word)}</th>"
        for word in ("", *letters(found), *([change_title(found)] if changes else []))
    )
    body = []
    for row in rows:
        cells = "".join(f'<td class="value">{escape(value_cell(value, _NONE))}</td>' for value in row.values)
        change = f'<td class="value">{escape(change_text(found, row.name))}</td>' if changes else ""
        state = "same" if row.is_equal else "other"
        body.append(f'<tr class="{state}"><td>{escape(row_name(row))}</td>{cells}{change}</tr>')
    return _framed("few" if len(found.runs) == _FEW_RUNS else "many", head, body)


def _framed(kind: str, head: str, rows: Sequence[str]) -> str:
    table = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="wide"><table class="{kind}">{table}</table></div>'


def _code(found: Comparison) -> str:
    parts = []
    for row in found.code:
        if row.is_equal:
            parts.append(f'<p class="soft">{escape(row.title)}: the same</p>')
        else:
            parts += _diffs(found, row, row.title)
    return f"<h2>{TITLES['code']}</h2>{''.join(parts)}" if parts else ""


def _texts(found: Comparison) -> str:
    parts = []
    for row in found.texts:
        title = text_title(row)
        parts += (
            [f'<p class="soft">{escape(title)}: the same</p>'] if row.is_equal else _diffs(found, row, title)
        )
    return f"<h2>{TITLES['texts']}</h2>{''.join(parts)}" if parts else ""


def _diffs(found: Comparison, row: CodeRow | TextRow, title: str) -> list[str]:
    parts = []
    for about, diff in diffs(found, row):
        lines = "".join(_diff_line(line) for line in diff)
        text = f"<pre>{lines}</pre>" if lines else ""
        parts.append(f"<h3>{escape(title)} <span>{escape(about)}</span></h3>{text}")
    return parts


def _diff_line(line: str) -> str:
    kind = {"+": "plus", "-": "minus", "@": "place"}.get(line[:1], "same")
    return f'<span class="{kind}">{escape(line) or " "}</span>'


def _outputs(found: Comparison, pictures: Mapping[str, bytes]) -> str:
    parts = []
    drawn = {row.step for row in found.pictures}
    for title, text, row in output_entries(found):
        parts.append(f"<h3>{escape(title)} <span>{escape(text)}</span></h3>")
        if row is not None and row.details:
            parts.append(_table(found, row.details))
        if row is not None and any(row.pictures) and row.step not in drawn:
            parts.append(_side_by_side(found, row.pictures, title, pictures))
    return f"<h2>{TITLES['outputs']}</h2>{''.join(parts)}" if parts else ""


def _pictures(found: Comparison, pictures: Mapping[str, bytes]) -> str:
    parts = [
        f"<h3>{escape(row.step)} <span>cell [{row.cell}]{', the same' if row.is_equal else ''}</span></h3>"
        + _side_by_side(found, row.digests, f"{row.step}, cell [{row.cell}]", pictures)
        for row in found.pictures
    ]
    return f"<h2>{TITLES['pictures']}</h2>{''.join(parts)}" if parts else ""


def _side_by_side(
    found: Comparison, digests: Sequence[str | None], what: str, pictures: Mapping[str, bytes]
) -> str:
    figures = []
    for letter, digest in zip(letters(found), digests, strict=True):
        data = pictures.get(digest or "", b"")
        if data.startswith(_PNG):
            source = base64.b64encode(data).decode()
            shown = f'<img alt="{escape(f"{what} in {letter}")}" src="data:image/png;base64,{source}">'
        else:
            shown = "<p>no picture</p>" if not digest else "<p>the picture is not there any more</p>"
        figures.append(f"<figure><figcaption>{escape(letter)}</figcaption>{shown}</figure>")
    return f'<div class="side">{"".join(figures)}</div>'
