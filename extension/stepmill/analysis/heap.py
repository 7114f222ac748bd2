"""Which objects may reach which: the analyzer's picture of aliases and containers.

Nodes are the notebook's names and temporaries (`#1`). The relation is kept transitively closed,
so that a name can be rebound (its node dropped) without losing what others knew through it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Heap:
    """A directed relation: `a` reaches `b` when `b` may be `a`, or a part of `a`."""

    def __init__(self) -> None:
        self._after: defaultdict[str, set[str]] = defaultdict(set)
        self._before: defaultdict[str, set[str]] = defaultdict(set)
        self._count = 0

    def copy(self) -> Heap:
        """Return the relation as it is now."""
        other = Heap()
        other._after.update({node: set(found) for node, found in self._after.items()})
        other._before.update({node: set(found) for node, found in self._before.items()})
        other._count = self._count
        return other

    def new(self) -> str:
        """Return a node for an object that nothing else reaches."""
        self._count += 1
        return f"#{self._count}"

    def bind(self, name: str, roots: Iterable[str], *, weak: bool = False) -> None:
        """Let `name` be one of `roots`; `weak` keeps what it was before, for a branch not taken."""
        roots = set(roots)
        after = roots | self._union(self._after, roots)
        before = roots | self._union(self._before, roots)
        if not weak:
            self.drop(name)
        for node in after - {name}:
            self._link(name, node)
        for node in before - {name}:
            self._link(node, name)

    def hold(self, holders: Iterable[str], held: Iterable[str]) -> None:
        """Let each of `holders` contain each of `held`."""
        holders, held = set(holders), set(held)
        if not holders or not held:
            return
        above = holders | self._union(self._before, holders)
        below = held | self._union(self._after, held)
        for upper in above:
            for lower in below:
                if upper != lower:
                    self._link(upper, lower)

    def drop(self, name: str) -> None:
        """Forget the object that `name` was bound to."""
        for node in self._after.pop(name, ()):
            self._before[node].discard(name)
        for node in self._before.pop(name, ()):
            self._after[node].discard(name)

    def shallow(self, roots: Iterable[str]) -> set[str]:
        """Return the nodes that see a change of the objects `roots` themselves."""
        roots = set(roots)
        return roots | self._union(self._before, roots)

    def deep(self, roots: Iterable[str]) -> set[str]:
        """Return the nodes that see a change anywhere inside `roots`."""
        inside = set(roots) | self._union(self._after, roots)
        return inside | self._union(self._before, inside)

    def inside(self, roots: Iterable[str]) -> frozenset[str]:
        """Return `roots` and all that they may reach."""
        roots = set(roots)
        return frozenset(roots | self._union(self._after, roots))

    def may_share(self, left: str, right: str) -> bool:
        """Tell whether the two nodes may have an object in common."""
        ours = self._after[left] | {left}
        return right in ours or not ours.isdisjoint(self._after[right] | {right})

    def forget_temporaries(self) -> None:
        """Drop temporaries that fewer than two names reach."""
        temporaries = [node for node in self._before if node.startswith("#")]
        for node in temporaries:
            if sum(1 for n in self._before[node] if not n.startswith("#")) < 2:
                self.drop(node)
        for node in [n for n in self._after if n.startswith("#") and not self._before.get(n)]:
            self.drop(node)

    def _link(self, upper: str, lower: str) -> None:
        self._after[upper].add(lower)
        self._before[lower].add(upper)

    @staticmethod
    def _union(relation: dict[str, set[str]], nodes: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for node in nodes:
            found |= relation.get(node, set())
        return found
