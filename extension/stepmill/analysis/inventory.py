"""The statements of a notebook, to be found by their step, by what few of them have, and by names."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.analysis.interpreter import Observed


class Inventory:
    """Statements by their numbers, always in notebook order. An edit brings it up to date.

    Attributes
    ----------
    units
        All of them.
    owned
        Those of each step; of None the untagged ones.
    """

    def __init__(self, observed: Mapping[int, Observed]) -> None:
        self.units: list[int] = list(observed)
        self.owned: dict[str | None, list[int]] = {}
        self._few: dict[str, list[int]] = {}
        self._users: dict[str, set[int]] = {}  # these two are filled when they are first asked for
        self._writers: dict[str, set[int]] = {}
        for index, seen in observed.items():
            self.owned.setdefault(seen.unit.owner, []).append(index)
            for trait in seen.traits:
                self._few.setdefault(trait, []).append(index)

    def replace(
        self, units: Iterable[int], old: Mapping[int, Observed], new: Mapping[int, Observed]
    ) -> list[int]:
        """Put in what these units are in `new` for what they were in `old`.

        Return those that are new, gone, or another step's now.
        """
        moved = []
        self.know_names(old)
        for unit in units:
            was, now = old.get(unit), new.get(unit)
            if was is not None:
                self._take_out(unit, was)
            if now is not None:
                self._put_in(unit, now)
            if was is None or now is None or was.unit.owner != now.unit.owner:
                moved.append(unit)
            if (was is None) != (now is None):
                insort(self.units, unit) if was is None else _remove(self.units, unit)
        return sorted(moved)

    def those(self, trait: str) -> list[int]:
        """Return the units with a trait of `Observed`."""
        return self._few.get(trait, [])

    def span(self, first: int, last: int) -> tuple[int, ...]:
        """Return all units from one to another, both included."""
        return tuple(self.units[bisect_left(self.units, first) : bisect_left(self.units, last) + 1])

    def know_names(self, observed: Mapping[int, Observed]) -> None:
        """Let units be found by names; `observed` are all of them."""
        if not self._users:
            for unit, seen in observed.items():
                for name in seen.about:
                    self._users.setdefault(name, set()).add(unit)
                for name in seen.writes:
                    self._writers.setdefault(name, set()).add(unit)

    def users(self, name: str) -> set[int]:
        """Return the units that have to do with a name."""
        return self._users.get(name, set())

    def writers(self, name: str) -> set[int]:
        """Return those of its users that make a new version of it."""
        return self._writers.get(name, set())

    def names(self) -> Iterable[str]:
        """Return all names that some unit has to do with."""
        return self._users.keys()

    def _take_out(self, unit: int, seen: Observed) -> None:
        own = self.owned[seen.unit.owner]
        _remove(own, unit)
        if not own:
            del self.owned[seen.unit.owner]
        for trait in seen.traits:
            _remove(self._few[trait], unit)
        for names, units in ((seen.about, self._users), (seen.writes, self._writers)):
            for name in names:
                units[name].discard(unit)
                if not units[name]:
                    del units[name]

    def _put_in(self, unit: int, seen: Observed) -> None:
        insort(self.owned.setdefault(seen.unit.owner, []), unit)
        for trait in seen.traits:
            insort(self._few.setdefault(trait, []), unit)
        for name in seen.about:
            self._users.setdefault(name, set()).add(unit)
        for name in seen.writes:
            self._writers.setdefault(name, set()).add(unit)


def _remove(units: list[int], unit: int) -> None:
    del units[bisect_left(units, unit)]
