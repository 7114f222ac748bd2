"""Which cells are to be in steps, which hold parameters, which stay untagged because they are replayed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.analysis.parameters import is_json, literal
from stepmill.model.cell import Role
from stepmill.suggestion.borders import Item
from stepmill.suggestion.division import LEAST
from stepmill.suggestion.headings import headings_above
from stepmill.suggestion.roles import aliases, calls, work_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stepmill.model.cell import Notebook
    from stepmill.suggestion.facts import CellFacts

_ON_TOP = frozenset({"import", "definition", "session", "patch", "constant"})
_ANYWHERE = frozenset({"import", "definition"})
"""Shapes of statements that are replayed; further down only those that change nothing that is there."""
_LONGEST_PARAMETER = 120
"""Characters of a literal; a longer one is data."""
_SETTING = re.compile(r"^[A-Z][A-Z_0-9]+$|(?i:param|config|option|setting|col|feature|grid)")
"""Names of lists and dicts that somebody may want to vary."""
_PRELUDE = (
    "get_ipython",
    "numpy.random.seed",
    "random.seed",
    "system",
    "run_line_magic",
    "getoutput",
    "filterwarnings",
)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Cells by what becomes of them: in steps, in `%%parameters` cells, replayed untagged."""

    work: frozenset[int]
    parameters: frozenset[int]
    setup: frozenset[int]

    def to_work(self, cells: Iterable[int]) -> Sorted:
        """Return the same with these cells in steps."""
        moved = frozenset(cells)
        return Sorted(self.work | moved, self.parameters - moved, self.setup - moved)


def sort_cells(notebook: Notebook, facts: Sequence[CellFacts]) -> Sorted:
    """Return what becomes of each untagged cell that has statements."""
    free = [one for one in facts if one.cell.role is Role.UNTAGGED]
    first = next((one.index for one in free if not one.shapes <= _ON_TOP), len(notebook.cells))
    bound = Counter(name for one in facts for name in one.gives)
    has_parameters = any(cell.role is Role.PARAMETERS for cell in notebook.cells)
    parameters = frozenset(
        one.index
        for one in free
        if not has_parameters and _is_parameters(one, facts, early=one.index < first)
    )
    setup = frozenset(
        one.index
        for one in free
        if one.index < first or (one.shapes <= _ANYWHERE and all(bound[name] == 1 for name in one.gives))
    )
    work = frozenset(one.index for one in free) - parameters - setup
    found = Sorted(work, parameters, setup - parameters)
    if len(work) >= LEAST:
        return found
    return found.to_work(one.index for one in free if one.index in found.setup and "constant" in one.shapes)


def items_of(notebook: Notebook, facts: Sequence[CellFacts], work: frozenset[int]) -> list[Item]:
    """Return the cells that are to be in steps, with what they do and what stands above them."""
    known = aliases(one.tree for one in facts)
    above = headings_above(notebook, work)
    texts = {cell.index for cell in notebook.cells if cell.role is Role.TEXT and cell.source.strip()}
    found: list[Item] = []
    before = -1
    for one in facts:
        if one.index not in work:
            continue
        own = work_of(one, known)
        item = Item(
            facts=one,
            own=own,
            work=own or (found[-1].work if found else None),
            headings=above[one.index],
            has_text=any(index in texts for index in range(before + 1, one.index)),
            looks=not one.used_later,
            prelude=own is None and not one.takes and _is_prelude(one, known),
        )
        found.append(item)
        before = one.index
    return found


def parameter_names(facts: CellFacts) -> tuple[str, ...]:
    """Return the names that a cell of literal constants assigns."""
    return tuple(
        node.targets[0].id
        for node in facts.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    )


def _is_parameters(one: CellFacts, facts: Sequence[CellFacts], *, early: bool) -> bool:
    """Literal constants, each set once, some of them read below; further down only as CAPITALS."""
    if not all(_is_small_literal(node) for node in one.tree.body):
        return False
    names = parameter_names(one)
    if len(set(names)) != len(names) or (not early and not all(name.isupper() for name in names)):
        return False
    if any(name in other.gives for other in facts if other.index != one.index for name in names):
        return False
    read = {
        node.id
        for other in facts
        if other.index > one.index
        for node in ast.walk(other.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return bool(names) and all(name in read for name in names)


def _is_small_literal(node: ast.stmt) -> bool:
    if not (
        isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    ):
        return False
    value = literal(node.value)
    if isinstance(value, (list, dict)) and not _SETTING.search(node.targets[0].id):
        return False  # more likely data
    return value is not None and is_json(value) and len(ast.unparse(node.value)) <= _LONGEST_PARAMETER


def _is_prelude(one: CellFacts, known: dict[str, str]) -> bool:
    called = list(calls(one.tree, known))
    return not one.used_later and all(name.endswith(_PRELUDE) for name in called) and bool(called)
