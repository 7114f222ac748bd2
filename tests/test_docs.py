"""The pages say what the code does: links lead somewhere, generated pages are up to date."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_page_of_diagnostics_is_up_to_date() -> None:
    """If this fails: python docs/make_diagnostics.py."""
    made = runpy.run_path(str(ROOT / "docs" / "make_diagnostics.py"))["page"]()
    assert (ROOT / "docs" / "diagnostics.md").read_text("utf-8") == made


def test_the_readme_names_only_commands_that_exist() -> None:
    from stepmill.cli.main import app

    blocks = re.findall(r"(?s)```bash\n(.*?)```", (ROOT / "README.md").read_text("utf-8"))
    table = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    named = {name for block in blocks for name in re.findall(r"\bstepmill ([a-z]+)", block)}
    named |= set(re.findall(r"(?m)^\| `([a-z]+)[ `]", table))
    assert {"run", "check", "doctor"} <= named
    assert named - set(app.list_commands(None)) == set()  # type: ignore[arg-type]
