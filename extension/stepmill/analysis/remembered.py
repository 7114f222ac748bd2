"""The statements of a pass over the notebook with what is remembered of each, as lists side by side.

Nothing here is done statement by statement but for those that an edit has changed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from itertools import compress, count
from operator import is_not
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.memory import Trace
    from stepmill.analysis.units import Unit


@dataclass(slots=True)
class Remembered:
    """Statements in notebook order.

    `traces` has None for those that are not remembered, `seen` and the numbers then mean nothing. `calls`
    are those of notebook functions, `entries` those of the trace. `owned` has the indices of each step's
    statements; of None those of untagged ones.
    """

    units: list[Unit] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    traces: list[Trace | None] = field(default_factory=list)
    seen: list[Observed | None] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    owned: dict[str | None, list[int]] = field(default_factory=dict)

    def put(self, at: int, trace: Trace | None, seen: Observed) -> None:
        """Remember the statement at a position."""
        self.traces[at], self.seen[at], self.calls[at] = trace, seen, seen.calls
        self.entries[at] = 0 if trace is None else trace.entries

    def again(self, units: list[Unit]) -> Changes:
        """Return what is remembered of the statements of another version of the notebook.

        This one is used up.
        """
        start, end = _alike(self.units, units)
        old, new = slice(start, len(self.units) - end), slice(start, len(units) - end)
        known = dict(zip(self.indices[old], zip(self.traces[old], self.units[old], strict=True), strict=True))
        middle = units[new]
        found = [known.pop(unit.index, (None, None)) for unit in middle]
        self.indices[old] = [unit.index for unit in middle]
        self.traces[old] = [trace for trace, _ in found]
        self.seen[old] = [None if trace is None else trace.observed for trace, _ in found]
        self.calls[old] = [0 if trace is None else trace.observed.calls for trace, _ in found]
        self.entries[old] = [0 if trace is None else trace.entries for trace, _ in found]
        pairs = zip(count(start), middle, found, strict=False)
        changed = [(at, unit, was) for at, unit, (_, was) in pairs if was is not unit]
        former = [was for _, _, was in changed if was is not None] + [was for _, was in known.values() if was]
        for was in former:
            self._disown(was)
        for _, unit, _ in changed:
            insort(self.owned.setdefault(unit.owner, []), unit.index)
        self.units = units
        gone = [trace for trace, _ in known.values() if trace is not None]
        owners = {unit.owner for unit in (*former, *[unit for _, unit, _ in changed])}
        return Changes(self, [at for at, _, _ in changed], gone, owners)

    def _disown(self, unit: Unit) -> None:
        own = self.owned[unit.owner]
        del own[bisect_left(own, unit.index)]
        if not own:
            del self.owned[unit.owner]


class Changes(NamedTuple):
    """What has become of the statements.

    `changed` are the positions of statements that are other ones or new, `gone` are those that are not there
    any more, `owners` the steps of both, and of those that were in their place.
    """

    remembered: Remembered
    changed: list[int]
    gone: list[Trace]
    owners: set[str | None]


def _alike(old: Sequence[Unit], new: Sequence[Unit]) -> tuple[int, int]:
    """Return how many statements at the beginning, and how many at the end, are the same."""
    shorter = min(len(old), len(new))
    start = next(compress(count(), map(is_not, old, new)), shorter)
    end = next(compress(count(), map(is_not, reversed(old), reversed(new))), shorter)
    return start, min(end, shorter - start)
