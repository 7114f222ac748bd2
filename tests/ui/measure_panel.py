"""How long one waits for the panel, in milliseconds: measured in the page, printed, never asserted.

python -m pytest tests/ui/measure_panel.py -s -p no:cacheprovider
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ui.conftest import BUNDLE

if TYPE_CHECKING:
    from ui.lab import Lab

REPEATS = 7
UNTIL = """async ([act, done]) => {
  const began = performance.now();
  const isDone = new Function(`return ${done}`);
  new Function(act)();
  while (!isDone()) { await new Promise(resolve => requestAnimationFrame(resolve)); }
  return performance.now() - began;
}"""
"""From an action to the first frame in which something holds."""
EDIT = """window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells[0]
  .setSource('%%step s0\\nv0 = 1\\nextra_{0} = 2')"""
DELAY_MS = 300.0


def test_chunks() -> None:
    for file in sorted((BUNDLE / "static").glob("*.js"), key=lambda file: -file.stat().st_size):
        print(f"\n{file.stat().st_size / 1000:8.1f} kB  {file.name}", end="")


@pytest.mark.parametrize("steps", [20, 200])
def test_waits(lab: Lab, steps: int) -> None:
    cells = ["%%step s0\nv0 = 1", *(f"%%step s{n}\nv{n} = v{n - 1} + v{n // 2} + 1" for n in range(1, steps))]
    lab.write(f"measure/{steps}.ipynb", *cells)
    lab.open(f"measure/{steps}.ipynb")
    expect(lab.steps.first).to_be_visible()
    expect(lab.panel).to_contain_text("Will run")
    folds = lab.panel.get_by_role("button", name="Unfold all")
    if steps > 40:
        act = "[...document.querySelectorAll('.jp-Stepmill-folding button')][0].click()"
        _tell(lab, "unfold all", act, f"document.querySelectorAll('[data-step]').length === {steps}")
        expect(folds).to_have_count(0)
    clicks, edits = [], []
    for turn in range(REPEATS):
        name = f"s{turn + 1}"
        clicks.append(
            lab.page.evaluate(
                UNTIL,
                [
                    f"document.querySelector('[data-step=\"{name}\"]').click()",
                    f"document.querySelector('.jp-Stepmill-choice[aria-label=\"Step {name}\"]')",
                ],
            )
        )
        seen = f"document.querySelector('[data-stepmill*=\"extra_{turn}\"]')"
        edits.append(lab.page.evaluate(UNTIL, [EDIT.replace("{0}", str(turn)), seen]) - DELAY_MS)
    print(
        f"\n{steps} steps: click to change {_spread(clicks)}; pause to new analysis {_spread(edits)}", end=""
    )
    lab.page.evaluate("window.jupyterapp.commands.execute('application:toggle-right-area')")
    expect(lab.panel).to_be_hidden()
    act = "window.jupyterapp.shell.activateById('stepmill-panel')"
    shown = "document.querySelector('#stepmill-panel [data-step]')?.getBoundingClientRect().width > 20"
    _tell(lab, "panel shown again to graph", act, shown)


def _tell(lab: Lab, what: str, act: str, done: str) -> None:
    print(f"\n{what}: {lab.page.evaluate(UNTIL, [act, done]):.0f} ms", end="")


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ms (at most {max(values):.0f})"
