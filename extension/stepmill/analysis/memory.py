"""What is kept of an analysis, so that the next one of the same notebook only does what an edit asks for.

Of each statement: which entries of the interpreter's tables it looked at, and what it left in them.
While none of these entries differs from what it was, the statement does again what it did.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from operator import is_
from typing import TYPE_CHECKING, Any

from stepmill.analysis.history import History
from stepmill.analysis.labels import labelled
from stepmill.analysis.remembered import Remembered
from stepmill.analysis.rows import Numbering
from stepmill.analysis.tables import Table, is_same
from stepmill.analysis.touches import Touches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from stepmill.analysis.assembly import Assembly
    from stepmill.analysis.core import Core
    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.keeping import Kept
    from stepmill.analysis.labels import Labelled
    from stepmill.analysis.records import Order, Placed, Recorded
    from stepmill.analysis.scripts import Expanded
    from stepmill.analysis.tables import Noted
    from stepmill.analysis.units import Unit
    from stepmill.model.cell import Cell, Notebook
    from stepmill.model.facts import Fact

MOST_BYTES = 96 << 20
"""About what all memories together may take."""

MOST_ENTRIES = 1_000_000
"""Entries of tables in the traces of one analysis; one with more is not remembered."""

SPARE_NODES = 1000
"""Numbers of nodes that may be out of use."""

BYTES_PER_UNIT, BYTES_PER_ENTRY = 10 << 10, 96
"""About what a statement takes, with its syntax tree and its part of a step, and an entry of its trace."""


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


class Rewrites:
    """Statements that count as something else than what was seen, so that they stay the same objects."""

    def __init__(self, old: dict[Any, tuple[Observed, Observed]]) -> None:
        self._old = old
        self._new: dict[Any, tuple[Observed, Observed]] = {}

    def again(self) -> Rewrites:
        """Return those for the next analysis, which may be taken from these."""
        return Rewrites(self._new)

    def rewrite(
        self, seen: Observed, about: tuple[Any, ...], write: Callable[[Observed], Observed]
    ) -> Observed:
        """Return `write(seen)`, which depends on `about` beside it."""
        key = (seen.unit.index, *about)
        known = self._old.get(key)
        if known is None or known[0] is not seen:
            known = (seen, write(seen))
        self._new[key] = known
        return known[1]


@dataclass(slots=True)
class Look:
    """One pass over the statements.

    `answers` are those about modules outside of the notebook, `entries` are counted over all traces, `nodes`
    are those that there were after the first pass. `history` is the heap's, `parameters` are the names
    of those units whose value is not known before the run. `ends` are the interpreter's tables after the
    last statement; `ahead` are statements above the last edit, with what they left in the tables together.
    `shapes` tell how each statement can be replayed, and which names' final values that depends on.
    `finals` are the names that ended with another value in the last pass than in the one before it,
    `unsure` the statements whose shapes depend on them.
    `moved` are the nodes that were not related all along to the others as they were in that one.
    `rounds` are how the steps were put together then, `rewrites` what became of statements there,
    `recorded` the steps, `kept` the names that they keep, `placed` the steps with their cells' positions,
    `order` the order in which they can run.
    """

    remembered: Remembered = field(default_factory=Remembered)
    touches: Touches = field(default_factory=Touches)
    answers: dict[str, Any] = field(default_factory=dict)
    entries: int = 0
    numbering: Numbering = field(default_factory=Numbering)
    history: History | None = None
    parameters: Mapping[int, str] = field(default_factory=dict)
    nodes: int = 0
    shapes: dict[int, tuple[Observed, str, set[str]]] = field(default_factory=dict)
    finals: frozenset[str] = frozenset()
    unsure: list[int] = field(default_factory=list)
    moved: int = 0
    recorded: dict[str, Recorded] = field(default_factory=dict)
    order: Order | None = None
    kept: Kept | None = None
    placed: Placed | None = None
    rounds: list[Assembly] = field(default_factory=list)
    ends: tuple[Any, ...] = ()
    ahead: tuple[list[Trace], list[dict[Any, Any]]] = field(default_factory=lambda: ([], []))
    rewrites: Rewrites = field(default_factory=lambda: Rewrites({}))

    def renew(self) -> None:
        """Forget all nodes if nothing else is known, or once most of them are of statements long gone."""
        if not self.remembered.units or len(self.numbering.names) > 2 * self.nodes + SPARE_NODES:
            self.entries, self.numbering, self.history = 0, Numbering(), None
            self.remembered, self.touches, self.ends, self.ahead = Remembered(), Touches(), (), ([], [])

    def end_with(self, changed: Collection[str] | None, moved: int) -> None:
        """Forget what depends on the final values of these names, which have changed; None: maybe all."""
        self.finals, self.moved, self.unsure = frozenset(changed or ()), moved, []
        if changed is None:
            self.shapes.clear()
            self.rounds.clear()
            self.forget_records()
        elif changed:
            self.unsure = [i for i, (_, _, read) in self.shapes.items() if not read.isdisjoint(changed)]
            for index in self.unsure:
                del self.shapes[index]

    def forget_records(self) -> None:
        """Forget the steps: they went with another flow than the last one."""
        self.recorded.clear()
        self.kept = None

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        return BYTES_PER_UNIT * len(self.remembered.units) + BYTES_PER_ENTRY * self.entries


@dataclass(slots=True)
class Memory:
    """One analysis. `looks` are by the classes that were known to be data, `units` by their cells' labels."""

    facts: tuple[Fact, ...] = ()
    cells: Labelled | None = None
    units: dict[int, tuple[Cell, list[Unit]]] = field(default_factory=dict)
    scripts: Expanded = field(default_factory=dict)  # those of cells that execute scripts
    looks: dict[frozenset[str], Look] = field(default_factory=dict)

    def label(self, notebook: Notebook) -> Labelled:
        """Return the notebook with its cells under the labels that they had, or new ones without room."""
        again = None if self.cells is None else self.cells.again(notebook)
        if again is None:
            self.units, self.scripts, self.looks = {}, {}, {}
            again = labelled(notebook)
        self.cells = again
        return again

    @property
    def sources(self) -> frozenset[str]:
        """The texts of its cells."""
        return frozenset() if self.cells is None else self.cells.sources

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        looks = sum(look.size_bytes for look in self.looks.values())
        return looks + sum(map(len, self.sources))


class Replay:
    """One pass over the statements, repeating from an earlier one what is as it was.

    What repeated statements leave is put into the tables only when another one is gone through.

    Attributes
    ----------
    stale
        By table: the entries that are not what they were at this point of the remembered pass, with
        what they were.
    moved
        The nodes of the heap that have ever been among them.
    compares
        Whether there is a remembered pass.
    calls
        Those of notebook functions in the statements so far.
    restless
        Steps, and None for untagged code, of which a statement has been another one so far, or is.
    """

    def __init__(self, core: Core, look: Look, units: list[Unit], parameters: Mapping[int, str]) -> None:
        self.core = core
        self.touches = look.touches
        self.entries = self.calls = 0
        self.stale: tuple[dict[Any, Any], ...] = tuple({} for _ in core.tables)
        self.moved = 0
        self._heap = next(n for n, table in enumerate(core.tables) if table is core.heap)
        self._pending: list[Trace] = []
        self._new: list[tuple[Trace | None, Trace | None]] = []  # statements before and now
        self._look = look
        self._is_first = True  # time to catch up
        self.compares = bool(look.remembered.units)
        known = look.history if self.compares else None
        self.history = History(core.heap.numbering) if known is None else known
        self.remembered, changed, gone, self.restless = look.remembered.again(units)
        self._gone = sorted(gone, key=lambda trace: trace.unit.index, reverse=True)  # the next one last
        if parameters != look.parameters:
            changed = list(range(len(units)))
            self.restless = {unit.owner for unit in units}
        self._closer = bytearray(len(units))
        self._look_closer(changed)
        if self.compares:
            for trace in self._gone:
                self._look_closer([bisect_right(self.remembered.indices, trace.unit.index)])
            for owner in self.restless:
                self._look_closer(map(self._position, self.remembered.owned.get(owner, ())))
        self._ask_again(look.answers)

    def _look_closer(self, positions: Iterable[int]) -> None:
        closer = self._closer
        for at in positions:
            if at < len(closer):
                closer[at] = 1

    def _position(self, unit: int) -> int:
        return bisect_left(self.remembered.indices, unit)

    def _let_be_restless(self, owner: str | None) -> None:
        if owner not in self.restless:
            self.restless.add(owner)
            self._look_closer(map(self._position, self.remembered.owned[owner]))

    def _ask_again(self, answers: dict[str, Any]) -> None:
        """What is outside of the notebook may have changed."""
        outside = self.core.outside
        number = next(number for number, table in enumerate(self.core.tables) if table is outside)
        for question, answer in answers.items():
            if not is_same(self.core.answer(question), answer):
                self._let_be_stale(number, question, answer)

    def _let_be_stale(self, number: int, entry: Any, was: Any) -> None:
        """Note that an entry is not what it was, and who has to do with it."""
        self.stale[number][entry] = was
        self._look_closer(map(self._position, self.touches.of(number, entry)))

    def repeat(self, start: int, found: dict[int, Observed]) -> int:
        """Repeat the units from `start` on until one has to be looked at closer; return where."""
        row, end = self.remembered, self._closer.find(1, start)
        if end < 0:
            end = len(row.units)
        if start < end:
            self._pending += [trace for trace in row.traces[start:end] if trace is not None]
            self.entries += sum(row.entries[start:end])
            self.calls += sum(row.calls[start:end])
            seen = [each for each in row.seen[start:end] if each is not None]
            found.update(zip(row.indices[start:end], seen, strict=True))
        return end

    def run(self, at: int, about: Callable[[], tuple[Any, ...]], action: Callable[..., Observed]) -> Observed:
        """Return what `action(unit, *about())` observes, or observed when all was the same."""
        unit, old = self.remembered.units[at], self.remembered.traces[at]
        while self._gone and self._gone[-1].unit.index < unit.index:
            self._catch_up()
            self._lose(self._gone.pop())
        same = old is not None and old.unit is unit and self._holds(old)
        if old is not None and same and (unit.owner not in self.restless or old.about == about()):
            self._repeat(old)
            return old.observed
        self._catch_up()
        for table in self.core.tables:
            table.begin()
        told = about()
        observed = action(unit, *told)
        reads = [(number, read) for number, table in enumerate(self.core.tables) if (read := table.read)]
        leaves = [(number, _left_in(table)) for number, table in enumerate(self.core.tables) if table.before]
        entries = sum(len(found) for _, found in (*reads, *leaves))
        new = Trace(unit, told, tuple(reads), tuple(leaves), observed, entries)
        self._compare(old, new)
        self._new.append((old, new))
        self.entries += entries
        self.calls += observed.calls
        self.remembered.put(at, new if self.entries <= MOST_ENTRIES else None, observed)
        self._let_be_restless(unit.owner)
        return observed

    def finish(self) -> None:
        """Bring the tables up to date after the last statement, but for the heap, which nobody needs then."""
        while self._gone:
            self._catch_up()
            self._lose(self._gone.pop())
        for number, table in enumerate(self.core.tables):
            if isinstance(table, Table):
                if self.compares:
                    self._end_like(number, table)
                table.begin()  # what is looked at from here on is no statement's

    def _lose(self, old: Trace) -> None:
        """Note what differs because a statement is not there any more."""
        self._compare(old, None)
        self._new.append((old, None))

    def all_touches(self) -> Touches:
        """Return who has to do with what, for the next pass."""
        for old, new in self._new:
            self.touches.replace(old, new)
        return self.touches

    def _end_like(self, number: int, table: Table[Any]) -> None:
        """Let a table end as in the remembered pass, but for what is not what it was."""
        other = {key: table.value_of(key) for key in self.stale[number]}
        table.clear()
        table.put(self._look.ends[number])
        table.put(other)

    def _holds(self, trace: Trace) -> bool:
        return all(read.isdisjoint(self.stale[number]) for number, read in trace.reads)

    def _repeat(self, trace: Trace) -> None:
        self._pending.append(trace)
        self.entries += trace.entries
        self.calls += trace.observed.calls
        for number, left in trace.leaves:
            stale = self.stale[number]
            if stale:
                for key in stale.keys() & left.keys():
                    del stale[key]

    def _catch_up(self) -> None:
        """Put into the tables what has been repeated."""
        if not self._pending:
            return
        look = self._look
        known, left = look.ahead if self._is_first else ([], [])
        if not self._is_first or len(known) > len(self._pending) or not all(map(is_, known, self._pending)):
            known, left = [], []
        left = left or [{} for _ in self.core.tables]
        for trace in self._pending[len(known) :]:
            for number, entries in trace.leaves:
                left[number].update(entries)
        if self._is_first:
            look.ahead = (self._pending, left)
        for table, entries in zip(self.core.tables, left, strict=True):
            if entries:
                table.put(entries)
        self._pending, self._is_first = [], False

    def _compare(self, old: Trace | None, new: Trace | None) -> None:
        """Note what differs from the remembered pass after a statement; None: it was, or is, not there."""
        then = dict(old.leaves) if old is not None else {}
        now = dict(new.leaves) if new is not None else {}
        if old is not None:
            self.history.forget(old.unit.index, then.get(self._heap, {}))
        if new is not None:
            self.history.note(new.unit.index, now.get(self._heap, {}))
        if not self.compares:
            return
        for number, table in enumerate(self.core.tables):
            stale, left = self.stale[number], then.get(number, {})
            before = table.before if new is not None else {}
            for key in left.keys() | before.keys():
                was = left[key] if key in left else stale[key] if key in stale else before[key]
                if is_same(was, table.value_of(key)):
                    stale.pop(key, None)
                else:
                    self._let_be_stale(number, key, was)
                    if number == self._heap:
                        self.moved |= 1 << key


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
        sources = {cell.source for cell in notebook.cells}
        with self._lock:
            likeness = [
                (len(memory.sources & sources), position)
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
