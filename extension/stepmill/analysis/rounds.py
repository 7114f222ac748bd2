"""Putting the steps together until what shares objects is given by one step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from stepmill.analysis.assembly import Assembly
from stepmill.analysis.drafts import Pairs
from stepmill.analysis.effects import Change, is_pseudo
from stepmill.analysis.flow import Flow, Origin
from stepmill.analysis.moments import Moments
from stepmill.model.diagnostic import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.drafts import Draft
    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.memory import Look, Rewrites
    from stepmill.analysis.tables import Table
    from stepmill.analysis.values import Value
    from stepmill.model.cell import StepOptions
    from stepmill.model.pipeline import Parameter

MAX_ROUNDS = 40
"""Rounds in which steps are made to hand on names that share objects with what they give."""


def assemble(
    observed: dict[int, Observed],
    parameters: dict[int, Parameter],
    env: Table[Value],
    options: dict[str, StepOptions],
    look: Look,
) -> tuple[Flow, Assembly, Moments]:
    """Put the steps together; where two inputs may share objects, let one step give both."""
    assert look.history is not None
    earlier, look.rounds = look.rounds, []
    for number in range(MAX_ROUNDS):
        old = earlier[number] if number < len(earlier) else None
        known = None if old is None else old.flow
        flow = Flow(observed, parameters, env, look.shapes, known, look.unsure)
        assembly = Assembly(flow, options, old, look.finals)
        moments = Moments(flow, look.history)
        look.rounds.append(assembly)
        assembly.carry_groups(moments)
        _pair(assembly, moments, {} if old is None else old.pairs, look.moved)
        doubts = list(_doubts(assembly))
        for unit, names in doubts:
            observed[unit] = look.rewrites.rewrite(
                observed[unit], ("spares", *names), partial(_sparing, names=names)
            )
        demands = list(_demands(assembly))
        new = [demand for demand in demands if _hand_on(observed, *demand, look.rewrites)]
        if not new and not doubts:
            break
    if len(earlier) != len(look.rounds):  # what is recorded went with another round
        look.forget_records()
    return flow, assembly, moments


def _pair(assembly: Assembly, moments: Moments, known: dict[str, Pairs], moved: int) -> None:
    """Find the inputs of steps that may share objects; `known` are those of an earlier analysis.

    `moved` are the nodes of the heap that are not what they were then.
    """
    for name, draft in assembly.drafts.items():
        if len(draft.inputs) > 1:
            pairs = known.get(name)
            if pairs is None or pairs.draft is not draft or pairs.nodes & moved:
                pairs = _pairs(draft, moments)
            assembly.pairs[name] = pairs


def _pairs(draft: Draft, moments: Moments) -> Pairs:
    names = sorted(name for name in draft.inputs if not is_pseudo(name))
    heap = moments.before(draft.name)
    if heap is None:
        return Pairs(draft, (), 0)
    found = tuple(pair for pair in combinations(names, 2) if heap.may_share(*pair))
    return Pairs(draft, found, heap.nodes(names))


def _doubts(assembly: Assembly) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield statements that may change a frame and an array that share memory, though nobody knows.

    They are taken not to: the run compares both.
    """
    for pairs in assembly.pairs.values():
        for pair in pairs.names:
            yield from ((unit, pair) for unit in assembly.check_memory(pairs.draft, *pair))


def _demands(assembly: Assembly) -> Iterator[tuple[int, str]]:
    """Yield (last unit of the later giver, name it must hand on) for inputs given apart."""
    for pairs in assembly.pairs.values():
        draft = pairs.draft
        for left, right in pairs.names:
            one, two = draft.inputs[left].source, draft.inputs[right].source
            if one.owner == two.owner:
                continue
            later, name = (one, right) if one.last > two.last else (two, left)
            giver = assembly.drafts.get(later.owner)
            if giver is not None and later.origin in (Origin.STEP, Origin.SETUP):
                yield giver.units[-1], name


def _sparing(seen: Observed, *, names: tuple[str, str]) -> Observed:
    changes = {name: change for name, change in seen.effects.changes.items() if name not in names}
    return replace(seen, effects=replace(seen.effects, changes=changes))


def _hand_on(observed: dict[int, Observed], unit: int, name: str, rewrites: Rewrites) -> bool:
    """Let a step give a name that it only took, together with what shares objects with it."""
    if name in observed[unit].writes:
        return False
    observed[unit] = rewrites.rewrite(observed[unit], ("gives", name), partial(_giving, name=name))
    return True


def _giving(seen: Observed, *, name: str) -> Observed:
    effects = seen.effects.copied()
    place = Place(cell=seen.unit.cell.index, line=seen.unit.first_line)
    effects.changes[name] = Change(place, handed_on=True)
    effects.reads.setdefault(name, place)
    return replace(seen, effects=effects)
