"""Which statements have to do with an entry of the interpreter's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from stepmill.analysis.memory import Trace


class Touches:
    """By table and entry: the statements that have looked at the entry, or left something in it."""

    def __init__(self) -> None:
        self._units: dict[int, dict[Any, int | set[int]]] = {}  # most entries are one statement's

    def of(self, number: int, entry: Any) -> Collection[int]:
        """Return the statements that an entry of a table concerns."""
        known = self._units.get(number, {}).get(entry, ())
        return (known,) if isinstance(known, int) else known

    def replace(self, old: Trace | None, new: Trace | None) -> None:
        """Let a statement have done what `new` says in place of what `old` says."""
        if old is not None:
            for number, entries in (*old.reads, *old.leaves):
                self._take_out(self._units[number], entries, old.unit.index)
        if new is not None:
            for number, entries in (*new.reads, *new.leaves):
                self._put_in(self._units.setdefault(number, {}), entries, new.unit.index)

    @staticmethod
    def _put_in(known: dict[Any, int | set[int]], entries: Iterable[Any], unit: int) -> None:
        for entry in entries:
            units = known.get(entry)
            if units is None:
                known[entry] = unit
            elif isinstance(units, set):
                units.add(unit)
            elif units != unit:
                known[entry] = {units, unit}

    @staticmethod
    def _take_out(known: dict[Any, int | set[int]], entries: Iterable[Any], unit: int) -> None:
        for entry in entries:
            units = known.get(entry)
            if isinstance(units, set):
                units.discard(unit)
            if units == unit or not units:
                known.pop(entry, None)
