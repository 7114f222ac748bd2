"""How Sphinx makes the site from the Markdown beside this file: `make docs`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

project = "stepmill"
author = "The stepmill developers"
copyright = author  # noqa: A001 - Sphinx's name
release = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
highlight_language = "text"
nitpicky = True

myst_heading_anchors = 3  # links to headings work as on GitHub

html_theme = "furo"
html_title = "stepmill"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#9a3412", "color-brand-content": "#9a3412"},
    "dark_css_variables": {"color-brand-primary": "#fdba74", "color-brand-content": "#fdba74"},
}
html_copy_source = False
html_show_sourcelink = False


def setup(app: Any) -> None:
    """Give Sphinx its table of contents: the pages that index.md links, in that order."""
    app.connect("source-read", _add_contents)


def _add_contents(app: Any, page: str, source: list[str]) -> None:  # noqa: ARG001
    """GitHub would show a toctree as code, so it is not in the file."""
    if page == "index":
        pages = dict.fromkeys(re.findall(r"\]\(([\w-]+)\.md\)", source[0]))
        source[0] += "\n".join(["\n```{toctree}", ":hidden:", "", *pages, "```\n"])
