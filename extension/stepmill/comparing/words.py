"""The words that all reports of a comparison share: titles, cells of tables, what is said of an output."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from stepmill.model.quantities import count_text, listed, moment_text, seconds_text
from stepmill.model.statistics import number_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.model.comparison import CodeRow, ComparedRun, Comparison, OutputRow, Row, TextRow

TITLES = {
    "parameters": "Parameters",
    "code": "Code",
    "environment": "Environment",
    "files": "Files",
    "metrics": "Metrics",
    "outputs": "Results",
    "texts": "Text outputs",
    "pictures": "Pictures",
    "durations": "Durations",
}
_SHORT_DIGEST = 12
_DIGEST = 64
_ONE_AND_NONE = 2
_TWO = 2


def table_sections(found: Comparison, *names: str) -> Iterator[tuple[str, tuple[Row, ...]]]:
    """Yield the title and the rows of those of the named sections that have any."""
    for name in names:
        rows: tuple[Row, ...] = getattr(found, name)
        if rows:
            yield TITLES[name], rows


def letters(found: Comparison) -> list[str]:
    """Return how the runs are called."""
    return [run.letter for run in found.runs]


def run_facts_text(run: ComparedRun) -> tuple[str, str, str, str, str]:
    """Return id, notebook, start, status and duration of a run."""
    notebook = PurePath(run.notebook).name
    return (run.run_id, notebook, moment_text(run.started_s), run.status.value, seconds_text(run.seconds))


def row_name(row: Row) -> str:
    """Return what the row is about, with its step."""
    return f"{row.step} {row.name}" if row.step and row.step != row.name else row.name


def value_cell(value: str | None, none: str = "-") -> str:
    """Return the text of one cell; digests are shortened, and what a run does not have is `none`."""
    if value is None:
        return none
    is_digest = len(value) == _DIGEST and not set(value) - set("0123456789abcdef")
    return value[:_SHORT_DIGEST] if is_digest else value


def change_title(found: Comparison) -> str:
    """Return the heading of the column of changes, with the runs that it is about where there are more."""
    names = letters(found)
    return "change" if len(names) == _TWO else f"{names[0]} to {names[-1]}"


def change_text(found: Comparison, name: str) -> str:
    """Return by how much a metric of the last run is above or below that of the first."""
    first, last = found.runs[0].metrics.get(name), found.runs[-1].metrics.get(name)
    if first is None or last is None or first == last:
        return ""
    return f"{'+' if last > first else '-'}{number_text(abs(last - first))}"


def output_text(row: OutputRow, found: Comparison) -> str:
    """Return in a few words how a value differs."""
    if row.is_equal:
        return "the same"
    there = [letter for letter, digest in zip(letters(found), row.digests, strict=True) if digest is not None]
    missing = [letter for letter in letters(found) if letter not in there]
    if _is_lacking(row):
        return f"only in {listed(there)}"
    if row.removed:
        return f"differs; removed from the store in {listed(row.removed)}"
    text = "differs" if row.details else "differs, in nothing that was noted down of it"
    return f"{text}; not in {listed(missing)}" if missing else text


def _is_lacking(row: OutputRow) -> bool:
    """Tell whether the runs that have the value have the same one."""
    return None in row.digests and len(set(row.digests)) == _ONE_AND_NONE


def text_title(row: TextRow) -> str:
    """Return whose text a row is: "fit, cell [3]"."""
    return f"{row.step}, cell [{row.cell}]"


def diffs(found: Comparison, row: CodeRow | TextRow) -> list[tuple[str, tuple[str, ...]]]:
    """Return the different diffs, each with the letters of its runs: "A to B, C"."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for letter, diff in zip(letters(found), row.diffs, strict=True):
        if diff:
            groups.setdefault(diff, []).append(letter)
    if not groups:
        return [("differs only in what is not kept of so long a text", ())]
    layout = "; comments or layout only" if getattr(row, "is_layout", False) else ""
    return [(f"{letters(found)[0]} to {listed(to)}{layout}", diff) for diff, to in groups.items()]


def output_entries(found: Comparison) -> list[tuple[str, str, OutputRow | None]]:
    """Return title, text and row of the values; one entry for all values of a step that some runs lack."""
    entries: list[tuple[str, str, OutputRow | None]] = []
    for step in dict.fromkeys(row.step for row in found.outputs):
        rows = [row for row in found.outputs if row.step == step]
        texts = {output_text(row, found) for row in rows}
        if len(rows) > 1 and len(texts) == 1 and all(map(_is_lacking, rows)):
            entries.append((step, f"{count_text(len(rows), 'value')}, {texts.pop()}", None))
        else:
            entries += [(f"{row.step} {row.name}", output_text(row, found), row) for row in rows]
    return entries
