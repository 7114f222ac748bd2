"""Random numbers without a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.rules.seeding import seed
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic, Fix, Place

RULE = Rule(
    code="SM203",
    severity=Severity.INFO,
    title="random numbers without a seed",
    message="step `{step}` draws random numbers ({name}) that nothing in the notebook seeds",
    label="draws here",
    hint=(
        "seed the generator or pass `random_state=`; until then stepmill gives the step a "
        "fixed seed of its own"
    ),
    why=("Two runs of the notebook in one kernel differ; a stored result is one of many possible ones."),
    bad=(
        "import numpy as np",
        "%%step a\nx = np.random.rand(3)",
    ),
    at=(1, 2),
    good=(
        "import numpy as np",
        "%%step a\nnp.random.seed(1)\nx = np.random.rand(3)",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """Say it once for each step and generator, where the step first draws."""
    for step in [step for step in view.steps if step.unseeded]:
        first: dict[str, Place] = {}
        for unit in view.assembly.drafts[step.name].units:
            for generator, place in view.flow.observed[unit].effects.unseeded.items():
                first.setdefault(generator, place)
        for generator, place in first.items():
            yield view.diagnose(RULE, place, generator, step=step.name)


def fixes(view: View, found: Diagnostic) -> tuple[Fix, ...]:
    """Seed the statement that draws first."""
    for seen in view.flow.observed.values():
        place = seen.effects.unseeded.get(found.name or "")
        here = None if place is None else (view.cells.position(place.cell), place.line)
        if here == (found.cell, found.line):
            return seed(view, seen.unit, found.name or "")
    return ()
