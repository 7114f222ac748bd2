"""What the heap was, and what names carried, where steps begin and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.analysis.heap import History, Snapshot
    from stepmill.analysis.interpreter import Observed


class Moments:
    """The heap before each step's first statement and after its last, and what its names carry."""

    def __init__(self, observed: dict[int, Observed], history: History) -> None:
        self.history = history
        self._first: dict[str | None, int] = {}
        self._last: dict[str | None, int] = {}
        self._untagged: dict[str, frozenset[str]] = {}
        self._observed = observed
        for index, seen in observed.items():
            owner = seen.unit.owner
            self._first.setdefault(owner, index)
            self._last[owner] = index
            if owner is None:
                for name, definitions in seen.leaves.items():
                    self._untagged[name] = self._untagged.get(name, frozenset()) | definitions

    def before(self, step: str) -> Snapshot | None:
        """Return the heap before a step, None if it has no statements."""
        return self.history.before(self._first[step]) if step in self._first else None

    def after(self, step: str) -> Snapshot | None:
        """Return the heap after a step, None if it has no statements."""
        return self.history.after(self._last[step]) if step in self._last else None

    def carried(self, step: str | None) -> dict[str, frozenset[str]]:
        """Return the definitions that a step's names carry at its end; for None, those of untagged code."""
        if step is None:
            return self._untagged
        return self._observed[self._last[step]].leaves if step in self._last else {}
