"""More calls of the notebook's functions than can be followed."""

from __future__ import annotations

from stepmill.model.diagnostic import Severity
from stepmill.model.rule import Rule

RULE = Rule(
    code="SM334",
    severity=Severity.ERROR,
    title="more calls than can be followed",
    message="`{name}` and what it calls cannot be followed any more: there are too many calls above",
    label="the first call that was not looked into",
    hint="put the classes and functions that call each other into a module, and import them",
    why="What the calls from here on do to variables is not known, so a step could take a wrong value.",
    more=(
        "The analysis looks into each call of a function or method of the notebook, and into what a library\n"
        "may call back. It gives up after 150,000 of them, which take it a minute or more. That needs\n"
        "hundreds of statements with objects whose many methods call each other; games and puzzle solvers\n"
        "of a hundred cells stay well below it."
    ),
    bad=(),
    at=(None, None),
    good=(),
)
