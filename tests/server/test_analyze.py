"""What the panel learns about the cells in the editor, saved or not."""

from __future__ import annotations

from server.conftest import Site, notebook_of


async def test_status_says_the_version(site: Site) -> None:
    reply = await site.ask("status")
    assert (reply.status, reply.document["schema"]) == (200, 1)
    assert reply.document["version"]


async def test_cells_that_were_never_saved_are_analysed(site: Site) -> None:
    cells = ("# text", "import math", "%%step a\nx = math.pi", "%%step b\ny = x", "1 + 1")
    reply = await site.ask("analyze", {"path": "new.ipynb", "notebook": notebook_of(*cells)})
    assert reply.status == 200
    assert [step["name"] for step in reply.document["graph"]["steps"]] == ["a", "b"]
    assert reply.document["graph"]["edges"] == [["a", "b", "x"]]
    roles = [(cell["role"], cell["step"]) for cell in reply.document["cells"]]
    assert roles == [("text", None), ("setup", None), ("step", "a"), ("step", "b"), ("untagged", None)]
