"""What a step leaves in its process and a later one would have found there: seen when both have run.

A record says which settings its step left changed (`LEFT`) and in which ones such a change would have
shown (`USES`). A module of the project that keeps data in its globals is such a setting. It also says how
such data were (`OWN_DATA`): two imports of a module that differ are one module in Run All.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stepmill.model.artifact import StepRecord
    from stepmill.model.pipeline import Pipeline

LEFT, USES, OWN_DATA = "left", "uses", "own_data"
"""Where `StepRecord.extra` has the three."""

_WORDS = {"module": "the data of module {}", "figures": "the figures that pyplot holds open"}


def find_lost_change(
    pipeline: Pipeline, step: str, record: StepRecord, others: Mapping[str, StepRecord]
) -> StepFailed | None:
    """Return why `step`, with `record`, does not go together with the records of the `others`, if so.

    Of two steps the one whose first cell comes first in the notebook is the earlier one, as in Run All.
    """
    for other, its_record in sorted(others.items()):
        if other == step:
            continue
        pair = ((step, record), (other, its_record))
        (first, given), (second, found) = sorted(pair, key=lambda one: min(pipeline.step(one[0]).cells))
        lost = _listed(given, LEFT) & _listed(found, USES)
        if max(pipeline.step(first).cells) < min(pipeline.step(second).cells):
            lost |= _lost_data(given, found)
        if lost:
            return _error(pipeline, first, second, min(lost))
    return None


def _lost_data(given: StepRecord, found: StepRecord) -> set[str]:
    """Return the modules that one step found as they are imported, and not as the earlier one left them.

    So it is after a second import by `importlib.reload`, or one of another module, that changes them.
    """
    left = given.extra.get(OWN_DATA, {})
    lost = set()
    for name, later in found.extra.get(OWN_DATA, {}).items():
        imported, begun, _ = later.split()
        before = left.get(name, "").split()
        if before and before[0] == imported == begun != before[2]:
            lost.add(f"module:{name.partition(':')[0]}")
    return lost


def find_unsteady(
    pipeline: Pipeline, step: str, record: StepRecord, others: Mapping[str, StepRecord]
) -> Iterator[tuple[str, str, str]]:
    """Yield modules, each with a name that `step` and another step found as different things, and that step.

    For the later step it is not what the earlier one left, though each imported the module anew and neither
    has changed the name. What the analysis knows to differ is left out: it has looked at who uses that.
    """
    known = set(pipeline.unsteady)
    for other, its_record in sorted(others.items()):
        if other == step:
            continue
        pair = ((step, record), (other, its_record))
        (_, given), (_, found) = sorted(pair, key=lambda one: min(pipeline.step(one[0]).cells))
        left = given.extra.get(OWN_DATA, {})
        for name, later in found.extra.get(OWN_DATA, {}).items():
            module, _, variable = name.partition(":")
            heads = {f"{module}:{variable.partition('.')[0]}", f"{module}:*"}
            if name in left and heads.isdisjoint(known) and _is_another(left[name], later):
                yield module, variable, other


def _is_another(earlier: str, later: str) -> bool:
    """Compare what two records say of a name: as it was imported, when the cells began, when they ended."""
    imported, _, left = earlier.split()
    imported_later, begun_later, _ = later.split()
    return imported != imported_later and left != begun_later and "-" not in (imported, imported_later)


def _listed(record: StepRecord, what: str) -> set[str]:
    return set(record.extra.get(what, ()))


def _error(pipeline: Pipeline, first: str, second: str, setting: str) -> StepFailed:
    kind, _, name = setting.partition(":")
    what = _WORDS[kind].format(name)
    return StepFailed(
        f"step {first!r} changes {what}, and step {second!r} uses that too: in a process of its own "
        "it would not see the change",
        hint="hand the data on in a variable, or do both in one step; --lenient lets it pass",
        cell=min(pipeline.step(second).cells),
        step=second,
    )
