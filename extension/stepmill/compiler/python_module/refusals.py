"""Why a notebook that runs as a pipeline has no plain module. `SM5xx` are this room's codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from stepmill.errors import ExportRefused


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `message` is a template over `name`."""

    code: str
    title: str
    message: str
    hint: str
    why: str


def _reasons(*reasons: Reason) -> dict[str, Reason]:
    return {reason.code: reason for reason in reasons}


REASONS = _reasons(
    Reason(
        "SM501", "a magic without a plain counterpart",
        "`{name}` has no counterpart in plain Python",
        "write what it does in Python, or move it to an untagged cell that no step needs",
        "A plain module has no IPython; a magic that cannot be translated would be missing.",
    ),
    Reason(
        "SM502", "the IPython shell itself",
        "this uses the IPython shell (`{name}`), which a plain module does not have",
        "use plain Python here, or keep it out of the steps",
        "`get_ipython()`, handles of `display()` and captured output exist only in a notebook.",
    ),
    Reason(
        "SM503", "a name that a module has and a notebook has not",
        "`{name}` means something else in a module than in a notebook",
        "give the path or name as a literal or a parameter",
        "A module has a `__file__`, a docstring and a spec of its own; the notebook has not.",
    ),
    Reason(
        "SM504", "code that is only an error in a notebook",
        "{name}: a SyntaxError in the notebook, which no module can have in the middle",
        "remove it; a cell cannot return or yield",
        "Run All stops here with a SyntaxError; the module would end the step early, or not start at all.",
    ),
    Reason(
        "SM505", "code before a parameter",
        "this uses the parameter `{name}` before its cell",
        "move the parameters cell to the top of the notebook",
        "The module's `main` sets all parameters before the first step.",
    ),
    Reason(
        "SM506", "a future import below code that it would change",
        "`from __future__ import {name}` stands below code that it does not hold for",
        "move it to the first code cell",
        "In a module a future import holds for the whole file.",
    ),
    Reason(
        "SM507", "a built-in name that the module needs itself",
        "the notebook gives `{name}` another meaning, and the module needs the built-in one",
        "choose another name for it",
        "What a cell shows is printed, and the command line is read, with Python's own functions.",
    ),
    Reason(
        "SM508", "names looked up as text",
        "`{name}` looks names up as text, which a module cannot answer as the notebook does",
        "use the names themselves, or a dict of your own",
        "Step variables are local to functions, and a module has names that the notebook has not.",
    ),
    Reason(
        "SM509", "code that Python cannot put into a function",
        "this cannot stand inside of a function: {name}",
        "tag the cell so that the statement stands alone, or write it another way",
        "Some statements mean something else, or nothing, inside of a function.",
    ),
)  # fmt: skip
"""By code."""


def refuse(code: str, name: str, cell: int | None, line: int | None) -> NoReturn:
    """Raise the refusal with this code about `name` at a line of a cell."""
    reason = REASONS[code]
    raise ExportRefused(reason.message.format(name=name), hint=reason.hint, cell=cell, line=line, reason=code)
