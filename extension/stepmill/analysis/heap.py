"""Which objects may reach which: the analyzer's picture of aliases and containers.

Nodes are the notebook's names and temporaries (`#1.2`). The relation is kept transitively closed,
so that a name can be rebound (its node dropped) without losing what others knew through it. Past
states are kept as differences, so that a snapshot costs nothing. The nodes that a statement looks
at or changes are noted, so that it need not be interpreted again while they are what they were.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


Links = tuple[frozenset[str], frozenset[str]]
"""What a node reaches, and what reaches it."""


class Heap:
    """A directed relation: `a` reaches `b` when `b` may be `a`, or a part of `a`."""

    def __init__(self) -> None:
        self._after: dict[str, frozenset[str]] = {}
        self._before: dict[str, frozenset[str]] = {}
        self._unit = 0
        self._own = "#0."
        self._count = 0  # temporaries of the unit
        self._temporaries: list[str] = []
        self._pinned: set[str] = set()
        self._kept: set[str] = set()
        self._now: dict[str, str] = {}  # temporary -> the one that it was taken together with
        self.growth = 0  # counts times that what outlives a unit took something in
        self.crowded = NEVER_CROWDED  # temporaries in one place from which on they are merged
        self._taken = 0  # snapshots until now
        self._past: dict[str, list[tuple[int, frozenset[str]]]] = {}  # node -> (last snapshot, `_after` then)
        self.read: set[str] = set()
        self.before: dict[str, Links] = {}  # nodes changed by the unit, as they were before it

    def snapshot(self) -> Snapshot:
        """Return a view of the relation as it is now, which later changes leave as it is."""
        self._taken += 1
        return Snapshot(self, self._taken)

    def after_at(self, node: str, snapshot: int) -> frozenset[str]:
        """Return what `node` reached when the snapshot of that number was taken."""
        past = self._past.get(node, ())
        index = bisect_left(past, snapshot, key=lambda entry: entry[0])
        return past[index][1] if index < len(past) else self._after.get(node, _NONE)

    def name_after(self, unit: int) -> None:
        """Name temporaries after the statement that makes them: what others make does not matter."""
        self._unit, self._count, self._own = unit, 0, f"#{unit}."

    def begin(self) -> None:
        """Note what is looked at and changed from here on."""
        self.read, self.before = set(), {}

    def value_of(self, node: str) -> Links:
        """Return what `node` reaches and what reaches it."""
        return self._after.get(node, _NONE), self._before.get(node, _NONE)

    def put(self, values: Mapping[str, Links]) -> None:
        """Set what a statement has left at another time."""
        now_after, now_before, taken = self._after, self._before, self._taken
        for node, (after, before) in values.items():
            old = now_after.get(node, _NONE)
            if after is not old:
                if taken:
                    past = self._past.get(node)
                    if past is None:
                        self._past[node] = [(taken, old)]
                    elif past[-1][0] < taken:
                        past.append((taken, old))
                if after:
                    now_after[node] = after
                else:
                    del now_after[node]
            if before:
                now_before[node] = before
            else:
                now_before.pop(node, None)

    def new(self) -> str:
        """Return a node for an object that nothing else reaches."""
        self._count += 1
        node = f"#{self._unit}.{self._count}"
        self._temporaries.append(node)
        return node

    def alias(self, name: str) -> str:
        """Return a node for the object that `name` is bound to now."""
        node = self.new()
        self.bind(node, {name})
        return node

    def keep(self, nodes: Iterable[str]) -> None:
        """Do not merge these: a definition, which outlives the unit, has got hold of them."""
        self._kept.update(nodes)

    def now(self, nodes: Collection[str]) -> Collection[str]:
        """Return `nodes` with each temporary by the one that stands for it."""
        if not self._now:
            return nodes
        current = self._now
        return {current.get(node, node) for node in nodes}

    def lasting(self, nodes: Iterable[str]) -> frozenset[str]:
        """Return those of `nodes` that are no temporaries of the unit."""
        return frozenset(filter(self._lasts, nodes))

    def _lasts(self, node: str) -> bool:
        return not node.startswith(self._own) or node in self._pinned

    @property
    def temporaries(self) -> int:
        """How many temporaries there are now, for `merge`."""
        return len(self._temporaries)

    def merge(self, since: int) -> None:
        """Take temporaries made after there were `since` for one object where names see no difference."""
        self._merge(self.now(self._temporaries[since:]))

    def _merge(self, nodes: Iterable[str]) -> None:
        alike: dict[tuple[frozenset[str], frozenset[str]], list[str]] = {}
        for node in nodes:
            if not self._lasts(node) and node not in self._kept:
                after, before = self.value_of(node)
                alike.setdefault((self.lasting(after), self.lasting(before)), []).append(node)
        for same in alike.values():
            if len(same) > 1:
                self._make_one(same)

    def _make_one(self, same: list[str]) -> None:
        """Put one temporary in place of several; who holds the name of another means it from now on."""
        one, merged = min(same, key=lambda node: int(node.rpartition(".")[2])), set(same)
        after, before = self._union(self._after, same), self._union(self._before, same)
        self.read |= after | before
        for node in same:
            self._set_after(node, _NONE)
            self._set_before(node, _NONE)
        for name in [name for name, stands in self._now.items() if stands in merged]:
            self._now[name] = one
        self._now.update((node, one) for node in same if node != one)
        for node in after - merged:
            self._set_before(node, self._before[node] - merged | {one})
        for node in before - merged:
            self._set_after(node, self._after[node] - merged | {one})
        self._set_after(one, frozenset(after - merged))
        self._set_before(one, frozenset(before - merged))
        if after & merged:  # some were inside of others
            self.hold((one,), (self.new(),))

    def pin(self, nodes: Iterable[str]) -> None:
        """Keep temporaries although no name may reach them: a function's closure does."""
        self._pinned.update(node for node in self.now(list(nodes)) if node.startswith("#"))

    def bind(self, name: str, roots: Iterable[str], *, weak: bool = False) -> None:
        """Let `name` be one of `roots`; `weak` keeps what it was before, for a branch not taken."""
        roots = set(self.now(list(roots)))
        after = roots | self._union(self._after, roots)
        before = roots | self._union(self._before, roots)
        if not weak:
            self.drop(name)
        self._link_all({name}, after - {name})
        self._link_all(before - {name}, {name})

    def hold(self, holders: Iterable[str], held: Iterable[str]) -> None:
        """Let each of `holders` contain each of `held`."""
        holders, held = set(self.now(list(holders))), set(self.now(list(held)))
        if not holders or not held:
            return
        above = holders | self._union(self._before, holders)
        below = held | self._union(self._after, held)
        self._link_all(above, below)

    def drop(self, name: str) -> None:
        """Forget the object that `name` was bound to; others that have it in common still do."""
        self._stand_in(name)
        self.read.add(name)
        after, before = self.value_of(name)
        if not after and not before:
            return
        self.read |= after
        self.read |= before
        for node in after:
            self._set_before(node, self._before[node] - {name})
        self._set_after(name, _NONE)
        self._set_before(name, _NONE)
        for node in before:
            self._set_after(node, self._after[node] - {name})

    def _stand_in(self, name: str) -> None:
        """Put a temporary in place of `name`, if only by it two others are known to share an object."""
        if name.startswith("#"):
            return
        self.read.add(name)
        others = self._before.get(name, _NONE) - {name}
        if len(others) < 2:
            return
        after = self._after.get(name, _NONE)
        self.read |= after
        if not any(others - {node} <= self._before[node] for node in after):
            self._link_all(set(others), {node := self.new()})
            self._link_all({node}, set(after))

    def shallow(self, roots: Iterable[str]) -> set[str]:
        """Return the nodes that see a change of the objects `roots` themselves."""
        roots = set(self.now(list(roots)))
        return roots | self._union(self._before, roots)

    def deep(self, roots: Iterable[str]) -> set[str]:
        """Return the nodes that see a change anywhere inside `roots`."""
        roots = set(self.now(list(roots)))
        inside = roots | self._union(self._after, roots)
        return inside | self._union(self._before, inside)

    def inside(self, roots: Iterable[str]) -> frozenset[str]:
        """Return `roots` and all that they may reach."""
        found = set(self.now(list(roots)))
        found |= self._union(self._after, found)
        if len(found) > self.crowded and sum(not self._lasts(node) for node in found) > self.crowded:
            self._merge(sorted(found))
            found = set(self.now(found))
            found |= self._union(self._after, found)
            self.crowded = max(self.crowded, 2 * len(found))
        return frozenset(found)

    def is_empty(self, roots: Collection[str]) -> bool:
        """Tell whether nothing that could be changed is inside the objects `roots`."""
        roots = self.now(roots)
        self.read.update(roots)
        return all(self._after.get(root, _NONE) <= self._before.get(root, _NONE) for root in roots)

    def forget_temporaries(self) -> None:
        """Drop the new temporaries that fewer than two names reach, leaving word that there was something."""
        for node in self._temporaries:
            if node in self._pinned:
                continue
            self.read.add(node)
            names = [n for n in self._before.get(node, ()) if not n.startswith("#")]
            if len(names) < 2:
                aliases = self._after.get(node, _NONE)
                self.drop(node)
                for name in names:
                    if name not in aliases:  # a part of it, not itself
                        self._link_all({name}, {f"#in:{name}"})
        self._temporaries.clear()
        self._pinned.clear()
        self._kept.clear()
        self._now.clear()
        self.crowded = NEVER_CROWDED

    def sharing(self, nodes: Iterable[str]) -> set[str]:
        """Return `nodes` and all that may share an object with one of them, or with such a one."""
        found: set[str] = set()
        pending = set(nodes)
        while pending:
            found |= pending
            pending = self.deep(pending) - found
        return found

    def _set_before(self, node: str, value: frozenset[str]) -> None:
        if node not in self.before:
            self.before[node] = self.value_of(node)
        if value:
            self._before[node] = value
        else:
            self._before.pop(node, None)

    def _set_after(self, node: str, value: frozenset[str]) -> None:
        if node not in self.before:
            self.before[node] = self.value_of(node)
        self._keep_past(node)
        if value:
            self._after[node] = value
        else:
            self._after.pop(node, None)

    def _keep_past(self, node: str) -> None:
        if self._taken:
            past = self._past.get(node)
            if past is None:
                self._past[node] = [(self._taken, self._after.get(node, _NONE))]
            elif past[-1][0] < self._taken:
                past.append((self._taken, self._after.get(node, _NONE)))

    def _link_all(self, uppers: set[str], lowers: set[str]) -> None:
        """Let each of `uppers` reach each of `lowers` but itself."""
        self.read |= uppers
        self.read |= lowers
        for upper in uppers:
            known = self._after.get(upper, _NONE)
            if not lowers <= known:
                if self._lasts(upper):
                    self.growth += 1
                self._set_after(upper, (known | lowers) - {upper})
        for lower in lowers:
            known = self._before.get(lower, _NONE)
            if not uppers <= known:
                self._set_before(lower, (known | uppers) - {lower})

    def _union(self, relation: dict[str, frozenset[str]], nodes: Collection[str]) -> set[str]:
        self.read.update(nodes)
        found: set[str] = set()
        for node in nodes:
            found |= relation.get(node, _NONE)
        return found


NEVER_CROWDED = 1 << 62
"""More temporaries than there can be."""


class Snapshot:
    """A heap as it was at some moment."""

    def __init__(self, heap: Heap, number: int) -> None:
        self._heap = heap
        self._number = number

    def reached_by(self, node: str) -> frozenset[str]:
        """Return what the node reached."""
        return self._heap.after_at(node, self._number)

    def may_share(self, left: str, right: str) -> bool:
        """Tell whether the two nodes may have had an object in common."""
        ours = self._heap.after_at(left, self._number) | {left}
        return right in ours or not ours.isdisjoint(self._heap.after_at(right, self._number) | {right})


_NONE: frozenset[str] = frozenset()
