"""Untagged notebooks in a few words, and what is proposed for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.analysis import analyze
from stepmill.notebook.reading import parse_document
from stepmill.notebook.tagging import Form
from stepmill.suggestion.proposal import Suggestion, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline


def document(*cells: str) -> dict[str, Any]:
    """Return an nbformat 4 document; a cell that starts with `md:` is markdown."""
    found: list[dict[str, Any]] = []
    for number, source in enumerate(cells):
        if source.startswith("md:"):
            cell: dict[str, Any] = {"cell_type": "markdown", "source": source.removeprefix("md:")}
        else:
            cell = {"cell_type": "code", "source": source, "outputs": [], "execution_count": None}
        found.append({**cell, "id": f"c{number}", "metadata": {}})
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": found}


def read(*cells: str) -> Notebook:
    return parse_document(document(*cells), "n.ipynb")


def look(given: Mapping[str, Any]) -> Pipeline:
    return analyze(parse_document(given, "n.ipynb"))


def suggested(*cells: str, form: Form = Form.MAGIC) -> Suggestion:
    given = document(*cells)
    return suggest(given, parse_document(given, "n.ipynb"), look, form)


def names(found: Suggestion) -> list[str]:
    return [step.name for step in found.steps]
