"""Fixes that `stepmill check --fix` makes: the notebook still gives what it gave, now as a pipeline too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from oracle.case import CaseCell
from oracle.judge import Verdict, judge
from oracle.table import all_cases
from stepmill.analysis import analyze
from stepmill.notebook.reading import parse_document
from stepmill.running.fixing import fix

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from oracle.case import Case
    from oracle.harness import ForkServer
    from stepmill.model.pipeline import Pipeline

SHARE = 8
"""One in so many of the oracle's cases is fixed and run."""


def look(document: Mapping[str, Any]) -> Pipeline:
    return analyze(parse_document(document, "n"))


def cured_case(case: Case) -> Case | None:
    """Return a refused case after its fixes; None if they leave an error, or there is nothing to fix."""
    document = case.document()
    if not look(document).errors:
        return None
    fixed = fix(document, look)
    if fixed.pipeline.errors or not fixed.applied:
        return None
    cells = []
    for old, new in zip(case.cells, fixed.document["cells"], strict=True):
        source = new["source"]
        head = source.split()[1] if source.startswith("%%step") else None
        cells.append(CaseCell(source=source, step=head or old.step, tags=old.tags))
    return replace(case, name=f"{case.name}-fixed", cells=tuple(cells))


CASES = all_cases()[::SHARE]
CURED = [cured for case in CASES if (cured := cured_case(case)) is not None]


def test_fixes_cure_many_refusals() -> None:
    refused = [case for case in CASES if look(case.document()).errors]
    assert len(CURED) >= 0.3 * len(refused)


@pytest.mark.parametrize("case", CURED, ids=lambda case: case.name)
def test_a_fixed_notebook_is_equal_to_its_linear_run(case: Case, server: ForkServer, tmp_path: Path) -> None:
    finding = judge(case, server, tmp_path)
    assert finding.verdict is Verdict.EQUAL, finding.evidence
