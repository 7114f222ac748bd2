"""Fixes that need nobody's decision, made one after the other in a copy of the notebook."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stepmill.notebook.edits import edited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stepmill.model.diagnostic import Diagnostic, Fix
    from stepmill.model.pipeline import Pipeline

Key = tuple[str, str | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Applied:
    """A fix that was made. The places of `diagnostic` are those of the notebook just before."""

    diagnostic: Diagnostic
    fix: Fix


@dataclass(frozen=True, slots=True)
class Fixed:
    """A notebook after all fixes: its document, what it is as a pipeline, and what was done."""

    document: Mapping[str, Any]
    pipeline: Pipeline
    applied: tuple[Applied, ...] = ()

    @property
    def weight(self) -> tuple[int, int, int]:
        """What is left: errors, doubts, notes."""
        found = self.pipeline.diagnostics
        errors, doubts = sum(d.is_error for d in found), sum(d.is_doubt for d in found)
        return errors, doubts, len(found) - errors - doubts


def fix(document: Mapping[str, Any], look: Callable[[Mapping[str, Any]], Pipeline]) -> Fixed:
    """Make automatic fixes until none is left that does away with its diagnostic.

    A fix may bring another problem to light (the next untagged cell of a chain), which is fixed in
    its turn; of all states on the way the one with the fewest errors, doubts and notes is returned.
    `look` analyses a document.
    """
    state = best = Fixed(document, look(document))
    tried: set[tuple[Key, str]] = set()
    for _ in range(4 * len(document["cells"]) + 4):
        found = next(
            ((d, one) for d in state.pipeline.diagnostics for one in d.fixes if _is_new(d, one, tried)), None
        )
        if found is None:
            break
        diagnostic, chosen = found
        tried.add((_key(diagnostic), chosen.title))
        changed = edited(state.document, chosen.edits)
        after = look(changed)
        if _count(after)[_key(diagnostic)] < _count(state.pipeline)[_key(diagnostic)]:
            state = Fixed(changed, after, (*state.applied, Applied(diagnostic, chosen)))
            best = min(best, state, key=lambda fixed: fixed.weight)
    return best


def _is_new(diagnostic: Diagnostic, one: Fix, tried: set[tuple[Key, str]]) -> bool:
    return one.automatic and (_key(diagnostic), one.title) not in tried


def _key(diagnostic: Diagnostic) -> Key:
    return diagnostic.code, diagnostic.name, diagnostic.cell, diagnostic.line


def _count(pipeline: Pipeline) -> Counter[Key]:
    return Counter(_key(diagnostic) for diagnostic in pipeline.diagnostics)
