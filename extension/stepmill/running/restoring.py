"""What of a notebook's cached results a live kernel can get back, and in which order.

The notebook is analysed with one more step at its end that reads every name. What this step would
take and have replayed is what Run All leaves: values from the store, definitions from the source.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepmill.compiler.step_notebook import compile_step
from stepmill.model.cell import Cell, Role
from stepmill.model.pipeline import EdgeKind, Fragment
from stepmill.model.plan import PlanStatus
from stepmill.model.restoration import MissingStep, Restoration, StoredName
from stepmill.notebook.ipython import to_python
from stepmill.planning.wishes import unknown_step
from stepmill.running.inspecting import analyze_with_facts
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from stepmill.model.artifact import ArtifactRef, StepRecord
    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline, Step
    from stepmill.model.plan import Plan
    from stepmill.running.bench import Workbench

_READER = "everything"


def restoration(bench: Workbench, only: Collection[str] = ()) -> Restoration:
    """Return what can be restored now: of all cached steps, or of the steps `only`.

    Raises
    ------
    UsageError
        The notebook has no such step.
    """
    plan = bench.plan()
    records = _records(plan, only)
    chosen = sorted((bench.pipeline.step(name) for name in records), key=lambda step: max(step.cells))
    reader = _reader(bench)
    last = _last_values(chosen, records)
    taken = {given.name: given for given in reader.inputs if given.kind is EdgeKind.DATA}
    values = tuple(value for name, value in last.items() if name in taken)
    random, unknown = _random(bench.pipeline, chosen, records)
    return Restoration(
        folder=str(bench.world.folder),
        store=str(bench.project.state),
        setup=_setup(bench, reader),
        definitions=reader.definitions,
        values=values,
        restored=tuple(step.name for step in chosen),
        missing=tuple(_missing(bench.pipeline, plan, only)),
        random=random,
        random_unknown=unknown,
        unstored=_unstored(reader, chosen, records, last),
        apart=_apart(reader, values),
        unrun=_unrun(bench, reader, values),
    )


def _records(plan: Plan, only: Collection[str]) -> dict[str, StepRecord]:
    known = [entry.step for entry in plan.steps]
    for name in only:
        if name not in known:
            raise unknown_step(name, known)
    return {
        entry.step: entry.record
        for entry in plan.steps
        if entry.status is PlanStatus.CACHED and entry.record is not None and (not only or entry.step in only)
    }


def _reader(bench: Workbench) -> Step:
    """Return the step that reads all names of the notebook at its end."""
    notebook = bench.loaded.notebook
    name = _READER
    while name in {step.name for step in bench.pipeline.steps}:
        name += "_"
    source = "\n".join(sorted(_bound_names(notebook)))
    cell = Cell(
        index=len(notebook.cells),
        role=Role.STEP,
        source=source,
        step=name,
        body=source,
        python=source,
        lines=tuple(range(1, source.count("\n") + 2)),
    )
    longer = replace(notebook, cells=(*notebook.cells, cell))
    return analyze_with_facts(longer, bench.world.folder, bench.facts, bench.kernel.sys_path).step(name)


def _bound_names(notebook: Notebook) -> set[str]:
    """Return the names that the code cells bind outside of functions and classes."""
    found: set[str] = set()
    for cell in notebook.cells:
        if cell.role not in (Role.TEXT, Role.SKIPPED):
            found |= set(_bound(parse_or_empty(cell.python)))
    return {name for name in found if not name.startswith("_")}


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that the code binds in its own scope."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
                continue
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                continue
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=asname) if name != "*":
                yield asname or name.partition(".")[0]
            case ast.ExceptHandler() | ast.MatchAs(name=None) | ast.MatchStar(name=None):
                pass
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case _:
                pass
        yield from _bound(child)


def _last_values(chosen: Sequence[Step], records: Mapping[str, StepRecord]) -> dict[str, StoredName]:
    """Return for each name the value of the last of the steps that has it.

    A step that binds a name and gives no value of it has deleted it, or could not store it: what an
    earlier step gave is then no longer what the name means.
    """
    last: dict[str, StoredName] = {}
    for step in chosen:
        for name in step.binds:
            last.pop(name, None)
        for name, ref in records[step.name].outputs.items():
            last.pop(name, None)
            if not ref.is_absent:
                last[name] = StoredName(name=name, step=step.name, artifact=ref)
    return last


def _setup(bench: Workbench, reader: Step) -> tuple[Fragment, ...]:
    """Return parameters and setup code as a step notebook has them, each piece with its place."""
    parameters = {
        name: (bench.expression(name), bench.values[name])
        for name in reader.parameters
        if name in bench.values
    }
    document = compile_step(reader, parameters=parameters, manifest_path="", kernel_name=bench.kernel.name)
    places = [p.place for p in bench.pipeline.parameters if p.name in parameters]
    found: list[Fragment] = []
    for cell in document["cells"]:
        if _role(cell) == "parameters":
            found.append(Fragment(cell=places[0].cell, line=places[0].line, source=cell["source"]))
        elif _role(cell) == "setup":
            found += _pieces(cell)
    return tuple(found)


def _role(cell: Mapping[str, Any]) -> str:
    return str(cell["metadata"]["stepmill"]["role"])


def _pieces(cell: Mapping[str, Any]) -> Iterator[Fragment]:
    """Split a setup cell of a step notebook where its lines come from another place."""
    lines = cell["source"].split("\n")
    places = cell["metadata"]["stepmill"]["lines"]
    ends = [*(place[0] - 1 for place in places[1:]), len(lines)]
    for (start, index, line), end in zip(places, ends, strict=True):
        yield Fragment(cell=index, line=line, source="\n".join(lines[start - 1 : end]).rstrip("\n"))


def _missing(pipeline: Pipeline, plan: Plan, only: Collection[str]) -> Iterator[MissingStep]:
    for entry in plan.steps:
        if entry.status is PlanStatus.CACHED or (only and entry.step not in only):
            continue
        step = pipeline.step(entry.step)
        names = tuple(output.name for output in step.outputs if output.kind is EdgeKind.DATA)
        yield MissingStep(step=entry.step, cells=step.cells, reason=entry.reason, names=names)


def _unstored(
    reader: Step, chosen: Sequence[Step], records: Mapping[str, StepRecord], last: Mapping[str, StoredName]
) -> dict[str, str]:
    """Return the names that a restored step leaves behind in Run All, and that the store does not have."""
    steps = {step.name: step for step in chosen}
    found = {}
    for given in reader.inputs:
        step = steps.get(given.producer)
        if step is None or given.kind is not EdgeKind.DATA or given.name in last:
            continue
        if given.name not in _deleted(step):
            reason = records[step.name].skipped.get(given.name, "it is no value that can be stored")
            found[given.name] = f"{reason} (step {step.name})"
    return found


def _deleted(step: Step) -> set[str]:
    """Return the names that the step's code may delete."""
    trees = [parse_or_empty(to_python(fragment.source).code) for fragment in step.body]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)}


def _random(
    pipeline: Pipeline, chosen: Sequence[Step], records: Mapping[str, StepRecord]
) -> tuple[dict[str, ArtifactRef], tuple[str, ...]]:
    """Return the states after the last of the chosen steps that touches each seeded generator."""
    states: dict[str, ArtifactRef] = {}
    unknown = []
    for generator in pipeline.seeded:
        touching = [
            step for step in chosen if generator in step.draws or generator in records[step.name].random
        ]
        if not touching:
            continue
        ref = records[touching[-1].name].random.get(generator)
        if ref is not None and not ref.is_absent:
            states[generator] = ref
        else:
            unknown.append(generator)
    return states, tuple(unknown)


def _apart(reader: Step, values: Sequence[StoredName]) -> tuple[tuple[str, ...], ...]:
    """Return the sets of names that the reader would have to take together, and that are stored apart."""
    numbers = {given.name: given.group for given in reader.inputs}
    groups: dict[int, list[StoredName]] = {}
    for value in values:
        number = numbers[value.name]
        if number is not None:
            groups.setdefault(number, []).append(value)
    found = []
    for group in groups.values():
        stored = {one.artifact.digest if one.artifact.member else f"alone {one.name}" for one in group}
        if len(stored) > 1:
            found.append(tuple(sorted(one.name for one in group)))
    return tuple(found)


def _unrun(bench: Workbench, reader: Step, values: Sequence[StoredName]) -> dict[str, int]:
    """Return the names that only untagged cells give which the pipeline does not run."""
    given = {output.name for step in bench.pipeline.steps for output in step.outputs}
    given |= {value.name for value in values} | _replayed(reader)
    found: dict[str, int] = {}
    for cell in bench.loaded.notebook.cells:
        if cell.role in (Role.UNTAGGED, Role.SCRATCH):
            names = set(_bound(parse_or_empty(cell.python)))
            found |= {name: cell.index for name in sorted(names - given) if not name.startswith("_")}
    return found


def _replayed(reader: Step) -> set[str]:
    """Return the names that the reader's setup code binds."""
    return {name for fragment in reader.setup for name in _bound(parse_or_empty(fragment.source))} | set(
        reader.parameters
    )
