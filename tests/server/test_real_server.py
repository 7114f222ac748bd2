"""A server in a process of its own, as users have it: it stops, it comes back, runs do not care."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from server.conftest import LONG_S, notebook_of, write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kernel, pytest.mark.slow]
TOKEN = {"Authorization": "token secret"}
SLOW = "%%step slow\nimport time\nfor _ in range(1200):\n    time.sleep(0.1)"


@dataclass
class Server:
    """`python -m jupyter_server` on the notebooks of `root`."""

    root: Path
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        line = [sys.executable, "-m", "jupyter_server", "--no-browser", f"--port={self.port}", "--allow-root"]
        line += ["--IdentityProvider.token=secret", f"--ServerApp.root_dir={self.root}"]
        line += ["--ServerApp.jpserver_extensions={'stepmill': True}", "--ServerApp.port_retries=0"]
        with (self.root / "server.log").open("ab") as log:
            self.processes.append(subprocess.Popen(line, stdout=log, stderr=log))
        wait_until(lambda: self.is_up())

    def is_up(self) -> bool:
        try:
            return self.ask("GET", "status")[0] == 200
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        process = self.processes.pop()
        process.send_signal(how)
        process.wait(LONG_S)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG_S)

    def ask(
        self, method: str, route: str, body: Any = None, *, headers: dict[str, str] = TOKEN, **query: Any
    ) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body)
        with closing(self.connection()) as connection:
            connection.request(method, f"/stepmill/api/{route}?{urlencode(query)}", data, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")

    def events(self, path: str, *, until: str, after: str = "") -> list[dict[str, Any]]:
        """Listen until an event of the kind `until` comes, or the stream ends."""
        query = urlencode({"path": path, "after": after})
        found: list[dict[str, Any]] = []
        with closing(self.connection()) as connection:
            connection.request("GET", f"/stepmill/api/stream?{query}", headers=TOKEN)
            with connection.getresponse() as response:
                for line in response:
                    if line.startswith(b"data: "):
                        found.append(json.loads(line.removeprefix(b"data: ")))
                        if found[-1]["event"] == until:
                            break
        return found

    def run(self, run_id: str, path: str) -> dict[str, Any]:
        return dict(self.ask("GET", f"runs/{run_id}", path=path)[1])


@pytest.fixture(scope="module")
def site_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("root")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Server(root, port)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()


@pytest.fixture
def server(site_server: Server) -> Server:
    """The server, started if the test before has stopped it, without any runs."""
    shutil.rmtree(site_server.root / ".stepmill", ignore_errors=True)
    (site_server.root / ".stepmill").mkdir()
    if not site_server.processes:
        site_server.start()
    return site_server


def wait_until(condition: Any) -> None:
    end_s = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end_s, "waited too long"
        time.sleep(0.1)


def holder_of(root: Path) -> int:
    return int(json.loads((root / ".stepmill/lock").read_text())["pid"])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_run_outlives_the_server(server: Server, how: signal.Signals) -> None:
    write_notebook(server.root / "nb.ipynb", "%%step a\nx = 1", SLOW)
    status, reply = server.ask("POST", "runs", {"path": "nb.ipynb"})
    assert status == 201
    run_id = reply["run_id"]
    seen = server.events("nb.ipynb", until="step-finished")
    server.stop(how)
    os.kill(holder_of(server.root), 0)
    server.start()
    assert server.run(run_id, "nb.ipynb")["status"] == "running"
    wait_until(
        lambda: (
            server.ask("GET", f"runs/{run_id}", path="nb.ipynb")[1]["steps"]["slow"]["status"] == "running"
        )
    )
    position = f"{run_id}:{seen[-1]['number']}"
    assert server.ask("DELETE", f"runs/{run_id}", path="nb.ipynb")[0] == 204
    rest = server.events("nb.ipynb", until="run-finished", after=position)
    assert [event["number"] for event in [*seen, *rest]] == list(range(len(seen) + len(rest)))
    assert rest[-1]["status"] == "cancelled"
    listed = server.ask("GET", "runs", path="nb.ipynb")[1]["runs"]
    assert [(run["run_id"], run["status"]) for run in listed] == [(run_id, "cancelled")]


def test_a_run_that_is_killed_is_over(server: Server) -> None:
    write_notebook(server.root / "nb.ipynb", SLOW)
    run_id = server.ask("POST", "runs", {"path": "nb.ipynb"})[1]["run_id"]
    server.events("nb.ipynb", until="step-started")
    os.killpg(holder_of(server.root), signal.SIGKILL)
    last = server.events("nb.ipynb", until="run-finished", after=f"{run_id}:0")[-1]
    assert (last["status"], last["lost"], last["steps"]["slow"]["status"]) == ("cancelled", True, "cancelled")
    assert server.run(run_id, "nb.ipynb")["status"] == "cancelled"
    write_notebook(server.root / "nb.ipynb", "%%step slow\nx = 1")
    assert server.ask("POST", "runs", {"path": "nb.ipynb"})[0] == 201
    wait_until(lambda: server.ask("GET", "runs", path="nb.ipynb")[1]["runs"][0]["status"] == "succeeded")


def test_a_browser_session_may_post_with_its_xsrf_token_only(server: Server) -> None:
    with closing(server.connection()) as connection:
        connection.request("GET", "/tree?token=secret")
        headers = connection.getresponse().headers
    cookies = [value.partition(";")[0] for value in headers.get_all("Set-Cookie", [])]
    xsrf = next(cookie.partition("=")[2] for cookie in cookies if cookie.startswith("_xsrf="))
    cookie = {"Cookie": "; ".join(cookies)}
    body = {"path": "nb.ipynb", "notebook": notebook_of("%%step a\nx = 1")}
    assert server.ask("POST", "analyze", body, headers=cookie)[0] == 403
    assert server.ask("POST", "analyze", body, headers={**cookie, "X-XSRFToken": xsrf})[0] == 200
    foreign = {**cookie, "X-XSRFToken": xsrf, "Origin": "https://evil.example"}
    assert server.ask("POST", "analyze", body, headers=foreign)[0] in (403, 404)


def test_nothing_is_left_behind_when_it_stops(server: Server) -> None:
    """The analysis' own process ends with the server, however that ends."""
    body = {"path": "nb.ipynb", "notebook": notebook_of("%%step a\nx = 1")}
    assert server.ask("POST", "analyze", body)[0] == 200
    helpers = children(server.processes[-1].pid)
    assert helpers
    server.stop(signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in helpers))


def children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
