"""What is kept of an analysis, so that the next one of the same notebook only does what an edit asks for.

Of each statement: which entries of the interpreter's tables it looked at, and what it left in them.
While none of these entries differs from what it was, the statement does again what it did.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from operator import is_
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill.analysis.heap import Numbering
from stepmill.analysis.tables import is_same

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from stepmill.analysis.core import Core
    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.tables import Noted
    from stepmill.analysis.units import Unit
    from stepmill.model.cell import Cell, Notebook
    from stepmill.model.facts import Fact
    from stepmill.model.pipeline import Step

MOST_BYTES = 96 << 20
"""About what all memories together may take."""

MOST_ENTRIES = 1_000_000
"""Entries of tables in the traces of one analysis; one with more is not remembered."""

SPARE_NODES = 1000
"""Numbers of nodes that may be out of use."""

BYTES_PER_UNIT, BYTES_PER_ENTRY = 8 << 10, 64
"""About what a statement takes, its syntax tree included, and an entry of its trace."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A statement's interpretation: what it depended on, and what came of it.

    `about` is what was known of it beforehand. `reads` and `leaves` are by the number of the table; those
    without entries are left out.
    """

    unit: Unit
    about: tuple[Any, ...]
    reads: tuple[tuple[int, set[Any]], ...]
    leaves: tuple[tuple[int, dict[Any, Any]], ...]
    observed: Observed
    entries: int


class Inputs(NamedTuple):
    """All that a record is made of: objects, which are to be the same ones, and values."""

    objects: tuple[object, ...]
    values: tuple[Any, ...]

    def agree(self, other: Inputs) -> bool:
        """Tell whether the same record would be made of both."""
        if len(self.objects) != len(other.objects) or not all(map(is_, self.objects, other.objects)):
            return False
        return self.values == other.values


@dataclass(slots=True)
class Look:
    """One pass over the statements.

    `answers` are those about modules outside of the notebook, `entries` are counted over all traces, `nodes`
    are those that there were after the first pass.
    `shapes` tell how each statement can be replayed, and which names' final values that depends on.
    """

    traces: dict[int, Trace] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    entries: int = 0
    numbering: Numbering = field(default_factory=Numbering)
    nodes: int = 0
    shapes: dict[int, tuple[Observed, str, set[str]]] = field(default_factory=dict)

    def renew(self) -> None:
        """Forget all nodes if nothing else is known, or once most of them are of statements long gone."""
        if not self.traces or len(self.numbering.names) > 2 * self.nodes + SPARE_NODES:
            self.traces, self.entries, self.numbering = {}, 0, Numbering()

    def forget_shapes(self, changed: Collection[str] | None) -> None:
        """Forget how statements are replayed that look at the final values of these names; None: of any."""
        if changed is None:
            self.shapes.clear()
        elif changed:
            for index in [i for i, (_, _, read) in self.shapes.items() if not read.isdisjoint(changed)]:
                del self.shapes[index]

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        return BYTES_PER_UNIT * len(self.traces) + BYTES_PER_ENTRY * self.entries


@dataclass(slots=True)
class Memory:
    """One analysis. `looks` are by the classes that were known to be data; `steps` are records by name."""

    facts: tuple[Fact, ...] = ()
    cells: tuple[Cell, ...] = ()
    units: dict[int, list[Unit]] = field(default_factory=dict)  # by the cell's index
    looks: dict[frozenset[str], Look] = field(default_factory=dict)
    steps: dict[str, tuple[Inputs, Step]] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        looks = sum(look.size_bytes for look in self.looks.values())
        return looks + sum(len(cell.source) for cell in self.cells)


class Replay:
    """One pass over the statements, repeating from an earlier one what is as it was.

    Attributes
    ----------
    stale
        By table: the entries that are not what they were at this point of the remembered pass, with
        what they were.
    """

    def __init__(self, core: Core, look: Look) -> None:
        self.core = core
        self.old = look.traces
        self.traces: dict[int, Trace] = {}
        self.entries = 0
        self.stale: tuple[dict[Any, Any], ...] = tuple({} for _ in core.tables)
        self._ahead = list(reversed(look.traces))  # units of the remembered pass, the next one last
        self._ask_again(look.answers)

    def _ask_again(self, answers: dict[str, Any]) -> None:
        """What is outside of the notebook may have changed."""
        outside = self.core.outside
        stale = next(s for s, table in zip(self.stale, self.core.tables, strict=True) if table is outside)
        for question, answer in answers.items():
            if not is_same(self.core.answer(question), answer):
                stale[question] = answer

    def run(self, unit: Unit, about: tuple[Any, ...], action: Callable[..., Observed]) -> Observed:
        """Return what `action(unit, *about)` observes, or observed when all was the same."""
        while self._ahead and self._ahead[-1] < unit.index:
            self._compare(self.old[self._ahead.pop()], None)
        old = None
        if self._ahead and self._ahead[-1] == unit.index:
            old = self.old[self._ahead.pop()]
        if old is not None and old.unit is unit and old.about == about and self._holds(old):
            self._repeat(old)
            self._note(old)
            return old.observed
        for table in self.core.tables:
            table.begin()
        observed = action(unit, *about)
        reads = [(number, read) for number, table in enumerate(self.core.tables) if (read := table.read)]
        leaves = [(number, _left_in(table)) for number, table in enumerate(self.core.tables) if table.before]
        entries = sum(len(found) for _, found in (*reads, *leaves))
        new = Trace(unit, about, tuple(reads), tuple(leaves), observed, entries)
        self._compare(old, new)
        self._note(new)
        return observed

    def _note(self, trace: Trace) -> None:
        self.entries += trace.entries
        if self.entries <= MOST_ENTRIES:
            self.traces[trace.unit.index] = trace
        else:
            self.traces.clear()

    def _holds(self, trace: Trace) -> bool:
        for number, read in trace.reads:
            stale = self.stale[number]
            if stale and not stale.keys().isdisjoint(read):
                return False
        return True

    def _repeat(self, trace: Trace) -> None:
        tables = self.core.tables
        for number, left in trace.leaves:
            tables[number].put(left)
            stale = self.stale[number]
            if stale:
                for key in stale.keys() & left.keys():
                    del stale[key]

    def _compare(self, old: Trace | None, new: Trace | None) -> None:
        """Note what differs from the remembered pass after a statement; None: it was, or is, not there."""
        if not self.old:
            return
        then = dict(old.leaves) if old is not None else {}
        for number, table in enumerate(self.core.tables):
            stale, left = self.stale[number], then.get(number, {})
            before = table.before if new is not None else {}
            for key in left.keys() | before.keys():
                was = left[key] if key in left else stale[key] if key in stale else before[key]
                if is_same(was, table.value_of(key)):
                    stale.pop(key, None)
                else:
                    stale[key] = was


def _left_in(table: Noted) -> dict[Any, Any]:
    """Return what a statement has set in a table, but for what it saw and left as it was."""
    read, before = table.read, table.before
    left = {key: table.value_of(key) for key in before}
    return {key: value for key, value in left.items() if key not in read or not is_same(value, before[key])}


class Recent:
    """The memories of the analyses done last. Threads may share it: a memory is lent to one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memories: list[Memory] = []  # the one used last at the end

    def take(self, notebook: Notebook, facts: tuple[Fact, ...]) -> Memory:
        """Return the memory with most cells of `notebook`, an empty one if there is none."""
        with self._lock:
            likeness = [
                (sum(map(is_, memory.cells, notebook.cells)), position)
                for position, memory in enumerate(self._memories)
                if memory.facts == facts
            ]
            common, position = max(likeness, default=(0, 0))
            return self._memories.pop(position) if common else Memory(facts)

    def keep(self, memory: Memory) -> None:
        """Remember an analysis, and forget the oldest beyond the limit."""
        with self._lock:
            self._memories.append(memory)
            while sum(kept.size_bytes for kept in self._memories) > MOST_BYTES:
                self._memories.pop(0)

    def forget(self) -> None:
        """Forget all."""
        with self._lock:
            self._memories.clear()
