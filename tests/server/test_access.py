"""Who may ask what: Jupyter's authentication, its authorizer, foreign pages."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jupyter_server.auth import Authorizer

from server.conftest import Site, notebook_of

ROUTES = [
    ("GET", "status"),
    ("POST", "analyze"),
    ("POST", "plan"),
    ("GET", "runs"),
    ("POST", "runs"),
    ("GET", "runs/20260101-100000-aaaa"),
    ("DELETE", "runs/20260101-100000-aaaa"),
    ("GET", "runs/20260101-100000-aaaa/events"),
    ("GET", "runs/20260101-100000-aaaa/log"),
    ("GET", "runs/20260101-100000-aaaa/outputs"),
    ("GET", "runs/20260101-100000-aaaa/values"),
    ("POST", "open-step"),
    ("POST", "suggest"),
    ("POST", "runs/20260101-100000-aaaa/deletion"),
    ("DELETE", "runs/20260101-100000-aaaa/deletion"),
    ("GET", "runs/20260101-100000-aaaa/step"),
    ("GET", "runs/20260101-100000-aaaa/notebook"),
    ("GET", "runs/20260101-100000-aaaa/picture"),
    ("GET", "runs/20260101-100000-aaaa/artifact"),
    ("GET", "history"),
    ("GET", "comparison"),
    ("GET", "stream"),
]
EXECUTING = [
    ("POST", "runs"),
    ("DELETE", "runs/20260101-100000-aaaa"),
    ("POST", "open-step"),
    ("POST", "suggest"),
    ("POST", "runs/20260101-100000-aaaa/deletion"),
    ("DELETE", "runs/20260101-100000-aaaa/deletion"),
]


class OnlyLooking(Authorizer):
    """Lets everybody look, and nobody run."""

    def is_authorized(self, _handler: Any, _user: Any, action: str, resource: str) -> bool:
        return not (resource == "stepmill" and action == "execute")


class Nothing(Authorizer):
    """Keeps everybody out of stepmill."""

    def is_authorized(self, _handler: Any, _user: Any, _action: str, resource: str) -> bool:
        return resource != "stepmill"


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    authorizer = getattr(request, "param", None)
    if authorizer is not None:
        jp_server_config["ServerApp"]["authorizer_class"] = authorizer
    return jp_server_config


async def ask_raw(site: Site, method: str, route: str, headers: dict[str, str], body: str = "{}") -> int:
    """Return the status of a request without what `Site` adds to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    lines = [f"{method} {site.base}stepmill/api/{route}?path=nb.ipynb HTTP/1.1", "Host: 127.0.0.1"]
    if method == "POST":
        headers = {**headers, "Content-Length": str(len(body))}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write(("\r\n".join(lines) + "\r\n\r\n" + (body if method == "POST" else "")).encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


@pytest.mark.parametrize(("method", "route"), ROUTES)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}], ids=["no-token", "wrong-token"])
async def test_strangers_are_kept_out(site: Site, method: str, route: str, headers: dict[str, str]) -> None:
    site.write("nb.ipynb", "%%step a\nx = 1")
    assert await ask_raw(site, method, route, headers) == 403


@pytest.mark.parametrize(("method", "route"), ROUTES)
@pytest.mark.parametrize("jp_server_config", [Nothing], indirect=True)
async def test_the_authorizer_is_asked_everywhere(site: Site, method: str, route: str) -> None:
    site.write("nb.ipynb", "%%step a\nx = 1")
    assert await ask_raw(site, method, route, site.headers) == 403


@pytest.mark.parametrize("jp_server_config", [OnlyLooking], indirect=True)
async def test_who_may_not_execute_may_still_look(site: Site) -> None:
    site.write("nb.ipynb", "%%step a\nx = 1")
    for method, route in EXECUTING:
        assert await ask_raw(site, method, route, site.headers) == 403
    posted = {"path": "nb.ipynb", "notebook": notebook_of("%%step a\nx = 1")}
    assert (await site.ask("analyze", posted)).status == 200
    assert (await site.ask("runs", path="nb.ipynb")).document == {"schema": 1, "runs": []}


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_other_peoples_pages_are_kept_out(
    site: Site, method: str, route: str, jp_serverapp: Any
) -> None:
    """A browser sends the cookie along with whatever page asks; the page's origin gives it away."""
    cookie = await log_in(site, jp_serverapp)
    foreign = {"Cookie": cookie, "Origin": "https://evil.example"}
    assert await ask_raw(site, method, route, foreign) in (403, 404)


@pytest.mark.parametrize(("method", "route"), [r for r in ROUTES if r[0] != "GET"])
async def test_a_cookie_alone_changes_nothing(site: Site, method: str, route: str, jp_serverapp: Any) -> None:
    cookie = await log_in(site, jp_serverapp)
    assert await ask_raw(site, "GET", "status", {"Cookie": cookie}) == 200
    assert await ask_raw(site, method, route, {"Cookie": cookie}) == 403


async def log_in(site: Site, app: Any) -> str:
    """Return the cookies of a browser that was opened with the token."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    token = app.identity_provider.token
    head = [f"GET {site.base}?token={token} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
    answer = (await reader.read()).decode(errors="replace")
    writer.close()
    await writer.wait_closed()
    lines = [line for line in answer.split("\r\n") if line.lower().startswith("set-cookie:")]
    assert lines
    return "; ".join(line.partition(":")[2].strip().partition(";")[0] for line in lines)
