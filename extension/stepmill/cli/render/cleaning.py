"""What `stepmill gc` did, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.cli.render.layout import columns, joined, styled
from stepmill.model.quantities import count_text, listed, moment_text, seconds_text, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from stepmill.model.cleaning import Cleaning

_SHOWN = 20


def render_cleaning(done: Cleaning, *, width: int | None = None) -> list[Text]:
    """Return what was removed, a row for each result, and what is left."""
    lines = [*_removed(done, width)]
    if lines:
        lines.append(styled(""))
    lines += columns([*_sums(done)], width=width)
    if done.over_budget_bytes:
        what = f"{size_text(done.over_budget_bytes)} over the budget of {size_text(done.budget_bytes or 0)}: "
        lines.append(
            joined(styled(what, "yellow"), "the rest belongs to runs that are kept, or is minutes old")
        )
    return lines


def _removed(done: Cleaning, width: int | None) -> list[Text]:
    rows = [
        (
            styled(result.step, "bold"),
            size_text(result.size_bytes),
            seconds_text(result.seconds),
            moment_text(result.used_s) if result.used_s else "",
            result.run_id,
        )
        for result in done.removed[:_SHOWN]
    ]
    header = ("result of", "size", "took", "last used", "in run")
    lines = columns(rows, header=header, width=width, right=frozenset({1, 2})) if rows else []
    if len(done.removed) > _SHOWN:
        lines.append(styled(f"and {len(done.removed) - _SHOWN} more (--json lists all)", "dim"))
    return lines


def _sums(done: Cleaning) -> Iterator[tuple[Text, str, str]]:
    verb = "would free" if done.dry_run else "freed"
    what = [count_text(len(done.removed), "result")] if done.removed else []
    if done.unreferenced_files:
        what.append(f"{count_text(done.unreferenced_files, 'file')} that nothing named")
    if done.leftover_files:
        what.append(f"{count_text(done.leftover_files, 'unfinished file')}")
    yield styled(verb, "bold"), size_text(done.freed_bytes), listed(what) or "nothing to remove"
    kept = f"{size_text(done.kept_bytes)} of it kept"
    if done.kept_runs:
        kept += f" for {count_text(len(done.kept_runs), 'run')}: {listed(done.kept_runs[-3:][::-1])}"
        kept += " …" if len(done.kept_runs) > 3 else ""
    yield styled("left", "bold"), size_text(done.left_bytes), kept
    yield (
        styled("history", "bold"),
        size_text(done.history_bytes),
        "notebooks, events and logs of runs: not touched",
    )
