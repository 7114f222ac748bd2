"""Going through the notebook in the order of Run All, noting each statement's effects."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from stepmill.analysis.bringing import may_bring
from stepmill.analysis.calls import Calls
from stepmill.analysis.core import UNSHARED
from stepmill.analysis.effects import FILE, RANDOM, Change, Effects
from stepmill.analysis.memory import MOST_ENTRIES, Look, Replay
from stepmill.analysis.remembered import Remembered
from stepmill.analysis.replay import is_kept_by_nobody, may_have_state
from stepmill.analysis.summaries import CallBook
from stepmill.analysis.touches import Touches
from stepmill.analysis.values import (
    ADDRESS,
    IMMUTABLE,
    UNKNOWN,
    UNSTORABLE,
    Kind,
    Value,
    all_of,
    all_roots,
    constant,
    definitions_of,
    replace,
    replaceable,
)
from stepmill.model.diagnostic import Place
from stepmill.model.facts import Fact, FactKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stepmill.analysis.frames import Frame
    from stepmill.analysis.state import Own
    from stepmill.analysis.tables import T, Table
    from stepmill.analysis.units import Unit


@dataclass(frozen=True, slots=True)
class Observed:
    """A unit with its effects, and what its names were just before it.

    `names` are those whose versions before it matter, `writes` those of which it makes a new one,
    `about` all of them, `files` the pseudo-names of files among them. `changes`: it changes something
    in place, or takes a definition's name. `defines`: it makes a function or class. `unstorable` are
    names read whose values cannot leave their process.
    `traits` say what few statements have, so that those that have it can be found: "outside" (it has to
    do with more than values: with files, settings of the process, caches), "untagged", "leaves" (untagged,
    with definitions in what its names are), "carries" (the same of a step's last one), "brings" (it imports
    what may act on other libraries), and the names of attributes of it or its effects that are not empty.
    """

    unit: Unit
    effects: Effects
    carried: dict[str, frozenset[str]]  # name read -> definitions reachable from its value
    kinds: dict[str, Kind]  # name read -> kind of its value
    inside: frozenset[str]  # names read of classes that a function has made, and that can be stored
    leaves: dict[str, frozenset[str]]  # name -> definitions reachable from its value afterwards
    calls: int = 0  # of notebook functions
    names: tuple[str, ...] = field(init=False)
    writes: frozenset[str] = field(init=False)
    about: frozenset[str] = field(init=False)
    files: frozenset[str] = field(init=False)
    changes: bool = field(init=False)
    defines: bool = field(init=False)
    unstorable: tuple[str, ...] = field(init=False)
    traits: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        effects = self.effects
        object.__setattr__(self, "names", (*effects.reads, *effects.binds, *effects.aliased))
        object.__setattr__(self, "writes", frozenset(effects.writes))
        files = frozenset(n for n in (*effects.reads, *self.writes) if n.startswith(FILE))
        object.__setattr__(self, "files", files)
        object.__setattr__(self, "about", self.writes.union(self.names))
        changes = effects.changes or effects.changes_made or effects.superseded
        object.__setattr__(self, "changes", bool(changes))
        object.__setattr__(self, "defines", may_have_state(self.unit.node))
        seen = effects.seen.items()
        unstorable = [name for name, value in seen if value.kind in UNSTORABLE or ADDRESS in value.random]
        object.__setattr__(self, "unstorable", tuple(unstorable))
        caches = effects.cached or effects.cache_looks
        outside = files or effects.session or caches or "__future__" in effects.imports
        has = {
            "outside": outside, "untagged": self.unit.owner is None, "defines": self.defines,
            "changes": self.changes, "leaves": self.unit.owner is None and self.leaves,
            "carries": self.unit.owner is not None and self.leaves,
            "unstorable": unstorable, "findings": effects.findings, "folders": effects.folders,
            "once": effects.once, "own": effects.own, "unsteady": effects.unsteady,
            "identities": effects.identities,
            "brings": effects.imports and may_bring(self.unit.node),
        }  # fmt: skip
        object.__setattr__(self, "traits", tuple([trait for trait, found in has.items() if found]))

    def is_like(self, other: Observed) -> bool:
        """Tell whether but for its text the statement is the other one."""
        one, two = self.unit, other.unit
        return (
            (one.index, one.owner, one.first_line) == (two.index, two.owner, two.first_line)
            and (self.effects, self.carried) == (other.effects, other.carried)
            and (self.kinds, self.inside, self.leaves) == (other.kinds, other.inside, other.leaves)
        )


class Interpreter(Calls):
    """The whole: one pass over the units of a notebook."""

    def observe(
        self,
        unit: Unit,
        parameter: str | None,
        ends: bool,
        facts: tuple[Fact, ...],
        names: frozenset[str] | None,
    ) -> Observed:
        """Go through one statement.

        `parameter` is the name that it gives a value which a run may replace. `ends`: it is the last
        one of its step; then the step's `facts` hold from here on, and `names` are those that the
        step has had to do with.
        """
        self._run_unit(unit)
        seen = self.effects.seen
        carried = {name: found for name, value in seen.items() if (found := definitions_of(value))}
        kinds = {name: value.kind for name, value in seen.items()}
        classes = [name for name, kind in kinds.items() if kind is Kind.CLASS]
        inside = frozenset(name for name in classes if self._is_inside(seen[name]))
        if ends:
            _apply_facts(self, unit, facts)
        leaves = self._left(unit, names)
        if parameter is not None and parameter in self.env:
            self.env[parameter] = replaceable(self.env[parameter])
        return Observed(unit, self.effects, carried, kinds, inside, leaves, self.book.asked)

    def _is_inside(self, value: Value) -> bool:
        """Tell whether a function has made the class, and it can be stored as it is: no library keeps it."""
        info = self.classes.get(value.what)
        if info is None or not info.inside or info.metaclass is not None:
            return False
        return is_kept_by_nobody(info.node, info.bases, self.env)

    def _left(self, unit: Unit, names: frozenset[str] | None) -> dict[str, frozenset[str]]:
        """Return what definitions the names carry that the unit wrote, at a step's end all of its names."""
        effects = self.effects
        if "definitions" not in self.world:
            return {}
        if unit.owner is None:
            wanted = list(effects.writes)
        elif names is not None:
            heap = self.heap
            shared = heap.sharing(heap.nodes(names | effects.reads.keys() | effects.writes))
            wanted = sorted(heap.names(heap.named(shared)))
        else:
            return {}
        known = self.env.known(wanted)
        if unit.owner is None:
            return {name: found for name, value in known if (found := definitions_of(value))}
        return {name: definitions_of(value) for name, value in known if value.carries}

    def _run_unit(self, unit: Unit) -> None:
        self.unit, self.effects = unit, Effects()
        self.has_own = "own" in self.world
        self.heap.name_after(unit.index)
        self.forget_marks()
        self.book, self.escaped, self.raised = CallBook(), set(), []
        self.put.clear()
        self.found.clear()
        self.frame, self.conditional, self.doubt, self.active = None, 0, 0, []
        self.execute(unit.node)
        self._run_carried(unit)
        self.use_all_own(unit)
        if unit.owner is None and isinstance(unit.node, (ast.Assign, ast.AnnAssign)):
            self._mark_made(unit)
        self.heap.forget_temporaries(self._held(), drop_twins=self.is_repeatable)

    def _held(self) -> int:
        """Return the nodes that values in tables and scopes may be, as far as the unit can have set them."""
        values = self._left_in(self.env)
        for info in self._left_in(self.classes):
            values += [*info.bases, *info.attributes.values()]
        for function, bound, named in self._left_in(self.partials):
            values += [function, *bound, *named.values()]
        scopes: set[Frame | None] = {None}
        for made in self._left_in(self.functions):
            values.append(made.defaults)
            scope = made.closure
            while scope not in scopes and scope is not None:
                scopes.add(scope)
                values += [*scope.values.values(), Value(roots=scope.node)]
                scope = scope.parent
        return all_of(map(all_roots, values))

    def _left_in(self, table: Table[T]) -> list[T]:
        """Return what the unit has set in a table; all that is there once one has changed older scopes."""
        return table.left() if self.is_repeatable else list(table.values())

    def _mark_made(self, unit: Unit) -> None:
        """Know what an untagged assignment made, whatever names it goes by later."""
        for name in self.effects.binds:
            value = self.env.get(name, IMMUTABLE)
            if value.kind not in UNSHARED and not value.is_callable_of_notebook:
                node = self.heap.alias(name)
                self.heap.pin(node)
                self.made[self.heap.names(node)[0]] = unit.index

    def _run_carried(self, unit: Unit) -> None:
        """Functions inside of data that is used may be called: a default factory, `__hash__` on loading."""
        taken = [value for value in self.effects.seen.values() if not value.is_callable_of_notebook]
        for value in taken:
            for ident in sorted(value.carries):
                info = self.classes.get(ident)
                if info is None:
                    if ident in self.functions:
                        self.escape([replace(self.part(value), carries=frozenset({ident}))], unit.node)
                    continue
                for name in LOADING_METHODS:
                    method = self.find_attribute(info, name)
                    if method is not None and method.kind is Kind.FUNCTION:
                        with self.maybe():
                            self.call_value(method, [self.part(value)] * 2, {}, unit.node)


LOADING_METHODS = ("__hash__", "__eq__", "__setstate__")
"""Methods that loading a stored value may call."""


def no_modules(_module: str) -> frozenset[str] | None:
    """Know no module's names."""
    return None


def all_installed(_module: str) -> bool:
    """Take every module for an installed one."""
    return False


def words_like(units: Iterable[Unit], pattern: str) -> frozenset[str]:
    """Return the names of the notebook, and the words in its texts, that are like `pattern`."""
    found: set[str] = set()
    for unit in units:
        for node in ast.walk(unit.node):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(_WORD.findall(node.value))
    return frozenset(name for name in found if fnmatchcase(name, pattern))


_WORD = re.compile(r"[^\W\d]\w*")


def interpret(
    units: Iterable[Unit],
    *,
    facts: Iterable[Fact] = (),
    modules: Callable[[str], frozenset[str] | None] | None = None,
    is_local: Callable[[str], bool] | None = None,
    parameters: Mapping[int, str] | None = None,
    look: Look | None = None,
    stored: frozenset[str] = frozenset(),
    own: Own | None = None,
    file: str = "",
    most_calls: int = 1 << 62,
) -> tuple[Interpreter, dict[int, Observed]]:
    """Return the interpreter as it is after the last unit, and each unit, by its index, with its effects.

    `parameters` has the names of those units whose value is not known before the run. `stored` are the
    classes that are data. `own` answers what own modules do; `file` is the `__file__` of a module.
    After `most_calls` of notebook functions none is followed any more, which is found as SM334.
    `look` is an earlier pass over like units with the same `stored`; it is brought up to date, or emptied
    if this pass cannot be remembered. What is returned is the same without it.
    """
    units, known, parameters = list(units), tuple(facts), parameters or {}
    kept = look or Look()
    kept.renew()
    for old in (kept, Look()):
        interpreter = Interpreter(modules or no_modules, is_local or all_installed, kept.numbering)
        interpreter.know_words(partial(words_like, units))
        interpreter.stored = stored
        if own is not None:
            interpreter.know_code(own)
        if file:
            interpreter.env["__file__"] = constant(file)
        replay = Replay(interpreter, old, units, parameters)
        found = _go_through(interpreter, replay, units, known, parameters, most_calls)
        compared = replay.compares
        if replay.calls > most_calls:  # where it ends depends on all above
            interpreter.is_repeatable = False
        if interpreter.is_repeatable or not compared:
            break
    repeatable = interpreter.is_repeatable and replay.entries <= MOST_ENTRIES
    kept.remembered = replay.remembered if repeatable else Remembered()
    kept.touches = replay.all_touches() if repeatable else Touches()
    kept.answers = dict(interpreter.outside) if repeatable else {}
    kept.history, kept.parameters, kept.ends = replay.history, parameters, interpreter.tables
    kept.entries = replay.entries if repeatable else 0
    kept.nodes = kept.nodes if compared else len(kept.numbering.names)
    kept.end_with(replay.stale[0].keys() if repeatable and compared else None, replay.moved)
    return interpreter, found


def _go_through(
    interpreter: Interpreter,
    replay: Replay,
    units: list[Unit],
    facts: tuple[Fact, ...],
    parameters: Mapping[int, str],
    most_calls: int,
) -> dict[int, Observed]:
    found: dict[int, Observed] = {}

    def about() -> tuple[object, ...]:
        """Return what is to be known of the unit at hand beforehand: what `Interpreter.observe` takes."""
        owner = unit.owner
        own = () if owner is None else replay.remembered.owned[owner]
        if not own or own[-1] != unit.index:
            return (parameters.get(unit.index), False, (), None)
        new = tuple(fact for fact in facts if fact.step == owner)
        earlier = [found[index] for index in own[:-1]]
        names = frozenset[str]().union(*(seen.effects.reads.keys() | seen.writes for seen in earlier))
        return (parameters.get(unit.index), True, new, names)

    done = 0
    while (done := replay.repeat(done, found)) < len(units):
        interpreter.spare_calls = most_calls - replay.calls
        unit = units[done]
        found[unit.index] = replay.run(done, about, interpreter.observe)
        done += 1
    replay.finish()
    return found


def _apply_facts(interpreter: Interpreter, unit: Unit, facts: tuple[Fact, ...]) -> None:
    """Let what earlier runs found out count as if the step's last statement had shown it."""
    effects, heap = interpreter.effects, interpreter.heap
    place = Place(cell=unit.cell.index, line=unit.first_line)
    for fact in facts:
        if fact.kind is FactKind.MUTATES:
            for name in sorted(heap.names(heap.named(heap.deep(heap.nodes(fact.names))))):
                _change(effects, name, place)
        elif fact.kind is FactKind.SHARES:
            nodes = [name for name in fact.names if name in interpreter.env]
            for name in nodes:
                heap.hold(heap.node(name), heap.nodes(nodes) & ~heap.node(name))
                _change(effects, name, place)
        elif fact.kind is FactKind.DRAWS:
            for name in fact.names:
                _change(effects, RANDOM + name, place)
        elif fact.kind is FactKind.SESSION:
            effects.find("SM321", place, ", ".join(name.replace(":", " ", 1) for name in fact.names))
        elif fact.kind is FactKind.BINDS:
            for name in fact.names:
                effects.binds.setdefault(name, place)
                interpreter.env.setdefault(name, replace(UNKNOWN, roots=heap.node(name)))


def _change(effects: Effects, name: str, place: Place) -> None:
    known = effects.changes.get(name)
    if known is None or known.doubtful:
        effects.changes[name] = Change(place)
    if name not in effects.must:
        effects.reads.setdefault(name, place)
