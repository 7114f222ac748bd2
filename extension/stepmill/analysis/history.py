"""Which objects may reach which at each statement, once all have been gone through."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from stepmill.analysis.rows import Links, Numbering, indices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class History:
    """What each node has reached after each statement."""

    def __init__(self, numbering: Numbering) -> None:
        self.numbering = numbering
        self._units: dict[int, list[int]] = {}  # by number: statements that have changed it, in order
        self._rows: dict[int, list[int]] = {}  # what it has reached after each of them

    def note(self, unit: int, left: Mapping[int, Links]) -> None:
        """Note what a statement has left in the heap."""
        for number, (after, _) in left.items():
            units = self._units.setdefault(number, [])
            at = bisect_left(units, unit)
            units.insert(at, unit)
            self._rows.setdefault(number, []).insert(at, after)

    def forget(self, unit: int, left: Mapping[int, Links]) -> None:
        """Forget what was noted of a statement."""
        for number in left:
            at = bisect_left(self._units[number], unit)
            del self._units[number][at], self._rows[number][at]

    def before(self, unit: int) -> Snapshot:
        """Return the heap as it was just before a statement."""
        return Snapshot(self, unit)

    def after(self, unit: int) -> Snapshot:
        """Return the heap as it was just after a statement."""
        return Snapshot(self, unit + 1)

    def reached_by(self, node: str, unit: int) -> int:
        """Return what the node had reached before the statement, itself included."""
        number = self.numbering.number(node)
        at = bisect_left(self._units.get(number, ()), unit)
        return self._rows[number][at - 1] if at else self.numbering.bits[number]


class Snapshot:
    """A heap as it was before some statement."""

    def __init__(self, history: History, unit: int) -> None:
        self._history = history
        self._unit = unit

    def nodes(self, names: Iterable[str]) -> int:
        """Return the set of the nodes of these names."""
        return self._history.numbering.nodes(names)

    def reached_by(self, node: str) -> int:
        """Return what the node reached, itself included."""
        return self._history.reached_by(node, self._unit)

    def may_share(self, left: str, right: str) -> bool:
        """Tell whether the two nodes may have had an object in common."""
        return bool(self.reached_by(left) & self.reached_by(right))

    @property
    def named(self) -> int:
        """The nodes of all names."""
        return self._history.numbering.named

    def names_sharing(self, name: str) -> list[str]:
        """Return the other variables, sorted, that may have had an object in common with `name`."""
        reached, numbering = self.reached_by(name), self._history.numbering
        names = (numbering.names[number] for number in indices(numbering.named))
        variables = (one for one in names if one.isidentifier() and one != name)
        return sorted(one for one in variables if self.reached_by(one) & reached)
