"""The `%%step` line in the text of a cell: where it stands, and where its words do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stepmill.model.diagnostic import Place

if TYPE_CHECKING:
    from stepmill.model.cell import Cell, Notebook

_STEP = re.compile(r"\s*%%step\s+(?P<name>\S+)")


def tag_line(cell: Cell) -> int | None:
    """Return the line (from 1) of the cell's `%%step`; None if its metadata tags it."""
    for number, text in enumerate(cell.source.split("\n"), start=1):
        found = _STEP.match(text)
        if found is not None:
            return number if found["name"].strip("'\"") == cell.step else None
        if text.strip() and not text.lstrip().startswith(("#", "%%")):
            return None
    return None


def step_word(cell: Cell) -> tuple[int, int, int] | None:
    """Return line (from 1), first and end column of the step's name; None if metadata tags the cell."""
    line = tag_line(cell)
    found = _STEP.match(cell.source.split("\n")[line - 1]) if line is not None else None
    return None if line is None or found is None else (line, *found.span("name"))


def tag_place(notebook: Notebook, index: int) -> Place:
    """Return the place of the step's name on its line; that of the cell where metadata tags it."""
    line, column, _ = step_word(notebook.cells[index]) or (1, 0, 0)
    return Place(cell=index, line=line, column=column)


def option_place(notebook: Notebook, step: str, option: str, word: str) -> Place:
    """Return where `--option word` stands on one of the `%%step` lines of a step."""
    cells = [cell for cell in notebook.cells if cell.step == step]
    for cell in cells:
        line = tag_line(cell)
        text = cell.source.split("\n")[line - 1] if line is not None else ""
        for value in re.finditer(rf"--{option}[=\s]+(\S+)", text):
            found = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", value[1])
            if found is not None and line is not None:
                return Place(cell=cell.index, line=line, column=value.start(1) + found.start())
    given = next((c for c in cells if word in (getattr(c.options, option) or ())), cells[0])
    return tag_place(notebook, given.index)
