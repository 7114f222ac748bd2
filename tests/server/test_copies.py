"""What the panel has written beside a notebook, and what it reads of a run's outputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stepmill.server.copies import beside, free_place
from stepmill.server.logs import _tail

if TYPE_CHECKING:
    from pathlib import Path

    from server.conftest import Site

UNTAGGED = (
    "# text\n# Load",
    "rows = [3, 1, 2]\nnames = ['a', 'b', 'c']",
    "# text\n# Clean",
    "kept = sorted(rows)\nprint(kept)",
    "# text\n# Report",
    "total = sum(kept)\nprint(total, names)",
)


async def test_a_suggestion_is_written_beside_the_notebook(site: Site) -> None:
    file = site.write("sub/plain.ipynb", *UNTAGGED)
    before = file.read_bytes()
    reply = await site.ask("suggest", {"path": "sub/plain.ipynb"})
    assert (reply.status, reply.document) == (201, {"schema": 1, "path": "sub/plain-steps.ipynb"})
    assert "%%step" in (site.root / "sub/plain-steps.ipynb").read_text()
    assert file.read_bytes() == before
    again = await site.ask("suggest", {"path": "sub/plain.ipynb", "metadata": True})
    assert again.document["path"] == "sub/plain-steps-2.ipynb"
    assert "%%step" not in (site.root / "sub/plain-steps-2.ipynb").read_text()


async def test_a_suggestion_that_cannot_be_made_says_why(site: Site) -> None:
    site.write("tagged.ipynb", "%%step a\nx = 1")
    reply = await site.ask("suggest", {"path": "tagged.ipynb"})
    assert reply.status == 422
    assert reply.document["error"]["message"]
    assert not (site.root / "tagged-steps.ipynb").exists()


@pytest.mark.kernel
async def test_a_step_is_opened_with_its_inputs(site: Site) -> None:
    site.write(
        "nb.ipynb",
        "%%parameters\nfactor = 2",
        "%%step a\nx = [factor]\nprint('made', x)",
        "%%step b\ny = x[5]",
    )
    early = await site.ask("open-step", {"path": "nb.ipynb", "step": "b"})
    assert (early.status, (site.root / "nb-b.ipynb").exists()) == (422, False)
    run_id = (await site.ask("runs", {"path": "nb.ipynb", "parameters": {"factor": 3}})).document["run_id"]
    await site.until_over(run_id, "nb.ipynb")
    body = {"path": "nb.ipynb", "step": "b", "parameters": {"factor": 3}}
    reply = await site.ask("open-step", body)
    assert (reply.status, reply.document) == (201, {"schema": 1, "path": "nb-b.ipynb"})
    sources = [
        "".join(cell["source"]) for cell in json.loads((site.root / "nb-b.ipynb").read_text())["cells"]
    ]
    assert any("y = x[5]" in source for source in sources)

    log = (await site.ask(f"runs/{run_id}/log", path="nb.ipynb", step="a")).document
    assert "made [3]" in log["text"]
    rest = (await site.ask(f"runs/{run_id}/log", path="nb.ipynb", step="a", after=log["end"])).document
    assert (rest["text"], rest["end"]) == ("", log["end"])
    unknown = await site.ask(f"runs/{run_id}/log", path="nb.ipynb", step="../../a")
    assert unknown.status == 404

    cells = (await site.ask(f"runs/{run_id}/outputs", path="nb.ipynb")).document["cells"]
    shown = {cell["index"]: cell for cell in cells}
    assert shown[1]["source"] == "%%step a\nx = [factor]\nprint('made', x)"
    values = (await site.ask(f"runs/{run_id}/values", path="nb.ipynb")).document["steps"]
    assert values["a"]["x"]["shape"] == "1"
    assert "list" in values["a"]["x"]["type"]
    assert shown[1]["outputs"][0]["text"] == "made [3]\n"


@pytest.mark.parametrize("body", [{}, {"step": ""}, {"step": 3}])
async def test_a_step_must_be_named(site: Site, body: dict[str, object]) -> None:
    site.write("nb.ipynb", "%%step a\nx = 1")
    assert (await site.ask("open-step", {"path": "nb.ipynb", **body})).status == 422


@pytest.mark.parametrize("step", ["../escaped", "a\u0000b", "no such step"])
async def test_no_name_of_a_step_leads_elsewhere(site: Site, step: str) -> None:
    site.write("sub/nb.ipynb", "%%step a\nx = 1")
    before = sorted(site.root.rglob("*.ipynb"))
    assert (await site.ask("open-step", {"path": "sub/nb.ipynb", "step": step})).status in (404, 422)
    assert sorted(site.root.rglob("*.ipynb")) == before


def test_a_place_is_free_and_beside_the_notebook(tmp_path: Path) -> None:
    notebook = tmp_path / "nb.ipynb"
    assert free_place(notebook, "a/../b").parent == tmp_path
    free_place(notebook, "train").touch()
    assert free_place(notebook, "train").name == "nb-train-2.ipynb"
    assert beside("folder/nb.ipynb", "x.ipynb") == "folder/x.ipynb"
    assert beside("nb.ipynb", "x.ipynb") == "x.ipynb"


def test_a_log_is_read_on_whole_characters(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    assert _tail(file, 0) == ("", 0, 0)
    file.write_bytes("aé".encode()[:2])
    text, start, end = _tail(file, 0)
    assert (text, start, end) == ("a", 0, 1)
    file.write_bytes("aé€".encode())
    assert _tail(file, end) == ("é€", 1, 6)
    file.write_bytes(b"new")
    assert _tail(file, 6) == ("new", 0, 3)


def test_of_a_long_log_only_the_end_is_read(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    file.write_text("x" * 100_000 + "end")
    text, start, end = _tail(file, 0)
    assert text.endswith("end")
    assert (len(text), end) == (64_000, 100_003)
    assert start == end - len(text)
