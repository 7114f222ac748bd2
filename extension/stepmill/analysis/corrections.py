"""What the user says of a step, and what runs have shown, in place of what was inferred."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from stepmill.analysis.effects import Change, is_pseudo
from stepmill.model.cell import Cell, Notebook, Role, StepOptions
from stepmill.model.diagnostic import Place
from stepmill.model.facts import Fact, FactKind

if TYPE_CHECKING:
    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.memory import Look, Rewrites


def correct(
    observed: dict[int, Observed], options: dict[str, StepOptions], facts: tuple[Fact, ...], look: Look
) -> None:
    """Let statements count as what options of their steps and earlier runs say."""
    look.rewrites = look.rewrites.again()
    _override(observed, options, look.rewrites)
    _settle(observed, facts, look.rewrites)


def step_options(notebook: Notebook) -> dict[str, StepOptions]:
    """Return the options of each step, merged over its cells, in order of first appearance."""
    found: dict[str, StepOptions] = {}
    for cell in notebook.cells:
        if cell.role is Role.STEP and cell.step is not None:
            found[cell.step] = _merged(found.get(cell.step), cell)
    return found


def _merged(known: StepOptions | None, cell: Cell) -> StepOptions:
    if known is None:
        return cell.options
    default, changes = StepOptions(), dict[str, Any]()
    for name in StepOptions.__dataclass_fields__:
        ours, theirs = getattr(known, name), getattr(cell.options, name)
        if theirs == getattr(default, name):
            continue
        if isinstance(theirs, tuple):
            changes[name] = tuple(dict.fromkeys((*(ours or ()), *theirs)))
        else:
            changes[name] = theirs
    return replace(known, **changes)


def _override(observed: dict[int, Observed], options: dict[str, StepOptions], rewrites: Rewrites) -> None:
    """`--inputs` and `--outputs` say what we would have inferred."""
    chosen = {name: o for name, o in options.items() if o.inputs is not None or o.outputs is not None}
    if not chosen:
        return
    last = {seen.unit.owner: index for index, seen in observed.items()}
    for index, seen in list(observed.items()):
        if seen.unit.owner in chosen:
            about = (chosen[seen.unit.owner], last[seen.unit.owner] == index)
            write = partial(_with_options, chosen=about[0], ends=about[1])
            observed[index] = rewrites.rewrite(seen, ("options", *about), write)


def _with_options(seen: Observed, *, chosen: StepOptions, ends: bool) -> Observed:
    effects = seen.effects.copied()
    if chosen.outputs is not None:
        for written in (effects.binds, effects.deletes, effects.changes):
            for name in [n for n in written if n not in chosen.outputs and not is_pseudo(n)]:
                if not _is_code(seen):
                    del written[name]
        if ends:
            for name in chosen.outputs:
                place = Place(cell=seen.unit.cell.index, line=seen.unit.first_line)
                effects.binds.setdefault(name, place)
                effects.must.add(name)
    if chosen.inputs is not None:
        for name in [n for n in effects.reads if n not in chosen.inputs and not is_pseudo(n)]:
            del effects.reads[name]
    return replace(seen, effects=effects)


def _is_code(seen: Observed) -> bool:
    return type(seen.unit.node).__name__ in (
        "FunctionDef",
        "ClassDef",
        "AsyncFunctionDef",
        "Import",
        "ImportFrom",
    )


def _settle(observed: dict[int, Observed], facts: tuple[Fact, ...], rewrites: Rewrites) -> None:
    """Doubts that a run has settled are none any more."""
    unchanged = {(f.step, name) for f in facts if f.kind is FactKind.UNCHANGED for name in f.names}
    for index, seen in list(observed.items()) if unchanged else ():
        owner, changes = seen.unit.owner, seen.effects.changes
        left = {n: c for n, c in changes.items() if not (c.doubtful and (owner, n) in unchanged)}
        if len(left) < len(changes):
            observed[index] = rewrites.rewrite(seen, ("settled",), partial(_with_changes, changes=left))


def _with_changes(seen: Observed, *, changes: dict[str, Change]) -> Observed:
    return replace(seen, effects=replace(seen.effects, changes=changes))
