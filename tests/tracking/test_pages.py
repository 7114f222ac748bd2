from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from stepmill.tracking.pages import page_writer, read_notebook_document

WIDGET = "application/vnd.jupyter.widget-{}+json"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    v4 = nbformat.v4
    outputs = [
        v4.new_output("stream", text="\x1b[31mred\x1b[0m <b>"),
        v4.new_output("display_data", {"text/html": "<table><tr><td>7</td></tr></table>", "text/plain": "7"}),
        v4.new_output("display_data", {"image/png": "iVBORw0KGgo="}),
        v4.new_output(
            "display_data",
            {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}, "text/plain": "widget"},
        ),
    ]
    cells = [
        v4.new_markdown_cell("# Título $x^2$\n```mermaid\ngraph\n```"),
        v4.new_code_cell("print('<b>')", outputs=outputs),
    ]
    notebook = v4.new_notebook(cells=cells, metadata={"widgets": {WIDGET.format("state"): {"state": {}}}})
    path = tmp_path_factory.mktemp("pages") / "n.ipynb"
    nbformat.write(notebook, path)
    return page_writer()(read_notebook_document(path), "a <title>")


def test_nothing_comes_from_the_network(page: str) -> None:
    assert re.findall(r"<(?:script|link|iframe)\b", page) == []
    assert re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?\s*(?:https?:)?//""", page) == []


def test_it_is_small(page: str) -> None:
    assert len(page) < 40_000


WANTED = [
    *("Título", "ansi-red-fg", "<td>7</td>", "a &lt;title&gt;", "prefers-color-scheme"),
    "data:image/png;base64,iVBORw0KGgo=",
]


@pytest.mark.parametrize("text", WANTED)
def test_it_shows(page: str, text: str) -> None:
    assert text in page


def test_the_document_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    nbformat.write(nbformat.v4.new_notebook(metadata={"widgets": {"a": 1}}), path)
    document = read_notebook_document(path)
    page_writer()(document, "t")
    assert document["metadata"]["widgets"] == {"a": 1}
