"""Starts JupyterLab once a session and a page a test. Nothing here downloads a browser."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ui.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage

BUNDLE = Path(__file__).parents[2] / "extension" / "stepmill" / "labextension"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TIMEOUT_MS = 90_000  # of conditions, on a busy machine with two cores
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
NOISE = ("favicon", "Failed to load resource", "websocket", "WebSocket")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


def _missing(reason: str) -> None:
    """Skip on a developer's machine, fail in CI: there a browser is part of the machine."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    chosen = os.environ.get("CHROMIUM", "")
    path = chosen or next((found for name in CHROMIUM if (found := shutil.which(name))), "")
    if not path:
        _missing("no Chromium found: install one, or set CHROMIUM to its path")
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A `jupyter lab` with the panel as it was built last: its URL, and the folder that it shows."""
    if not (BUNDLE / "package.json").is_file():
        _missing("the panel is not built: pip install -e . does it")
    home = tmp_path_factory.mktemp("jupyter")
    root = home / "root"
    root.mkdir()
    (home / "labextensions").mkdir()
    (home / "labextensions" / "stepmill").symlink_to(BUNDLE)
    (home / "config" / "labconfig").mkdir(parents=True)
    (home / "config" / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    extensions = ["stepmill", *(["notebook"] if importlib.util.find_spec("notebook.app") else [])]
    port = _free_port()
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": root,
        "ServerApp.jpserver_extensions": str(dict.fromkeys(extensions, True)),
        "IdentityProvider.token": "",
        "LabApp.expose_app_in_browser": True,
        "LabApp.extra_labextensions_path": home / "labextensions",
        "JupyterNotebookApp.extra_labextensions_path": home / "labextensions",
    }
    folders = {f"JUPYTER_{kind.upper()}_DIR": str(home / kind) for kind in ("config", "data", "runtime")}
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            env={**os.environ, **folders, "JUPYTER_PLATFORM_DIRS": "0"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/api/status", process, home / "server.log")
        yield url, root
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


@pytest.fixture
def lab(browser: Browser, server: tuple[str, Path], request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A page of its own; at the end, errors in its console fail the test."""
    url, root = server
    page = browser.new_page(viewport={"width": 1400, "height": 900}, base_url=url)
    page.set_default_timeout(TIMEOUT_MS)
    errors: list[str] = []
    page.on("console", lambda message: errors.extend(_error(message)))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield Lab(page, url, root)
    page.screenshot(path=pictures() / f"{request.node.name}.png")
    page.close()
    assert errors == []


def pictures() -> Path:
    """Return the folder for screenshots: to look at, compared with nothing."""
    folder = Path(os.environ.get("STEPMILL_PICTURES", "build/pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _error(message: ConsoleMessage) -> list[str]:
    isnt_ours = any(noise in message.text for noise in NOISE)
    return [message.text] if message.type == "error" and not isnt_ours else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + 120
    while time.monotonic() < end_s:
        if process.poll() is not None:
            pytest.fail(f"jupyter lab ended:\n{log.read_text()[-3000:]}")
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    pytest.fail(f"jupyter lab did not answer:\n{log.read_text()[-3000:]}")
