"""One sitting with the panel after the other: each test is one page, and several things done on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ui.accessibility import serious
from ui.conftest import pictures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ui.lab import Lab

WORK = (
    "%load_ext stepmill",
    "%%parameters\nfactor = 2",
    "%%step load\nrows = list(range(5))\nprint('loaded', len(rows))",
    "%%step double\nimport time\nfor n in range(600):\n    print('epoch', n)\n    time.sleep(0.5)",
    "%%step use --after load\ndoubled = [row * factor for row in rows]\ny = doubled[99]",
)
UNTAGGED = (
    "# Load",
    "rows = [3, 1, 2]\nnames = ['a', 'b', 'c']",
    "# Clean",
    "kept = sorted(rows)\nprint(kept)",
    "# Report",
    "total = sum(kept)\nprint(total, names)",
)
SHORT = WORK[3].replace("range(600)", "range(3)")


def test_a_run_is_watched_fails_and_is_mended(lab: Lab) -> None:
    lab.write("work/work.ipynb", *WORK[:3], SHORT, WORK[4])
    lab.open("work/work.ipynb")
    expect(lab.panel).to_contain_text("Will run 3")
    lab.run_button.click()
    expect(lab.panel).to_contain_text("use failed")
    expect(lab.run_button).to_be_enabled()
    card = lab.panel.locator(".jp-Stepmill-card").filter(has_text="use failed")
    card.get_by_role("button", name="Go to cell [4], line 3").click()
    expect(lab.page.locator(".jp-Stepmill-markedLine")).to_have_text("y = doubled[99]")

    assert serious(lab, "#stepmill-panel") == []
    lab.step("load").click()
    told = lab.panel.get_by_role("region", name="Step load")
    expect(told).to_contain_text("gives")
    expect(told).to_contain_text("rows list 5")
    lab.page.screenshot(path=pictures() / "failed.png")

    lab.set_source(3, WORK[3])
    lab.set_source(4, "%%step use --after load\ndoubled = [row * factor for row in rows]\ny = doubled[0]")
    lab.step("double").click()
    told = lab.panel.get_by_role("region", name="Step double")
    told.get_by_role("button", name="Run only this").click()
    expect(lab.step("double")).to_have_attribute("data-state", "running")
    lab.panel.get_by_text("Output of double").click()
    expect(lab.panel.locator(".jp-Stepmill-log")).to_contain_text("epoch 2")
    assert serious(lab, "#stepmill-panel") == []
    lab.page.screenshot(path=pictures() / "running.png")
    lab.panel.get_by_role("button", name="Stop", exact=True).click()
    expect(lab.step("double")).to_have_attribute("data-state", "cancelled")

    lab.set_source(3, SHORT)
    expect(lab.step("double")).to_have_attribute("data-state", "edited")
    told.get_by_role("button", name="Run from here").click()
    expect(lab.panel).to_contain_text("succeeded")
    lab.run_button.click()
    expect(lab.panel).to_contain_text("Nothing to run")
    lab.panel.get_by_role("button", name="Accept outputs into my notebook").click()
    expect(lab.panel).to_contain_text("are in the notebook")
    expect(lab.page.locator(".jp-OutputArea-output").first).to_have_text("loaded 5\n")
    expect(lab.panel).to_contain_text("Nothing to run")


def test_a_step_is_opened_with_its_inputs(lab: Lab) -> None:
    lab.write("opened/work.ipynb", "%%step load\nrows = [1, 2]", "%%step use\ny = rows[5]")
    lab.open("opened/work.ipynb")
    lab.run_button.click()
    card = lab.panel.locator(".jp-Stepmill-card").filter(has_text="use failed")
    card.get_by_role("button", name="Open with inputs").click()
    expect(lab.panel).to_contain_text("work-use.ipynb")
    assert (lab.root / "opened" / "work-use.ipynb").is_file()
    lab.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    lab.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
    lab.execute("notebook:run-all-cells")
    expect(lab.page.locator(".jp-NotebookPanel:visible")).to_contain_text("IndexError")


def test_an_edge_says_which_lines_make_it(lab: Lab) -> None:
    lab.write(
        "edge/edge.ipynb",
        "%%step a\nx = 1\nrows = [x]",
        "%%step b --after a\nprint(1)",
        "%%step c\nprint(rows)",
    )
    lab.open("edge/edge.ipynb")
    expect(lab.panel.locator(".jp-Stepmill-edgeLabel")).to_have_text(["order", "rows"])
    kinds = lab.panel.locator("path.jp-Stepmill-edge")
    styles = kinds.evaluate_all("paths => paths.map(path => getComputedStyle(path).strokeDasharray)")
    assert len(set(styles)) == 2
    lab.panel.locator(".jp-Stepmill-edgeLabel", has_text="rows").click()
    told = lab.panel.get_by_role("region", name="From a to c")
    told.get_by_role("button", name="made in cell [0], line 3").click()
    expect(lab.page.locator(".jp-Stepmill-markedLine")).to_have_text("rows = [x]")
    told.get_by_role("button", name="used in cell [2], line 2").click()
    expect(lab.page.locator(".jp-Stepmill-markedLine").filter(has_text="print(rows)")).to_have_count(1)
    told.get_by_role("button", name="Close").click()
    expect(told).to_have_count(0)

    lab.step("a").focus()
    lab.page.keyboard.press("ArrowRight")
    expect(lab.step("b")).to_be_focused()
    lab.page.keyboard.press("ArrowLeft")
    expect(lab.step("a")).to_be_focused()
    lab.page.keyboard.press(" ")
    expect(lab.panel.get_by_role("region", name="Step a")).to_be_visible()
    expect(lab.step("a")).to_be_focused()
    lab.page.keyboard.press("Escape")
    expect(lab.panel.get_by_role("region", name="Step a")).to_have_count(0)


def test_problems_are_underlined_explained_and_fixed(lab: Lab) -> None:
    lab.write(
        "wrong/wrong.ipynb",
        "%load_ext stepmill",
        "%%step load\nrows = [1]",
        "%%step b --after laod\nprint(rows)",
    )
    lab.open("wrong/wrong.ipynb")
    mark = lab.page.locator(".jp-Stepmill-squiggle")
    expect(mark).to_have_text("laod")
    mark.hover()
    tooltip = lab.page.locator(".jp-Stepmill-tooltip")
    expect(tooltip).to_contain_text("laod")
    lab.page.screenshot(path=pictures() / "problem.png")
    tooltip.get_by_role("button", name="write `load`").click()
    expect(mark).to_have_count(0)
    assert lab.sources()[2] == "%%step b --after load\nprint(rows)"
    lab.set_source(2, "%%step b --after laod\nprint(rows)")
    lab.section("Problems")
    lab.panel.get_by_role("button", name="write load").click()
    expect(lab.summary).not_to_contain_text("problem")
    assert lab.sources()[2] == "%%step b --after load\nprint(rows)"

    lab.choose_cell(2)
    lab.page.keyboard.press("Control+Home")
    lab.page.keyboard.press("End")
    lab.page.keyboard.type(" --ret")
    lab.page.keyboard.press("Tab")
    chosen = "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells[2].getSource()"
    item = lab.page.locator(".jp-Completer-item", has_text="retries")
    item.or_(lab.page.locator(".cm-line", has_text="--retries")).first.wait_for()
    if item.is_visible():
        item.click()
    expect(lab.page.locator(".cm-line", has_text="--after load --retries")).to_have_count(1)
    assert "--after load --retries\n" in lab.page.evaluate(chosen)


def test_steps_are_suggested(lab: Lab) -> None:
    lab.write("suggest/plain.ipynb", *UNTAGGED)
    lab.open("suggest/plain.ipynb")
    lab.panel.get_by_role("button", name="Suggest steps").click()
    expect(lab.panel).to_contain_text("plain-steps.ipynb")
    expect(lab.step("clean")).to_be_visible()
    assert "%%step" not in (lab.root / "suggest/plain.ipynb").read_text()


@pytest.fixture
def tags_in_metadata(lab: Lab) -> Iterator[None]:
    """Cells are tagged by their metadata, for this test only: the server keeps settings."""
    save = "tags => window.jupyterapp.serviceManager.settings.save('stepmill:plugin', JSON.stringify({tags}))"
    lab.write("metadata/plain.ipynb", *UNTAGGED)
    lab.open("metadata/plain.ipynb")
    lab.page.evaluate(save, "metadata")
    lab.open("metadata/plain.ipynb")
    yield
    lab.page.evaluate(save, "magic")


@pytest.mark.usefixtures("tags_in_metadata")
def test_a_cell_is_tagged_by_its_metadata(lab: Lab) -> None:
    lab.choose_cell(3)
    lab.panel.get_by_role("button", name="Make this cell a step…").click()
    dialog = lab.page.get_by_role("dialog")
    dialog.locator("input").fill("clean")
    dialog.get_by_role("button", name="Tag").click()
    expect(lab.step("clean")).to_have_attribute("data-state", "edited")
    expect(lab.panel).to_contain_text("Save the notebook to see what a run would do.")
    assert lab.sources()[3] == "kept = sorted(rows)\nprint(kept)"
    badge = lab.page.locator(".cm-line.jp-Stepmill-tagLine")
    expect(badge).to_have_attribute("data-stepmill", re.compile("^step clean · → kept"))
    lab.execute("stepmill:untag-cell")
    expect(lab.panel).to_contain_text("No steps yet")


def test_many_steps_fold(lab: Lab) -> None:
    cells: list[str] = []
    for part in range(8):
        cells.append(f"# Part {part}")
        cells += [
            f"%%step s{n}\nv{n} = {f'v{n - 1}' if n else '1'}" for n in range(part * 25, part * 25 + 25)
        ]
    lab.write("many/many.ipynb", *cells)
    lab.open("many/many.ipynb")
    groups = lab.panel.locator('[data-group="true"]')
    expect(groups).to_have_count(8)
    expect(lab.edges).to_have_count(7)
    expect(groups.first).to_contain_text("Part 0 (25)")
    frame = lab.panel.locator(".react-flow").bounding_box()
    boxes = [groups.nth(i).bounding_box() for i in range(8)]
    assert frame is not None
    assert all(
        b and frame["y"] <= b["y"] and b["y"] + b["height"] <= frame["y"] + frame["height"] for b in boxes
    )
    groups.first.click()
    expect(lab.steps).to_have_count(25 + 7)
    lab.panel.get_by_role("button", name="Unfold all").click()
    expect(lab.steps).to_have_count(200)
    lab.step("s199").focus()
    expect(lab.step("s199")).to_be_in_viewport(ratio=1)
    filtering_finds_steps(lab)
    lab.panel.get_by_role("button", name="Fold", exact=True).click()
    expect(groups).to_have_count(8)


def filtering_finds_steps(lab: Lab) -> None:
    lab.page.keyboard.press("/")
    box = lab.panel.get_by_role("searchbox", name="Filter the steps")
    expect(box).to_be_focused()
    for text, names in (("+s3", ["s0", "s1", "s2", "s3"]), ("s197+", ["s197", "s198", "s199"])):
        box.fill(text)
        expect(lab.steps).to_have_count(len(names))
        assert sorted(lab.steps.evaluate_all("all => all.map(one => one.dataset.step)")) == names
    box.fill("nowhere")
    expect(lab.panel).to_contain_text("No step has “nowhere”.")
    expect(lab.steps).to_have_count(0)
    box.press("Escape")
    expect(box).to_have_value("")
    expect(lab.steps).to_have_count(200)


def test_nothing_serious_in_the_way_of_assistive_technology(lab: Lab) -> None:
    lab.write(
        "axe/work.ipynb",
        "%%parameters\nfactor = 2",
        "%%step a\nx = factor or nope",
        "%%step b --after c\ny = x[0]",
    )
    lab.open("axe/work.ipynb")
    expect(lab.summary).to_contain_text("1 problem · 1 warning")
    lab.section("Problems")
    lab.step("a").click()
    expect(lab.panel.get_by_role("region", name="Step a")).to_be_visible()
    assert serious(lab, "#stepmill-panel") == []
    lab.panel.get_by_role("button", name="Show the steps as a list").click()
    expect(lab.panel.locator(".jp-Stepmill-row[data-step]")).to_have_count(2)
    lab.execute("apputils:change-theme", theme="JupyterLab Dark")
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", "JupyterLab Dark")
    expect(lab.page.locator("#jupyterlab-splash")).to_have_count(0)
    assert serious(lab, "#stepmill-panel") == []
    lab.execute("apputils:change-theme", theme="JupyterLab Light")
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", "JupyterLab Light")
    lab.panel.get_by_role("button", name="Show the steps as a graph").click()
