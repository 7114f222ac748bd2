"""Steps that need each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.tagging import split
from stepmill.model.diagnostic import Severity
from stepmill.model.pipeline import EdgeKind
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix

RULE = Rule(
    code="SM306",
    severity=Severity.ERROR,
    title="steps that need each other",
    message="these steps need each other: {detail}",
    label="taken here",
    other="given here",
    hint="split one of them into two steps, so that each value is made before it is taken",
    why="A pipeline has no circles.",
    bad=(
        "%%step a\nx = [1]",
        "%%step b\ny = x + [1]",
        "%%step a\nz = y",
    ),
    at=(1, 2),
    good=(
        "%%step a\nx = [1]",
        "%%step b\ny = x + [1]",
        "%%step c\nz = y",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Name all edges of the circle; point at one that the code shows."""
    if not view.cycle:
        return
    texts = []
    for edge in view.cycle:
        why = "--after" if edge.kind is EdgeKind.ORDER else f"`{edge.name}`"
        texts.append(f"`{edge.consumer}` needs `{edge.producer}` ({why})")
    shown = next((e for e in view.cycle if e.kind is not EdgeKind.ORDER), view.cycle[0])
    given, taken = shown.evidence
    yield view.diagnose(RULE, taken, shown.name, other=given, detail=", ".join(texts))


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:  # noqa: ARG001  there is one circle
    """Part a step of the circle that gives in one cell and takes in a later one."""
    following = (*view.cycle[1:], view.cycle[0])
    for into, out_of in zip(view.cycle, following, strict=True):
        taken, given = into.evidence[-1].cell, out_of.evidence[0].cell
        if EdgeKind.ORDER not in (into.kind, out_of.kind) and given < taken:
            return split(view, into.consumer, taken)
    return ()
