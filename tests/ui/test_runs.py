"""Runs: started here or in a terminal, watched live, failed, refused, found again after a reload."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from ui.lab import SMALL

if TYPE_CHECKING:
    from ui.lab import Lab


def test_runs_with_a_parameter_changed(lab: Lab) -> None:
    lab.write("run/small.ipynb", *SMALL)
    lab.open("run/small.ipynb")
    expect(lab.panel).to_contain_text("Will run 3 steps")
    expect(lab.step("double")).to_have_attribute("data-state", "new")
    lab.run_button.click()
    expect(lab.step("double")).to_have_attribute("data-state", "running")
    expect(lab.edges).to_have_count(3)
    expect(lab.panel.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(lab.told).to_have_text("1 of 3 steps done, now double")
    expect(lab.panel).to_contain_text("Nothing to run")
    expect(lab.told).to_have_text("The run has succeeded")
    expect(lab.edges).to_have_count(3)
    expect(lab.step("double")).to_have_attribute("data-state", "fresh")

    lab.panel.get_by_role("textbox", name="factor").fill("x")
    expect(lab.panel).to_contain_text("This must be a whole number.")
    expect(lab.run_button).to_be_disabled()
    lab.panel.get_by_role("textbox", name="factor").fill("5")
    expect(lab.panel).to_contain_text("Will run 2 of 3 steps")
    expect(lab.panel).to_contain_text("factor changed from 2 to 5")
    expect(lab.panel.get_by_role("button", name="Use the notebook's value for factor, 2")).to_be_visible()
    expect(lab.summary).to_contain_text("2 out of date")
    will_run_is_lit(lab, load="false", double="true", report="true")
    lab.run_button.click()
    lab.section("Runs")
    expect(lab.panel.locator("tr[data-run]").first).to_contain_text("factor 2 → 5")
    expect(lab.panel).to_contain_text("2 run, 1 reused")


def will_run_is_lit(lab: Lab, **lit: str) -> None:
    """Point at the button that runs, and away: what it would run is lit, and it says why."""
    lab.run_button.hover()
    for name, is_lit in lit.items():
        expect(lab.step(name)).to_have_attribute("data-lit", is_lit)
    expect(lab.run_button).to_have_attribute("title", re.compile("double: factor changed from 2 to 5"))
    lab.summary.hover()
    for name in lit:
        expect(lab.step(name)).not_to_have_attribute("data-lit", re.compile(""))


def test_a_failure_leads_to_its_line(lab: Lab) -> None:
    helper = "def divide(a, b):\n    return a / b"
    lab.write(
        "fail/fail.ipynb",
        "# Fails",
        helper,
        "%%step load\nrows = [1, 0]",
        "%%step use\nx = 1\ny = divide(*rows)",
    )
    lab.open("fail/fail.ipynb")
    lab.run_button.click()
    expect(lab.panel).to_contain_text("use failed")
    expect(lab.panel).to_contain_text("ZeroDivisionError: division by zero")
    expect(lab.step("use")).to_have_attribute("data-state", "failed")
    expect(lab.panel.get_by_role("alert").first).to_have_text("Step use has failed")
    lab.choose_cell(1)
    lab.panel.get_by_role("button", name="Go to cell").click()
    marked = lab.page.locator(".jp-Stepmill-markedLine")
    expect(marked).to_have_text("y = divide(*rows)")
    assert lab.active_cell() == 3
    lab.panel.get_by_role("button", name=re.compile("raised in")).click()
    expect(marked.filter(has_text="return a / b")).to_have_count(1)

    lab.set_source(2, "%%step load\nrows = [1, 2]")
    expect(lab.step("load")).to_have_attribute("data-state", "edited")
    lab.run_button.click()
    expect(lab.panel).to_contain_text("Nothing to run")
    expect(lab.panel).not_to_contain_text("use failed")
    assert "rows = [1, 2]" in (lab.root / "fail" / "fail.ipynb").read_text()


def test_a_refused_run_says_where_and_why(lab: Lab) -> None:
    lab.write("refused/no.ipynb", "%%step a\nrows = [1]", "rows.append(2)", "%%step b\ntotal = sum(rows)")
    lab.open("refused/no.ipynb")
    expect(lab.summary).to_contain_text("1 problem")
    lab.run_button.click()
    expect(lab.panel).to_contain_text("The run did not start")
    card = lab.panel.get_by_role("alert").filter(has_text="The run did not start")
    card.get_by_role("button", name=re.compile(r"cell \[2\], line 2")).click()
    expect(lab.page.locator(".jp-Stepmill-markedLine")).to_have_text("total = sum(rows)")
    assert lab.active_cell() == 2


def test_a_run_from_a_terminal_shows_up(lab: Lab) -> None:
    path = lab.write("terminal/small.ipynb", *SMALL)
    lab.open("terminal/small.ipynb")
    expect(lab.panel).to_contain_text("Will run 3")
    command = [sys.executable, "-m", "stepmill", "run", str(path), "-p", "factor=3"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        expect(lab.step("double")).to_have_attribute("data-state", "running")
        assert process.wait(120) == 0
    finally:
        process.kill()
        process.wait()
    expect(lab.panel).to_contain_text("3 run, 0 reused")
    lab.section("Runs")
    expect(lab.panel.locator("tr[data-run]")).to_have_count(1)


def test_by_keyboard_a_run_is_started_found_again_after_a_reload_and_stopped(lab: Lab) -> None:
    slow = SMALL[3].replace("sleep(3)", "sleep(20)")
    lab.write("reload/small.ipynb", *SMALL[:3], slow, SMALL[4])
    lab.open("reload/small.ipynb")
    lab.choose_cell(0)
    lab.enter_panel()
    lab.tab_to("[data-step]")
    lab.page.keyboard.press("ArrowDown")
    expect(lab.step("double")).to_be_focused()
    lab.tab_to("button.jp-mod-accept")
    lab.page.keyboard.press("Enter")
    expect(lab.step("double")).to_have_attribute("data-state", "running")
    lab.open("reload/small.ipynb")
    expect(lab.step("load")).to_have_attribute("data-state", "executed")
    expect(lab.step("double")).to_have_attribute("data-state", "running")
    lab.enter_panel()
    lab.tab_to("button.jp-mod-warn")
    lab.page.keyboard.press("Enter")
    expect(lab.step("double")).to_have_attribute("data-state", "cancelled")
    expect(lab.run_button).to_be_enabled()
