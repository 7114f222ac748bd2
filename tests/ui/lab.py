"""A real JupyterLab in a real Chromium, as tests see it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nbformat
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

SMALL = (
    "%load_ext stepmill",
    "%%parameters\nfactor = 2\nfast = True",
    "%%step load\nrows = list(range(5))",
    "%%step double\nimport time\ntime.sleep(3)\ndoubled = [row * factor for row in rows]",
    "%%step report\nprint(sum(doubled), len(rows))",
)
"""Three steps, three edges, two parameters; `double` takes long enough to be seen running."""


@dataclass(frozen=True)
class Lab:
    """One browser page on a server; `root` is the folder that the server shows."""

    page: Page
    url: str
    root: Path

    def write(self, path: str, *cells: str, language: str = "python") -> Path:
        """Write a notebook in a project of its own; a cell that begins with "# " is markdown."""
        new = nbformat.v4
        made = [
            new.new_markdown_cell(text) if text.startswith("# ") else new.new_code_cell(text)
            for text in cells
        ]
        kernel = {"name": "python3" if language == "python" else language, "language": language}
        metadata = {"kernelspec": {**kernel, "display_name": language}}  # as a notebook that never ran
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (target.parent / "pyproject.toml").touch()
        nbformat.write(new.new_notebook(cells=made, metadata=metadata), target)
        return target

    def open(self, path: str) -> None:
        """Open a notebook in a fresh workspace, and the panel beside it."""
        self.page.goto(f"{self.url}/lab/tree/{path}?reset")
        self.page.locator(".jp-Notebook-cell").first.wait_for()
        self.show_panel()

    def show_panel(self) -> None:
        """Bring the panel into view, wide enough for a graph."""
        if not self.panel.is_visible():
            self.page.locator('.jp-SideBar [data-id="stepmill-panel"]').click()
        self.panel.wait_for()
        self.resize(320)

    def resize(self, width: int) -> None:
        """Make the right side this wide, in pixels, by its handle."""
        box = self.page.locator("#jp-right-stack").bounding_box()
        assert box is not None
        x, y = box["x"] - 3, box["y"] + box["height"] - 40
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + box["width"] - width, y, steps=4)
        mouse.up()

    def execute(self, command: str, **arguments: Any) -> None:
        """Execute a command of JupyterLab, without waiting for its end."""
        self.page.evaluate(
            "([id, args]) => { void window.jupyterapp.commands.execute(id, args); }", [command, arguments]
        )

    def enter_panel(self) -> None:
        """Go from anywhere to the panel, by keyboard."""
        self.page.keyboard.press("Control+Alt+g")
        expect(self.panel).to_be_focused()

    def tab_to(self, selector: str) -> None:
        """Press Tab until something that `selector` chooses has the focus."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    def choose_cell(self, index: int) -> None:
        self.page.locator(".jp-Notebook:visible .jp-Notebook-cell").nth(index).locator(".cm-content").click()

    def sources(self) -> list[str]:
        """Return the sources of the notebook in front, as they stand in the editor."""
        script = """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel
                      .cells.map(cell => cell.getSource())"""
        return list(self.page.evaluate(script))

    def active_cell(self) -> int:
        return int(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"))

    def set_source(self, index: int, source: str) -> None:
        """Replace a cell's text as an edit of the user's."""
        script = f"""() => window.jupyterapp.shell.currentWidget.content.model.sharedModel
                      .cells[{index}].setSource({json.dumps(source)})"""
        self.page.evaluate(script)

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("region", name="Pipeline", exact=True)

    @property
    def summary(self) -> Locator:
        return self.panel.locator(".jp-Stepmill-summary")

    @property
    def told(self) -> Locator:
        """Where screen readers are told how a run goes on."""
        return self.panel.get_by_role("status").first

    @property
    def steps(self) -> Locator:
        return self.panel.locator("[data-step]")

    @property
    def edges(self) -> Locator:
        return self.panel.locator(".react-flow__edge")

    @property
    def run_button(self) -> Locator:
        return self.panel.get_by_role("button", name="Run", exact=True)

    def step(self, name: str) -> Locator:
        return self.panel.locator(f'[data-step="{name}"]')

    def section(self, title: str) -> None:
        """Unfold a section by its title."""
        head = self.panel.locator(".jp-AccordionPanel-title", has_text=title)
        if head.get_attribute("aria-expanded") != "true":
            head.click()
