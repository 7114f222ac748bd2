"""How good a place each gap between two cells is to begin a step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from stepmill.analysis.values import Kind
from stepmill.suggestion.headings import BOLD, COMMENT
from stepmill.suggestion.naming import name_of_heading
from stepmill.suggestion.roles import Work

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stepmill.suggestion.facts import CellFacts, Taken
    from stepmill.suggestion.headings import Heading

_RANKED = (5.0, 3.5, 2.5, 2.0)
"""What a heading is worth: of the notebook's highest level, of the next, …"""
_BOLD_WORTH, _COMMENT_WORTH, _TEXT_WORTH, _VAGUE_WORTH = 1.5, 0.8, 0.3, 1.5
_NEW_WORK, _NEW_STAGE = 1.5, 2.6
_AFTER_PRELUDE = 1.5
_OUTLINE = 3
"""Headings from which on a notebook has an outline, and new work within a section counts half."""
_LOOKS_AT, _SHOWS = 2.5, 0.5
"""What is lost where a cell is parted from what it looks at; less where it begins to draw or evaluate."""
_CROSSING = {
    Kind.IMMUTABLE: 0.05, Kind.FRAME: 0.25, Kind.ARRAY: 0.25, Kind.CONTAINER: 0.25, Kind.OBJECT: 0.35,
    Kind.INSTANCE: 0.5, Kind.UNKNOWN: 0.45, Kind.ITERATOR: 3.0, Kind.FIGURE: 4.0, Kind.GENERATOR: 9.0,
    Kind.HANDLE: 9.0,
}  # fmt: skip
"""What a variable costs that is alive across the gap, by how well it can be stored."""
_AWKWARD = (
    "ipywidgets", "tensorflow", "keras", "torch", "selenium", "sqlalchemy", "sqlite3", "requests", "bs4",
    "plotly", "bokeh", "threading", "multiprocessing", "IPython",
)  # fmt: skip
"""Libraries whose objects do not like to leave their process."""
_STAGES = {Work.LOAD: 0, Work.CLEAN: 1, Work.FEATURES: 1, Work.TRAIN: 2, Work.EVALUATE: 3, Work.PLOT: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A cell that is to be in a step. `own` is what it does, `work` also what it belongs to.

    `looks`: no later cell takes anything from it. `prelude`: it only prepares the session: installs,
    seeds, imports.
    """

    facts: CellFacts
    own: Work | None
    work: Work | None
    headings: tuple[Heading, ...] = ()
    has_text: bool = False
    looks: bool = False
    prelude: bool = False

    @property
    def index(self) -> int:
        return self.facts.index


@dataclass(frozen=True, slots=True)
class Border:
    """The gap before an item: how good it is to begin a step there."""

    score: float
    heading: Heading | None = None
    is_new_work: bool = False


def borders(items: Sequence[Item], title: Heading | None) -> list[Border]:
    """Return the gap before each item; that before the first, where a step begins anyway, is worth 0."""
    scale = _Scale(items, title)
    alive = _crossing(items)
    gaps = [scale.border(before, after) for before, after in pairwise(items)]
    gaps = [replace(gap, score=gap.score - cost) for gap, cost in zip(gaps, alive[1:], strict=True)]
    return [Border(0.0, _best(items[0], title)), *gaps]


class _Scale:
    """What the signs of a new step are worth in this notebook."""

    def __init__(self, items: Sequence[Item], title: Heading | None) -> None:
        self.title = title
        best = [_best(item, title) for item in items]
        levels = [heading.level for heading in best if heading is not None and heading.level < BOLD]
        self.ranks = {level: rank for rank, level in enumerate(sorted(set(levels)))}
        self.outlined = len(levels) >= _OUTLINE

    def border(self, before: Item, after: Item) -> Border:
        """Return the gap between two neighbours, without what it costs that values cross it."""
        heading = _best(after, self.title)
        is_new = after.work is not None and before.work is not None and after.work is not before.work
        score = self._heading(heading, after) + (self._new_work(before, after, heading) if is_new else 0.0)
        if heading is None or heading.level == COMMENT:
            if after.looks and (before.looks or before.index in _givers(after)):
                score -= _SHOWS if is_new else _LOOKS_AT
            if before.prelude:
                score -= _AFTER_PRELUDE
        return Border(score, heading, is_new)

    def _heading(self, heading: Heading | None, item: Item) -> float:
        if heading is None:
            vague = any(h.level < BOLD and h != self.title for h in item.headings)
            return (_TEXT_WORTH if item.has_text else 0.0) + (_VAGUE_WORTH if vague else 0.0)
        if heading.level >= BOLD:
            return _BOLD_WORTH if heading.level == BOLD else _COMMENT_WORTH
        return _RANKED[min(self.ranks[heading.level], len(_RANKED) - 1)]

    def _new_work(self, before: Item, after: Item, heading: Heading | None) -> float:
        assert before.work is not None
        assert after.work is not None
        worth = _NEW_STAGE if _STAGES[after.work] != _STAGES[before.work] else _NEW_WORK
        return worth / 2 if self.outlined and heading is None else worth


def _best(item: Item, title: Heading | None) -> Heading | None:
    """Return the highest heading above that says something."""
    found = [heading for heading in item.headings if heading != title and name_of_heading(heading.text)]
    return min(found, key=lambda heading: heading.level, default=None)


def _crossing(items: Sequence[Item]) -> list[float]:
    """Return for each gap what it costs that variables are alive across it."""
    place = {item.index: number for number, item in enumerate(items)}
    alive: list[dict[str, float]] = [{} for _ in items]
    for number, item in enumerate(items):
        for name, taken in item.facts.takes.items():
            for gap in range(place.get(taken.giver, number) + 1, number + 1):
                alive[gap][name] = max(alive[gap].get(name, 0.0), _cost(taken))
    return [_together(costs.values()) for costs in alive]


def _together(costs: Collection[float]) -> float:
    """Many plain values are not much worse than some; those that are hard to store count in full."""
    return sum(cost for cost in costs if cost > 1) + min(sum(cost for cost in costs if cost <= 1), 2.0)


def _cost(taken: Taken) -> float:
    value = taken.value
    if value.kind is Kind.OBJECT and value.what.partition(".")[0] in _AWKWARD:
        return 3.0
    return _CROSSING.get(value.kind, 0.0)


def _givers(item: Item) -> set[int]:
    return {taken.giver for taken in item.facts.takes.values()}
