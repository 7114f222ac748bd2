"""Exported text as the project's own formatter and rules want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.running.formatting import format_python

if TYPE_CHECKING:
    from pathlib import Path

MODULE = '"""A title."""\n\nimport os\n\n{}\n\nprint( os.sep )\n'
FUNCTIONS = "\n".join(f"def f{i}(x):\n    return x\n" for i in range(3))


def test_without_rules_of_a_project_nothing_is_marked(tmp_path: Path) -> None:
    text, tool = format_python(MODULE.format(FUNCTIONS), tmp_path / "made.py")
    assert tool == "ruff"
    assert "noqa" not in text
    assert "print(os.sep)" in text


def test_what_the_rules_find_once_is_marked_there_and_what_they_find_often_at_the_top(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["D103", "T20"]\n')
    text, _ = format_python(MODULE.format(FUNCTIONS), tmp_path / "made.py")
    lines = text.split("\n")
    assert lines[0] == '"""A title."""'
    assert [line for line in lines if "noqa" in line] == [
        "# ruff: noqa: D103",
        "print(os.sep)  # noqa: T201",
    ]
    assert format_python(text, tmp_path / "made.py") == (text, "ruff")
