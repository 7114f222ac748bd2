"""Does the saved notebook have what was executed here? Said of cells by their place in the file."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stepmill_magics.executed import Executed

_SIMILAR = 0.6
_HARMLESS = re.compile(r"\s*(#.*|%pipeline\b.*|%load_ext\s+stepmill\w*\s*|%reload_ext\s+stepmill\w*\s*)?")
"""A line that changes no pipeline, so that it need not be saved."""


@dataclass(frozen=True, slots=True)
class SavedCell:
    """A code cell of the file; `index` counts all cells from 0."""

    index: int
    cell_id: str
    source: str


def saved_cells(notebook: Path) -> tuple[SavedCell, ...]:
    """Return the code cells of the file; none if it cannot be read: that is said by who reads it for real."""
    try:
        document = json.loads(notebook.read_bytes())
        cells = document["cells"]
        return tuple(
            SavedCell(index, str(cell.get("id", "")), _text(_joined(cell.get("source", ""))))
            for index, cell in enumerate(cells)
            if cell.get("cell_type") == "code"
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()


def unsaved_changes(notebook: Path, executed: Iterable[Executed]) -> tuple[str, ...]:
    """Return what was executed after the file was saved and is not in it: "cell 7", "a new cell (…)".

    A cell that was changed, but not executed, since the file was saved cannot be seen from a kernel.
    Where the front end says no cell ids, as a terminal does, only tagged cells are compared.
    """
    try:
        saved_s = notebook.stat().st_mtime
    except OSError:
        return ()
    cells = saved_cells(notebook)
    by_id = {cell.cell_id: cell for cell in cells if cell.cell_id}
    sources = {cell.source for cell in cells}
    known = [one for one in executed if one.cell_id is not None] or list(executed)
    has_our_ids = any(one.cell_id in by_id for one in known)
    found = []
    for one in known:
        text = _text(one.source)
        saved = by_id.get(one.cell_id or "")
        is_there = text == saved.source if saved is not None else text in sources
        if one.time_s <= saved_s or is_there or _is_harmless(text):
            continue
        place = saved if has_our_ids else _like(text, cells)
        if one.cell_id is not None or (place is not None and text.startswith("%%")):
            found.append(_place(text, place))
    return tuple(dict.fromkeys(found))


def _is_harmless(text: str) -> bool:
    return all(_HARMLESS.fullmatch(line) for line in text.split("\n"))


def _place(text: str, saved: SavedCell | None) -> str:
    if saved is not None:
        return f"cell {saved.index}"
    line = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return f"a new cell ({line if len(line) <= 40 else line[:39] + '…'})"


def _like(text: str, cells: Sequence[SavedCell]) -> SavedCell | None:
    """Return the saved cell that `text` seems to be a new version of, for front ends with other ids."""
    tagged = [cell for cell in cells if _first_line(cell.source) == _first_line(text)]
    if len(tagged) == 1 and _first_line(text).startswith("%%"):
        return tagged[0]
    close = difflib.get_close_matches(text, [cell.source for cell in cells], n=1, cutoff=_SIMILAR)
    return next((cell for cell in cells if close and cell.source == close[0]), None)


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip()


def _text(source: str) -> str:
    return source.replace("\r\n", "\n").rstrip()


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
