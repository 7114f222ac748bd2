"""The analyzer: from the cells of a notebook to its pipeline."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from stepmill.analysis.assembly import Assembly, Draft
from stepmill.analysis.effects import RANDOM, Change, is_pseudo
from stepmill.analysis.flow import Flow, Origin
from stepmill.analysis.interpreter import Interpreter, Observed, interpret
from stepmill.analysis.parameters import enum_members, parameter_of
from stepmill.analysis.records import Recorder
from stepmill.analysis.rules.report import Report
from stepmill.analysis.units import Unit, units_of
from stepmill.analysis.values import definitions_of, replaceable
from stepmill.model.cell import Cell, Notebook, Role, StepOptions
from stepmill.model.diagnostic import Place
from stepmill.model.facts import Fact, FactKind
from stepmill.model.pipeline import Parameter, Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stepmill.analysis.heap import Heap

MAX_ROUNDS = 40
"""Rounds in which steps are made to hand on names that share objects with what they give."""


def analyze(
    notebook: Notebook,
    *,
    facts: Iterable[Fact] = (),
    modules: Callable[[str], frozenset[str] | None] | None = None,
) -> Pipeline:
    """Return the pipeline that the tagged cells of `notebook` make.

    Nothing of the notebook is executed or imported, and no code of the user's makes it raise: what
    is wrong or doubtful stands in the pipeline's diagnostics.

    Parameters
    ----------
    facts
        What earlier runs found out about these steps.
    modules
        Returns the names that `from MODULE import *` binds, or None if nobody knows.
    """
    known = tuple(facts)
    units = units_of(notebook)
    parameters = _parameters(units)
    snapshots = _Snapshots(units, parameters)
    interpreter, observed = interpret(units, facts=known, modules=modules, before_unit=snapshots.before)
    snapshots.finish(interpreter)
    options = step_options(notebook)
    _override(observed, options)
    _settle(observed, known)
    flow, assembly = _assemble(observed, parameters, interpreter, options, snapshots)
    recorder = Recorder(notebook, flow, assembly, snapshots.after, known)
    steps, edges = recorder.steps(), recorder.edges()
    report = Report(notebook, flow, assembly, interpreter, known)
    ordered, cycle = recorder.ordered(steps, edges)
    diagnostics = report.diagnostics(steps, cycle)
    return Pipeline(
        name=notebook.name,
        steps=ordered,
        edges=edges,
        parameters=tuple(parameters[index] for index in sorted(parameters)),
        diagnostics=diagnostics,
        seeded=tuple(
            sorted(
                {n.removeprefix(RANDOM) for s in observed for n in s.effects.binds if n.startswith(RANDOM)}
            )
        ),
    )


def step_options(notebook: Notebook) -> dict[str, StepOptions]:
    """Return the options of each step, merged over its cells, in order of first appearance."""
    found: dict[str, StepOptions] = {}
    for cell in notebook.cells:
        if cell.role is Role.STEP and cell.step is not None:
            found[cell.step] = _merged(found.get(cell.step), cell)
    return found


def _merged(known: StepOptions | None, cell: Cell) -> StepOptions:
    if known is None:
        return cell.options
    default, changes = StepOptions(), dict[str, Any]()
    for name in StepOptions.__dataclass_fields__:
        ours, theirs = getattr(known, name), getattr(cell.options, name)
        if theirs == getattr(default, name):
            continue
        if isinstance(theirs, tuple):
            changes[name] = tuple(dict.fromkeys((*(ours or ()), *theirs)))
        else:
            changes[name] = theirs
    return replace(known, **changes)


def _parameters(units: list[Unit]) -> dict[int, Parameter]:
    found: dict[int, Parameter] = {}
    enums: dict[str, dict[str, Any]] = {}
    for unit in units:
        members = enum_members(unit.node)
        if members is not None:
            enums[getattr(unit.node, "name", "")] = members
        parameter = parameter_of(unit, enums)
        if parameter is not None:
            found[unit.index] = parameter
    return found


class _Snapshots:
    """The heap before each step's first statement and after its last."""

    def __init__(self, units: list[Unit], parameters: dict[int, Parameter]) -> None:
        self.first: dict[str | None, int] = {}
        self.last: dict[str | None, int] = {}
        for unit in units:
            self.first.setdefault(unit.owner, unit.index)
            self.last[unit.owner] = unit.index
        self.parameters = parameters
        self.carried: dict[str | None, dict[str, frozenset[str]]] = {}
        self.before_step: dict[str | None, Heap] = {}
        self.after: dict[str | None, Heap] = {}
        self._previous: Unit | None = None

    def before(self, interpreter: Interpreter, unit: Unit) -> None:
        self._leave(interpreter)
        if unit.owner is not None and self.first[unit.owner] == unit.index:
            self.before_step[unit.owner] = interpreter.heap.copy()
        self._previous = unit

    def finish(self, interpreter: Interpreter) -> None:
        self._leave(interpreter)
        self.after[None] = interpreter.heap

    def _leave(self, interpreter: Interpreter) -> None:
        unit = self._previous
        if unit is None:
            return
        if unit.owner is not None and self.last[unit.owner] == unit.index:
            self.after[unit.owner] = interpreter.heap.copy()
            found = {name: definitions_of(value) for name, value in interpreter.env.items() if value.carries}
            self.carried[unit.owner] = found
        if unit.index in self.parameters:  # its value is not known before the run
            name = self.parameters[unit.index].name
            if name in interpreter.env:
                interpreter.env[name] = replaceable(interpreter.env[name])


def _override(observed: list[Observed], options: dict[str, StepOptions]) -> None:
    """`--inputs` and `--outputs` say what we would have inferred."""
    last = {seen.unit.owner: seen for seen in observed}
    for seen in observed:
        chosen = options.get(seen.unit.owner or "")
        if chosen is None:
            continue
        effects = seen.effects
        if chosen.outputs is not None:
            for written in (effects.binds, effects.deletes, effects.changes):
                for name in [n for n in written if n not in chosen.outputs and not is_pseudo(n)]:
                    if not _is_code(seen):
                        del written[name]
            if last[seen.unit.owner] is seen:
                for name in chosen.outputs:
                    place = Place(cell=seen.unit.cell.index, line=seen.unit.first_line)
                    effects.binds.setdefault(name, place)
                    effects.must.add(name)
        if chosen.inputs is not None:
            for name in [n for n in effects.reads if n not in chosen.inputs and not is_pseudo(n)]:
                del effects.reads[name]


def _is_code(seen: Observed) -> bool:
    return type(seen.unit.node).__name__ in (
        "FunctionDef",
        "ClassDef",
        "AsyncFunctionDef",
        "Import",
        "ImportFrom",
    )


def _settle(observed: list[Observed], facts: tuple[Fact, ...]) -> None:
    """Doubts that a run has settled are none any more."""
    unchanged = {(f.step, name) for f in facts if f.kind is FactKind.UNCHANGED for name in f.names}
    for seen in observed:
        changes = seen.effects.changes
        for name in [
            n for n, change in changes.items() if change.doubtful and (seen.unit.owner, n) in unchanged
        ]:
            del changes[name]


def _assemble(
    observed: list[Observed],
    parameters: dict[int, Parameter],
    interpreter: Interpreter,
    options: dict[str, StepOptions],
    snapshots: _Snapshots,
) -> tuple[Flow, Assembly]:
    """Put the steps together; where two inputs may share objects, let one step give both."""
    for _ in range(MAX_ROUNDS):
        flow = Flow(observed, parameters, interpreter.env)
        assembly = Assembly(flow, options)
        assembly.carry_groups(snapshots.after, snapshots.carried)
        demands = [d for draft in assembly.drafts.values() for d in _demands(draft, assembly, snapshots)]
        new = [demand for demand in demands if _hand_on(observed, *demand)]
        if not new:
            break
    return flow, assembly


def _demands(draft: Draft, assembly: Assembly, snapshots: _Snapshots) -> list[tuple[int, str]]:
    """Return (last unit of the later giver, name it must hand on) for inputs given apart."""
    heap = snapshots.before_step.get(draft.name)
    if heap is None:
        return []
    found = []
    names = sorted(name for name in draft.inputs if not is_pseudo(name))
    for left, right in combinations(names, 2):
        one, two = draft.inputs[left].source, draft.inputs[right].source
        if not heap.may_share(left, right):
            continue
        assembly.check_memory(draft, left, right)
        if one.owner == two.owner:
            continue
        later, name = (one, right) if one.last > two.last else (two, left)
        giver = assembly.drafts.get(later.owner)
        if giver is not None and later.origin in (Origin.STEP, Origin.SETUP):
            found.append((giver.units[-1], name))
    return found


def _hand_on(observed: list[Observed], unit: int, name: str) -> bool:
    """Let a step give a name that it only took, together with what shares objects with it."""
    effects = observed[unit].effects
    if name in effects.writes:
        return False
    place = Place(cell=observed[unit].unit.cell.index, line=observed[unit].unit.first_line)
    effects.changes[name] = Change(place)
    effects.reads.setdefault(name, place)
    return True
