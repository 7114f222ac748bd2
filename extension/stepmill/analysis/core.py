"""Names and objects: what binding, storing and changing do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.effects import Change
from stepmill.analysis.purity import function_entry, is_mutator
from stepmill.analysis.state import Marks, State
from stepmill.analysis.values import (
    ADDRESS,
    IMMUTABLE,
    MEMO,
    UNKNOWN,
    Kind,
    Value,
    definitions_of,
    join,
    replace,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable

    from stepmill.analysis.frames import Frame
    from stepmill.model.diagnostic import Place

MAX_DEPTH = 12
"""Calls of notebook functions inside each other that are followed with what each caller gives."""
MAX_NESTED = 24
"""Calls of notebook functions inside each other that are followed at once; deeper ones wait for these."""
CALLABLE = frozenset({Kind.FUNCTION, Kind.CLASS})
UNSHARED = frozenset({Kind.IMMUTABLE, Kind.MODULE, Kind.LIBRARY})


class _Maybe:
    """Code that may not run: names that it binds may be what they were."""

    __slots__ = ("_core", "_must")

    def __init__(self, core: Core) -> None:
        self._core = core

    def __enter__(self) -> None:
        self._core.conditional += 1
        self._must = set(self._core.effects.must)

    def __exit__(self, *_error: object) -> None:
        self._core.conditional -= 1
        self._core.effects.must &= self._must


class Core(State):
    """What statements do to names and objects, on each of their branches."""

    # -- names -------------------------------------------------------------------------------------

    def read(self, name: str, node: ast.AST) -> Value:
        """Look `name` up as Python would and record the read of a notebook name."""
        home = self.frame.source(name) if self.frame is not None else None
        if home is not None:
            return home.values.get(name, UNKNOWN)
        return self.read_global(name, node)

    def read_global(self, name: str, node: ast.AST) -> Value:
        effects = self.effects
        if name not in effects.reads and name not in effects.must:
            self.need(name, self.place(node))
        value: Value = self.env.get(name, UNKNOWN)
        return value

    def value_named(self, name: str) -> Value | None:
        """Return what a name is bound to here, without a read of it."""
        home = self.frame.home(name) if self.frame is not None else None
        return self.env.get(name) if home is None else home.values.get(name)

    def set_name(self, name: str, text: Value) -> None:
        """Let a name be one text for a round of a loop, not one of all that it may have been before."""
        home = self.frame.home(name) if self.frame is not None else None
        if home is not None:
            self.set_local(home, name, text)
        else:
            self.bindings += 1
            self.env[name] = text

    def need(self, name: str, place: Place) -> None:
        """Record that the unit uses what `name` was before it, unless it has rebound it."""
        if name not in self.effects.must and name not in self.effects.reads:
            self.effects.reads[name] = place
            if name in self.env:
                self.effects.seen[name] = self.env[name]

    def bind(self, name: str, value: Value, node: ast.AST) -> None:
        """Bind `name` in the scope that owns it."""
        home = self.frame.home(name) if self.frame is not None else None
        if self.frame is not None and self.frame.is_class and name in self.frame.names:
            home = self.frame
        if home is not None:
            if home is not self.frame:
                self.bindings += 1
            if home is not self.frame and home.node:  # a function that outlives its maker keeps its names
                self.change(Value(roots=home.node), node)
            old = home.values.get(name)
            both = self.conditional and old is not None
            self.set_local(home, name, join((old, value)) if both and old is not None else value)
            return
        self.bind_global(
            self.frame.mangled(name) if self.frame is not None else name, value, self.place(node)
        )

    def bind_global(self, name: str, value: Value, place: Place) -> None:
        roots = value.roots
        if value.kind is Kind.FRAME and value.owner is not None:  # a part of a frame is a new frame
            roots = 0
            value = replace(value, owner=None, attribute="")
        shared = value.kind not in UNSHARED
        self.bindings += 1
        if self.frame is not None:
            self._keep_locals(name)
        self.heap.bind(name, roots if shared else 0, weak=bool(self.conditional))
        named = replace(value, roots=self.heap.node(name) if shared else 0)
        old = self.env.get(name)
        if old is None:
            self.effects.new.add(name)
        elif old.is_callable_of_notebook and value.is_callable_of_notebook and old.what != value.what:
            self._supersede(name, old)
        if self.conditional:
            self.env[name] = join((old, named)) if old is not None else named
        else:
            self.env[name] = named
        self.effects.must.add(name)  # on this path; `maybe` and `branches` take it back
        self.effects.binds[name] = place

    def _supersede(self, name: str, old: Value) -> None:
        """Another definition takes the name of `old`, which something may still hold."""
        node = self.heap.node(name)
        if old.kind is Kind.CLASS or self.heap.shallow(node) != node:
            self.effects.superseded.add(old.what)

    def _keep_locals(self, name: str) -> None:
        """Local names of a function that are bound to what `name` was stay so when it is rebound."""
        node, kept = self.heap.node(name), 0
        frame = self.frame
        while frame is not None:
            for local, value in frame.values.items():
                if value.roots & node:
                    kept = kept or self.heap.alias(name)
                    self.set_local(frame, local, replace(value, roots=value.roots ^ node | kept))
            frame = frame.parent

    def set_local(self, frame: Frame, name: str, value: Value) -> None:
        """Bind a name of a scope inside the notebook's."""
        self.note_change_of(frame)
        frame.values[name] = value

    def note_change_of(self, frame: Frame) -> None:
        if frame.is_class:
            self.found.clear()
        if self.unit is not None and frame.unit != self.unit.index:
            self.is_repeatable = False

    def unbind(self, name: str, node: ast.AST) -> None:
        home = self.frame.home(name) if self.frame is not None else None
        if home is not None:
            self.note_change_of(home)
            home.values.pop(name, None)
            return
        self.bindings += 1
        self.need(name, self.place(node))
        self.effects.deletes[name] = self.place(node)
        if not self.conditional:
            self.effects.must.discard(name)
            self.effects.binds.pop(name, None)
            self.env.pop(name, None)
            self.heap.drop(name)

    def close_file(self, file: Value) -> None:
        """Know that a file, if it has one name, is closed: nothing changes it any more."""
        names = self.heap.names(self.heap.named(file.roots))
        if not self.conditional and len(names) == 1 and names[0] in self.env:
            self.bindings += 1
            self.env[names[0]] = IMMUTABLE

    # -- objects -----------------------------------------------------------------------------------

    def fresh(self, kind: Kind = Kind.UNKNOWN, what: str = "", holds: Iterable[Value] = ()) -> Value:
        """Return a new object that contains the values `holds`."""
        node = self.heap.new()
        held = list(holds)
        carries: set[str] = set()
        for value in held:
            carries |= definitions_of(value)
            self.hold(node, value)
            if value.owner is not None and is_mutator(value.attribute):
                self.heap.keep(value.owner.roots)
                for root in self.heap.names(value.owner.roots):
                    self.mutators[root] = True
        random = (
            frozenset[str]().union(*(self.random_of(value) for value in held)) if held else frozenset[str]()
        )
        return Value(kind, what, node, frozenset(carries), random=random)

    def part(self, value: Value) -> Value:
        """Return an element or attribute of `value`: it may be anything that `value` reaches."""
        if value.what == MEMO:  # its keys are addresses
            value = replace(value, random=value.random - {ADDRESS})
        if value.kind is Kind.IMMUTABLE or not value.roots:
            return value.interior()
        if value.closed and not value.carries and self.heap.is_empty(value.roots):
            return IMMUTABLE
        return Value(roots=self.inside(value.roots), carries=value.carries, random=value.random)

    def inside(self, roots: int) -> int:
        """Return `roots` and what they may reach, but for functions and classes kept in them."""
        found = self.heap.inside(roots)
        return found & ~self._code_among(self.heap.named(found & ~roots)) | roots

    def _code_among(self, nodes: int) -> int:
        """Return which of these named nodes are functions and classes."""
        known = self.marks_now.code
        found = known.get(nodes)
        if found is None:
            found = 0
            for name, value in self.env.known(self.heap.names(nodes)):
                if value.kind in CALLABLE:
                    found |= self.heap.node(name)
            known[nodes] = found
        return found

    def forget_marks(self) -> None:
        """Know nothing: what is known was of another statement."""
        self._marks = Marks(self.bindings)

    @property
    def marks_now(self) -> Marks:
        """What is known of nodes as long as no name is bound."""
        if self._marks.bindings != self.bindings:
            self._marks = Marks(self.bindings)
        return self._marks

    def names_inside(self, roots: int) -> list[str]:
        """Return the names among `roots` and what they may reach."""
        return self.heap.names(self.heap.named(self.heap.inside(roots)))

    def ask_identity(self, *values: Value) -> None:
        """Record that it shows whether these are one object."""
        common, beside = -1, 0
        for value in values:
            is_kept = value.kind in UNSHARED or value.is_callable_of_notebook
            inside = 0 if is_kept else self.heap.inside(value.roots)
            common, beside = common & inside, beside | inside
        names = self.heap.names(self.heap.named(beside)) if common else []
        for name in self.heap.names(self.heap.named(common)):
            self.effects.identities.setdefault(name, set()).update(names)

    def keeps_mutator(self, nodes: int) -> bool:
        """Tell whether a container keeps a method that changes one of these."""
        return any(name in self.mutators for name in self.heap.names(nodes))

    def hold(self, holders: int, value: Value) -> None:
        """Let the objects `holders` contain `value`."""
        if value.kind not in UNSHARED:
            self.heap.hold(holders, value.roots or self.heap.new())

    def alias(self, values: Iterable[Value], kind: Kind = Kind.UNKNOWN) -> Value:
        """Return a value that may be one of `values` or a part of one."""
        found = [v for v in values if v.kind not in UNSHARED or definitions_of(v)]
        if not found:
            return UNKNOWN if kind is Kind.UNKNOWN else Value(kind)
        data = [v for v in found if not v.is_callable_of_notebook]
        merged = join(self._whole_or_part(v) for v in data) if data else UNKNOWN
        carries = frozenset[str]().union(*(definitions_of(v) for v in found))
        return replace(merged, kind=kind, what="", carries=carries)

    def _whole_or_part(self, value: Value) -> Value:
        part = self.part(value)
        return replace(value.interior(), roots=value.roots) if part.is_immutable else part

    def random_of(self, value: Value) -> frozenset[str]:
        """Return the generators that calling or fitting `value` may draw from."""
        if value.kind is not Kind.LIBRARY:
            return value.random
        entry = function_entry(value.what)
        return (
            frozenset(entry.options("draws"))
            if entry is not None and not entry.option("unless")
            else frozenset()
        )

    def change(
        self,
        value: Value,
        node: ast.AST,
        *,
        deep: bool = False,
        fits: bool = False,
        columns: bool = False,
        doubtful: bool = False,
    ) -> None:
        """Record that the object of `value` changes in place.

        `deep`: anything that it reaches may change too. `fits`: of these only objects with a state
        of their own, not the lists, frames and arrays that they were given. `columns`: new memory
        is put in place of the old, so arrays that show the old one stay as they are.
        """
        if value.kind in (Kind.IMMUTABLE, Kind.MODULE, Kind.LIBRARY) or not value.roots:
            return
        place = self.place(node)
        doubtful = doubtful or self.doubt > 0
        heap = self.heap
        nodes = heap.shallow(self.inside(value.roots) if deep else value.roots)
        if fits:
            inside = heap.inside(value.roots)
            names = heap.names(heap.named(inside & ~value.roots))
            nodes = heap.shallow(inside & value.roots | heap.nodes(filter(self._has_state, names)))
        if columns:
            names = heap.names(heap.named(nodes))
            nodes &= ~heap.nodes(n for n in names if self.env.get(n, UNKNOWN).kind is Kind.ARRAY)
        self._forget_local_parts(nodes)
        nodes &= ~self.marks_now.changed[doubtful]
        if nodes:
            self._note_change(nodes, value.roots, place, doubtful=doubtful)

    def _note_change(self, nodes: int, roots: int, place: Place, *, doubtful: bool) -> None:
        """Record that these nodes, of which objects `roots` are to be changed, see a change."""
        heap, effects, done = self.heap, self.effects, self.heap.nameless(nodes)
        names = sorted(heap.names(heap.named(nodes)))
        self._forget_parts(names)
        for _, unit in self.made.known(heap.names(done & ~heap.young)):
            effects.changes_made.add(unit)
        for name in names:
            node = heap.node(name)
            if not node & roots and self.env.get(name, UNKNOWN).kind in UNSHARED:
                continue
            is_new_or_read = name in effects.new or name in effects.reads
            if not is_new_or_read and name not in effects.must:
                effects.aliased.setdefault(name, place)
            earlier = effects.changes.get(name)
            if earlier is None or (earlier.doubtful and not doubtful):
                effects.changes[name] = Change(place, doubtful)
            if is_new_or_read or name in effects.aliased:
                done |= node
        self.marks_now.note_changed(done, doubtful=doubtful)

    def _has_state(self, node: str) -> bool:
        value = self.env.get(node)
        return value is not None and value.kind in (Kind.OBJECT, Kind.INSTANCE, Kind.UNKNOWN)

    def _forget_parts(self, names: list[str]) -> None:
        """The elements known from a display are no longer those once the list has changed."""
        for name in names:
            value = self.env.get(name)
            if value is not None and value.parts is not None:
                self.bindings += 1
                self.env[name] = replace(value, parts=None)

    def _forget_local_parts(self, nodes: int) -> None:
        """The same, of names of functions."""
        frame = self.frame
        while frame is not None:
            for local, value in frame.values.items():
                if value.parts is not None and nodes & self.heap.now(value.roots):
                    self.set_local(frame, local, replace(value, parts=None))
            frame = frame.parent

    def store(self, holder: Value, held: Iterable[Value]) -> None:
        """Let the object of `holder` contain the values `held` from now on."""
        held = list(held)
        carried = frozenset[str]().union(*(definitions_of(v) for v in held)) if held else frozenset()
        random = frozenset[str]().union(*(self.random_of(v) for v in held)) if held else frozenset()
        for value in held:
            self.hold(holder.roots, value)
        if carried or random:
            nodes = self.heap.shallow(holder.roots)
            self.put.append((nodes, carried))
            self._extend(nodes, carried, random)

    def _extend(self, nodes: int, carried: frozenset[str], random: frozenset[str]) -> None:
        for name, known in self.env.known(self.heap.names(self.heap.named(nodes))):
            if not (carried <= known.carries and random <= known.random):
                self.bindings += 1
                self.env[name] = replace(known, carries=known.carries | carried, random=known.random | random)
        frame = self.frame
        while frame is not None:
            for local, value in frame.values.items():
                if carried <= value.carries and random <= value.random:
                    continue
                if nodes & self.heap.now(value.roots):
                    both = replace(value, carries=value.carries | carried, random=value.random | random)
                    self.set_local(frame, local, both)
            frame = frame.parent

    # -- branches ----------------------------------------------------------------------------------

    def maybe(self) -> _Maybe:
        """What happens inside may not happen at all."""
        return _Maybe(self)

    def branches(self, bodies: Iterable[Callable[[], bool]]) -> bool:
        """Go through alternatives of which exactly one runs; a body tells whether it falls through.

        Names bound by each alternative that falls through are bound afterwards.
        """
        before = set(self.effects.must)
        kept: list[set[str]] = []
        self.conditional += 1
        for body in bodies:
            self.effects.must = set(before)
            if body():
                kept.append(self.effects.must)
        self.conditional -= 1
        self.effects.must = set.intersection(*kept) if kept else before
        return bool(kept)


def result_of(returns: list[Value]) -> Value:
    """Join the values of a function's `return` statements."""
    return join(returns) if returns else IMMUTABLE
