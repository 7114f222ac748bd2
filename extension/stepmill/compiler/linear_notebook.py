"""The notebook as Run All runs it, with other parameter values edited in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stepmill.errors import ParameterError
from stepmill.model.cell import Role

if TYPE_CHECKING:
    from stepmill.model.cell import Cell, Notebook
    from stepmill.model.pipeline import Parameter


def compile_linear(
    notebook: Notebook, edits: Iterable[tuple[Parameter, str]], *, kernel_name: str
) -> dict[str, Any]:
    """Return all code cells as one nbformat 4 document; each knows its index in ``metadata.stepmill``.

    Cells tagged `skip-execution` are left out; our own first lines are comments, so that lines keep
    their numbers and the notebook runs where no extension is loaded.

    Parameters
    ----------
    edits
        The parameters to change, and the source text that takes the place of their right-hand sides.

    Raises
    ------
    ParameterError
        A parameter stands in a line that is not plain Python.
    """
    by_cell: dict[int, list[tuple[Parameter, str]]] = {}
    for parameter, text in edits:
        by_cell.setdefault(parameter.place.cell, []).append((parameter, text))
    cells = [
        _code(cell, _edited(cell, by_cell.get(cell.index, ())))
        for cell in notebook.cells
        if cell.role not in (Role.TEXT, Role.SKIPPED)
    ]
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": kernel_name, "language": "python", "name": kernel_name},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def outputs_of_cells(executed: Mapping[str, Any]) -> dict[int, list[dict[str, Any]]]:
    """Return the outputs of an executed linear notebook by the cells' indices in the source."""
    return {cell["metadata"]["stepmill"]["cell"]: cell["outputs"] for cell in executed["cells"]}


def _code(cell: Cell, source: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"stepmill": {"role": "body", "cell": cell.index}}
    if cell.may_raise:
        metadata["tags"] = ["raises-exception"]
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"cell-{cell.index}",
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def _edited(cell: Cell, edits: Iterable[tuple[Parameter, str]]) -> str:
    lines = (cell.body or cell.source).split("\n")
    written = cell.python.split("\n")
    for parameter, text in sorted(edits, key=lambda edit: edit[0].span, reverse=True):
        first, start, last, end = parameter.span
        at, until = cell.line_of(first) - 1, cell.line_of(last) - 1
        if lines[at : until + 1] != written[first - 1 : last]:
            raise ParameterError(
                f"the line of parameter {parameter.name!r} is not plain Python, so it has no other value",
                hint="give the parameter a cell without magics",
                cell=cell.index,
                line=cell.line_of(first),
            )
        head = lines[at].encode()[:start].decode()  # columns count UTF-8 bytes, as `ast` does
        tail = lines[until].encode()[end:].decode()
        lines[at : until + 1] = [f"{head}{text}{tail}"]
    return "\n".join(lines)
