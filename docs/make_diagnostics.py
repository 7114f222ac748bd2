"""Write `diagnostics.md` from the rules in the code: `python docs/make_diagnostics.py`."""

from __future__ import annotations

from pathlib import Path

from stepmill.cli.explanations import SECTIONS, explanations

PAGE = Path(__file__).with_name("diagnostics.md")
HEAD = """# Diagnostics

<!-- Made by docs/make_diagnostics.py from the code; do not edit. -->

`stepmill check` prints findings like a compiler: code, severity, cell, line and column, the line itself
with a mark, why it matters, what to do; where it speaks of two places, the second one too. An **error** keeps
the notebook from running. A **warning** or an edge in doubt does not, except under `--strict`, which `check`,
`plan` and `run` know. A code keeps its meaning over versions. `stepmill explain SM301` prints its part.

A comment `# stepmill: ignore[SM205]` silences one code on its line, `ignore[SM205, SM210]` several: warnings
and notes, never errors. `check` ends by saying what is silenced, and its JSON has it as `silenced`.

Some findings come with a **fix**. `stepmill check NB --fix -o COPY.ipynb` writes a copy with all fixes that
need no decision of yours; the notebook itself is never written. A fix leaves what Run All gives as it is,
except that random numbers nobody seeded become the same each time.
"""


def page() -> str:
    """Return the text of the page."""
    known = explanations().values()
    parts = [HEAD]
    for section in SECTIONS:
        parts.append(f"## {section}\n")
        parts += [one.page(level=3) for one in known if one.section == section]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
