"""Run All as a document: all cells, parameters edited where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stepmill.compiler.linear_notebook import compile_linear
from stepmill.errors import ParameterError
from stepmill.running.inspecting import inspect

if TYPE_CHECKING:
    from stepmill.running.inspecting import Inspection


def inspected(*sources: str, tags: dict[int, list[str]] | None = None) -> Inspection:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "markdown" if source.startswith("# text") else "code",
            "metadata": {"tags": (tags or {}).get(index, [])},
            "source": source,
            "outputs": [],
        }
        for index, source in enumerate(sources)
    ]
    return inspect({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def linear(found: Inspection, **values: str) -> list[dict[str, Any]]:
    edits = [(p, values[p.name]) for p in found.pipeline.parameters if p.name in values]
    cells: list[dict[str, Any]] = compile_linear(found.notebook, edits, kernel_name="python3")["cells"]
    return cells


def test_a_value_is_edited_in_place_and_all_cells_are_there() -> None:
    found = inspected(
        "# text", "%%parameters\né = 'ä'; alpha: float = 0.1  # why\nn = [\n 1,\n]", "%%step a\nx = 1"
    )
    sources = [cell["source"] for cell in linear(found, alpha="0.5", n="[2]")]
    assert sources[0].split("\n")[1:] == ["é = 'ä'; alpha: float = 0.5  # why", "n = [2]"]
    assert sources[1].split("\n")[1:] == ["x = 1"]


def test_tags_that_jupyter_honours_hold() -> None:
    found = inspected(
        "1/0", "boom()", "%%step a\nx = 1", tags={0: ["raises-exception"], 1: ["skip-execution"]}
    )
    cells = linear(found)
    assert [cell["metadata"]["stepmill"]["cell"] for cell in cells] == [0, 2]
    assert cells[0]["metadata"]["tags"] == ["raises-exception"]


def test_a_parameter_behind_a_magic_is_refused() -> None:
    found = inspected("%%parameters\n%time alpha = 0.1", "%%step a\nx = 1")
    if found.pipeline.parameters:
        with pytest.raises(ParameterError):
            linear(found, alpha="0.5")
