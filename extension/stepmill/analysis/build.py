"""The analyzer: from the cells of a notebook to its pipeline."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

from stepmill.analysis.assembly import Assembly, Draft
from stepmill.analysis.collector import paused_collector
from stepmill.analysis.effects import RANDOM, Change, is_pseudo
from stepmill.analysis.flow import Flow, Origin
from stepmill.analysis.interpreter import Interpreter, Observed, interpret
from stepmill.analysis.memory import Look, Memory, Recent
from stepmill.analysis.moments import Moments
from stepmill.analysis.parameters import enum_members, parameter_of
from stepmill.analysis.records import Recorder
from stepmill.analysis.rules.report import report
from stepmill.analysis.rules.view import View
from stepmill.analysis.units import Unit, units_of_cell
from stepmill.model.cell import Cell, Notebook, Role, StepOptions
from stepmill.model.diagnostic import Place
from stepmill.model.facts import Fact, FactKind
from stepmill.model.pipeline import Parameter, Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stepmill.analysis.memory import Rewrites

MAX_LOOKS = 3
"""Times that a notebook is gone through, if a class turns out to be data: its instances depend on that."""

MAX_ROUNDS = 40
"""Rounds in which steps are made to hand on names that share objects with what they give."""


@paused_collector()
def analyze(
    notebook: Notebook,
    *,
    facts: Iterable[Fact] = (),
    modules: Callable[[str], frozenset[str] | None] | None = None,
    is_local: Callable[[str], bool] | None = None,
    anew: bool = False,
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
    is_local
        Tells whether a top-level module is the project's own, so that its functions may do anything.
    anew
        Use nothing that an earlier analysis of the notebook has found. The result is the same; what is
        about to run need not rely on that.
    """
    known = tuple(facts)
    memory = Memory(known) if anew else _recent.take(notebook, known)
    units = _units(notebook, memory)
    parameters = _parameters(units)
    options = step_options(notebook)
    stored, looks = frozenset[str](), dict(memory.looks)
    memory.looks.clear()
    for _ in range(MAX_LOOKS):
        look = memory.looks[stored] = looks.get(stored) or Look()
        interpreter, observed = interpret(
            units, facts=known, modules=modules, is_local=is_local, stored=stored, look=look,
            parameters={index: parameter.name for index, parameter in parameters.items()},
        )  # fmt: skip
        assert look.history is not None
        moments = Moments(observed, look.history)
        look.rewrites = look.rewrites.again()
        _override(observed, options, look.rewrites)
        _settle(observed, known, look.rewrites)
        flow, assembly = _assemble(observed, parameters, interpreter, options, moments, look)
        found = _stored_classes(interpreter, flow)
        if found <= stored:
            break
        stored |= found
    recorder = Recorder(notebook, flow, assembly, moments, known, look)
    steps, edges = recorder.steps(), recorder.edges()
    ordered, cycle = recorder.ordered(steps, edges)
    view = View(
        notebook=notebook, flow=flow, assembly=assembly, interpreter=interpreter,
        steps=steps, edges=edges, cycle=cycle,
    )  # fmt: skip
    diagnostics, silenced = report(view)
    if not anew:
        _recent.keep(memory)
    return Pipeline(
        name=notebook.name,
        steps=ordered,
        edges=edges,
        parameters=tuple(parameters[index] for index in sorted(parameters)),
        diagnostics=diagnostics,
        silenced=silenced,
        seeded=_seeded(interpreter, observed),
    )


_recent = Recent()


def forget() -> None:
    """Let the next analysis of each notebook start from nothing; the result is the same."""
    _recent.forget()


def _units(notebook: Notebook, memory: Memory) -> list[Unit]:
    """Return the statements of the notebook, the same objects as last time for cells that are the same."""
    old = memory.cells
    known, memory.units = memory.units, {}
    for position, cell in enumerate(notebook.cells):
        same = position < len(old) and old[position] is cell
        memory.units[position] = known[position] if same else units_of_cell(cell)
    memory.cells = notebook.cells
    return [unit for found in memory.units.values() for unit in found]


def _stored_classes(interpreter: Interpreter, flow: Flow) -> frozenset[str]:
    """Return the top-level classes that are data, and that instances have to be stored with."""
    return frozenset(
        info.ident
        for info in interpreter.classes.values()
        if info.node is info.unit.node and not flow.replayable[info.unit.index]
    )


def _seeded(interpreter: Interpreter, observed: dict[int, Observed]) -> tuple[str, ...]:
    """Return the generators that the notebook seeds."""
    known = {name for name in interpreter.env if name.startswith(RANDOM)}
    found = (
        {name for seen in observed.values() for name in known & seen.effects.binds.keys()} if known else ()
    )
    return tuple(sorted(name.removeprefix(RANDOM) for name in found))


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
        if isinstance(unit.node, ast.ClassDef):
            members = enum_members(unit.node)
            if members is not None:
                enums[unit.node.name] = members
        elif unit.cell.role is Role.PARAMETERS:
            parameter = parameter_of(unit, enums)
            if parameter is not None:
                found[unit.index] = parameter
    return found


def _override(observed: dict[int, Observed], options: dict[str, StepOptions], rewrites: Rewrites) -> None:
    """`--inputs` and `--outputs` say what we would have inferred."""
    chosen = {name: o for name, o in options.items() if o.inputs is not None or o.outputs is not None}
    if not chosen:
        return
    last = {seen.unit.owner: index for index, seen in observed.items()}
    for index, seen in list(observed.items()):
        if seen.unit.owner in chosen:
            about = (chosen[seen.unit.owner], last[seen.unit.owner] == index)
            write = partial(_with_options, chosen=about[0], ends=about[1])
            observed[index] = rewrites.rewrite(seen, ("options", *about), write)


def _with_options(seen: Observed, *, chosen: StepOptions, ends: bool) -> Observed:
    effects = seen.effects.copied()
    if chosen.outputs is not None:
        for written in (effects.binds, effects.deletes, effects.changes):
            for name in [n for n in written if n not in chosen.outputs and not is_pseudo(n)]:
                if not _is_code(seen):
                    del written[name]
        if ends:
            for name in chosen.outputs:
                place = Place(cell=seen.unit.cell.index, line=seen.unit.first_line)
                effects.binds.setdefault(name, place)
                effects.must.add(name)
    if chosen.inputs is not None:
        for name in [n for n in effects.reads if n not in chosen.inputs and not is_pseudo(n)]:
            del effects.reads[name]
    return replace(seen, effects=effects)


def _is_code(seen: Observed) -> bool:
    return type(seen.unit.node).__name__ in (
        "FunctionDef",
        "ClassDef",
        "AsyncFunctionDef",
        "Import",
        "ImportFrom",
    )


def _settle(observed: dict[int, Observed], facts: tuple[Fact, ...], rewrites: Rewrites) -> None:
    """Doubts that a run has settled are none any more."""
    unchanged = {(f.step, name) for f in facts if f.kind is FactKind.UNCHANGED for name in f.names}
    for index, seen in list(observed.items()) if unchanged else ():
        owner, changes = seen.unit.owner, seen.effects.changes
        left = {n: c for n, c in changes.items() if not (c.doubtful and (owner, n) in unchanged)}
        if len(left) < len(changes):
            observed[index] = rewrites.rewrite(seen, ("settled",), partial(_with_changes, changes=left))


def _with_changes(seen: Observed, *, changes: dict[str, Change]) -> Observed:
    return replace(seen, effects=replace(seen.effects, changes=changes))


def _assemble(
    observed: dict[int, Observed],
    parameters: dict[int, Parameter],
    interpreter: Interpreter,
    options: dict[str, StepOptions],
    moments: Moments,
    look: Look,
) -> tuple[Flow, Assembly]:
    """Put the steps together; where two inputs may share objects, let one step give both."""
    earlier, look.rounds = look.rounds, []
    for number in range(MAX_ROUNDS):
        old = earlier[number] if number < len(earlier) else None
        known = None if old is None else old.flow
        flow = Flow(observed, parameters, interpreter.env, look.shapes, known, look.unsure)
        assembly = Assembly(flow, options, old, look.finals)
        look.rounds.append(assembly)
        assembly.carry_groups(moments)
        demands = [d for draft in assembly.drafts.values() for d in _demands(draft, assembly, moments)]
        new = [demand for demand in demands if _hand_on(observed, *demand, look.rewrites)]
        if not new:
            break
    if len(earlier) != len(look.rounds):  # what is recorded went with another round
        look.recorded.clear()
    return flow, assembly


def _demands(draft: Draft, assembly: Assembly, moments: Moments) -> list[tuple[int, str]]:
    """Return (last unit of the later giver, name it must hand on) for inputs given apart."""
    heap = moments.before(draft.name) if len(draft.inputs) > 1 else None
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


def _hand_on(observed: dict[int, Observed], unit: int, name: str, rewrites: Rewrites) -> bool:
    """Let a step give a name that it only took, together with what shares objects with it."""
    if name in observed[unit].writes:
        return False
    observed[unit] = rewrites.rewrite(observed[unit], ("gives", name), partial(_giving, name=name))
    return True


def _giving(seen: Observed, *, name: str) -> Observed:
    effects = seen.effects.copied()
    place = Place(cell=seen.unit.cell.index, line=seen.unit.first_line)
    effects.changes[name] = Change(place, handed_on=True)
    effects.reads.setdefault(name, place)
    return replace(seen, effects=effects)
