"""Numbers of cells that stay the same while cells above are inserted, deleted or moved.

What is remembered of an analysis names statements by their cells, all over. So the analysis goes through
cells under labels, which have the notebook's order but gaps between them, and turns these into positions
where it makes the records that leave the room.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress, count
from operator import is_not
from typing import TYPE_CHECKING

from stepmill.analysis.corrections import step_options
from stepmill.analysis.units import MOST_IN_A_CELL, step_cells
from stepmill.model.cell import Role
from stepmill.model.diagnostic import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stepmill.model.cell import Cell, Notebook, StepOptions

LEAST, MOST = -(-(10**24) // MOST_IN_A_CELL), 10**25 // MOST_IN_A_CELL
"""Labels are no positions, and statements under them have numbers of 25 digits: as texts they sort alike."""

FIRST, GAP = LEAST + (1 << 59), 1 << 40
"""The label of the first cell that is seen, and how far apart labels are where there is room."""

ABOVE = 4
"""A cell alone is put a fourth of the gap below the one above it: the next one mostly comes below it."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What the cells' tags say: the options and the cells of each step, whether there are parameters."""

    options: dict[str, StepOptions]
    cells: dict[str, list[int]]
    has_parameters: bool


@dataclass(frozen=True)
class Labelled:
    """A notebook with its cells under labels.

    `original` is the notebook, `notebook` the same with labels in the place of the cells' positions. They
    are without what may change where their code does not: ids and problems.
    """

    original: Notebook
    notebook: Notebook
    positions: dict[int, int]

    @cached_property
    def cells(self) -> dict[int, Cell]:
        """The cells by their labels."""
        return {cell.index: cell for cell in self.notebook.cells}

    @cached_property
    def sources(self) -> frozenset[str]:
        """The texts of all cells."""
        return frozenset([cell.source for cell in self.notebook.cells])

    @cached_property
    def tags(self) -> Tags:
        """What the cells' tags say, with the cells' labels."""
        has_parameters = any(cell.role is Role.PARAMETERS for cell in self.notebook.cells)
        return Tags(step_options(self.notebook), dict(step_cells(self.notebook)), has_parameters)

    def position(self, cell: int) -> int:
        """Return the position of the cell with a label; what is no label is one already."""
        return self.positions.get(cell, cell)

    def placed(self, place: Place) -> Place:
        """Return a place with the cell's position."""
        cell = self.positions.get(place.cell)
        return place if cell is None else Place(cell=cell, line=place.line, column=place.column)

    def first_moved(self, old: dict[int, int]) -> int:
        """Return the label from which on cells have other positions than `old`."""
        if old is self.positions:
            return MOST
        pairs = zip(old, self.positions, strict=False)
        return next((min(pair) for pair in pairs if pair[0] != pair[1]), max(old, default=LEAST))

    def again(self, notebook: Notebook) -> Labelled | None:
        """Return another version of the notebook; None if there is no room for what is new in it.

        Cells that are as they were are the same objects under their labels.
        """
        old, new = self.notebook.cells, notebook.cells
        if len(old) == len(new):
            edited = list(compress(count(), map(is_not, self.original.cells, new)))
            if len(edited) < 2:
                return self._edited(notebook, edited)
        found = _found_again(self.original.cells, new)
        labels = _labels([None if at is None else old[at].index for at in found])
        if labels is None:
            return None
        cells = tuple(
            old[at] if at is not None and _is_like(old[at], cell) else _under(label, cell)
            for at, label, cell in zip(found, labels, new, strict=True)
        )
        same = len(old) == len(new) and all(label in self.positions for label in labels)
        return Labelled(notebook, replace(notebook, cells=cells), self.positions if same else _places(labels))

    def _edited(self, notebook: Notebook, edited: list[int]) -> Labelled:
        """Return a version of the notebook in which only these cells are not what they were."""
        cells, tagged = list(self.notebook.cells), True
        for at in edited:
            old, new = cells[at], notebook.cells[at]
            if not _is_like(old, new):
                cells[at] = _under(old.index, new)
                tagged = tagged and (old.role, old.step, old.options) == (new.role, new.step, new.options)
        made = Labelled(notebook, replace(notebook, cells=tuple(cells)), self.positions)
        if tagged:
            made.__dict__["tags"] = self.tags
        return made


def labelled(notebook: Notebook) -> Labelled:
    """Return a notebook of which nothing is known."""
    labels = [FIRST + GAP * position for position in range(len(notebook.cells))]
    cells = tuple(_under(label, cell) for label, cell in zip(labels, notebook.cells, strict=True))
    return Labelled(notebook, replace(notebook, cells=cells), _places(labels))


def _under(label: int, cell: Cell) -> Cell:
    return replace(cell, index=label, cell_id="", problems=())


def _places(labels: list[int]) -> dict[int, int]:
    return {label: position for position, label in enumerate(labels)}


def _is_like(one: Cell, other: Cell) -> bool:
    """Tell whether cells are the same for the analysis, wherever they stand."""
    return (
        one.source == other.source
        and one.python == other.python
        and one.body == other.body
        and (one.role, one.step) == (other.role, other.step)
        and one.may_raise is other.may_raise
        and (one.lines is other.lines or one.lines == other.lines)
        and (one.options is other.options or one.options == other.options)
    )


def _found_again(old: Sequence[Cell], new: Sequence[Cell]) -> list[int | None]:
    """Return for each new cell the position of the old one that it is, or is another version of."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if not _is_same(old[i], new[i])), shorter)
    rest = shorter - start
    end = next((i for i in range(rest) if not _is_same(old[-1 - i], new[-1 - i])), rest)
    fixed = [*_common(old, new, start, end), (len(old) - end, len(new) - end)]
    found: list[int | None] = [*range(start)]
    done = start
    for before, here in fixed:
        between = here - len(found)
        edited = range(done, before)[:between]  # they stand where they stood
        found += [*edited, *[None] * (between - len(edited)), before]
        done = before + 1
    found.pop()
    return [*found, *range(len(old) - end, len(old))]


def _is_same(one: Cell, other: Cell) -> bool:
    return one is other or one.source == other.source


def _common(old: Sequence[Cell], new: Sequence[Cell], start: int, end: int) -> list[tuple[int, int]]:
    """Return where cells stand that are in both once, and in one order, but for the first and last ones."""
    places = _once(old, start, end)
    again = _once(new, start, end)
    both = [(places[source], at) for source, at in again.items() if source in places]
    ends: list[int] = []  # the least old position with which a row of each length can end
    rows: list[tuple[int, int]] = []  # (length of the longest row that ends here, old position)
    for before, _ in both:
        length = bisect_left(ends, before)
        ends[length : length + 1] = [before]
        rows.append((length, before))
    found: list[tuple[int, int]] = []
    wanted = len(ends) - 1
    for (length, _), pair in zip(reversed(rows), reversed(both), strict=True):
        if length == wanted and (not found or pair[0] < found[-1][0]):
            found.append(pair)
            wanted -= 1
    return found[::-1]


def _once(cells: Sequence[Cell], start: int, end: int) -> dict[str, int]:
    """Return where the cells stand of which there is only one, but for the first and last ones."""
    found: dict[str, int] = {}
    for position in range(start, len(cells) - end):
        source = cells[position].source
        found[source] = -1 if source in found else position
    return {source: position for source, position in found.items() if position >= 0}


def _labels(known: list[int | None]) -> list[int] | None:
    """Return the labels with new ones for the cells that have none; None if there is no room."""
    found: list[int] = []
    missing = 0
    for label in [*known, MOST]:
        if label is None:
            missing += 1
            continue
        if missing:
            after = found[-1] if found else LEAST
            new = _between(after, label, missing, first=not found, last=label == MOST)
            if new is None:
                return None
            found += new
            missing = 0
        found.append(label)
    return found[:-1]


def _between(after: int, before: int, count: int, *, first: bool, last: bool) -> list[int] | None:
    """Return labels of cells that stand between others."""
    if first and last:
        return None  # all cells are new
    if last:
        start, step = after + GAP, GAP
    elif first:
        start, step = before - GAP * count, GAP
    else:
        step = (before - after) // (ABOVE if count == 1 else count + 1)
        start = after + step
    found = [start + step * number for number in range(count)]
    return found if step and after < found[0] and found[-1] < before else None
