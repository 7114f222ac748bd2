"""A value that cannot leave its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.values import ADDRESS, Kind
from stepmill.model.diagnostic import Severity
from stepmill.model.pipeline import SETUP_STEP
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM340",
    severity=Severity.ERROR,
    title="a value that cannot leave its process",
    message="`{name}` is {detail}: it cannot be handed from step `{step}` to another one",
    label="taken here",
    other="comes from here",
    hint=("make it again in the step that uses it, or hand on what it was made from (a list, a path)"),
    why="Values between steps are stored; an open file, a lock or a generator cannot be.",
    bad=(
        "%%step a\ng = (i for i in [1])",
        "%%step b\ny = list(g)",
    ),
    at=(1, 2),
    good=(
        "%%step a\ng = [i for i in [1]]",
        "%%step b\ny = list(g)",
    ),
)


WHY = {Kind.GENERATOR: "a generator", Kind.HANDLE: "an open file, connection or lock"}
OF_ADDRESSES = "made of addresses in memory (`id`, or a hash by identity), which differ in each process"


def check(view: View) -> Iterator[Diagnostic]:
    """Only values that another step takes have to be stored."""
    odd: dict[str, list[Observed]] = {}
    for unit in view.flow.those("unstorable"):
        seen = view.flow.observed[unit]
        odd.setdefault(seen.unit.owner or SETUP_STEP, []).append(seen)
    for draft in view.assembly.drafts.values() if odd else ():
        for seen in odd.get(draft.name, ()):
            for name in seen.unstorable if seen.unit.index in draft.units else ():
                taken = draft.inputs.get(name)
                if taken is not None:
                    made = view.assembly.place(taken.source.last, name)
                    why = OF_ADDRESSES if ADDRESS in seen.effects.seen[name].random else WHY[seen.kinds[name]]
                    yield view.diagnose(
                        RULE, taken.place, name, other=made, detail=why, step=taken.source.owner
                    )
