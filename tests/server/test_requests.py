"""Requests that are not as they should be: each is answered by what is wrong, none ends the server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from server.conftest import Site, notebook_of

STEP = "%%step a\nx = 1"
POSTS = ["analyze", "plan", "runs"]
GETS = ["runs", "runs/20260101-100000-aaaa", "runs/20260101-100000-aaaa/events", "stream"]
NAMES = ["a b.ipynb", "50%.ipynb", "naïve é.ipynb", "日本/ノート.ipynb", "-x.ipynb", " x .ipynb"]
OUTSIDE = [
    "../../etc/passwd",
    "../secret.ipynb",
    "a/../../secret.ipynb",
    "/etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/secret.ipynb",
    "C:\\secret.ipynb",
    "nul\0.ipynb",
    "x" * 5000,
    "missing.ipynb",
]


@pytest.mark.parametrize("route", POSTS)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[]", b'"text"', b"null"], ids=lambda b: repr(b[:6])
)
async def test_what_is_no_json_object(site: Site, route: str, body: bytes) -> None:
    reply = await site.ask(route, body, method="POST")
    assert (reply.status, reply.code) == (400, "HTTP400")
    assert reply.document["message"].startswith("the request is no JSON")


@pytest.mark.parametrize("route", POSTS)
async def test_a_huge_body_is_not_looked_at(site: Site, route: str) -> None:
    reply = await site.ask(route, b" " * 1_000_001, method="POST")
    assert (reply.status, reply.code) == (413, "HTTP413")
    assert "max_body_mb" in reply.document["message"]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path[:24])
async def test_nothing_outside_of_the_root_is_reached(site: Site, path: str) -> None:
    (site.root.parent / "secret.ipynb").write_text(json.dumps(notebook_of(STEP)))
    for route in ("plan", "runs"):
        assert (await site.ask(route, {"path": path})).status == 404
    for route in GETS:
        assert (await site.ask(route, path=path)).status == 404


async def test_analysis_of_a_path_outside_of_the_root_is_refused(site: Site) -> None:
    body = {"path": "../secret.ipynb", "notebook": notebook_of(STEP)}
    assert (await site.ask("analyze", body)).status == 404


@pytest.mark.parametrize("path", ["", "/", None, 5, ["nb.ipynb"]], ids=repr)
async def test_a_missing_path_is_said(site: Site, path: Any) -> None:
    for route in POSTS:
        reply = await site.ask(route, {"path": path, "notebook": notebook_of(STEP)})
        assert (reply.status, reply.code) == (422, "SM001")
    assert (await site.ask("runs")).status == 422


async def test_a_path_that_is_no_unicode_is_not_found(site: Site) -> None:
    reply = await site.ask("plan", b'{"path": "\\ud800.ipynb"}')
    assert reply.status == 404


@pytest.mark.parametrize(
    "path", ["a b.ipynb", "50%.ipynb", "naïve é.ipynb", "日本/ノート.ipynb", "-x.ipynb", " x .ipynb"]
)
async def test_any_name_that_a_file_can_have(site: Site, path: str) -> None:
    site.write(path, STEP)
    reply = await site.ask("plan", {"path": path})
    assert [step["name"] for step in reply.document["steps"]] == ["a"]
    assert (await site.ask("runs", path=path)).document["runs"] == []
    assert (await site.ask("analyze", {"path": path, "notebook": notebook_of(STEP)})).status == 200


async def test_the_drive_of_real_time_collaboration_is_the_root(site: Site) -> None:
    site.write("nb.ipynb", STEP)
    assert (await site.ask("plan", {"path": "RTC:nb.ipynb"})).status == 200


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
async def test_links_are_followed_as_jupyter_does(site: Site) -> None:
    """Jupyter opens a linked file, so its owner wants it reached."""
    elsewhere = site.root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "nb.ipynb").write_text(json.dumps(notebook_of(STEP)))
    (site.root / "link").symlink_to(elsewhere)
    assert (await site.ask("plan", {"path": "link/nb.ipynb"})).status == 200


async def test_hidden_files_stay_hidden(site: Site) -> None:
    site.write(".hidden/nb.ipynb", STEP)
    assert (await site.ask("plan", {"path": ".hidden/nb.ipynb"})).status == 404


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param("{", "is no valid JSON", id="no-json"),
        pytest.param("[]", "is no notebook", id="a-list"),
        pytest.param('{"cells": 3, "nbformat": 4, "metadata": {}}', "is damaged", id="damaged"),
        pytest.param(
            json.dumps({**notebook_of("1"), "metadata": {"kernelspec": {"name": "ir", "language": "R"}}}),
            "is written in R",
            id="another-language",
        ),
        pytest.param(
            json.dumps({**notebook_of(STEP), "metadata": {"kernelspec": {"name": "no-such-kernel"}}}),
            "is not installed",
            id="no-such-kernel",
        ),
        pytest.param(json.dumps(notebook_of("x = (")), "SM", id="a-syntax-error"),
        pytest.param(json.dumps(notebook_of("x = 1")), "no cell of this notebook is tagged", id="no-steps"),
    ],
)
async def test_what_is_no_notebook_is_said_before_anything_runs(site: Site, text: str, said: str) -> None:
    (site.root / "nb.ipynb").write_text(text)
    for route in ("plan", "runs"):
        reply = await site.ask(route, {"path": "nb.ipynb"})
        assert reply.status == 422
        assert said in reply.document["message"]
    assert not list(site.root.glob(".stepmill/runs/*"))


async def test_a_folder_is_no_notebook(site: Site) -> None:
    (site.root / "folder.ipynb").mkdir()
    assert (await site.ask("plan", {"path": "folder.ipynb"})).status == 404


async def test_keys_that_nobody_knows_are_ignored(site: Site) -> None:
    site.write("nb.ipynb", STEP)
    body = {"path": "nb.ipynb", "notebook": notebook_of(STEP), "colour": "blue", "client": {"x": 1}}
    assert (await site.ask("analyze", body)).status == 200
    assert (await site.ask("plan", body)).status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"parameters": [1]},
        {"parameters": "x"},
        {"parameters": {"nope": 1}},
        {"parameters": {"alpha": "0.5"}},
        {"parameters": {"alpha": [0.5]}},
        {"steps": "a"},
        {"steps": [1]},
        {"steps": ["--help"]},
        {"steps": ["a\0b"]},
        {"refresh": "a"},
        {"refresh": ["nope"]},
    ],
    ids=repr,
)
async def test_a_run_that_cannot_be_meant_is_refused(site: Site, wrong: dict[str, Any]) -> None:
    site.write("nb.ipynb", "%%parameters\nalpha = 0.1", STEP)
    reply = await site.ask("runs", {"path": "nb.ipynb", **wrong})
    assert reply.status == 422
    assert reply.code in ("SM001", "SM002")
    assert not list(site.root.glob(".stepmill/runs/*"))


@pytest.mark.parametrize("query", [{"limit": "many"}, {"after": "x"}], ids=repr)
async def test_a_number_that_is_none_is_said(site: Site, query: dict[str, str]) -> None:
    site.write("nb.ipynb", STEP)
    route = "runs" if "limit" in query else "stream"
    reply = await site.ask(route, path="nb.ipynb", **query)
    assert (reply.status, reply.code) == (422, "SM001")


async def test_a_projects_own_code_is_not_run_by_looking(site: Site) -> None:
    """Whoever opens a notebook from elsewhere has not agreed to run what lies beside it."""
    site.write("nb.ipynb", STEP)
    witness = site.root / "witness"
    (site.root / "stepmill_config.py").write_text(f"open({str(witness)!r}, 'w').close()")
    await site.ask("analyze", {"path": "nb.ipynb", "notebook": notebook_of(STEP)})
    await site.ask("plan", {"path": "nb.ipynb"})
    await site.ask("runs", path="nb.ipynb")
    listener = await site.listen("nb.ipynb")
    await listener.close()
    assert not witness.exists()


class TestElsewhere:
    """Contents that are not on this machine's disk."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        name = "jupyter_server.services.contents.manager.AsyncContentsManager"
        jp_server_config["ServerApp"]["contents_manager_class"] = name
        return jp_server_config

    async def test_runs_need_the_file(self, site: Site) -> None:
        for route in ("plan", "runs"):
            reply = await site.ask(route, {"path": "nb.ipynb"})
            assert (reply.status, reply.code) == (422, "SM010")
            assert "not on this machine's disk" in reply.document["message"]
            assert reply.document["error"]["hint"]

    async def test_analysis_needs_no_file(self, site: Site) -> None:
        reply = await site.ask("analyze", {"path": "nb.ipynb", "notebook": notebook_of(STEP)})
        assert [step["name"] for step in reply.document["graph"]["steps"]] == ["a"]


def test_the_server_room_says_nothing_of_this_machine() -> None:
    import stepmill.server

    (contract,) = Path(stepmill.server.__file__).parent.glob("*.y*ml")
    assert "/home/" not in contract.read_text(encoding="utf-8")
