"""Notebooks as HTML pages for MLflow's artifact view: small, no scripts, nothing from the network."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, Protocol


class PageWriter(Protocol):
    """Turns a notebook document into the text of an HTML page."""

    def __call__(self, document: dict[str, Any], title: str) -> str: ...


def page_writer() -> PageWriter:
    """Return a function that renders notebooks; nbconvert is loaded once, here.

    The `basic` template gives the bare cells (about 1 kB each); the themed ones add 290 kB of
    style sheets to every page, and scripts from public servers.
    """
    import nbformat
    from nbconvert import HTMLExporter
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

    exporter: Any = HTMLExporter(template_name="basic")  # type: ignore[no-untyped-call]
    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    style = f"{_STYLE}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n{_DARK}\n}}\n{_LAYOUT}"

    def write(document: dict[str, Any], title: str) -> str:
        node: Any = nbformat.from_dict(document)  # type: ignore[no-untyped-call]
        node.metadata.pop("widgets", None)  # their state needs a script from the network to be shown
        body, _ = exporter.from_notebook_node(node)
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{html.escape(title)}</title>\n<style>\n{style}\n</style></head>\n"
            f"<body>\n<main>\n{body}\n</main>\n</body></html>\n"
        )

    return write


def read_notebook_document(path: Path) -> dict[str, Any]:
    """Read an .ipynb file as nbformat 4, multi-line strings joined."""
    import nbformat

    document: dict[str, Any] = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return document


_STYLE = """
:root { color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
pre { font: 13px/1.45 ui-monospace, monospace; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.input_area { background: #f6f8fa; border: 1px solid #d0d7de; border-radius: 6px; padding: .5rem .75rem; }
.prompt { color: #59636e; font: 11px ui-monospace, monospace; }
.code_cell { margin: .75rem 0; }
.output_area { padding: .25rem .75rem; overflow-x: auto; }
.output_stderr { background: #fff1f0; }
.anchor-link { display: none; }
img, svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: 12px; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #d0d7de; }
.ansi-bold { font-weight: bold; }
.ansi-red-fg, .ansi-red-intense-fg { color: #c03030; }
.ansi-green-fg, .ansi-green-intense-fg { color: #16803c; }
.ansi-yellow-fg, .ansi-yellow-intense-fg { color: #946200; }
.ansi-blue-fg, .ansi-blue-intense-fg { color: #2864c8; }
.ansi-magenta-fg, .ansi-magenta-intense-fg { color: #8b3fa8; }
.ansi-cyan-fg, .ansi-cyan-intense-fg { color: #0f7c8a; }
"""
_DARK = """
body { color: #e6edf3; background: #0d1117; }
.input_area { background: #161b22; border-color: #30363d; }
.prompt { color: #8b949e; }
.output_stderr { background: #2d1517; }
th, td { border-color: #30363d; }
"""
_LAYOUT = ".highlight, .highlight pre { background: transparent; }"
