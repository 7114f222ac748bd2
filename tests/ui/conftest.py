"""Starts JupyterLab once a session and a page a test. Nothing here downloads a browser."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ui.lab import Lab
from ui.server import BUNDLE, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage

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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of all pages; stays as it is."""
    with running(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@contextlib.contextmanager
def running(home: Path) -> Iterator[Server]:
    """A server that is stopped at the end."""
    if not (BUNDLE / "package.json").is_file():
        _missing("the panel is not built: pip install -e . does it")
    server = Server(home)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def lab(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A page of its own; at the end, errors in its console fail the test."""
    errors: list[str] = []
    with opened(browser, server, errors) as lab:
        yield lab
        lab.page.screenshot(path=pictures() / f"{request.node.name}.png")
    assert errors == []


@contextlib.contextmanager
def opened(browser: Browser, server: Server, errors: list[str]) -> Iterator[Lab]:
    """A page on a server; what its console and its scripts complain about goes into `errors`."""
    page = browser.new_page(viewport={"width": 1400, "height": 900}, base_url=server.url)
    page.set_default_timeout(TIMEOUT_MS)
    page.on("console", lambda message: errors.extend(_error(message)))
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield Lab(page, server.url, server.root)
    finally:
        page.close()


def pictures() -> Path:
    """Return the folder for screenshots: to look at, compared with nothing."""
    folder = Path(os.environ.get("STEPMILL_PICTURES", "build/pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _error(message: ConsoleMessage) -> list[str]:
    isnt_ours = any(noise in message.text for noise in NOISE)
    return [message.text] if message.type == "error" and not isnt_ours else []
