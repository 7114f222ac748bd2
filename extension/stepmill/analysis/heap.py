"""Which objects may reach which: the analyzer's picture of aliases and containers.

Nodes are the notebook's names and temporaries (`#1.2`). The relation is kept transitively closed,
so that a name can be rebound (its node dropped) without losing what others knew through it. The nodes
that a statement looks at or changes are noted, so that it need not be interpreted again while they are
what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rows import Links, Numbering, Rows, indices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NEVER_CROWDED = 1 << 62
"""More temporaries than there can be."""


class Heap:
    """A directed relation: `a` reaches `b` when `b` may be `a`, or a part of `a`.

    Attributes
    ----------
    young, own
        The temporaries that the unit at hand has made, and those of them that do not outlive it.
    growth
        Counts times that what outlives a unit took something in.
    crowded
        Temporaries in one place from which on they are merged.
    before
        By number: nodes changed by the unit, as they were before it.
    """

    def __init__(self, numbering: Numbering | None = None) -> None:
        self.numbering = numbering or Numbering()
        self._after = Rows(self.numbering, 0)
        self._before = Rows(self.numbering, 1)
        self._unit = 0
        self._count = 0  # temporaries of the unit
        self._temporaries: list[int] = []
        self._unheard = 0  # those of them whose names were new
        self._pinned = 0
        self._kept = 0
        self.young = self.own = 0
        self._now: dict[int, int] = {}  # temporary -> the one that it was taken together with
        self._gone = 0  # the temporaries in `_now`
        self._stands: dict[int, int] = {}  # for some of them: those that stand for them
        self.growth = 0
        self.crowded = NEVER_CROWDED
        self._seen = self._changed = 0
        self.before: dict[int, Links] = {}

    # -- nodes and sets of them --------------------------------------------------------------------

    def node(self, name: str) -> int:
        """Return the set of the node of that name."""
        numbering = self.numbering
        return numbering.bits[numbering.number(name)]

    def nodes(self, names: Iterable[str]) -> int:
        """Return the set of the nodes of these names."""
        return self.numbering.nodes(names)

    def names(self, nodes: int) -> list[str]:
        """Return the names of a set's nodes, of temporaries too."""
        names = self.numbering.names
        return [names[number] for number in indices(nodes)]

    def named(self, nodes: int) -> int:
        """Return those of `nodes` that are no temporaries."""
        return nodes & self.numbering.named

    def nameless(self, nodes: int) -> int:
        """Return those of `nodes` that are temporaries."""
        return nodes & ~self.numbering.named

    # -- what statements have seen and left --------------------------------------------------------

    def begin(self) -> None:
        """Note what is looked at and changed from here on."""
        self._seen, self._changed, self.before = 0, 0, {}

    @property
    def read(self) -> set[int]:
        """The numbers of the nodes that were looked at."""
        return set(indices(self._seen))

    def value_of(self, node: int) -> Links:
        """Return what the node of that number reaches and what reaches it."""
        return self._after[node], self._before[node]

    def put(self, values: Mapping[int, Links]) -> None:
        """Set what statements have left at another time."""
        self._after.put(values)
        self._before.put(values)

    # -- temporaries -------------------------------------------------------------------------------

    def name_after(self, unit: int) -> None:
        """Name temporaries after the statement that makes them: what others make does not matter."""
        self._unit, self._count, self.young, self.own = unit, 0, 0, 0

    def new(self) -> int:
        """Return a node for an object that nothing else reaches."""
        self._count += 1
        name, numbering = f"#{self._unit}.{self._count}", self.numbering
        is_unheard = name not in numbering.numbers
        number = numbering.number(name)
        self._temporaries.append(number)
        node = numbering.bits[number]
        if is_unheard:
            self._unheard |= node
        self.young |= node
        self.own |= node
        return node

    def alias(self, name: str) -> int:
        """Return a node for the object that `name` is bound to now."""
        node = self.new()
        self._bind(node, self.node(name))
        return node

    def keep(self, nodes: int) -> None:
        """Do not merge these: a definition, which outlives the unit, has got hold of them."""
        self._kept |= nodes

    def pin(self, nodes: int) -> None:
        """Keep temporaries although no name may reach them: a function's closure does."""
        self._pinned |= self.now(nodes)
        self.own &= ~self._pinned

    def now(self, nodes: int) -> int:
        """Return `nodes` with each temporary by the one that stands for it."""
        gone = nodes & self._gone
        if gone:
            stand = self._stands.get(gone)
            if stand is None:
                stand = 0
                for number in indices(gone):
                    stand |= self._now[number]
                self._stands[gone] = stand
            nodes = nodes ^ gone | stand
        return nodes

    def lasting(self, nodes: int) -> int:
        """Return those of `nodes` that are no temporaries of the unit."""
        return nodes & ~self.own

    @property
    def temporaries(self) -> int:
        """How many temporaries there are now, for `merge`."""
        return len(self._temporaries)

    def merge(self, since: int) -> None:
        """Take temporaries made after there were `since` for one object where names see no difference."""
        bits, nodes = self.numbering.bits, 0
        for number in self._temporaries[since:]:
            nodes |= bits[number]
        self._merge(self.now(nodes))

    def _merge(self, nodes: int) -> None:
        alike: dict[Links, int] = {}
        lasting = ~self.own
        for number in indices(nodes & self.own & ~self._kept):
            links = (self._after[number] & lasting, self._before[number] & lasting)
            alike[links] = alike.get(links, 0) | self.numbering.bits[number]
        for same in alike.values():
            if same & (same - 1):
                self._make_one(same)

    def _make_one(self, same: int) -> None:
        """Put the first one in place of several; who holds another one means the first from now on."""
        one = same & -same
        after, before = self._after.union(same), self._before.union(same)
        self._seen |= after | before
        bits = self.numbering.bits
        nested = any(self._after[number] & same != bits[number] for number in indices(same))
        for number in indices(same):
            self._set_after(number, bits[number])
            self._set_before(number, bits[number])
            if bits[number] != one:
                self._now[number] = one
        for number, stands in self._now.items():
            if stands & same:
                self._now[number] = one
        self._gone |= same ^ one
        self._stands.clear()
        for group, row in self._before.groups(after & ~same):
            self._set_all(self._before, group, row & ~same | one)
        for group, row in self._after.groups(before & ~same):
            self._set_all(self._after, group, row & ~same | one)
        number = one.bit_length() - 1
        self._set_after(number, after & ~same | one)
        self._set_before(number, before & ~same | one)
        if nested:  # some were inside of others
            self.hold(one, self.new())

    def forget_temporaries(self, held: int = -1, *, drop_twins: bool = True) -> None:
        """Drop the new temporaries that fewer than two names reach, leaving word that there was something.

        One that is to all names what an older one is tells nothing new: with `drop_twins` it is dropped, too,
        unless it is among `held`, those that values which outlive the unit may be.
        """
        twins = []
        for number in self._temporaries:
            node = self.numbering.bits[number]
            if node & self._pinned:
                continue
            self._seen |= node
            names = self.named(self._before[number])
            if not names & (names - 1):
                aliases = self._after[number]
                self._drop(node)
                if names and not names & aliases:  # a part of it, not itself
                    (name,) = self.names(names)
                    self._link_all(names, self.node(f"#in:{name}"))
            elif self._older_twins(names):
                twins.append(number)
        kept = self._kept | held
        for number in twins if drop_twins else ():
            node, links = self.numbering.bits[number], self._links_to_others(number)
            if not node & kept:
                older = self._older_twins(self.named(links[1]))
                self._seen |= older
                if any(self._links_to_others(other) == links for other in indices(older)):
                    self._drop(node)
        self._give_back(self._unheard & ~(self._pinned | held))
        self._temporaries.clear()
        self._pinned = self._kept = self._gone = self._unheard = 0
        self._now.clear()
        self._stands.clear()
        self.crowded = NEVER_CROWDED

    def _give_back(self, nodes: int) -> None:
        """Let the numbers of those of these temporaries that are in no relation be used again."""
        bits, after, before = self.numbering.bits, self._after, self._before
        gone = 0
        for number in indices(nodes):
            if after[number] == before[number] == bits[number]:
                gone |= bits[number]
                self.before.pop(number, None)
        self._seen &= ~gone
        self._changed &= ~gone
        self.numbering.give_back(gone)

    def _older_twins(self, names: int) -> int:
        """Return the temporaries of earlier units that all of `names` reach."""
        self._seen |= names
        found = ~self.numbering.named & ~self.young
        for name in indices(names):
            found &= self._after[name]
        return found

    def _links_to_others(self, number: int) -> Links:
        node = self.numbering.bits[number]
        return self._after[number] & ~node, self._before[number] & ~node

    # -- what may reach what -----------------------------------------------------------------------

    def bind(self, name: str, roots: int, *, weak: bool = False) -> None:
        """Let `name` be one of `roots`; `weak` keeps what it was before, for a branch not taken."""
        self._bind(self.node(name), roots, weak=weak)

    def _bind(self, node: int, roots: int, *, weak: bool = False) -> None:
        roots = self.now(roots)
        after, before = self._union(self._after, roots), self._union(self._before, roots)
        if not weak:
            self._drop(node)
        self._link_all(node, after & ~node)
        self._link_all(before & ~node, node)

    def hold(self, holders: int, held: int) -> None:
        """Let each of `holders` contain each of `held`."""
        if holders and held:
            above = self._union(self._before, self.now(holders))
            below = self._union(self._after, self.now(held))
            self._link_all(above, below)

    def drop(self, name: str) -> None:
        """Forget the object that `name` was bound to; others that have it in common still do."""
        self._drop(self.node(name))

    def _drop(self, node: int) -> None:
        self._stand_in(node)
        self._seen |= node
        number = node.bit_length() - 1
        after, before = self._after[number] ^ node, self._before[number] ^ node
        self._seen |= after | before
        if after:
            self._set_after(number, node)
        if before:
            self._set_before(number, node)
        for group, row in self._before.groups(after):
            self._set_all(self._before, group, row & ~node)
        for group, row in self._after.groups(before):
            self._set_all(self._after, group, row & ~node)

    def _stand_in(self, node: int) -> None:
        """Put a temporary in place of a name, if only by it two others are known to share an object."""
        if not self.named(node):
            return
        self._seen |= node
        number = node.bit_length() - 1
        others = self._before[number] ^ node
        if not others & (others - 1):
            return
        after = self._after[number] ^ node
        self._seen |= after
        if all(others & ~row for _, row in self._before.groups(after)):
            between = self.new()
            self._link_all(others, between)
            self._link_all(between, after)

    def shallow(self, roots: int) -> int:
        """Return the nodes that see a change of the objects `roots` themselves."""
        return self._union(self._before, self.now(roots))

    def deep(self, roots: int) -> int:
        """Return the nodes that see a change anywhere inside `roots`."""
        return self._union(self._before, self._union(self._after, self.now(roots)))

    def inside(self, roots: int) -> int:
        """Return `roots` and all that they may reach."""
        found = self._union(self._after, self.now(roots))
        if found.bit_count() > self.crowded and (found & self.own).bit_count() > self.crowded:
            self._merge(found)
            found = self._union(self._after, self.now(found))
            self.crowded = max(self.crowded, 2 * found.bit_count())
        return found

    def is_empty(self, roots: int) -> bool:
        """Tell whether nothing that could be changed is inside the objects `roots`."""
        roots = self.now(roots)
        self._seen |= roots
        return all(not self._after[root] & ~self._before[root] for root in indices(roots))

    def may_share(self, left: str, right: str) -> bool:
        """Tell whether the two nodes may have an object in common."""
        return bool(self.inside(self.node(left)) & self.inside(self.node(right)))

    def sharing(self, nodes: int) -> int:
        """Return `nodes` and all that may share an object with one of them, or with such a one."""
        found, pending = 0, nodes
        while pending:
            found |= pending
            pending = self.deep(pending) & ~found
        return found

    def _set_before(self, number: int, row: int) -> None:
        if number not in self.before:
            self._changed |= self.numbering.bits[number]
            self.before[number] = self.value_of(number)
        self._before[number] = row

    def _set_after(self, number: int, row: int) -> None:
        if number not in self.before:
            self._changed |= self.numbering.bits[number]
            self.before[number] = self.value_of(number)
        self._after[number] = row

    def _link_all(self, uppers: int, lowers: int) -> None:
        """Let each of `uppers` reach each of `lowers`."""
        self._seen |= uppers | lowers
        for group, row in self._after.groups(uppers):
            self.growth += ((group if lowers & ~row else group & lowers) & ~self.own).bit_count()
            if lowers & ~row:
                self._set_all(self._after, group, row | lowers)
        for group, row in self._before.groups(lowers):
            if uppers & ~row:
                self._set_all(self._before, group, row | uppers)

    def _set_all(self, rows: Rows, group: int, row: int) -> None:
        """Set the row of nodes that have the same one."""
        new = group & ~self._changed
        if new:
            self._changed |= new
            for number in indices(new):
                self.before[number] = self.value_of(number)
        rows.set_all(group, row)

    def _union(self, rows: Rows, nodes: int) -> int:
        self._seen |= nodes
        return rows.union(nodes)
