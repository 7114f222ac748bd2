"""The analyzer: from the cells of a notebook to its pipeline."""

from __future__ import annotations

import ast
from itertools import chain
from typing import TYPE_CHECKING, Any

from stepmill.analysis.collector import paused_collector
from stepmill.analysis.corrections import correct
from stepmill.analysis.effects import CARRIED, RANDOM
from stepmill.analysis.flow import Flow
from stepmill.analysis.interpreter import Interpreter, Observed, all_installed, interpret, no_modules
from stepmill.analysis.memory import Look, Memory, Recent
from stepmill.analysis.nesting import without_deep_cells
from stepmill.analysis.own_modules import OwnModules
from stepmill.analysis.parameters import enum_members, parameter_of
from stepmill.analysis.placing import placed_parameter
from stepmill.analysis.records import Recorder
from stepmill.analysis.rounds import assemble
from stepmill.analysis.rules.report import report
from stepmill.analysis.rules.view import View
from stepmill.analysis.scripts import expanded
from stepmill.analysis.units import Unit, units_of_cell
from stepmill.model.cell import Notebook, Role
from stepmill.model.facts import Fact, FactKind
from stepmill.model.pipeline import Parameter, Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stepmill.analysis.labels import Labelled
    from stepmill.model.own_module import ModuleText


MAX_LOOKS = 3
"""Times that a notebook is gone through, if a class turns out to be data: its instances depend on that."""

MOST_CALLS = 150_000
"""Calls of notebook functions that are followed, for some minutes at most; then the notebook is refused."""


def analyze(
    notebook: Notebook,
    *,
    facts: Iterable[Fact] = (),
    modules: Callable[[str], frozenset[str] | None] | None = None,
    is_local: Callable[[str], bool] | None = None,
    scripts: Callable[[str], str | None] | None = None,
    sources: Callable[[str], ModuleText | None] | None = None,
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
    scripts
        Returns the Python of a script, by its path beside the notebook, or None if it cannot be read.
    sources
        Returns the text of one of the project's own modules, None if a module of that name is none.
    anew
        Use nothing that an earlier analysis of the notebook has found. The result is the same; what is
        about to run need not rely on that.
    """
    options: dict[str, Any] = {
        "facts": tuple(facts), "modules": modules, "is_local": is_local, "scripts": scripts,
        "sources": sources, "anew": anew,
    }  # fmt: skip
    try:
        return _analyze(notebook, **options)
    except RecursionError:
        shallower = without_deep_cells(notebook)
        if shallower is notebook:
            raise
        return _analyze(shallower, **options)


@paused_collector()
def _analyze(
    notebook: Notebook,
    *,
    facts: tuple[Fact, ...],
    modules: Callable[[str], frozenset[str] | None] | None,
    is_local: Callable[[str], bool] | None,
    scripts: Callable[[str], str | None] | None,
    sources: Callable[[str], ModuleText | None] | None,
    anew: bool,
) -> Pipeline:
    memory = Memory(facts) if anew else _recent.take(notebook, facts)
    cells = memory.label(notebook)
    units = _units(cells, memory, scripts)
    parameters = _parameters(units) if cells.tags.has_parameters else {}
    own = None
    if sources is not None:
        differing = [(f.names[0], f.names[1]) for f in facts if f.kind is FactKind.UNSTEADY]
        own = OwnModules(sources, modules or no_modules, is_local or all_installed, differing)
    options = cells.tags.options
    stored, looks = frozenset[str](), dict(memory.looks)
    memory.looks.clear()
    for _ in range(MAX_LOOKS):
        look = memory.looks[stored] = looks.get(stored) or Look()
        interpreter, observed = interpret(
            units, facts=facts, modules=modules, is_local=is_local, stored=stored, look=look, own=own,
            parameters={index: parameter.name for index, parameter in parameters.items()},
            most_calls=MOST_CALLS,
        )  # fmt: skip
        correct(observed, options, facts, look)
        flow, assembly, moments = assemble(observed, parameters, interpreter.env, options, look)
        found = _stored_classes(interpreter, flow)
        if found <= stored:
            break
        stored |= found
        look.forget_records()
    recorder = Recorder(cells, flow, assembly, moments, facts, look)
    steps, edges = recorder.steps(), recorder.edges()
    ordered, cycle = recorder.ordered(steps, edges)
    view = View(
        cells=cells, flow=flow, assembly=assembly, interpreter=interpreter,
        steps=steps, edges=edges, cycle=cycle,
    )  # fmt: skip
    diagnostics, silenced = report(view)
    if not anew:
        _recent.keep(memory)
    return Pipeline(
        name=notebook.name,
        steps=ordered,
        edges=edges,
        parameters=tuple(placed_parameter(parameters[index], cells) for index in sorted(parameters)),
        diagnostics=diagnostics,
        silenced=silenced,
        seeded=_seeded(interpreter, observed),
        unsteady=() if own is None else own.all_unsteady(),
    )


_recent = Recent()


def forget() -> None:
    """Let the next analysis of each notebook start from nothing; the result is the same."""
    _recent.forget()


def _units(cells: Labelled, memory: Memory, scripts: Callable[[str], str | None] | None) -> list[Unit]:
    """Return the statements of the notebook, the same objects as last time for cells that are the same."""
    known = memory.units
    memory.units = {
        label: old
        if (old := known.get(label)) is not None and old[0] is cell
        else (cell, units_of_cell(cell))
        for label, cell in cells.cells.items()
    }
    return list(chain.from_iterable(expanded(memory.units.values(), scripts or _unread, memory.scripts)))


def _unread(_path: str) -> str | None:
    """Read no script."""
    return None


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
    return tuple(sorted(CARRIED & {name.removeprefix(RANDOM) for name in found}))


def _parameters(units: list[Unit]) -> dict[int, Parameter]:
    found: dict[int, Parameter] = {}
    enums: dict[str, dict[str, Any]] = {}
    for unit in units:
        if isinstance(unit.node, ast.ClassDef):
            members = enum_members(unit.node)
            if members is not None:
                enums[unit.node.name] = members
        elif unit.cell.role is Role.PARAMETERS and unit.origin is None:
            parameter = parameter_of(unit, enums)
            if parameter is not None:
                found[unit.index] = parameter
    return found
