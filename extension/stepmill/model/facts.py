"""What runs taught us about a notebook, for its next analysis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FactKind(StrEnum):
    """What a run found out that the source did not show."""

    MUTATES = "mutates"  # the step changed an input: names = (input, those that show it too …)
    SHARES = "shares"  # after the step these names share objects
    ORDER = "order"  # `step` touched a file of an earlier step: names = (earlier step, path)
    DRAWS = "draws"  # the step drew random numbers: names = (generator,)
    BINDS = "binds"  # the step bound a name that was not foreseen: names = (name,)
    SESSION = "session"  # the step changed its process in a way that cannot be repeated: names = (setting, …)
    UNSTEADY = "unsteady"  # two imports of an own module differed: names = (module, its name, source digest)
    UNCHANGED = "unchanged"  # a doubtful input was found unchanged: names = (input,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One finding about `step`, valid while its body has the digest `code_digest`."""

    kind: FactKind
    step: str
    names: tuple[str, ...]
    code_digest: str = ""
    message: str = ""
