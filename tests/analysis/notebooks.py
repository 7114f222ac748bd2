"""Notebooks small enough to read in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.analysis import analyze
from stepmill.analysis.interpreter import interpret
from stepmill.analysis.units import units_of
from stepmill.notebook.reading import parse_document

if TYPE_CHECKING:
    from stepmill.analysis.effects import Effects
    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline


def document(*sources: str) -> dict[str, Any]:
    """Return the nbformat 4 document whose code cells have these sources."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{index}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": source,
        }
        for index, source in enumerate(sources)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def notebook(*sources: str) -> Notebook:
    return parse_document(document(*sources), "n.ipynb")


def pipeline(*sources: str, **options: Any) -> Pipeline:
    return analyze(notebook(*sources), **options)


def effects_of(source: str, *, before: str = "") -> list[Effects]:
    """Return the effects of the statements of `source`, in a step below the cell `before`."""
    known = len(units_of(notebook(before)))
    _, observed = interpret(units_of(notebook(before, f"%%step a\n{source}")))
    return [seen.effects for seen in list(observed.values())[known:]]
