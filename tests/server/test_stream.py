"""The live stream, fed by run folders that the test writes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.conftest import LONG_S, Site
from server.logs import FIRST, SECOND, HandRun, live_run

STEP = "%%step a\nx = 1"


@pytest.fixture
def services(site: Site, jp_serverapp: Any) -> Any:
    (app,) = jp_serverapp.extension_manager.extension_apps["stepmill"]
    return app.services


async def test_a_run_that_somebody_else_starts_is_told_live(site: Site) -> None:
    notebook = site.write("nb.ipynb", STEP)
    listener = await site.listen("nb.ipynb")
    with live_run(site.root / ".stepmill", FIRST, notebook) as run:
        await listener.until(lambda: len(listener.events) == 2)
        run.emit("step-started", "a", reason="first\nline")
        await listener.until(lambda: len(listener.events) == 3)
        run.finish()
    await listener.until(lambda: "run-finished" in listener.kinds)
    assert listener.ids == [f"{FIRST}:{number}" for number in range(5)]
    started = listener.events[2]
    assert (started["event"], started["step"], started["reason"]) == ("step-started", "a", "first\nline")
    assert all(event["schema"] == 1 and event["run_id"] == FIRST for event in listener.events)
    await listener.close()


@pytest.mark.parametrize("how", ["after", "Last-Event-ID"])
async def test_a_client_that_comes_back_misses_nothing(site: Site, how: str) -> None:
    notebook = site.write("nb.ipynb", STEP)
    for run_id in (FIRST, SECOND):
        HandRun(site.root / ".stepmill", run_id, notebook).finish()
    position = f"{FIRST}:2"
    options: dict[str, Any] = {"after": position} if how == "after" else {"headers": {how: position}}
    listener = await site.listen("nb.ipynb", **options)
    await listener.until(lambda: len(listener.events) == 5)
    assert listener.ids == [f"{FIRST}:3", *(f"{SECOND}:{number}" for number in range(4))]
    await listener.close()


async def test_an_idle_stream_gives_signs_of_life(site: Site) -> None:
    site.write("nb.ipynb", STEP)
    listener = await site.listen("nb.ipynb")
    await listener.until(lambda: listener.text.count(": \n\n") >= 2)
    assert listener.events == []
    await listener.close()


async def test_its_head_keeps_proxies_from_holding_it_back(site: Site) -> None:
    site.write("nb.ipynb", STEP)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    token = site.headers["Authorization"]
    url = f"{site.base}stepmill/api/stream?path=nb.ipynb"
    writer.write(f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert "content-type: text/event-stream" in head
    assert "x-accel-buffering: no" in head
    assert "cache-control: no-store" in head
    writer.close()
    await writer.wait_closed()


async def test_many_clients_hear_the_same(site: Site, services: Any) -> None:
    notebook = site.write("nb.ipynb", STEP)
    listeners = await asyncio.gather(*(site.listen("nb.ipynb") for _ in range(30)))
    HandRun(site.root / ".stepmill", FIRST, notebook).finish()
    await asyncio.gather(*(each.until(lambda each=each: len(each.events) == 4) for each in listeners))
    assert len({tuple(each.ids) for each in listeners}) == 1
    assert len(services._streams) == 30
    await asyncio.gather(*(each.close() for each in listeners))
    await until(lambda: not services._streams)


async def test_two_notebooks_hear_only_of_themselves(site: Site) -> None:
    notebook = site.write("nb.ipynb", STEP)
    site.write("other.ipynb", STEP)
    mine, other = await site.listen("nb.ipynb"), await site.listen("other.ipynb")
    HandRun(site.root / ".stepmill", FIRST, notebook).finish()
    await mine.until(lambda: len(mine.events) == 4)
    await other.until(lambda: other.text.count(": \n\n") >= 2)
    assert other.events == []
    await mine.close()
    await other.close()


async def test_a_server_that_stops_ends_its_streams(site: Site, services: Any) -> None:
    site.write("nb.ipynb", STEP)
    listener = await site.listen("nb.ipynb")
    services.close()
    await listener.until(lambda: False)
    assert listener.has_ended
    await listener.close()


async def test_a_killed_run_does_not_run_for_ever(site: Site) -> None:
    notebook = site.write("nb.ipynb", STEP)
    listener = await site.listen("nb.ipynb")
    with live_run(site.root / ".stepmill", FIRST, notebook) as run:
        run.emit("step-started", "a", reason="first")
        await listener.until(lambda: len(listener.events) == 3)
    await listener.until(lambda: "run-finished" in listener.kinds)
    last = listener.events[-1]
    assert (last["status"], last["lost"], last["steps"]["a"]["status"]) == ("cancelled", True, "cancelled")
    listed = (await site.ask("runs", path="nb.ipynb")).document["runs"]
    assert [(run["run_id"], run["status"]) for run in listed] == [(FIRST, "cancelled")]
    polled = (await site.ask(f"runs/{FIRST}/events", path="nb.ipynb")).document
    assert polled["finished"]
    assert [event["number"] for event in polled["events"]] == [0, 1, 2, 3]
    await listener.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(LONG_S):
        while not condition():
            await asyncio.sleep(0.02)
