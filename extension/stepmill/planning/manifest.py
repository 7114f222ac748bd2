"""What a step's kernel is told: the manifest beside the step notebook."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

from stepmill.model.artifact import ABSENT, ArtifactRef, StepRecord
from stepmill.model.cell import Notebook, Role
from stepmill.model.exchange import StepInput, StepManifest
from stepmill.model.pipeline import EdgeKind, Pipeline, Step
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_NO_CODE = (Role.TEXT, Role.SKIPPED)


def taken_values(
    step: Step, records: Mapping[str, StepRecord]
) -> tuple[dict[str, ArtifactRef], dict[str, ArtifactRef]]:
    """Return the stored values that `step` takes, and the states of its random generators.

    Only those of producers in `records`; a producer that did not bind a name gives the absent value.
    """
    inputs: dict[str, ArtifactRef] = {}
    random: dict[str, ArtifactRef] = {}
    for taken in step.inputs:
        record = records.get(taken.producer)
        if record is None:
            continue
        if taken.kind is EdgeKind.RANDOM:
            random[taken.name] = record.random.get(taken.name, ArtifactRef(digest=ABSENT))
        else:
            inputs[taken.name] = record.outputs.get(taken.name, ArtifactRef(digest=ABSENT))
    return inputs, random


def build_manifest(
    step: Step,
    pipeline: Pipeline,
    notebook: Notebook,
    *,
    run_id: str,
    store: str,
    result: Path,
    folder: Path,
    inputs: Mapping[str, ArtifactRef],
    random: Mapping[str, ArtifactRef],
    seed: int | None,
    lenient: bool,
) -> StepManifest:
    """Return the manifest of one step; `inputs` and `random` are those of `taken_values`."""
    # kept also where no later step goes on with it: a live kernel does, after `%pipeline restore`
    taken_on = {o.name for o in step.outputs if o.kind is EdgeKind.RANDOM}
    captured = tuple(sorted(taken_on | (set(step.draws) & set(pipeline.seeded))))
    return StepManifest(
        run_id=run_id,
        step=step.name,
        store=store,
        result=str(result),
        folder=str(folder),
        inputs=tuple(
            StepInput(
                name=taken.name,
                artifact=inputs[taken.name],
                unchanged=taken.unchanged,
                doubtful=taken.doubtful,
                group=taken.group,
                shown_by=taken.shown_by,
            )
            for taken in step.inputs
            if taken.kind is not EdgeKind.RANDOM
        ),
        outputs=tuple(given for given in step.outputs if given.kind is not EdgeKind.RANDOM),
        definitions=step.definitions,
        foreseen=step.binds | {given.name for given in step.outputs},
        wanted=read_elsewhere(step, notebook),
        constants=step.constants,
        random_restore={name: ref for name, ref in random.items() if not ref.is_absent},
        random_capture=captured,
        random_watch=tuple(sorted(set(pipeline.seeded) - set(step.draws) - set(captured) - set(random))),
        seed=seed,
        metrics=step.options.metrics,
        lenient=lenient,
        names_labels=names_labels_later(step, notebook),
    )


def names_labels_later(step: Step, notebook: Notebook) -> bool:
    """Tell whether code that may run after `step` names a frame's Index in place: `df.index.name = "day"`."""
    cells = [c for c in notebook.cells if c.role not in _NO_CODE]
    names = frozenset(name for cell in cells for name in _labels_in(cell.python)[0])
    later = (c for c in cells if c.role is not Role.STEP or c.index > max(step.cells))
    return any(_names_in_place(node, names) for cell in later for node in _labels_in(cell.python)[1])


@lru_cache(maxsize=4096)
def _labels_in(python: str) -> tuple[frozenset[str], tuple[ast.AST, ...]]:
    """Return the names that a cell gives to labels of a frame, and the nodes that may name some in place.

    Asked for every cell below each step.
    """
    nodes = list(ast.walk(parse_or_empty(python)))
    given = [pair for node in nodes if isinstance(node, ast.Assign) for pair in _given(node)]
    names = frozenset(
        target.id
        for target, value in given
        if isinstance(target, ast.Name) and _is_labels(value, frozenset())
    )
    return names, tuple(node for node in nodes if isinstance(node, (ast.Attribute, ast.Call)))


def _given(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the targets with what they are given: each its own of `rows, columns = df.index, df.columns`."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


def _names_in_place(node: ast.AST, names: frozenset[str]) -> bool:
    match node:
        case ast.Attribute(attr="name" | "names", ctx=ast.Store(), value=owner):
            return _is_labels(owner, names)
        case ast.Call(func=ast.Attribute(attr="rename" | "set_names", value=owner), keywords=keywords):
            return _is_labels(owner, names) and any(one.arg == "inplace" for one in keywords)
        case ast.Call(func=ast.Name(id="setattr"), args=[owner, *_]):
            return _is_labels(owner, names)
    return False


def _is_labels(node: ast.expr, names: frozenset[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("index", "columns")
    return isinstance(node, ast.Name) and node.id in names


def read_elsewhere(step: Step, notebook: Notebook) -> frozenset[str]:
    """Return the names that cells outside of `step` read, as far as their source parses."""
    cells = (c for c in notebook.cells if c.index not in step.cells and c.role not in _NO_CODE)
    return frozenset(name for cell in cells for name in _read(cell.python))


def bound_elsewhere(step: Step, notebook: Notebook) -> frozenset[str]:
    """Return the names that cells above the end of `step`, but not its own, bind."""
    above = notebook.cells[: max(step.cells)]
    cells = (c for c in above if c.index not in step.cells and c.role not in _NO_CODE)
    return frozenset(name for cell in cells for name in _bound(cell.python))


@lru_cache(maxsize=4096)
def _read(source: str) -> frozenset[str]:
    """Return the names that a piece of source reads; each step asks this of the cells of all others."""
    tree = parse_or_empty(source)
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


@lru_cache(maxsize=4096)
def _bound(source: str) -> frozenset[str]:
    """Return the names that a piece of source may bind."""
    tree = parse_or_empty(source)
    found = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return frozenset(found)
