"""Write `diagnostics.md` from the rules in the code: `python docs/make_diagnostics.py`."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import stepmill
from stepmill import errors
from stepmill.analysis.rules.catalogue import RULES, Rule
from stepmill.errors import StepmillError

PAGE = Path(__file__).with_name("diagnostics.md")
HEAD = """# Diagnostics

<!-- Made by docs/make_diagnostics.py from the code; do not edit. -->

`stepmill check` prints findings like a compiler: code, severity, cell, line, column, one sentence why,
one what to do. An **error** keeps the notebook from running; a **warning** does not, except under
`--strict`. A code keeps its meaning over versions.
"""


def page() -> str:
    """Return the text of the page."""
    parts = [HEAD, "## Cells and `%%step` lines\n", *_cell_codes(), "\n## What flows between steps\n"]
    parts += [_rule(rule) for rule in sorted(RULES.values(), key=lambda rule: rule.code)]
    parts += ["## Errors of a run\n", *_error_codes()]
    return "\n".join(parts) + "\n"


def _cell_codes() -> list[str]:
    """One line per code of the notebook room: the docstring below its constant."""
    source = Path(stepmill.__file__).with_name("notebook") / "codes.py"
    body = ast.parse(source.read_text("utf-8")).body
    found = []
    for statement, text in pairwise(body):
        if isinstance(statement, ast.Assign) and isinstance(text, ast.Expr):
            found.append(f"- **{ast.literal_eval(statement.value)}** {ast.literal_eval(text.value)}")
    return found


def _rule(rule: Rule) -> str:
    hint = "" if rule.hint.startswith("{") else f" *What to do:* {_plain(rule.hint)}.".replace("..", ".")
    return f"### {rule.code}: {rule.title} ({rule.severity.value})\n\n{rule.why}{hint}\n"


def _plain(template: str) -> str:
    for field in ("name", "detail", "cell2", "line2"):
        template = template.replace(f"{{{field}}}", "…")
    return template


def _error_codes() -> list[str]:
    everything = vars(errors).values()
    kinds = [kind for kind in everything if isinstance(kind, type) and issubclass(kind, StepmillError)]
    return [
        f"- **{kind.code}** `{kind.__name__}` (exit code {kind.exit_code}): {_first_line(kind)}"
        for kind in sorted(kinds, key=lambda kind: kind.code)
    ]


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
