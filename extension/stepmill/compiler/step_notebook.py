"""A step as a notebook of its own: it opens and runs by hand, and papermill runs it."""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from stepmill.model.pipeline import EdgeKind, Fragment, Step
from stepmill.syntax import parse_or_empty

_FORMAT = (4, 5)
Values = Mapping[str, tuple[str, Any]]


def compile_step(
    step: Step,
    *,
    parameters: Values,
    manifest_path: str,
    kernel_name: str,
    language: str = "python",
    notebook: str = "",
    may_raise: frozenset[int] = frozenset(),
) -> dict[str, Any]:
    """Return the step's notebook as an nbformat 4 document. Equal arguments give equal documents.

    Every cell carries ``metadata.stepmill``: its `role` (header, parameters, setup, inputs, body,
    outputs), the index of the user's `cell` that it is, and, for setup, `lines`: where its lines
    come from, as (line here, cell, line there). Body cells are the user's, line for line.

    Parameters
    ----------
    parameters
        Name -> (source text of the value in force, the value). Only those that the step reads,
        directly or through its setup, are written.
    manifest_path
        What `%stepmill_begin` gets; written as a JSON string.
    notebook
        Name of the original, for the header.
    may_raise
        Indices of the cells that the user tagged `raises-exception`.
    """
    read = {name: parameters[name][0] for name in step.parameters if name in parameters}
    late = _late_parameters(read, step.setup)
    early = {name: text for name, text in read.items() if name not in late}
    cells = [_header(step, read, notebook)]
    cells += _parameters(early)
    cells += _setup(step.setup, read, late)
    cells.append(_inputs(step, manifest_path))
    cells += [_body(fragment, may_raise) for fragment in step.body]
    cells.append(_code("outputs", "%stepmill_end"))
    return {
        "cells": _with_ids(cells),
        "metadata": {
            "kernelspec": {"display_name": kernel_name, "language": language, "name": kernel_name},
            "language_info": {"name": language},
            "stepmill": {"step": step.name, "notebook": notebook},
        },
        "nbformat": _FORMAT[0],
        "nbformat_minor": _FORMAT[1],
    }


# Cells -------------------------------------------------------------------------------------------


def _code(
    role: str, source: str, *, cell: int | None = None, tags: Iterable[str] = (), **more: Any
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"stepmill": {"role": role, "cell": cell, **more}}
    if tags:
        metadata["tags"] = list(tags)
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def _body(fragment: Fragment, may_raise: frozenset[int]) -> dict[str, Any]:
    tags = ("raises-exception",) if fragment.cell in may_raise else ()
    return _code("body", fragment.source, cell=fragment.cell, tags=tags)


def _parameters(values: Mapping[str, str]) -> list[dict[str, Any]]:
    if not values:
        return []
    return [_code("parameters", _assignments(values), tags=("parameters",))]


def _assignments(values: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {text}" for name, text in values.items())


def _inputs(step: Step, manifest_path: str) -> dict[str, Any]:
    lines = [f"# {_taken(step) or 'nothing from other steps'}"]
    lines += ["%load_ext stepmill_magics", f"%stepmill_begin {json.dumps(manifest_path, ensure_ascii=False)}"]
    return _code("inputs", "\n".join(lines))


def _taken(step: Step) -> str:
    return ", ".join(f"{_what(i.name, i.kind)} from {i.producer}" for i in step.inputs)


def _what(name: str, kind: EdgeKind) -> str:
    return f"random state of {name}" if kind is EdgeKind.RANDOM else name


def _with_ids(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Name each cell by its role and the cell or number that it is."""
    numbers: dict[str, int] = defaultdict(int)
    for cell in cells:
        ours = cell["metadata"]["stepmill"]
        stem = ours["role"] if ours["cell"] is None else f"{ours['role']}-{ours['cell']}"
        numbers[stem] += 1
        cell["id"] = stem if numbers[stem] == 1 else f"{stem}-{numbers[stem]}"
    return [{key: cell[key] for key in sorted(cell)} for cell in cells]


# Header ------------------------------------------------------------------------------------------


def _header(step: Step, parameters: Mapping[str, str], notebook: str) -> dict[str, Any]:
    lines = [f"# Step {step.name}", "", _origin_sentence(step, notebook), ""]
    taken = [f"{_quoted(i.name, i.kind)} from step {i.producer}" for i in step.inputs]
    lines.append(f"- takes {', '.join(taken) or 'nothing from other steps'}")
    given = [_quoted(output.name, output.kind) for output in step.outputs]
    lines.append(f"- gives {', '.join(given) or 'nothing to other steps'}")
    if parameters:
        lines.append(f"- parameters {', '.join(_in_code(f'{n} = {t}') for n, t in parameters.items())}")
    return {
        "cell_type": "markdown",
        "metadata": {"stepmill": {"role": "header", "cell": None}},
        "source": "\n".join(lines),
    }


def _origin_sentence(step: Step, notebook: str) -> str:
    cells = ", ".join(str(cell) for cell in step.cells)
    word = "Cells" if len(step.cells) > 1 else "Cell"
    of = _in_code(notebook) if notebook else "the notebook"
    kind = " Its code is untagged and runs once, before all steps." if step.implicit else ""
    return f"{word} {cells} of {of}, counted from 0.{kind}"


def _quoted(name: str, kind: EdgeKind) -> str:
    return f"the random state of {name}" if kind is EdgeKind.RANDOM else _in_code(name)


def _in_code(text: str) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if len(fence) > 1 else ""
    return f"{fence}{pad}{' '.join(text.split())}{pad}{fence}"


# Setup -------------------------------------------------------------------------------------------


def _setup(
    setup: tuple[Fragment, ...], read: Mapping[str, str], late: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the setup cells; a parameter that needs one of the setup's names stands behind it."""
    fragments = _future_first(setup)
    cells: list[dict[str, Any]] = []
    pending: list[Fragment] = []
    for fragment in fragments:
        pending.append(fragment)
        due = {name: read[name] for name, at in late.items() if setup[at] is fragment}
        if due:
            cells += [_setup_cell(pending), *_parameters(due)]
            pending = []
    if pending:
        cells.append(_setup_cell(pending))
    return cells


def _future_first(setup: tuple[Fragment, ...]) -> list[Fragment]:
    """`from __future__` must lead its cell; in a notebook it holds from there on in any case."""
    return sorted(setup, key=lambda fragment: not fragment.source.lstrip().startswith("from __future__"))


def _setup_cell(fragments: list[Fragment]) -> dict[str, Any]:
    lines: list[str] = []
    places: list[list[int]] = []
    for before, fragment in zip([None, *fragments], fragments, strict=False):
        if before is not None and _needs_gap(before, fragment):
            lines.append("")
        places.append([len(lines) + 1, fragment.cell, fragment.line])
        lines += fragment.source.rstrip("\n").split("\n")
    return _code("setup", "\n".join(lines), lines=places)


def _needs_gap(before: Fragment, after: Fragment) -> bool:
    return "\n" in before.source.strip() or "\n" in after.source.strip() or before.cell != after.cell


def _late_parameters(read: Mapping[str, str], setup: tuple[Fragment, ...]) -> dict[str, int]:
    """Return, for each parameter whose value needs names of the setup, the fragment to follow.

    `mode = Mode.FAST` needs the class first; `folder = f"out/{alpha}"` in the setup needs alpha.
    """
    bound = [_bound_names(fragment.source) for fragment in setup]
    late = {}
    for name, text in read.items():
        needed = _read_names(text)
        places = [at for at, names in enumerate(bound) if names & needed]
        if places:
            late[name] = places[-1]
    return late


def _read_names(expression: str) -> set[str]:
    tree = parse_or_empty(expression)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names - set(dir(builtins))


def _bound_names(source: str) -> set[str]:
    """Return the names that a fragment's top-level statements bind."""
    names: set[str] = set()
    for node in ast.walk(parse_or_empty(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names
