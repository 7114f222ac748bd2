"""What the extension does in the notebook: badges, tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from ui.lab import SMALL

if TYPE_CHECKING:
    from ui.lab import Lab


def test_step_cells_carry_a_badge_that_moves_nothing(lab: Lab) -> None:
    lab.write("badge/small.ipynb", *SMALL)
    lab.open("badge/small.ipynb")
    line = lab.page.locator(".cm-line.jp-Stepmill-tagLine").nth(1)
    expect(line).to_have_attribute("data-stepmill", "rows → doubled · not run yet")
    lines = lab.page.locator(".jp-Notebook-cell").nth(3).locator(".cm-line")
    heights = [box["height"] for i in range(3) if (box := lines.nth(i).bounding_box())]
    assert len(set(heights)) == 1
    lab.choose_cell(3)
    lab.page.keyboard.press("Control+End")
    lab.page.keyboard.type("\nmore = 1")
    expect(line).to_have_attribute("data-stepmill", "rows → doubled, more · edited")


def test_a_cell_becomes_a_step_by_command_and_works_after_a_restart(lab: Lab) -> None:
    lab.write("tag/plain.ipynb", "# Reading things", "rows = [1, 2]", "total = sum(rows)")
    lab.open("tag/plain.ipynb")
    lab.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    lab.panel.get_by_role("button", name="Make this cell a step…").click()
    dialog = lab.page.get_by_role("dialog")
    expect(dialog.locator("input")).to_have_value("reading_things")
    dialog.locator("input").fill("load")
    dialog.get_by_role("button", name="Tag").click()
    expect(lab.summary).to_contain_text("1 step")
    expect(lab.panel).to_contain_text("Save the notebook to see what a run would do.")
    assert lab.sources() == [
        "%load_ext stepmill",
        "# Reading things",
        "%%step load\nrows = [1, 2]",
        "total = sum(rows)",
    ]
    expect(lab.page.locator(".jp-Notebook-cell").first.locator(".jp-InputPrompt")).to_have_text("[1]:")

    lab.page.keyboard.press("Shift+Enter")
    expect(lab.page.locator(".jp-Notebook-cell").nth(2).locator(".jp-InputPrompt")).to_have_text("[2]:")
    expect(lab.page.locator(".jp-OutputArea-output")).to_have_count(0)

    lab.execute("notebook:restart-run-all")
    expect(dialog).to_contain_text("Restart Kernel?")
    lab.page.keyboard.press("Enter")
    expect(lab.page.locator(".jp-Notebook-cell").nth(3).locator(".jp-InputPrompt")).to_have_text("[3]:")
    expect(lab.page.locator(".jp-OutputArea-output")).to_have_count(0)
    expect(lab.summary).to_contain_text("1 step")

    lab.page.locator(".jp-Notebook-cell").nth(2).locator(".cm-content").click(button="right")
    lab.page.get_by_role("menuitem", name="Remove Step Tag").click()
    expect(lab.panel).to_contain_text("No steps yet")
    assert lab.sources()[2] == "rows = [1, 2]"
