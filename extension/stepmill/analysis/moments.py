"""What the heap was, and what names carried, where steps begin and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.analysis.flow import Flow
    from stepmill.analysis.history import History, Snapshot


class Moments:
    """The heap before each step's first statement and after its last, and what its names carry."""

    def __init__(self, flow: Flow, history: History) -> None:
        self.history = history
        self._observed = flow.observed
        self._owned = flow.inventory.owned
        self._untagged: dict[str, frozenset[str]] = {}
        for index in flow.those("leaves"):
            for name, definitions in flow.observed[index].leaves.items():
                self._untagged[name] = self._untagged.get(name, frozenset()) | definitions

    def before(self, step: str) -> Snapshot | None:
        """Return the heap before a step, None if it has no statements."""
        return self.history.before(self._owned[step][0]) if step in self._owned else None

    def after(self, step: str) -> Snapshot | None:
        """Return the heap after a step, None if it has no statements."""
        return self.history.after(self._owned[step][-1]) if step in self._owned else None

    def carried(self, step: str | None) -> dict[str, frozenset[str]]:
        """Return the definitions that a step's names carry at its end; for None, those of untagged code."""
        if step is None:
            return self._untagged
        return self._observed[self._owned[step][-1]].leaves if step in self._owned else {}
