"""Which objects may reach which: the analyzer's picture of aliases and containers.

Nodes are the notebook's names and temporaries (`#1`). The relation is kept transitively closed,
so that a name can be rebound (its node dropped) without losing what others knew through it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Heap:
    """A directed relation: `a` reaches `b` when `b` may be `a`, or a part of `a`."""

    def __init__(self) -> None:
        self._after: dict[str, frozenset[str]] = {}
        self._before: dict[str, frozenset[str]] = {}
        self._count = 0
        self._temporaries: list[str] = []
        self._pinned: set[str] = set()

    def copy(self) -> Heap:
        """Return the relation as it is now."""
        other = Heap()
        other._after, other._before, other._count = dict(self._after), dict(self._before), self._count
        return other

    def new(self) -> str:
        """Return a node for an object that nothing else reaches."""
        self._count += 1
        node = f"#{self._count}"
        self._temporaries.append(node)
        return node

    def pin(self, nodes: Iterable[str]) -> None:
        """Keep temporaries although no name may reach them: a function's closure does."""
        self._pinned.update(node for node in nodes if node.startswith("#"))

    def bind(self, name: str, roots: Iterable[str], *, weak: bool = False) -> None:
        """Let `name` be one of `roots`; `weak` keeps what it was before, for a branch not taken."""
        roots = set(roots)
        after = roots | self._union(self._after, roots)
        before = roots | self._union(self._before, roots)
        if not weak:
            self.drop(name)
        self._link_all({name}, after - {name})
        self._link_all(before - {name}, {name})

    def hold(self, holders: Iterable[str], held: Iterable[str]) -> None:
        """Let each of `holders` contain each of `held`."""
        holders, held = set(holders), set(held)
        if not holders or not held:
            return
        above = holders | self._union(self._before, holders)
        below = held | self._union(self._after, held)
        self._link_all(above, below)

    def drop(self, name: str) -> None:
        """Forget the object that `name` was bound to."""
        for node in self._after.pop(name, ()):
            self._before[node] = self._before[node] - {name}
        for node in self._before.pop(name, ()):
            self._after[node] = self._after[node] - {name}

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

    def is_empty(self, roots: Iterable[str]) -> bool:
        """Tell whether nothing that could be changed is inside the objects `roots`."""
        return all(self._after.get(root, _NONE) <= self._before.get(root, _NONE) for root in roots)

    def may_share(self, left: str, right: str) -> bool:
        """Tell whether the two nodes may have an object in common."""
        ours = self._after.get(left, _NONE) | {left}
        return right in ours or not ours.isdisjoint(self._after.get(right, _NONE) | {right})

    def forget_temporaries(self) -> None:
        """Drop the new temporaries that fewer than two names reach, leaving word that there was something."""
        for node in self._temporaries:
            if node in self._pinned:
                continue
            names = [n for n in self._before.get(node, ()) if not n.startswith("#")]
            if len(names) < 2:
                aliases = self._after.get(node, _NONE)
                self.drop(node)
                for name in names:
                    if name not in aliases:  # a part of it, not itself
                        self._link_all({name}, {f"#in:{name}"})
        self._temporaries.clear()

    def _link_all(self, uppers: set[str], lowers: set[str]) -> None:
        """Let each of `uppers` reach each of `lowers` but itself."""
        for upper in uppers:
            self._after[upper] = self._after.get(upper, _NONE) | lowers - {upper}
        for lower in lowers:
            self._before[lower] = self._before.get(lower, _NONE) | uppers - {lower}

    @staticmethod
    def _union(relation: dict[str, frozenset[str]], nodes: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for node in nodes:
            found |= relation.get(node, _NONE)
        return found


_NONE: frozenset[str] = frozenset()
