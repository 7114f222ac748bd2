"""Past runs: compared, looked into, deleted and restored, kept over a reload of the page."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

import stepmill
from ui.accessibility import serious
from ui.conftest import pictures

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Response

    from ui.lab import Lab

LOAD = """%%step load
import pandas as pd
df = pd.DataFrame({'age': [31.0, None, 58.0, 44.0], 'city': list('abca')})"""
FIT = """%%step fit --metrics f1,loss
scores = df['age'] * alpha
f1 = 0.8 + alpha / 10
loss = 1 - f1
print('f1', round(f1, 3))"""
REPORT = """%%step report
import matplotlib.pyplot as plt
plt.bar([0, 1, 2, 3], scores)
plt.title('scores')
plt.show()"""
CELLS = ("%load_ext stepmill", "%%parameters\nalpha = 0.1", LOAD, FIT, REPORT)


def run(path: Path, alpha: float) -> str:
    done = stepmill.run(path, {"alpha": alpha}, tracking=False)
    assert done.status == "succeeded"
    return done.run_id


WATCH_CLIPBOARD = """() => { window.copied = '';
    document.addEventListener('copy', event => {
        window.copied = event.clipboardData.getData('text/plain'); }); }"""


def runs_of(lab: Lab) -> Locator:
    return lab.panel.locator("tr[data-run]")


def open_runs(lab: Lab) -> None:
    """Open the notebook, and the list of its runs once the panel has folded what it folds at first."""
    lab.open("past/scores.ipynb")
    folded = lab.panel.locator(".jp-AccordionPanel-title", has_text="Problems")
    expect(folded).to_have_attribute("aria-expanded", "false")
    lab.section("Runs")


def copied(lab: Lab, button: str) -> str:
    """Return what a button puts on the clipboard."""
    lab.page.evaluate("() => { window.copied = ''; }")
    lab.page.get_by_role("button", name=button).click()
    lab.page.wait_for_function("() => window.copied !== ''")
    return str(lab.page.evaluate("() => window.copied"))


def test_past_runs_are_compared_looked_into_deleted_and_restored(lab: Lab) -> None:
    path = lab.write("past/scores.ipynb", *CELLS)
    first, second = run(path, 0.1), run(path, 0.3)
    open_runs(lab)
    lab.page.evaluate(WATCH_CLIPBOARD)
    expect(runs_of(lab)).to_have_count(2)
    expect(runs_of(lab).nth(0)).to_contain_text("alpha 0.1 → 0.3")
    expect(runs_of(lab).nth(0)).to_contain_text("0.83")
    compare_them(lab, first, second)
    look_into(lab, second)
    delete_and_undo(lab, first)


def compare_them(lab: Lab, first: str, second: str) -> None:
    view = lab.page.locator(".jp-Stepmill-view:visible")
    search = lab.panel.get_by_role("searchbox", name="Filter the runs")
    search.fill("alpha=0.3")
    expect(runs_of(lab)).to_have_count(1)
    search.fill("")
    lab.panel.get_by_role("button", name="f1", exact=True).click()
    expect(runs_of(lab).nth(0)).to_have_attribute("data-run", second)
    lab.panel.get_by_role("button", name="f1", exact=True).click()
    expect(runs_of(lab).nth(0)).to_have_attribute("data-run", first)
    for row in (0, 1):
        runs_of(lab).nth(row).get_by_role("checkbox").check()
    lab.page.screenshot(path=pictures() / "runs.png")
    lab.panel.get_by_role("button", name="Compare 2").click()

    expect(view).to_contain_text("fit is the first step that diverged: alpha is 0.1 in A and 0.3 in B.")
    steps = view.locator("[data-divergence]")
    expect(steps).to_have_count(3)
    for name, divergence in (("load", "same"), ("fit", "first"), ("report", "followed")):
        expect(view.locator(f'[data-step="{name}"]')).to_have_attribute("data-divergence", divergence)
    expect(view.get_by_role("region", name="Metrics")).to_contain_text("+0.02")
    expect(view.get_by_role("img", name="f1 of each run").locator("svg, canvas")).to_have_count(1)
    expect(view.get_by_role("region", name="Text outputs")).to_contain_text("+f1 0.83")
    expect(view.get_by_role("region", name="Environment")).to_have_count(0)
    metrics = view.get_by_role("region", name="Metrics")
    expect(metrics).to_contain_text("+0.02 (+2.5 %) better")
    metrics.get_by_role("button", name="f1: higher is better. Turn round").click()
    expect(metrics).to_contain_text("+0.02 (+2.5 %) worse")
    assert serious(lab, ".jp-Stepmill-view") == []
    side = [view.get_by_role("img", name=f"report, cell [4] in {letter}") for letter in "AB"]
    boxes = []
    for picture in side:
        expect(picture).to_be_visible()
        boxes.append(picture.bounding_box())
    left, right = boxes
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]
    assert min(left["width"], right["width"]) > 100
    lab.page.screenshot(path=pictures() / "compare.png")

    assert copied(lab, "Copy as Markdown").startswith("**fit is the first step that diverged")
    assert copied(lab, "Copy as CSV").splitlines()[0] == "run,run_id,started,status,seconds,alpha,f1,loss"
    assert f'"{first}",  # A' in copied(lab, "Copy as Python")

    view.get_by_role("checkbox", name="Differences only").uncheck()
    expect(view.get_by_role("region", name="Environment")).to_contain_text("pandas")
    with lab.page.expect_response(lambda reply: is_kept(reply, second, first)):
        view.get_by_role("radio", name="Compare with B").click()
    expect(view).to_contain_text("alpha is 0.3 in A and 0.1 in B")
    assert serious(lab, ".jp-Stepmill-view") == []

    lab.page.reload()
    expect(view).to_contain_text("alpha is 0.3 in A and 0.1 in B")
    expect(view.get_by_role("checkbox", name="Differences only")).not_to_be_checked()


def is_kept(reply: Response, *runs: str) -> bool:
    """Tell whether JupyterLab has just kept its workspace, with a comparison of these runs in this order."""
    return json.dumps(runs).replace(" ", "") in workspace_in(reply)


def is_notebook_kept(reply: Response, run_id: str) -> bool:
    """Tell whether JupyterLab has just kept its workspace, with the tab of an executed notebook."""
    kept = workspace_in(reply)
    return kept.count("stepmill-notebooks:") > 1 and run_id in kept


def workspace_in(reply: Response) -> str:
    """Return the workspace that a request has kept, without spaces; "" if it kept none."""
    request = reply.request
    is_workspace = request.method == "PUT" and "workspaces" in reply.url
    return (request.post_data or "").replace(" ", "") if is_workspace else ""


def look_into(lab: Lab, run_id: str) -> None:
    page = lab.page
    page.locator('.jp-Stepmill-view:visible [data-step="fit"]').focus()
    page.keyboard.press("Enter")
    fit = page.get_by_role("article", name="Step fit")
    expect(fit.get_by_role("region", name="Gives")).to_contain_text("scores")
    page.get_by_role("navigation", name="Steps of the run").get_by_role("button", name="load").click()
    load = page.get_by_role("article", name="Step load")
    table = load.locator('[data-value="df"] table').first
    expect(table).to_contain_text("58.0")
    page.screenshot(path=pictures() / "step.png")
    for value in load.locator("details").all():
        value.evaluate("details => { details.open = true; }")
    expect(load.locator('[data-value="df"]')).to_contain_text("Statistics")
    assert serious(lab, ".jp-Stepmill-view") == []
    with page.expect_download() as download:
        load.get_by_role("button", name="Download df").click()
    names = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())).namelist()
    assert {"README.txt", "artifact.json"} < set(names)
    outputs = page.locator(".jp-Notebook:visible, .jp-StaticNotebook:visible").locator(
        ".jp-OutputArea-output"
    )
    with page.expect_response(lambda reply: is_notebook_kept(reply, run_id)):
        lab.execute("stepmill:show-executed-notebook", path="past/scores.ipynb", run=run_id)
        expect(outputs.first).to_contain_text("f1 0.83")
    page.reload()
    expect(outputs.first).to_contain_text("f1 0.83")


def delete_and_undo(lab: Lab, run_id: str) -> None:
    open_runs(lab)
    expect(runs_of(lab)).to_have_count(2)
    row = lab.panel.locator(f'tr[data-run="{run_id}"]')
    row.get_by_role("button", name="More about").click()
    lab.page.get_by_role("menuitem", name="Delete").click()
    expect(row).to_have_count(0)
    expect(lab.panel).to_contain_text("1 run deleted.")
    lab.panel.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    assert stepmill.open_run(run_id, project=lab.root / "past").run_id == run_id
