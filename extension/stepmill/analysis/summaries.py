"""What a unit's earlier calls of notebook functions have shown: one like them is not gone through again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from stepmill.analysis.effects import is_pseudo
from stepmill.analysis.own_code import OwnCode
from stepmill.analysis.values import NO_CONSTANT, Value, all_of, all_roots, definitions_of, replace

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from stepmill.analysis.frames import FunctionInfo
    from stepmill.model.diagnostic import Place

PLAIN_CALLS = 16
"""Function bodies gone through per unit before calls are compared with earlier ones."""

EXACT_CALLS = 40
"""Function bodies gone through per unit before only new functions are."""

PLAIN_TEMPORARIES = 200
"""Objects without a name per unit before those that no name tells apart are taken for one."""

CROWD = 12
"""So many of them in one place are merged then."""

Seen = tuple[object, ...]


class Summary(NamedTuple):
    """A call that was gone through: what it was given, and what it gave.

    `touched`: positions of arguments that the call put something into, or put somewhere.
    `returned`, `kept`: positions of those that the result may be a part of, or may have inside.
    """

    given: tuple[Value, ...]
    result: Value
    touched: tuple[int, ...]
    returned: tuple[int, ...]
    kept: tuple[int, ...]


class Guess(NamedTuple):
    """What a guess gave, and what it depended on: the objects of the arguments with all that they may reach,
    who sees a change of these, and what the bodies have given that were gone through.
    """

    inside: int
    seen_by: int
    known: Value
    result: Value


class Waiting(NamedTuple):
    """A call too deep inside of others; its body is gone through when they are over."""

    callee: Value
    args: list[Value]
    keywords: dict[str, Value]
    starred: bool
    place: Place


@dataclass(slots=True)
class CallBook:
    """The calls of one unit.

    `asked` counts all of them, `calls` the bodies gone through; `results`: what each of them gave.
    """

    asked: int = 0
    calls: int = 0
    plain: int = PLAIN_CALLS
    exact: int = EXACT_CALLS
    summaries: dict[Seen, Summary] = field(default_factory=dict)
    results: dict[tuple[str, bool], Value] = field(default_factory=dict)
    guesses: dict[Seen, Guess] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)  # definitions that a guessed call was given
    made: dict[str, set[str]] = field(default_factory=dict)  # class -> definitions put into new objects of it
    waiting: list[Waiting] = field(default_factory=list)
    has_waited: set[str] = field(default_factory=set)


class Summaries(OwnCode):
    """Looking calls up in the unit's book."""

    book = CallBook()

    def call_key(self, info: FunctionInfo, values: Iterable[Value], names: tuple[str, ...]) -> Seen:
        """Return what two calls have in common if they do the same to the notebook's names.

        Objects without a name count by what they share with named ones and with each other.
        """
        found = tuple(values)
        inner = [self.heap.inside(value.roots) for value in found]
        shared = tuple(bool(left & right) for i, left in enumerate(inner) for right in inner[i + 1 :])
        views = tuple(self._view(value) for value in found)
        return (info.ident, id(info.closure), self.stamp(), self.doubt > 0, names, views, shared)

    def stamp(self) -> tuple[int, int]:
        """Return a number that is another one after names were bound or named objects took others in."""
        return (self.bindings, self.heap.growth)

    def _view(self, value: Value) -> Seen:
        """Return what is known of `value`, with only the nodes that outlive the unit."""
        inside = self.heap.inside(value.roots)
        lasting = self.heap.lasting
        constant = value.constant
        return (
            value.kind, value.what, value.carries, value.attribute, value.random, value.pattern,
            "" if constant is NO_CONSTANT else repr(constant),
            lasting(value.roots), lasting(inside), lasting(self.heap.shallow(inside)),
            self.keeps_mutator(lasting(inside)),
            value.closed and self.heap.is_empty(value.roots),
            None if value.owner is None else self._view(value.owner),
            None if value.parts is None else tuple(self._view(part) for part in value.parts),
            value.keys,
        )  # fmt: skip

    def surroundings(self, values: tuple[Value, ...]) -> list[int]:
        """Return, for each value, all nodes that it reaches or that reach into it."""
        return [self.heap.deep(all_roots(value)) for value in values]

    def summary(self, given: tuple[Value, ...], before: list[int], result: Value) -> Summary:
        """Return what a call did that was gone through; `before`: surroundings of `given` before it."""
        after = self.surroundings(given)
        inner = [self.heap.inside(all_roots(value)) for value in given]
        roots = all_roots(result)
        inside = self.heap.inside(roots)
        touched = [i for i, nodes in enumerate(after) if nodes != before[i] and given[i].roots]
        returned = [i for i, nodes in enumerate(inner) if nodes & roots]
        kept = [i for i, nodes in enumerate(inner) if nodes & inside]
        return Summary(given, result, tuple(touched), tuple(returned), tuple(kept))

    def recall(self, known: Summary, given: tuple[Value, ...]) -> Value:
        """Return what a call like that of `known` gives; what it did to its arguments counts for `given`."""
        for position in known.touched:
            self._unite(known.given[position], given[position])
        result = known.result
        if result.is_immutable or not result.roots or not known.kept:
            return result
        inside = self.heap.inside
        own = inside(result.roots) & ~all_of(inside(all_roots(known.given[i])) for i in known.kept)
        roots = own & result.roots | all_of(inside(all_roots(given[i])) for i in known.returned)
        new = self.fresh(holds=[Value(roots=own), *(given[i] for i in known.kept)])
        return replace(
            result.interior(), kind=result.kind, what=result.what, roots=roots | new.roots,
            carries=definitions_of(result),
        )  # fmt: skip

    def _unite(self, old: Value, new: Value) -> None:
        """Take the nameless objects of two arguments for the same."""
        one, other = all_roots(new), all_roots(old)
        ours, theirs = self.heap.nameless(one & ~other), self.heap.nameless(other & ~one)
        if ours and theirs and theirs & ~self.heap.inside(ours):
            self.heap.hold(ours, theirs)
            self.heap.hold(theirs, ours)

    def guess(self, info: FunctionInfo, everything: list[Value], node: ast.AST) -> Value:
        """A body that was gone through in this unit with other arguments: what these may become, and give.

        What it does to the notebook and not to its arguments is known. Those may be changed, and kept by
        one another and by all that the unit changes.
        """
        key = self._guess_key(info, everything)
        roots, known = all_of(map(all_roots, everything)), self.book.results[info.ident, self.doubt > 0]
        old = self.book.guesses.get(key)
        if old is not None and old.known is known and old[:2] == self._reach(roots):
            return old.result
        holders = [name for name in (*self.effects.changes, *self.effects.binds) if not is_pseudo(name)]
        self.heap.hold(roots | self.heap.nodes(holders), roots)
        assert self.unit is not None
        for value in everything:
            self.change(value, node, deep=True, doubtful=self.unit.owner is not None)
        result = self.alias([*everything, known])
        if key == self._guess_key(info, everything):  # the same holders, and nothing else bound
            self.book.guesses[key] = Guess(*self._reach(roots), known, result)
        return result

    def _guess_key(self, info: FunctionInfo, everything: list[Value]) -> Seen:
        values = [(v.kind, v.what, v.roots, v.carries, v.random, v.owner, v.parts) for v in everything]
        counts = self.bindings, len(self.effects.changes), len(self.effects.binds)
        return (info.ident, self.doubt > 0, counts, *values)

    def _reach(self, roots: int) -> tuple[int, int]:
        inside = self.heap.inside(roots)
        return inside, self.heap.shallow(inside)
