"""Edits of the text of cells, made in a copy of the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.notebook.document import source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.model.diagnostic import Edit


def edited(document: Mapping[str, Any], edits: Iterable[Edit]) -> dict[str, Any]:
    """Return an nbformat 4 document with these edits made; all places are those before any of them.

    `document` stays as it is; cells that are not edited are shared with it.
    """
    by_cell: dict[int, list[Edit]] = {}
    for edit in edits:
        by_cell.setdefault(edit.cell, []).append(edit)
    cells = [
        {**cell, "source": _edited_text(source_of(cell), by_cell[index])} if index in by_cell else cell
        for index, cell in enumerate(document["cells"])
    ]
    return {**document, "cells": cells}


def _edited_text(source: str, edits: Iterable[Edit]) -> str:
    lines = source.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text = source
    for edit in sorted(edits, key=lambda e: (e.line, e.column), reverse=True):
        start = starts[edit.line - 1] + edit.column
        end = starts[edit.end_line - 1] + edit.end_column
        text = text[:start] + edit.text + text[end:]
    return text
