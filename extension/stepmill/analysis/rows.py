"""Sets of nodes as numbers, and rows of them: what the heap's relation is made of.

A set of nodes is an integer, one bit a node: recursion over objects that share others makes sets of
thousands, of which many are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Links = tuple[int, int]
"""What a node reaches, and what reaches it; itself included."""


_NARROW, _FEW = 1024, 8
"""Bits of a number up to which it is not halved, and nodes in it up to which they are taken off one by one:
either goes through the whole number each time."""


def indices(nodes: int) -> list[int]:
    """Return the numbers of the nodes of a set, the least first."""
    found: list[int] = []
    if nodes.bit_count() <= _FEW:
        while nodes:
            number = nodes.bit_length() - 1
            found.append(number)
            nodes ^= 1 << number
        found.reverse()
        return found
    pending = [(nodes, 0)]
    while pending:
        some, start = pending.pop()
        width = some.bit_length()
        if width > _NARROW:
            half = width >> 1
            upper = some >> half
            lower = some ^ (upper << half)
            pending.append((upper, start + half))
            if lower:
                pending.append((lower, start))
        elif some.bit_count() > _FEW:
            digits = bin(some)[:1:-1]
            at = digits.find("1")
            while at >= 0:
                found.append(start + at)
                at = digits.find("1", at + 1)
        else:
            while some:
                low = some & -some
                found.append(start + low.bit_length() - 1)
                some ^= low
    return found


class Numbering:
    """The numbers of nodes. One is used by all analyses that remember each other's sets.

    Sets are as long as the greatest number in them, so numbers of nodes that nobody knows are given again.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.bits: list[int] = []  # by number: the set of that node alone
        self.numbers: dict[str, int] = {}
        self.named = 0  # all nodes but temporaries
        self._spare: list[int] = []

    def number(self, name: str) -> int:
        """Return the number of a node."""
        found = self.numbers.get(name)
        if found is None:
            found = self.numbers[name] = self._new_number(name)
            if name[:1] != "#":
                self.named |= self.bits[found]
        return found

    def _new_number(self, name: str) -> int:
        if self._spare:
            found = self._spare.pop()
            self.names[found] = name
            return found
        found = len(self.names)
        self.names.append(name)
        self.bits.append(1 << found)
        return found

    def give_back(self, nodes: int) -> None:
        """Let others have the numbers of temporaries that are in no set any more."""
        given = indices(nodes)
        for number in given:
            del self.numbers[self.names[number]]
            self.names[number] = ""
        self._spare += reversed(given)

    def nodes(self, names: Iterable[str]) -> int:
        """Return the set of the nodes of these names."""
        found = 0
        for name in names:
            found |= self.bits[self.number(name)]
        return found


_LATER: Final = [0, 0]
"""Stands for the row of a node that nobody has asked for since it was put."""


class Rows:
    """For each node, a set of nodes with itself in it. Nodes that have the same are known together.

    `side` is the one of `Links` that they are.
    """

    def __init__(self, numbering: Numbering, side: int) -> None:
        self._bits = numbering.bits
        self._side = side
        self._groups: list[list[int] | None] = []  # by number: [row, the nodes that have it]
        self._alike: dict[int, list[int]] = {}  # those of rows of more than one node
        self._later: dict[int, Links] = {}
        self._unions: dict[int, int] = {}  # those asked for since a row was changed

    def _grow(self) -> None:
        self._groups += [None] * (len(self._bits) - len(self._groups))

    def __getitem__(self, number: int) -> int:
        group = self._groups[number] if number < len(self._groups) else None
        if group is _LATER:
            group = self._look_up(number)
        return self._bits[number] if group is None else group[0]

    def __setitem__(self, number: int, row: int) -> None:
        if number >= len(self._groups):
            self._grow()
        old, bit = self._groups[number], self._bits[number]
        if old is _LATER:
            old = self._groups[number] = None
        if row == (bit if old is None else old[0]):
            return
        self._unions.clear()
        if old is not None:
            old[1] ^= bit
            if not old[1]:
                del self._alike[old[0]]
        new = None
        if row != bit:
            new = self._alike.get(row)
            if new is None:
                new = self._alike[row] = [row, 0]
            new[1] |= bit
        self._groups[number] = new

    def set_all(self, nodes: int, row: int) -> None:
        """Set the row of nodes that have the same one, each of which is in it."""
        self._unions.clear()
        groups, alike = self._groups, self._alike
        old = groups[nodes.bit_length() - 1]
        new = alike.get(row) if row & (row - 1) else None
        if old is not None and old is not new:
            if old[1] == nodes:  # all that have it
                del alike[old[0]]
                if new is None and row & (row - 1):
                    old[0], alike[row] = row, old
                    return
            else:
                old[1] &= ~nodes
        if row & (row - 1):
            if new is None:
                new = alike[row] = [row, 0]
            new[1] |= nodes
        for number in indices(nodes):
            groups[number] = new

    def put(self, values: Mapping[int, Links]) -> None:
        """Set rows of which most will never be asked for."""
        self._grow()
        self._unions.clear()
        groups, side = self._groups, self._side
        for number, links in values.items():
            if groups[number] is None:
                groups[number] = _LATER
            elif groups[number] is not _LATER:
                self[number] = links[side]
        self._later.update(values)

    def _look_up(self, number: int) -> list[int] | None:
        self[number] = self._later[number][self._side]
        return self._groups[number]

    def groups(self, nodes: int) -> list[tuple[int, int]]:
        """Return (some of `nodes`, the row that they have), until all have been."""
        if nodes.bit_length() > len(self._groups):
            self._grow()
        found, groups, bits = [], self._groups, self._bits
        while nodes:
            number = nodes.bit_length() - 1
            group = groups[number]
            if group is _LATER:
                group = self._look_up(number)
            if group is None:
                row = some = bits[number]
            else:
                row, members = group
                some = nodes & members
            found.append((some, row))
            nodes ^= some
        return found

    def union(self, nodes: int) -> int:
        """Return `nodes` and all that is in one of their rows."""
        known = self._unions.get(nodes)
        if known is not None:
            return known
        found = nodes
        for _, row in self.groups(nodes):
            found |= row
        self._unions[nodes] = found
        return found
