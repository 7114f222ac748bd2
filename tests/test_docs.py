"""The pages say what the code does: links lead somewhere, generated pages are up to date."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from stepmill.analysis.build import forget

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_first_page_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs" / "index.md").read_text("utf-8")))
    assert {page.name for page in ROOT.glob("docs/*.md")} - linked == {"index.md"}


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", tmp_path / "cache"]
    built = subprocess.run(
        [*command, ROOT / "docs", tmp_path / "site"], capture_output=True, text=True, check=False
    )
    assert built.stderr == ""
    assert built.returncode == 0
    assert (tmp_path / "site" / "tour.html").is_file()


def test_the_page_of_diagnostics_is_up_to_date() -> None:
    """If this fails: python docs/make_diagnostics.py."""
    forget()  # what is remembered of another test's module may have its lines
    made = runpy.run_path(str(ROOT / "docs" / "make_diagnostics.py"))["page"]()
    assert (ROOT / "docs" / "diagnostics.md").read_text("utf-8") == made


def test_no_template_is_shown_raw() -> None:
    text = re.sub(r"(?s)```.*?```", "", (ROOT / "docs" / "diagnostics.md").read_text("utf-8"))
    assert re.findall(r"{[a-z]\w*}", text) == []


def test_the_readme_names_only_commands_that_exist() -> None:
    from stepmill.cli.main import app

    blocks = re.findall(r"(?s)```bash\n(.*?)```", (ROOT / "README.md").read_text("utf-8"))
    table = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    named = {name for block in blocks for name in re.findall(r"\bstepmill ([a-z]+)", block)}
    named |= set(re.findall(r"(?m)^\| `([a-z]+)[ `]", table))
    assert {"run", "check", "doctor"} <= named
    assert named - set(app.list_commands(None)) == set()  # type: ignore[arg-type]
