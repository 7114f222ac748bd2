"""How long one waits for the panel, in milliseconds: measured in the page, printed, never asserted.

python -m pytest tests/ui/measure_panel.py -s -p no:cacheprovider
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from ui.server import BUNDLE

if TYPE_CHECKING:
    from playwright.sync_api import Route

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
CHAIN = ("%%step s0\nv0 = 1", *(f"%%step s{n}\nv{n} = v{n - 1}" for n in range(1, 20)))
WATCH_KEYS = """() => { window.keyTimes = [];
  document.addEventListener('keydown', () => {
    const began = performance.now();
    requestAnimationFrame(() => setTimeout(() => window.keyTimes.push(performance.now() - began)));
  }, true); }"""


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


def test_first_graph(lab: Lab) -> None:
    """From the command to the first frame with the graph, in a page that has shown no panel."""
    for turn in range(3):
        lab.write(f"measure/first{turn}.ipynb", *CHAIN)
    shown = "document.querySelector('#stepmill-panel .react-flow [data-step]')?.offsetWidth > 20"
    for turn in range(3):
        lab.page.goto(f"{lab.url}/lab/tree/measure/first{turn}.ipynb?reset")
        lab.page.locator(".cm-line.jp-Stepmill-tagLine").first.wait_for()
        _tell(
            lab,
            f"first graph, page {turn + 1}",
            "window.jupyterapp.shell.activateById('stepmill-panel')",
            shown,
        )


def test_typing(lab: Lab) -> None:
    """The frames of keys in a notebook of 200 cells, with the extension and without it, by turns."""
    lab.write("measure/typing.ipynb", *(f"%%step s{n}\nv{n} = {n}" for n in range(200)))

    def without(route: Route) -> None:
        page = route.fetch()
        start, rest = page.text().split('id="jupyter-config-data"', 1)
        head, rest = rest.split(">", 1)
        data, end = rest.split("</script>", 1)
        config = json.loads(data)
        config["federated_extensions"] = []
        route.fulfill(
            response=page, body=f'{start}id="jupyter-config-data"{head}>{json.dumps(config)}</script>{end}'
        )

    times: dict[str, list[float]] = {"with": [], "without": []}
    for turn in range(4):
        kind = "without" if turn % 2 else "with"
        if kind == "without":
            lab.page.route("**/lab/**/measure/typing.ipynb*", without)
        lab.page.goto(f"{lab.url}/lab/tree/measure/typing.ipynb?reset")
        lab.page.locator(".jp-Notebook-cell").first.wait_for()
        lab.page.wait_for_timeout(3000)
        if kind == "with":
            lab.page.locator(".cm-line.jp-Stepmill-tagLine").first.wait_for()
            lab.show_panel()
            expect(lab.panel).to_contain_text("Will run")
        lab.page.unroute_all()
        lab.choose_cell(1)
        lab.page.keyboard.press("Control+End")
        lab.page.evaluate(WATCH_KEYS)
        for letter in "abcdefghij" * 4:
            lab.page.keyboard.type(letter)
            lab.page.wait_for_timeout(40)
        times[kind] += lab.page.evaluate("() => window.keyTimes")
    middle = {kind: statistics.median(found) for kind, found in times.items()}
    worst = {kind: statistics.quantiles(found, n=20)[-1] for kind, found in times.items()}
    print(
        f"\nkey to frame, with and without: {middle['with']:.1f} and {middle['without']:.1f} ms, ratio"
        f" {middle['with'] / middle['without']:.2f};"
        f" 95 of 100 below {worst['with']:.1f} and {worst['without']:.1f} ms",
        end="",
    )


def test_nothing_is_asked_while_hidden(lab: Lab) -> None:
    """Requests in ten seconds: the panel shown, hidden, and hidden beside a notebook without a step."""
    lab.write("measure/asked.ipynb", *CHAIN)
    lab.write("measure/plain.ipynb", "x = 1")
    asked: list[str] = []
    lab.page.on(
        "request", lambda request: asked.append(request.url) if "/stepmill/api" in request.url else None
    )
    lab.open("measure/asked.ipynb")
    expect(lab.panel).to_contain_text("Will run")
    for what in ("shown", "hidden"):
        lab.page.wait_for_timeout(2000)
        asked.clear()
        lab.page.wait_for_timeout(10_000)
        print(f"\nrequests in 10 s, panel {what}: {len(asked)}", end="")
        lab.execute("application:toggle-right-area")
    lab.page.goto(f"{lab.url}/lab/tree/measure/plain.ipynb?reset")
    asked.clear()
    lab.page.locator(".jp-Notebook-cell").first.wait_for()
    lab.page.wait_for_timeout(10_000)
    print(f"\nrequests in 10 s, no panel and no step: {len(asked)}", end="")


def _tell(lab: Lab, what: str, act: str, done: str) -> None:
    print(f"\n{what}: {lab.page.evaluate(UNTIL, [act, done]):.0f} ms", end="")


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ms (at most {max(values):.0f})"
