"""What line magics of IPython's extensions read."""

from __future__ import annotations

import pytest

from analysis.notebooks import pipeline

IMPORTS = ["import numpy as np", "from scipy import stats"]


@pytest.mark.parametrize(
    ("line", "setup"),
    [
        pytest.param("%watermark -n -v -iv", IMPORTS, id="all-modules"),
        pytest.param("%watermark --iversions", IMPORTS, id="in-full"),
        pytest.param("%watermark -v -p numpy", [], id="modules-by-name"),
    ],
)
def test_watermark_tells_the_versions_of_modules_that_the_notebook_imported(
    line: str, setup: list[str]
) -> None:
    made = pipeline("\n".join(IMPORTS), "%%step a\nx = 1", f"%%step b\n{line}", "import pandas as pd")
    assert [one.source for one in made.steps[1].setup] == setup
    assert made.diagnostics == ()
