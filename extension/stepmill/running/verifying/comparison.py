"""Two runs of one notebook, side by side: what differs, where, and whose fault it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from stepmill.model.verification import Aspect, Difference
from stepmill.notebook.shown import Shown, shown, without_durations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from stepmill.model.pipeline import Pipeline, Step
    from stepmill.model.verification import BorderResult

Outputs = dict[int, list[dict[str, Any]]]
NOTHING = "nothing"
_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """One Run All. `failed_cell` ended it with `failure` ("ValueError: no"); cells behind it did not run."""

    outputs: Outputs
    borders: Mapping[str, BorderResult]
    failed_cell: int | None = None
    failure: str | None = None
    seconds: float = 0.0

    def ran(self, cell: int) -> bool:
        return cell in self.outputs and (self.failed_cell is None or cell <= self.failed_cell)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The pipeline's run. `failures` are step -> (cell, "ValueError: no"); `good` ended well."""

    pipeline: Pipeline
    outputs: Outputs
    good: frozenset[str]
    failures: Mapping[str, tuple[int | None, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one comparison says; `failure` ended Run All in a cell that a step has."""

    values: int
    outputs: int
    differences: tuple[Difference, ...]
    remarks: tuple[str, ...]
    failure: str | None


def compare(linear: Linear, split: Split) -> Findings:
    """Compare Run All with the pipeline, cell by cell and border by border."""
    differences = [*_endings(linear, split)]
    remarks: list[str] = []
    outputs = values = 0
    for step in split.pipeline.steps:
        if step.name in split.good:
            differences += _differing_values(step, linear.borders.get(step.name), remarks)
            values += _count(linear.borders.get(step.name))
        for cell in _compared_cells(step, linear, split):
            ours, truth = shown(split.outputs.get(cell, ())), shown(linear.outputs[cell])
            outputs += bool(truth.lines or ours.lines)
            differences += _differing_output(step, cell, truth, ours)
            if ours.lines == truth.lines and ours.warnings != truth.warnings:
                remarks.append(f"cell [{cell}] writes something else to stderr; that does not count")
    ordered = sorted(differences, key=lambda d: (d.cell, d.aspect is Aspect.OUTPUT, d.line or 0))
    with_causes = tuple(replace(d, cause=_cause(d, split.pipeline)) for d in ordered)
    failure = None if linear.failure is None else f"cell [{linear.failed_cell}] raises {linear.failure}"
    if failure and not any(linear.failed_cell in step.cells for step in split.pipeline.steps):
        remarks.append(f"{failure} in Run All and does not run here: what comes after it was not compared")
        failure = None
    return Findings(
        values=values, outputs=outputs, differences=with_causes, remarks=tuple(remarks), failure=failure
    )


def blamed(
    differences: Iterable[Difference], first: Linear, again: Linear, split: Split
) -> tuple[tuple[Difference, ...], tuple[Difference, ...]]:
    """Part the differences in those of the split, and those that two Run Alls have between them too."""
    ours, nobodys = [], []
    for difference in differences:
        other = _again(difference, first, again, split)
        if other is None:
            ours.append(difference)
        else:
            nobodys.append(replace(difference, again=other))
    return tuple(ours), tuple(nobodys)


def is_in_one_piece(step: Step, pipeline: Pipeline, name: str) -> bool:
    """Tell whether, at the end of the step's last cell, `name` is what this step made of it."""
    span = range(min(step.cells), max(step.cells) + 1)
    others = (o for o in pipeline.steps if o.name != step.name and any(cell in span for cell in o.cells))
    return not any(name in {output.name for output in other.outputs} for other in others)


# What differs ------------------------------------------------------------------------------------


def _endings(linear: Linear, split: Split) -> Iterator[Difference]:
    """Yield where one of the two failed, and the other not, or for another reason."""
    failed_cell = linear.failed_cell
    for step in split.pipeline.steps:
        expected = linear.failure if failed_cell in step.cells and failed_cell is not None else None
        cell, raised = split.failures.get(step.name, (None, ""))
        if expected is None and raised and _is_beyond(step, cell, linear):
            continue  # Run All never came there
        if (expected or "") == raised and (expected is None or cell in (None, failed_cell)):
            continue
        if expected is not None and not raised and step.name not in split.good:
            continue  # it did not run because a step before it failed, which is said there
        yield Difference(
            aspect=Aspect.ERROR,
            cell=failed_cell if cell is None and failed_cell in step.cells else _or(cell, step.cells[0]),
            step=step.name,
            run_all=expected or "goes on",
            pipeline=raised or "goes on",
        )


def _or(cell: int | None, default: int) -> int:
    return default if cell is None else cell


def _is_beyond(step: Step, cell: int | None, linear: Linear) -> bool:
    """Tell whether Run All ended before this; a step repeats imports and definitions of cells before it."""
    first = min(step.cells)
    return linear.failed_cell is not None and max(_or(cell, first), first) > linear.failed_cell


def _compared_cells(step: Step, linear: Linear, split: Split) -> list[int]:
    """Return the step's own cells that ran in both; of untagged ones a part runs, or they run elsewhere."""
    if step.implicit or step.name not in {*split.good, *split.failures}:
        return []
    failed_at = split.failures[step.name][0] if step.name in split.failures else None
    return [c for c in step.cells if linear.ran(c) and (failed_at is None or c <= failed_at)]


def _count(border: BorderResult | None) -> int:
    compared = () if border is None else border.compared
    return sum(one.aspect is not Aspect.SHARING and not one.problem for one in compared)


def _differing_values(step: Step, border: BorderResult | None, remarks: list[str]) -> Iterator[Difference]:
    places = {output.name: output.place for output in step.outputs}
    for one in () if border is None else border.compared:
        if one.problem:
            remarks.append(f"{one.name}, which step {step.name} gives, was not compared: {one.problem}")
        if one.same or one.problem:
            continue
        place = places.get(one.name.split(", ")[0])
        yield Difference(
            aspect=one.aspect,
            cell=max(step.cells) if place is None else place.cell,
            line=None if place is None else place.line,
            step=step.name,
            name=one.name,
            where=one.where,
            run_all=one.here,
            pipeline=one.there,
        )


def _differing_output(step: Step, cell: int, truth: Shown, ours: Shown) -> Iterator[Difference]:
    at = _first_differing(truth.lines, ours.lines)
    if at is None:
        return
    yield Difference(
        aspect=Aspect.OUTPUT,
        cell=cell,
        step=step.name,
        where=f"line {at + 1}",
        run_all=_line(truth.lines, at),
        pipeline=_line(ours.lines, at),
    )


def _first_differing(left: Sequence[str], right: Sequence[str]) -> int | None:
    pairs = enumerate(zip_longest(left, right))
    return next((at for at, (a, b) in pairs if a != b), None)


def _line(lines: Sequence[str], at: int) -> str:
    if at >= len(lines):
        return NOTHING
    text = lines[at]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


# Whose fault -------------------------------------------------------------------------------------


def _again(difference: Difference, first: Linear, again: Linear, split: Split) -> str | None:
    """Return what the second Run All had, if the difference is none of the split's; else None."""
    if difference.aspect is Aspect.OUTPUT:
        return _output_again(difference, first, again, split)
    if difference.aspect is Aspect.ERROR:
        same = (first.failed_cell, first.failure) == (again.failed_cell, again.failure)
        return None if same else (again.failure or "goes on")
    border = again.borders.get(difference.step)
    found = () if border is None else border.compared
    one = next((c for c in found if (c.name, c.aspect) == (difference.name, difference.aspect)), None)
    return None if one is None or one.same or one.problem else one.here


def _output_again(difference: Difference, first: Linear, again: Linear, split: Split) -> str | None:
    """Look for a line that all Run Alls have in common and the pipeline has not: that is the split's."""
    cell = difference.cell
    texts = [shown(outputs.get(cell, ())).lines for outputs in (first.outputs, again.outputs, split.outputs)]
    if _reads_clock(split.pipeline.step(difference.step)):
        texts = [tuple(map(without_durations, lines)) for lines in texts]
    one, two, ours = texts
    at = _first_differing(one, ours)
    if at is None:  # nothing but times
        return difference.pipeline
    if len(one) == len(two) == len(ours):
        faults = [i for i, (a, b, c) in enumerate(zip(one, two, ours, strict=True)) if a == b != c]
        return None if faults else _line(two, at)
    return None if one == two else _line(two, _or(_first_differing(one, two), 0))


def _reads_clock(step: Step) -> bool:
    return any(volatile.what.startswith("clock") for volatile in step.volatile)


def _cause(difference: Difference, pipeline: Pipeline) -> str:
    """Return what the step itself, else the nearest one before it, does that no two runs have in common."""
    if not difference.step:
        return ""
    seen, frontier = {difference.step}, [difference.step]
    while frontier:
        for name in frontier:
            if text := _own_cause(pipeline.step(name), difference):
                return text if name == difference.step else f"it comes from step {name}, where {text}"
        before = {up for name in frontier for up in pipeline.upstream(name)} - seen
        seen |= before
        frontier = [step.name for step in pipeline.steps if step.name in before]
    return ""


def _own_cause(step: Step, difference: Difference) -> str:
    """Prefer what stands in the very line of the difference."""
    here = (difference.cell, difference.line)
    exact = [v for v in step.volatile if (v.place.cell, v.place.line) == here]
    if step.unseeded and not exact:
        return f"nothing seeds the random numbers ({', '.join(step.unseeded)})"
    for volatile in exact or step.volatile:
        place = volatile.place
        return f"cell [{place.cell}], line {place.line} reads what changes: {volatile.told}"
    return ""
