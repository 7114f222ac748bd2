"""What each cell of an untagged notebook does, as far as it matters for where to cut."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.analysis.effects import is_pseudo
from stepmill.analysis.flow import Flow
from stepmill.analysis.interpreter import interpret
from stepmill.analysis.units import parse, units_of
from stepmill.analysis.values import Kind, Value

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    from stepmill.model.cell import Cell, Notebook

_NOT_DATA = frozenset({Kind.MODULE, Kind.LIBRARY, Kind.FUNCTION, Kind.CLASS})


@dataclass(frozen=True, slots=True)
class Taken:
    """A variable that a cell takes: the cell that gave it last, and what is known of its value."""

    giver: int
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """One code cell with statements.

    `shapes` says of each statement how it could be replayed, "" if it cannot. `gives` are the
    variables that it binds or changes, `takes` those of earlier cells that it reads, without what
    is replayed. `tree` is shared with the analyzer: nobody changes it.
    """

    cell: Cell
    tree: ast.Module
    shapes: frozenset[str]
    gives: frozenset[str] = frozenset()
    takes: Mapping[str, Taken] = field(default_factory=dict)
    used_later: frozenset[str] = frozenset()
    plots: bool = False

    @property
    def index(self) -> int:
        return self.cell.index


def survey(notebook: Notebook) -> tuple[CellFacts, ...]:
    """Return the facts of all cells that Run All would run, in order. Nothing is executed."""
    units = units_of(notebook)
    interpreter, observed = interpret(units)
    flow = Flow(observed, {}, interpreter.env)
    by_cell: dict[int, list[int]] = defaultdict(list)
    for unit in units:
        by_cell[unit.cell.index].append(unit.index)
    takes = {index: _taken(flow, index, units) for index, units in by_cell.items()}
    used: dict[int, set[str]] = defaultdict(set)
    for found in takes.values():
        for name, taken in found.items():
            used[taken.giver].add(name)
    return tuple(
        CellFacts(
            cell=notebook.cells[index],
            tree=parse(notebook.cells[index].python),
            shapes=frozenset(flow.shapes[u] if flow.replayable[u] else "" for u in members),
            gives=frozenset(n for u in members for n in flow.observed[u].writes if not is_pseudo(n)),
            takes=takes[index],
            used_later=frozenset(used[index]),
            plots=any(observed[u].effects.plots for u in members),
        )
        for index, members in sorted(by_cell.items())
    )


def _taken(flow: Flow, index: int, members: list[int]) -> dict[str, Taken]:
    """Return what a cell takes from earlier ones."""
    found: dict[str, Taken] = {}
    for unit in members:
        effects = flow.observed[unit].effects
        for name in effects.reads:
            data = [u for u in flow.taken[unit].get(name, ()) if not flow.replayable[u]]
            if not data or is_pseudo(name) or name in found:
                continue
            giver = flow.observed[data[-1]].unit.cell.index
            value = effects.seen.get(name, Value(Kind.UNKNOWN))
            if giver < index and value.kind not in _NOT_DATA:
                found[name] = Taken(giver, value)
    return found
