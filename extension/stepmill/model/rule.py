"""The record of a rule: what a code means, in words and in two small notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.model.diagnostic import Severity
    from stepmill.model.facts import Fact
    from stepmill.model.own_module import ModuleText


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one code means. Its page in the docs and `stepmill explain CODE` are made of it.

    Attributes
    ----------
    message, hint
        Templates over the fields of a finding: what is wrong, what to do.
    why
        One sentence: what would go wrong otherwise.
    label, other
        What the caret says, and what happens at the second place; templates too, or "".
    more
        What else a user may want to know, in Markdown; only shown on the page.
    bad, good
        The sources of the code cells of two notebooks; the second has the first one's problem solved.
    at
        The cell and line of `bad` that is found; None: the notebook as a whole, or its cell.
    facts
        What earlier runs of `bad` must have found out.
    modules
        The modules beside both notebooks.
    """

    code: str
    severity: Severity
    title: str
    message: str
    hint: str
    why: str
    bad: tuple[str, ...]
    good: tuple[str, ...]
    at: tuple[int | None, int | None]
    label: str = ""
    other: str = ""
    more: str = ""
    facts: tuple[Fact, ...] = ()
    modules: tuple[ModuleText, ...] = ()

    def source(self, module: str) -> ModuleText | None:
        """Return the text of a module of the example."""
        return next((one for one in self.modules if one.name == module), None)
