"""What of the project's own modules counts for a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.notebook.ipython import to_python
from stepmill.notebook.modules import local_modules, reached_sources

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stepmill.model.pipeline import Step
    from stepmill.notebook.reached import OwnModule, Reached


class OwnCode:
    """The project's own modules as the steps of one notebook in `folder` reach them; files are read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._modules: dict[tuple[str, ...], Mapping[str, OwnModule]] = {}
        self._reached: dict[tuple[tuple[str, ...], str], Mapping[str, Reached]] = {}

    def of(self, step: Step, *, again: bool = False) -> Mapping[str, Reached]:
        """Return by path what the step reaches of each module; `again` reads the files anew."""
        if again or step.imports not in self._modules:
            self._modules[step.imports] = local_modules(step.imports, self._folder)
            self._reached.clear()
        modules = self._modules[step.imports]
        if not modules:
            return {}
        key = (step.imports, step.code_digest)
        if key not in self._reached:
            code = [to_python(fragment.source).code for fragment in (*step.setup, *step.body)]
            self._reached[key] = reached_sources(code, modules)
        return self._reached[key]
