"""The diagnostics of an analysed notebook: what all rules found, in notebook order."""

from __future__ import annotations

import ast
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from stepmill.analysis.rules.catalogue import MODULES, RULES
from stepmill.analysis.rules.silence import silenced
from stepmill.analysis.rules.unknown_magic import hint_of
from stepmill.model.cell import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

BINDERS = ("exec()", "%", "globals()", "get_ipython()", "__main__", "__globals__", "f_globals", "f_locals")
"""What may bind names: untagged code that has it counts, whether or not a step needs the code."""
LOOKS = tuple(f"globals().{method}()" for method in ("copy", "get", "items", "keys", "values"))
CHECKS = {module.RULE.code: check for module in MODULES if (check := getattr(module, "check", None))}
HINTS = {module.RULE.code: hints for module in MODULES if (hints := getattr(module, "HINTS", None))}
FIXES = {module.RULE.code: fixes for module in MODULES if (fixes := getattr(module, "fixes", None))}


def report(view: View) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Return all diagnostics, those of the whole notebook first, and those that comments silence."""
    found = [
        *view.notebook.problems,
        *chain.from_iterable([cell.problems for cell in view.notebook.cells if cell.problems]),
        *(_with_fixes(view, d) for check in CHECKS.values() for d in check(view)),
        *(_with_fixes(view, d) for d in _conflicts(view)),
        *(_with_fixes(view, d) for d in _findings(view)),
    ]
    left, quiet = silenced(view, dict.fromkeys(found))
    return tuple(sorted(left, key=_order)), tuple(sorted(quiet, key=_order))


def _order(found: Diagnostic) -> tuple[bool, int, int, int, str]:
    return found.cell is not None, found.cell or 0, found.line or 0, found.column or 0, found.code


def _with_fixes(view: View, found: Diagnostic) -> Diagnostic:
    fixes = FIXES.get(found.code)
    return found if fixes is None else replace(found, fixes=tuple(fixes(view, found)))


def _conflicts(view: View) -> Iterator[Diagnostic]:
    """What kept the steps from being put together, where its rule has no check of its own."""
    for conflict in view.assembly.conflicts:
        if conflict.code not in CHECKS:
            rule = RULES[conflict.code]
            yield view.diagnose(
                rule, conflict.place, conflict.name, other=conflict.other, detail=conflict.detail,
                what=conflict.what,
            )  # fmt: skip


def _findings(view: View) -> Iterator[Diagnostic]:
    """What was found while the statements were interpreted; untagged code counts if a step needs it."""
    found = [(index, view.flow.observed[index]) for index in view.flow.those("findings")]
    drafts = view.assembly.drafts.values() if found else ()
    used = {unit for draft in drafts for unit in (*draft.units, *draft.replayed)}
    for index, seen in found:
        for finding in seen.effects.findings:
            binds = finding.code in ("SM332", "SM333", "SM334") or (
                finding.name.startswith(BINDERS) and finding.name not in LOOKS
            )
            if finding.code == "SM330" and finding.name == "_" and _is_own_result(view, index):
                continue
            if index in used or binds:
                hint = HINTS.get(finding.code, {}).get(finding.name, "")
                hint = hint or (hint_of(finding.name) if finding.code == "SM210" else "")
                told = view.diagnose(
                    RULES[finding.code], finding.place, finding.name, hint=hint, detail=finding.detail
                )
                if finding.code != "SM210" or not _is_said(view, told):
                    yield told


def _is_said(view: View, magic: Diagnostic) -> bool:
    """Tell whether the reader of the notebook has a problem with the line of a magic already."""
    problems = (p for cell in view.notebook.cells for p in cell.problems)
    return any((p.cell, p.line) == (magic.cell, magic.line) for p in problems)


def _is_own_result(view: View, index: int) -> bool:
    """Tell whether `_` is what the step's own cell just above has shown: in both worlds the same."""
    unit = view.flow.observed[index].unit
    position = view.cells.position(unit.cell.index)
    above = [c for c in view.cells.notebook.cells[:position] if c.role is not Role.TEXT]
    if unit.owner is None or not above or above[-1].step != unit.owner:
        return False
    shown = [seen.unit for seen in view.flow.observed.values() if seen.unit.cell is above[-1]]
    return bool(shown) and isinstance(shown[-1].node, ast.Expr)
