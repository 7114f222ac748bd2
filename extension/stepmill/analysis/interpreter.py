"""Going through the notebook in the order of Run All, noting each statement's effects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stepmill.analysis.calls import Calls
from stepmill.analysis.core import CALL_BUDGET
from stepmill.analysis.effects import RANDOM, Change, Effects
from stepmill.analysis.values import UNKNOWN, Kind, definitions_of
from stepmill.model.diagnostic import Place
from stepmill.model.facts import Fact, FactKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stepmill.analysis.units import Unit


@dataclass(frozen=True, slots=True)
class Observed:
    """A unit with its effects, and what its names were just before it."""

    unit: Unit
    effects: Effects
    carried: dict[str, frozenset[str]]  # name read -> definitions reachable from its value
    kinds: dict[str, Kind]  # name read -> kind of its value


class Interpreter(Calls):
    """The whole: one pass over the units of a notebook."""

    def run_unit(self, unit: Unit) -> Observed:
        """Go through one statement."""
        self.unit, self.effects = unit, Effects()
        self.calls_left, self.escaped = CALL_BUDGET, set()
        self.frame, self.conditional, self.doubt, self.active = None, 0, 0, []
        self.execute(unit.node)
        self._run_carried(unit)
        self.heap.forget_temporaries()
        seen = self.effects.seen
        carried = {name: found for name, value in seen.items() if (found := definitions_of(value))}
        return Observed(unit, self.effects, carried, {name: value.kind for name, value in seen.items()})

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


def interpret(
    units: Iterable[Unit],
    *,
    facts: Iterable[Fact] = (),
    modules: Callable[[str], frozenset[str] | None] | None = None,
    before_unit: Callable[[Interpreter, Unit], None] | None = None,
) -> tuple[Interpreter, list[Observed]]:
    """Return the interpreter as it is after the last unit, and each unit with its effects.

    `before_unit` is called before each unit, with the state that the unit will see.
    """
    interpreter = Interpreter(modules or no_modules)
    found: list[Observed] = []
    units = list(units)
    last = {unit.owner: unit.index for unit in units if unit.owner is not None}
    known = list(facts)
    for unit in units:
        if before_unit is not None:
            before_unit(interpreter, unit)
        observed = interpreter.run_unit(unit)
        if unit.owner is not None and last[unit.owner] == unit.index:
            _apply_facts(interpreter, observed, [fact for fact in known if fact.step == unit.owner])
        found.append(observed)
    return interpreter, found


def _apply_facts(interpreter: Interpreter, observed: Observed, facts: list[Fact]) -> None:
    """Let what earlier runs found out count as if the step's last statement had shown it."""
    effects = observed.effects
    place = Place(cell=observed.unit.cell.index, line=observed.unit.first_line)
    for fact in facts:
        if fact.kind is FactKind.MUTATES:
            for name in interpreter.heap.deep(fact.names):
                if not name.startswith("#"):
                    _change(effects, name, place)
        elif fact.kind is FactKind.SHARES:
            nodes = [name for name in fact.names if name in interpreter.env]
            for name in nodes:
                interpreter.heap.hold((name,), set(nodes) - {name})
                _change(effects, name, place)
        elif fact.kind is FactKind.DRAWS:
            for name in fact.names:
                _change(effects, RANDOM + name, place)
        elif fact.kind is FactKind.SESSION:
            effects.find("SM321", place, ", ".join(name.replace(":", " ", 1) for name in fact.names))
        elif fact.kind is FactKind.BINDS:
            for name in fact.names:
                effects.binds.setdefault(name, place)
                interpreter.env.setdefault(name, replace(UNKNOWN, roots=frozenset({name})))


def _change(effects: Effects, name: str, place: Place) -> None:
    effects.changes.setdefault(name, Change(place))
    if name not in effects.must:
        effects.reads.setdefault(name, place)
