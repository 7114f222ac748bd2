"""The list of runs: parameters and metrics as columns, and what changed from run to run."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from stepmill.cli.render.layout import GAP, NARROWEST_LAST_COLUMN, columns, joined, styled
from stepmill.cli.render.tables import status_text
from stepmill.model.quantities import listed, moment_text, seconds_text, value_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from stepmill.model.run import RunSummary

_LAST_COLUMN = NARROWEST_LAST_COLUMN
"""Cells that are left for what changed, before columns go there too."""
_FIXED_COLUMNS = 5
_TO_THE_MINUTE = 16


def runs_table(
    runs: Sequence[RunSummary], changes: Mapping[str, tuple[str, ...]], *, width: int | None = None
) -> list[Text]:
    """Return one row per run; parameters that are the same in all runs shown are left out.

    Where the terminal is too narrow for a column of its own a value stands in the last one.
    """
    table = _fixed(runs)
    folded: list[list[str]] = [[] for _ in runs]
    for name, cells in _values(runs):
        column = [name, *cells]
        if width is None or _width([*table, column]) + _LAST_COLUMN <= width:
            table.append(column)
        else:
            for texts, cell in zip(folded, cells, strict=True):
                texts += [f"{name}={cell}"] if cell else []
    last = [
        listed([*([] if changed is None else changed or ("nothing changed",)), *texts])
        for texts, changed in zip(folded, (changes.get(run.run_id) for run in runs), strict=True)
    ]
    numeric = frozenset(range(_FIXED_COLUMNS - 1, len(table)))
    header = [str(column[0]) for column in table]
    rows = [[column[at + 1] for column in table] for at in range(len(runs))]
    laid = [
        [*_styled(row, run), styled(text, "dim" if text == "nothing changed" else "")]
        for row, run, text in zip(rows, runs, last, strict=True)
    ]
    if width is not None and _width(table) + _LAST_COLUMN > width:
        return columns(laid, header=[*header, ""], width=width, right=numeric, last_below=True)
    return columns(laid, header=[*header, "changed"], width=width, right=numeric)


def _fixed(runs: Sequence[RunSummary]) -> list[list[str]]:
    return [
        ["run", *(run.run_id for run in runs)],
        ["started", *(moment_text(run.started_s)[:_TO_THE_MINUTE] for run in runs)],
        ["notebook", *(PurePath(run.notebook_source).name for run in runs)],
        ["status", *(run.status.value for run in runs)],
        ["time", *(seconds_text(run.seconds) for run in runs)],
    ]


def _styled(row: Sequence[str], run: RunSummary) -> list[Text | str]:
    run_id, started, notebook, _, *rest = row
    return [styled(run_id, "bold"), started, notebook, status_text(run.status.value), *rest]


def _values(runs: Sequence[RunSummary]) -> list[tuple[str, list[str]]]:
    """Return the columns of differing parameters, then those of the metrics."""
    found = [
        (name, [value_text(run.parameters[name], 20) if name in run.parameters else "" for run in runs])
        for name in differing_parameters(runs)
    ]
    named = dict.fromkeys(name for run in runs for name in run.metrics)
    metrics = sorted(named, key=lambda name: name.startswith("training_"))  # MLflow's own, by autolog, last
    return found + [
        (name, [f"{run.metrics[name]:.5g}" if name in run.metrics else "" for run in runs])
        for name in metrics
    ]


def _width(table: Sequence[Sequence[str]]) -> int:
    return sum(max(joined(cell).cell_len for cell in column) + GAP for column in table)


def differing_parameters(runs: Sequence[RunSummary]) -> list[str]:
    """Return the parameters whose value is not the same in all runs of one notebook, in their order."""
    seen: dict[tuple[str, str], list[Any]] = {}
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.notebook_source] = counts.get(run.notebook_source, 0) + 1
        for name, value in run.parameters.items():
            seen.setdefault((run.notebook_source, name), []).append(value)
    found = [
        name
        for (notebook, name), values in seen.items()
        if len(values) < counts[notebook] or any(value != values[0] for value in values)
    ]
    return list(dict.fromkeys(found))
