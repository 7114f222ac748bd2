"""Servers that misbehave: what the panel says of each, and that it goes on by itself when they are well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

import stepmill
from ui.conftest import opened, pictures, running
from ui.lab import SMALL

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Browser, Locator, Route

    from ui.lab import Lab

API = "**/stepmill/api/**"


SAID = {
    "forbidden": ("The Jupyter server does not let you in", "Log in again"),
    "login page": ("Something else answers in the place of the Jupyter server", "Reload the page"),
    "no server behind the proxy": ("The Jupyter server does not answer", "goes on by itself"),
    "no extension": ("This Jupyter server has no stepmill", "restart Jupyter"),
}


def misbehave(route: Route, how: str) -> None:
    """Answer as servers do that are ill, and what stands before them."""
    page = "<!DOCTYPE html><title>Sign in</title>"
    if how == "forbidden":
        route.fulfill(status=403, json={"message": "Forbidden", "reason": None})
    elif how == "login page":
        route.fulfill(status=200, content_type="text/html", body=page)
    elif how == "no server behind the proxy":
        route.fulfill(status=503, content_type="text/html", body=page)
    elif how == "no extension" or (how == "older" and "/history" in route.request.url):
        route.fulfill(status=404, content_type="text/html", body=page)
    elif how == "older" and "/api/status" in route.request.url:
        route.fulfill(json={"schema": 1, "version": "0.0.1"})
    else:
        route.continue_()


def card(lab: Lab) -> Locator:
    return lab.panel.locator(".jp-Stepmill-header").get_by_role("alert").filter(has=lab.page.locator("p"))


def test_a_server_that_is_stopped_and_comes_back_without_stepmill_and_with_it(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    errors: list[str] = []
    with running(tmp_path_factory.mktemp("moody")) as server, opened(browser, server, errors) as lab:
        lab.write("moody/small.ipynb", *SMALL)
        lab.open("moody/small.ipynb")
        expect(lab.panel).to_contain_text("Will run 3 steps")
        lab.section("Runs")
        server.stop()
        expect(card(lab)).to_contain_text("The Jupyter server does not answer")
        expect(lab.edges).to_have_count(3)
        lab.page.screenshot(path=pictures() / "stopped.png")
        server.start(has_stepmill=False)
        expect(card(lab)).to_contain_text("This Jupyter server has no stepmill")
        expect(card(lab)).to_contain_text("pip install stepmill")
        server.stop()
        server.start()
        expect(card(lab)).to_have_count(0)
        expect(lab.panel).to_contain_text("No runs yet")
        lab.set_source(4, "%%step report\nprint(sum(doubled))")
        expect(lab.edges).to_have_count(2)
    assert [error for error in errors if "stepmill" in error.lower()] == []


def test_each_way_to_misbehave_is_told_and_passes_by_itself(lab: Lab) -> None:
    now = ["forbidden"]
    lab.page.route(API, lambda route: misbehave(route, now[0]))
    lab.write("ill/small.ipynb", *SMALL)
    lab.open("ill/small.ipynb")
    for now[0], texts in SAID.items():
        lab.panel.get_by_role("button", name="Try again").click()
        for text in texts:
            expect(card(lab)).to_contain_text(text)
        expect(lab.panel).not_to_contain_text("No steps yet")
        expect(lab.steps).to_have_count(0)
        lab.page.screenshot(path=pictures() / f"server, {now[0]}.png")
    now[0] = "forbidden"
    lab.panel.get_by_role("button", name="Try again").click()
    expect(card(lab)).to_contain_text(SAID["forbidden"][0])
    now[0] = "older"
    expect(lab.panel).to_contain_text("The server runs stepmill 0.0.1, this page another version.")
    expect(lab.edges).to_have_count(3)
    lab.section("Runs")
    expect(lab.panel).to_contain_text("does not know this request: it is another version than this page")
    expect(lab.panel).not_to_contain_text("No runs yet")
    lab.page.screenshot(path=pictures() / "server, older.png")
    now[0] = ""
    lab.panel.get_by_role("button", name="Try again").click()
    expect(lab.panel).to_contain_text("No runs yet")
    expect(lab.panel).not_to_contain_text("0.0.1")


def test_a_view_of_past_runs_comes_back_with_the_server(lab: Lab) -> None:
    now = ["login page"]
    lab.page.route(API, lambda route: misbehave(route, now[0]))
    path = lab.write("ill/past.ipynb", *SMALL[:3])
    run = stepmill.run(path, tracking=False).run_id
    lab.open("ill/past.ipynb")
    lab.execute("stepmill:show-step", path="ill/past.ipynb", run=run, step="load")
    view = lab.page.locator(".jp-Stepmill-view:visible")
    expect(view).to_contain_text("Something else answers in the place of the Jupyter server")
    lab.page.screenshot(path=pictures() / "server, view.png")
    now[0] = ""
    expect(view.get_by_role("article", name="Step load")).to_contain_text("Gives")
