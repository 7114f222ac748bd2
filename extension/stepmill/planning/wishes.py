"""What the user asked for beside the notebook: steps to run anew, the age of answers, files to overwrite."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.model.pipeline import Pipeline

ONE = "you asked for it to run"
ALL = "you asked for everything to run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What decisions have to heed.

    `requested` are the steps that run whatever is stored, with the reason to give; `cache_for_s` is
    how old the result of a step that asks the clock, the network or a program may be, where its own
    `%%step` line does not say.
    """

    requested: Mapping[str, str] = field(default_factory=dict)
    cache_for_s: float | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The same as it was typed: names that no pipeline has answered for yet.

    `refresh` are steps to run anew, True for all; `start` are steps to run with all that follows;
    `only` are the steps wanted, with what they need; None: all.
    """

    refresh: Collection[str] | bool = False
    start: Collection[str] = ()
    only: Collection[str] | None = None
    cache_for_s: float | None = None
    overwrite: bool = False


def check_asked(asked: Asked, whole: Pipeline, part: Pipeline) -> None:
    """Refuse names that `whole` does not have, and wishes for steps outside of the `part` that runs.

    Raises
    ------
    UsageError
        The message names the step that comes nearest.
    """
    known = [step.name for step in whole.steps]
    refreshed = () if isinstance(asked.refresh, bool) else asked.refresh
    for name in (*refreshed, *asked.start, *(asked.only or ())):
        if name not in known:
            raise unknown_step(name, known)
    running = {step.name for step in part.steps}
    for flag, names in (("--refresh", refreshed), ("--from", asked.start)):
        for name in names:
            if name not in running:
                only = ", ".join(sorted(asked.only or ()))
                raise UsageError(
                    f"{flag} {name}: {only} does not need that step, and --only runs nothing else",
                    hint=f"leave {flag} out, or add --only {name}",
                )
    if asked.refresh is True and asked.cache_for_s is not None:
        raise UsageError(
            "--cache-for lets results be reused, and --no-cache forbids it", hint="leave one of them out"
        )


def wishes(asked: Asked, pipeline: Pipeline) -> Wishes:
    """Return what is asked of the steps of `pipeline`; the most particular wish gives the reason."""
    names = [step.name for step in pipeline.steps]
    requested = dict.fromkeys(names, ALL) if asked.refresh is True else {}
    for start in sorted(asked.start, key=names.index):
        following = pipeline.downstream([start]) - {start}
        for name in following:
            requested.setdefault(name, f"you asked for all steps from {start} on to run")
    for name in (*asked.start, *(() if isinstance(asked.refresh, bool) else asked.refresh)):
        requested[name] = ONE
    return Wishes(requested=requested, cache_for_s=asked.cache_for_s, overwrite=asked.overwrite)


def unknown_step(name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a step that the notebook does not have; the nearest name comes first."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    steps = f"its steps: {', '.join(names) or 'none'}"
    hint = f"did you mean {close[0]!r}? {steps}" if close else steps
    return UsageError(f"the notebook has no step {name!r}", hint=hint)
