"""What the panel shows of the notebook in front, and how."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

import stepmill
from ui.accessibility import accessible, reading
from ui.conftest import pictures
from ui.lab import SMALL

if TYPE_CHECKING:
    from ui.lab import Lab


EXAMPLES = Path(__file__).parents[2] / "examples"
READ = """
region Pipeline
small.ipynb
button Run the pipeline
button Show the steps as a list
button 3 steps
status, polite
alert, assertive
heading Steps Section
region Steps Section
application Graph of the steps
button rows: from load to double
button doubled: from double to report
button rows: from load to report
button Step load, not run yet, no earlier result is stored, gives rows
button Step double, not run yet, no earlier result is stored; load runs, takes rows, gives doubled
button Step report, not run yet, no earlier result is stored; double and load run, takes doubled, rows
heading Problems Section
heading Run Section
region Run Section
group Parameters
Parameters
textbox factor, 2
checkbox fast, checked
button Run
button Run all anew
region What a run would do
Will run 3 steps
group
DisclosureTriangle 3 have no stored result yet
heading Runs Section
"""
"""What a screen reader says of `SMALL` before it ran."""
LESS_WIDE = ".jp-SideArea, #jp-right-stack, #jp-right-stack > .lm-Widget { min-width: 200px !important; }"


def test_follows_the_notebook_in_front(lab: Lab) -> None:
    lab.write("front/small.ipynb", *SMALL)
    lab.write("front/other.ipynb", "%%step only\nx = 1")
    lab.write("front/plain.ipynb", "x = 1")
    lab.write("front/julia.ipynb", "x = 1", language="julia")
    lab.open("front/small.ipynb")
    expect(lab.summary).to_contain_text("3 steps")
    expect(lab.steps).to_have_count(3)

    lab.execute("docmanager:open", path="front/other.ipynb")
    expect(lab.summary).to_contain_text("1 step")
    expect(lab.step("only")).to_be_visible()

    lab.execute("docmanager:open", path="front/plain.ipynb")
    expect(lab.panel).to_contain_text("No steps yet")
    expect(lab.panel.get_by_role("button", name="Make this cell a step…")).to_be_visible()

    lab.execute("docmanager:open", path="front/julia.ipynb", kernelPreference={"shouldStart": False})
    expect(lab.panel).to_contain_text("no Python notebook")

    lab.execute("docmanager:open", path="front/small.ipynb")
    expect(lab.summary).to_contain_text("3 steps")


def test_the_graph_can_be_read(lab: Lab) -> None:
    """Drawn is not enough: nodes lie inside the frame, are wide enough to read, and edges have names."""
    lab.write("graph/small.ipynb", *SMALL)
    lab.open("graph/small.ipynb")
    expect(lab.edges).to_have_count(3)
    expect(lab.panel.locator(".jp-Stepmill-edgeLabel")).to_have_text(["rows", "doubled", "rows"])
    frame = lab.panel.locator(".react-flow").bounding_box()
    assert frame is not None
    for name in ("load", "double", "report"):
        box = lab.step(name).bounding_box()
        assert box is not None
        assert box["width"] > 60, name
        assert frame["x"] <= box["x"], name
        assert box["x"] + box["width"] <= frame["x"] + frame["width"], name
        assert frame["y"] <= box["y"], name
        assert box["y"] + box["height"] <= frame["y"] + frame["height"], name
    lab.step("load").focus()
    lab.page.keyboard.press("ArrowDown")
    expect(lab.step("double")).to_be_focused()
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 3")
    lab.open("graph/small.ipynb")  # anew, so that nothing is chosen
    expect(lab.panel).to_contain_text("3 have no stored result yet")
    expect(lab.edges).to_have_count(3)
    assert reading(lab) == READ.strip().splitlines()
    names = accessible(lab)
    assert not any(name == "" for role in ("button", "textbox", "checkbox", "region") for name in names[role])


def test_every_example_opens(lab: Lab) -> None:
    shutil.copytree(EXAMPLES, lab.root / "examples", ignore=shutil.ignore_patterns(".stepmill"))
    paths = sorted(path.relative_to(EXAMPLES.parent) for path in EXAMPLES.glob("*/*.ipynb"))
    lab.open(str(paths[0]))
    for path in paths:
        lab.execute("docmanager:open", path=str(path))
        names = [step.name for step in stepmill.analyze(lab.root / path).steps]
        expect(lab.panel).to_contain_text(path.name)
        expect(lab.steps).to_have_count(len(names))
        for name in names:
            expect(lab.step(name)).to_be_visible()
        expect(lab.summary).not_to_contain_text("problem")


def test_a_long_graph_is_walked_not_shrunk(lab: Lab) -> None:
    chain = [f"%%step s{i}\nv{i} = v{i - 1} + 1" for i in range(1, 20)]
    lab.write("long/chain.ipynb", "%%step s0\nv0 = 1", *chain)
    lab.open("long/chain.ipynb")
    expect(lab.edges).to_have_count(19)
    lab.step("s0").focus()
    for _ in range(15):
        lab.page.keyboard.press("ArrowDown")
    expect(lab.step("s15")).to_be_focused()
    expect(lab.step("s15")).to_be_in_viewport(ratio=1)
    box, frame = lab.step("s15").bounding_box(), lab.panel.locator(".react-flow").bounding_box()
    assert box is not None
    assert frame is not None
    assert box["width"] > 60
    assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]


def test_follows_what_is_typed(lab: Lab) -> None:
    lab.write("typed/small.ipynb", *SMALL, "x = 1")
    lab.open("typed/small.ipynb")
    expect(lab.edges).to_have_count(3)
    lab.choose_cell(5)
    lab.page.keyboard.press("Control+Home")
    lab.page.keyboard.type("%%step extra\ny = doubled[0]\n")
    expect(lab.summary).to_contain_text("4 steps")
    expect(lab.edges).to_have_count(4)

    lab.page.keyboard.type("z = (")
    expect(lab.summary).to_contain_text("1 problem")
    expect(lab.panel).to_contain_text("As it was before: invalid Python")
    expect(lab.edges).to_have_count(4)
    lab.summary.get_by_role("button", name="1 problem").click()
    lab.choose_cell(0)
    lab.panel.get_by_role("button", name=re.compile("invalid Python")).click()
    expect(lab.page.locator(".jp-Stepmill-markedLine")).to_have_count(1)
    assert lab.active_cell() == 5

    lab.set_source(5, "%%step extra\ny = rows")
    expect(lab.panel).not_to_contain_text("As it was before")
    expect(lab.summary).not_to_contain_text("problem")
    expect(lab.edges).to_have_count(4)


def test_narrow_wide_and_dark(lab: Lab) -> None:
    lab.write("looks/small.ipynb", *SMALL)
    lab.open("looks/small.ipynb")
    expect(lab.edges).to_have_count(3)
    lab.page.add_style_tag(content=LESS_WIDE)
    tab = lab.page.locator('.jp-SideBar [data-id="stepmill-panel"]')
    tab.click()  # folded and unfolded, so that the new least width is measured
    expect(lab.panel).to_be_hidden()
    tab.click()
    lab.resize(220)
    rows = lab.panel.locator(".jp-Stepmill-row[data-step]")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("rows → doubled")
    lab.page.screenshot(path=pictures() / "narrow.png")
    lab.resize(900)
    expect(lab.edges).to_have_count(3)
    lab.page.screenshot(path=pictures() / "wide.png")
    lab.resize(320)
    for theme in ("JupyterLab Dark", "JupyterLab Dark High Contrast"):
        lab.execute("apputils:change-theme", theme=theme)
        expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        expect(lab.page.locator("#jupyterlab-splash")).to_have_count(0)
        expect(lab.edges).to_have_count(3)
        lab.page.screenshot(path=pictures() / f"{theme}.png")
    lab.execute("apputils:change-theme", theme="JupyterLab Light")
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-name", "JupyterLab Light")
    lab.panel.get_by_role("button", name="Show the steps as a list").click()
    expect(rows).to_have_count(3)
    lab.panel.get_by_role("button", name="Show the steps as a graph").click()
    expect(lab.edges).to_have_count(3)
