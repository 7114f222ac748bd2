"""The outline of a notebook."""

from __future__ import annotations

from stepmill.suggestion.headings import BOLD, COMMENT, headings_above, title_of
from suggestion.notebooks import read


def test_headings_of_all_kinds_are_found_above_the_cell_that_follows() -> None:
    notebook = read(
        "md:# Title\n\nSome `text`\n\n## Load [it](http://x) **now** ##",
        "x = 1",
        "md:Clean\n=====\n```\n# no heading\n```\n| a |\n---\n<h3>Deep &nbsp;<b>er</b></h3>",
        "y = 1",
        "md:**Bold line:**\n\n- **not** a heading",
        "# make the features\nz = 1",
        "# z = compute(y)\nz",
    )
    above = headings_above(notebook, (1, 3, 5, 6))
    found = {cell: [(h.level, h.text) for h in headings] for cell, headings in above.items()}
    assert found == {
        1: [(1, "Title"), (2, "Load it now")],
        3: [(3, "Deep er"), (1, "Clean")],
        5: [(BOLD, "Bold line:"), (COMMENT, "make the features")],
        6: [],
    }
    assert title_of(notebook) is None


def test_a_title_stands_above_all_other_headings() -> None:
    title = title_of(read("md:# Churn", "x = 1", "md:## Load"))
    assert title is not None
    assert title.text == "Churn"


def test_a_line_about_the_author_is_no_heading() -> None:
    notebook = read("md:# Churn\n# Author: Ann Example", "x = 1", "md:## Load", "y = 2")
    assert [h.text for h in headings_above(notebook, (1, 3))[1]] == ["Churn"]
    title = title_of(notebook)
    assert title is not None
    assert title.text == "Churn"
