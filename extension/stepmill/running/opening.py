"""A step as a notebook to work on by hand: its first cell loads what the step takes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepmill import atomic
from stepmill.compiler.step_notebook import compile_step
from stepmill.errors import UsageError
from stepmill.model.codec import to_json
from stepmill.model.plan import PlanStatus
from stepmill.model.secrets import is_secret_name
from stepmill.notebook.writing import write_document
from stepmill.planning.keys import digest_of
from stepmill.planning.manifest import build_manifest, taken_values
from stepmill.planning.parameters import own_expression
from stepmill.planning.wishes import unknown_step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stepmill.model.artifact import StepRecord
    from stepmill.model.pipeline import Step
    from stepmill.running.bench import Workbench

_PREPARING = ("parameters", "setup", "inputs")


def open_step(bench: Workbench, name: str, target: Path) -> None:
    """Write the step `name` as a notebook to `target`, with the values that it takes as they are now.

    It runs in any kernel of the notebook's environment, as long as the store keeps these values;
    what it gives is not kept. A parameter that is a secret has the notebook's own value.

    Raises
    ------
    UsageError
        There is no such step; a step that it takes something from has no valid result; `target` exists.
    """
    names = [step.name for step in bench.pipeline.steps]
    if name not in names:
        raise unknown_step(name, names)
    if target.exists():
        raise UsageError(f"{target} exists already", hint="choose another name with -o")
    step = bench.pipeline.step(name)
    records = _records(bench, step)
    bench.project.prepare()
    manifest = _write_manifest(bench, step, records)
    document = compile_step(
        step,
        parameters=_parameters(bench, step),
        manifest_path=str(manifest),
        kernel_name=bench.kernel.name,
        notebook=bench.path.name,
        may_raise=frozenset(c.index for c in bench.loaded.notebook.cells if c.may_raise),
    )
    write_document({**document, "cells": _by_hand(document["cells"], bench, target)}, target)


def _records(bench: Workbench, step: Step) -> dict[str, StepRecord]:
    """Return the records of the steps from which `step` takes something."""
    plan = bench.plan()
    found = {}
    for producer in dict.fromkeys(taken.producer for taken in step.inputs):
        entry = plan.step(producer)
        if entry.status is not PlanStatus.CACHED or entry.record is None:
            raise UsageError(
                f"step {step.name!r} takes something from {producer}, which has no valid result: "
                f"{entry.reason}",
                hint=f"stepmill run {bench.path.name} --only {producer}",
            )
        found[producer] = entry.record
    return found


def _write_manifest(bench: Workbench, step: Step, records: Mapping[str, StepRecord]) -> Path:
    """Write what the kernel has to load; equal content has one file, so that nothing is overwritten."""
    inputs, random = taken_values(step, records)
    folder = bench.project.state / "opened"
    manifest = build_manifest(
        step,
        bench.pipeline,
        bench.loaded.notebook,
        run_id="",
        store=bench.store.url,
        result=folder / "unused.json",
        folder=bench.world.folder,
        inputs=inputs,
        random=random,
        seed=bench.seed(step),
        lenient=True,
    )
    content = to_json(replace(manifest, by_hand=True))
    path = folder / f"{digest_of(content)[:16]}.json"
    folder.mkdir(exist_ok=True)
    atomic.write_text(path, json.dumps(content))
    return path


def _parameters(bench: Workbench, step: Step) -> dict[str, tuple[str, Any]]:
    known = {parameter.name: parameter for parameter in bench.pipeline.parameters}
    return {
        name: (
            own_expression(known[name], bench.loaded.notebook)
            if is_secret_name(name)
            else bench.expression(name),
            bench.values[name],
        )
        for name in step.parameters
    }


def _by_hand(cells: list[dict[str, Any]], bench: Workbench, target: Path) -> list[dict[str, Any]]:
    """Return the cells with all that comes before the user's in one, and without the end of a run."""
    roles = [cell["metadata"]["stepmill"]["role"] for cell in cells]
    before = [cell for cell, role in zip(cells, roles, strict=True) if role in _PREPARING]
    first = {**before[-1], "source": "\n\n".join(cell["source"] for cell in before)}
    user = [cell for cell, role in zip(cells, roles, strict=True) if role == "body"]
    header = [cell for cell, role in zip(cells, roles, strict=True) if role == "header"]
    return [*header, *_folder_cell(first, bench.world.folder, target), first, *user]


def _folder_cell(like: dict[str, Any], folder: Path, target: Path) -> list[dict[str, Any]]:
    """Return the cell that goes to the notebook's folder, where the copy does not lie in it."""
    if target.resolve().parent == folder:
        return []
    return [{**like, "id": "folder", "source": f"%cd -q {folder}"}]
