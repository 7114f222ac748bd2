"""The codes of single cells: each is explained, and its examples show what it means."""

from __future__ import annotations

import pytest

from stepmill.model.diagnostic import Diagnostic
from stepmill.model.rule import Rule
from stepmill.notebook import codes
from stepmill.notebook.reading import parse_document
from stepmill.notebook.rules import RULES

FROM_METADATA = {codes.TAGS_DIFFER, codes.METADATA_INVALID, codes.METADATA_UNKNOWN, codes.INJECTED}


def findings(rule: Rule, sources: tuple[str, ...]) -> list[Diagnostic]:
    fixed = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**fixed, "id": f"c{index}", "source": source} for index, source in enumerate(sources)]
    made = parse_document({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}, "n.ipynb")
    return [found for cell in made.cells for found in cell.problems if found.code == rule.code]


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.bad], ids=lambda rule: rule.code)
def test_a_codes_own_examples(rule: Rule) -> None:
    (found,) = findings(rule, rule.bad)
    assert (found.cell, found.line, found.severity) == (*rule.at, rule.severity)
    assert found.hint
    assert findings(rule, rule.good) == []


def test_each_code_is_explained_and_has_examples_unless_they_would_be_metadata() -> None:
    known = {value for name, value in vars(codes).items() if name.isupper()}
    assert set(RULES) == known
    assert {code for code, rule in RULES.items() if not rule.bad} == FROM_METADATA
