"""A smoke test in Notebook 7, which has another shell and the same plug-ins."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ui.conftest import TIMEOUT_MS, pictures
from ui.lab import SMALL, Lab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from ui.server import Server


@pytest.mark.skipif(importlib.util.find_spec("notebook.app") is None, reason="Notebook 7 is not installed")
def test_the_panel_opens_in_notebook_7(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(TIMEOUT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error} {error.stack}"))
    lab = Lab(page, server.url, server.root)
    lab.write("seven/small.ipynb", *SMALL)
    page.goto(f"{server.url}/notebooks/seven/small.ipynb")
    badge = page.locator(".cm-line.jp-Stepmill-tagLine").nth(1)
    expect(badge).to_have_attribute("data-stepmill", "rows → doubled · not run yet")
    page.get_by_role("button", name="Show the Pipeline").click()
    expect(lab.panel).to_contain_text("Will run 3 steps")
    expect(lab.edges).to_have_count(3)
    lab.step("report").click()
    expect(page.locator(".jp-Notebook-cell").nth(4)).to_have_class(re.compile("jp-mod-active"))
    page.screenshot(path=pictures() / "notebook7.png")
    page.close()
    assert [error for error in errors if "stepmill" in error.lower()] == []
