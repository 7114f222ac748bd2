"""A proposal run for real, against Run All of the same cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import stepmill
from integration.notebooks import write_notebook
from stepmill.model.verification import Verdict
from stepmill.notebook.writing import write_document

if TYPE_CHECKING:
    from pathlib import Path

UNTAGGED = [
    "# markdown\n# Spread\n\n## Settings",
    "import random\nimport statistics\nSIZE = 40\nrandom.seed(3)",
    "# markdown\n## Draw the sample",
    "sample = [random.gauss(0, 1) for _ in range(SIZE)]",
    "sample[:2]",
    "def spread(values):\n    return statistics.pstdev(values)",
    "# markdown\n## Clean",
    "sample = [value for value in sample if abs(value) < 2]\nlen(sample)",
    "limits = {'low': min(sample)}",
    "limits['high'] = max(sample)\nprint(limits)",
    "# markdown\n## Resample",
    "means = [statistics.fmean(random.choices(sample, k=10)) for _ in range(20)]",
    "spread(means), spread(sample)",
]


@pytest.mark.kernel
@pytest.mark.slow
def test_a_proposal_gives_what_run_all_gives(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", *UNTAGGED)
    found = stepmill.suggest(notebook)
    assert [step.name for step in found.steps] == ["draw_sample", "clean", "resample"]
    copy = tmp_path / "n-steps.ipynb"
    write_document(found.document, copy)
    verified = stepmill.verify(copy)
    assert verified.verdict is Verdict.EQUAL
    assert verified.outputs >= 4
