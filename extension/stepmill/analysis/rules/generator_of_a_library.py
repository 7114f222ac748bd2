"""A seeded generator whose state nobody can hand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.analysis.effects import CARRIED, RANDOM
from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.rules.view import View
    from stepmill.model.diagnostic import Diagnostic

RULE = Rule(
    code="SM342",
    severity=Severity.ERROR,
    title="a seed whose random numbers go on in another step",
    message=(
        "step `{detail}` draws random numbers of {name} that were seeded before it: in a process of its own "
        "it would draw others"
    ),
    label="draws here",
    other="seeded or drawn from here",
    hint="seed it again at the top of step `{detail}`, as Run All then does too; or keep both in one step",
    why="Steps hand on the state of the generators of Python, NumPy and PyTorch, not of other libraries.",
    bad=(
        "%%step a\nimport tensorflow as tf\ntf.random.set_seed(1)\nx = tf.random.normal((2,))",
        "%%step b\ny = tf.random.normal((2,))\nprint(x, y)",
    ),
    at=(1, 2),
    good=(
        "%%step a\nimport tensorflow as tf\ntf.random.set_seed(1)\nx = tf.random.normal((2,))",
        "%%step b\ntf.random.set_seed(2)\ny = tf.random.normal((2,))\nprint(x, y)",
    ),
)


def check(view: View) -> Iterator[Diagnostic]:
    """A step that seeds before it draws takes nothing."""
    for draft in view.assembly.drafts.values():
        for name, taken in sorted(draft.inputs.items()):
            library = name.removeprefix(RANDOM)
            if name.startswith(RANDOM) and library not in CARRIED:
                made = view.assembly.place(taken.source.last, name)
                yield view.diagnose(RULE, taken.place, library, other=made, detail=draft.name)
