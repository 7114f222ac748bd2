"""Which notebook a kernel belongs to, asked of a real Jupyter server with a real session."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from jupyter_client.blocking import BlockingKernelClient

from kernel_magics.kernels import Kernel
from kernel_magics.notebooks import write_cells

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


class Server:
    """A Jupyter server as a user starts it, with its runtime folder."""

    def __init__(self, address: str, token: str, runtime: Path) -> None:
        self.address = address
        self.token = token
        self.runtime = runtime

    def call(self, method: str, path: str, document: Any = None) -> Any:
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        data = None if document is None else json.dumps(document).encode()
        request = Request(f"{self.address}api/{path}", data, headers, method=method)
        with urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    @contextmanager
    def kernel_of(self, path: str) -> Iterator[tuple[Kernel, str]]:
        """Open a notebook as JupyterLab does; give its kernel and the id of the session."""
        about = {
            "path": path,
            "name": path.rpartition("/")[2],
            "type": "notebook",
            "kernel": {"name": "python3"},
        }
        session = self.call("POST", "sessions", about)
        client = BlockingKernelClient(
            connection_file=str(self.runtime / f"kernel-{session['kernel']['id']}.json")
        )
        client.load_connection_file()
        client.start_channels()
        _wait_until_ready(client)
        try:
            yield Kernel(client, None), session["id"]  # type: ignore[arg-type]
        finally:
            client.stop_channels()
            self.call("DELETE", f"sessions/{session['id']}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    import os

    folder = tmp_path_factory.mktemp("server")
    runtime = folder / "runtime"
    root = folder / "root of notebooks"
    (root / "inner ordner").mkdir(parents=True)
    write_cells(root / "inner ordner" / "ünï one.ipynb", "%%step first\nx = 1")
    write_cells(root / "inner ordner" / "another.ipynb", "%%step second\nx = 1")
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
    }
    command = [sys.executable, "-m", "jupyter_server", "--ServerApp.port=0", "--ServerApp.open_browser=False"]
    command += [f"--ServerApp.root_dir={root}", "--allow-root", "--ServerApp.base_url=/some/base/"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        told = _wait_for(runtime, process)
        address = f"http://127.0.0.1:{told['port']}{told['base_url']}"
        yield Server(address, told["token"], runtime)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(runtime: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "the server does not start"
        for file in runtime.glob("jpserver-*.json") if runtime.is_dir() else ():
            found: dict[str, Any] = json.loads(file.read_text() or "{}")
            if found.get("port"):
                time.sleep(1)  # it is told before it listens
                return found
        time.sleep(0.2)
    raise AssertionError("the server does not start")


def _wait_until_ready(client: BlockingKernelClient) -> None:
    """The server's answer comes before its kernel is up; until then it passes for dead."""
    for attempt in range(30):
        try:
            client.wait_for_ready(timeout=60)
            return
        except RuntimeError:
            if attempt == 29:
                raise
            time.sleep(1)


def _drawn(kernel: Kernel) -> str:
    reply = kernel.run("%pipeline", timeout_s=120)
    return reply.said


def test_the_session_says_which_notebook_it_is(server: Server) -> None:
    with server.kernel_of("inner ordner/ünï one.ipynb") as (kernel, _):
        kernel.run("%load_ext stepmill")
        assert "first" in _drawn(kernel)
        kernel.run("%cd -q /")
        assert "first" in _drawn(kernel)


def test_a_renamed_notebook_is_found_under_its_new_name(server: Server) -> None:
    with server.kernel_of("inner ordner/another.ipynb") as (kernel, session):
        kernel.run("%load_ext stepmill")
        assert kernel.value("__import__('os').environ['JPY_SESSION_NAME']").endswith("another.ipynb'")
        server.call("PATCH", "contents/inner%20ordner/another.ipynb", {"path": "inner ordner/renamed.ipynb"})
        server.call("PATCH", f"sessions/{session}", {"path": "inner ordner/renamed.ipynb"})
        assert "renamed.ipynb: 1 step" in _drawn(kernel)


def test_a_server_that_is_gone_leaves_what_it_told_the_kernel(server: Server) -> None:
    with server.kernel_of("inner ordner/ünï one.ipynb") as (kernel, _):
        kernel.run("%load_ext stepmill\nimport os\nos.environ['JUPYTER_RUNTIME_DIR'] = '/nowhere'")
        assert "first" in _drawn(kernel)
