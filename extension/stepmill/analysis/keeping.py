"""Names whose value after Run All is a step's: kept although nobody takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.flow import Origin
from stepmill.analysis.values import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from stepmill.analysis.assembly import Assembly
    from stepmill.analysis.flow import Flow
    from stepmill.analysis.versions import Version

NEVER_KEPT = frozenset({Kind.MODULE, Kind.LIBRARY, Kind.FUNCTION, Kind.CLASS, Kind.GENERATOR, Kind.HANDLE})


class Kept:
    """What each step keeps.

    `old` is that of an earlier analysis, with the flow that `flow` goes on from; `finals` are the names
    that end with another value than there. The result is the same without it.

    Attributes
    ----------
    names
        By step.
    """

    def __init__(
        self, flow: Flow, assembly: Assembly, old: Kept | None = None, finals: Collection[str] = ()
    ) -> None:
        self._flow = flow
        self._assembly = assembly
        self._keepers: dict[str, str] = {}
        self._unusual: set[str] = set()  # names of which it depends on how steps are put together
        if old is None or flow.stale is None:
            self.names: dict[str, frozenset[str]] = {}
            self._look_at(flow.final)
        else:
            self._keepers, self._unusual = dict(old._keepers), set(old._unusual)
            self.names = dict(old.names)
            self._look_at({*flow.renamed, *finals, *old._unusual})

    def _look_at(self, names: Iterable[str]) -> None:
        changed: set[str] = set()
        for name in names:
            before = self._keepers.pop(name, None)
            self._unusual.discard(name)
            now = self._keeper(name)
            if now is not None:
                self._keepers[name] = now
            if now != before:
                changed.update(filter(None, (before, now)))
        if changed:
            self._group(changed)

    def _group(self, steps: set[str]) -> None:
        found: dict[str, set[str]] = {}
        for name, step in self._keepers.items():
            if step in steps:
                found.setdefault(step, set()).add(name)
        for step in steps:
            self.names.pop(step, None)
        self.names |= {step: frozenset(names) for step, names in found.items()}

    def _keeper(self, name: str) -> str | None:
        """Return the step that keeps a name."""
        flow, version = self._flow, self._flow.final.get(name)
        if not version or name[:1] == "%" or (len(version) == 1 and flow.replayable[version[0]]):
            return None
        value = dict.get(flow.env, name)
        if value is not None and value.kind in NEVER_KEPT:
            return None
        unit = version[-1]
        last = flow.observed[unit]
        owner = last.unit.owner
        if owner is not None and not flow.replayable[unit] and self._has(owner, name, version):
            return owner if name not in last.effects.deletes else self._of_source(name, version)
        return self._of_source(name, version)

    def _of_source(self, name: str, version: Version) -> str | None:
        self._unusual.add(name)
        flow, drafts = self._flow, self._assembly.drafts
        source = flow.source(name, version)
        if source.origin not in (Origin.STEP, Origin.SETUP) or source.owner not in drafts:
            return None
        effects = flow.observed[source.last].effects
        draft = drafts[source.owner]
        has_it = name in draft.inputs or any(name in flow.observed[u].effects.binds for u in draft.units)
        if not has_it:  # only changed through another name
            return None
        return source.owner if source.last in draft.units and name not in effects.deletes else None

    def _has(self, step: str, name: str, version: Version) -> bool:
        """Tell whether one of the step's statements that made this version binds the name."""
        written = map(self._flow.observed.__getitem__, reversed(version))
        return any(name in seen.effects.binds and seen.unit.owner == step for seen in written)
