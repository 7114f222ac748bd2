"""Fragments: the user's own source, with its lines where they were."""

from __future__ import annotations

import pytest

from analysis.notebooks import notebook, pipeline
from stepmill.analysis.fragments import setup_of, source_of
from stepmill.analysis.units import units_of


@pytest.mark.parametrize(
    ("cell", "body"),
    [
        pytest.param("%%step a\nx = 1", "# %%step a\nx = 1", id="the tag becomes a comment"),
        pytest.param(
            "\n%%step a\n\nx = 1  # words", "\n# %%step a\n\nx = 1  # words", id="comments and lines stay"
        ),
        pytest.param("%%step a\n!ls\n%pwd", "# %%step a\n!ls\n%pwd", id="IPython lines stay"),
    ],
)
def test_a_step_has_its_cells_whole(cell: str, body: str) -> None:
    (fragment,) = pipeline(cell).step("a").body
    assert (fragment.cell, fragment.line, fragment.source) == (0, 1, body)


def test_a_step_of_two_cells_has_two_fragments() -> None:
    found = pipeline("%%step a\nx = 1", "z = 1", "%%step a\ny = 2").step("a").body
    assert [(f.cell, f.source) for f in found] == [(0, "# %%step a\nx = 1"), (2, "# %%step a\ny = 2")]


@pytest.mark.parametrize(
    ("cell", "body"),
    [
        pytest.param(
            "import os\nbase = len(os.listdir('.'))\nother = 1",
            "# import os\nbase = len(os.listdir('.'))\n# other = 1",
            id="other statements become comments",
        ),
        pytest.param(
            "# words\n\nbase = len(\n  open('f').read()\n)\nunused = [\n  1,\n]",
            "# words\n\nbase = len(\n  open('f').read()\n)\n# unused = [\n#   1,\n# ]",
            id="statements over lines stay or go whole",
        ),
    ],
)
def test_of_untagged_cells_only_what_is_needed_is_active(cell: str, body: str) -> None:
    (fragment,) = pipeline(cell, "%%step a\ny = base").step("setup").body
    assert fragment.source == body
    assert len(fragment.source.splitlines()) == len(cell.splitlines())


@pytest.mark.parametrize(
    ("cell", "sources"),
    [
        pytest.param("x = 5; y = 6", ["x = 5", "y = 6"], id="statements on one line are parted"),
        pytest.param("x = 5  # words", ["x = 5  # words"], id="a comment stays"),
        pytest.param("x = [\n  1,\n]", ["x = [\n  1,\n]"], id="lines stay"),
        pytest.param("x = 'é'; y = 'ü'", ["x = 'é'", "y = 'ü'"], id="columns are bytes"),
        pytest.param("@f\ndef g():\n    return 1", ["@f\ndef g():\n    return 1"], id="decorators stay"),
    ],
)
def test_source_of_a_statement(cell: str, sources: list[str]) -> None:
    assert [source_of(unit) for unit in units_of(notebook(cell))] == sources


def test_future_imports_come_first_and_the_rest_in_order() -> None:
    found = setup_of(units_of(notebook("import os\nx = 1", "from __future__ import annotations\ny = 2")))
    assert [(f.cell, f.line, f.source) for f in found] == [
        (1, 1, "from __future__ import annotations"),
        (0, 1, "import os"),
        (0, 2, "x = 1"),
        (1, 2, "y = 2"),
    ]
