"""From an untagged notebook to steps that the analyzer has nothing against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepmill.errors import PipelineError
from stepmill.model.cell import Role
from stepmill.notebook.tagging import Form, tagged
from stepmill.suggestion.borders import Border, Item, borders
from stepmill.suggestion.division import divide
from stepmill.suggestion.facts import survey
from stepmill.suggestion.headings import COMMENT, Heading, title_of
from stepmill.suggestion.naming import name_of_heading
from stepmill.suggestion.parts import name_of_part, taken_from
from stepmill.suggestion.refusals import (
    refuse_inseparable,
    refuse_tagged,
    refuse_too_few,
    refuse_whole,
)
from stepmill.suggestion.sorting import items_of, parameter_names, sort_cells

if TYPE_CHECKING:
    from stepmill.model.cell import Notebook
    from stepmill.model.diagnostic import Diagnostic
    from stepmill.model.pipeline import Pipeline
    from stepmill.suggestion.sorting import Sorted

Look = Callable[[Mapping[str, Any]], "Pipeline"]

_FOR_ALL_LATER = frozenset({"SM320", "SM321"})
"""Errors about process state: they are none if no later cell is in another step."""
_DOES = {
    "load": "reads data", "clean": "cleans", "features": "makes features", "train": "fits a model",
    "evaluate": "evaluates", "plot": "draws",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedStep:
    """A step of the proposal. `role` is "" where nothing tells what it is for."""

    name: str
    cells: tuple[int, ...]
    role: str
    heading: str
    why: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A tagged copy of a notebook, and the pipeline that it is: without errors, in 3 to 12 steps.

    `untagged` are the code cells that stay as they are, because steps replay them.
    """

    document: Mapping[str, Any]
    pipeline: Pipeline
    steps: tuple[ProposedStep, ...]
    parameters: tuple[str, ...]
    untagged: tuple[int, ...]


@dataclass(slots=True)
class _Search:
    """What is known so far. `barred`: cells that must be in one step with the one before."""

    document: Mapping[str, Any]
    notebook: Notebook
    look: Look
    sorted: Sorted
    barred: set[int] = field(default_factory=set)
    reasons: list[Diagnostic] = field(default_factory=list)

    def analysed(self, names: Mapping[int, str]) -> Pipeline:
        """Return the pipeline with these cells in steps of these names; lines are the user's own."""
        return self.look(tagged(self.document, self.lines(names), Form.METADATA))

    def lines(self, names: Mapping[int, str]) -> dict[int, str]:
        parameters = dict.fromkeys(self.sorted.parameters, "%%parameters")
        return {**parameters, **{index: f"%%step {name}" for index, name in names.items()}}

    def settle(self, pipeline: Pipeline) -> bool:
        """Tag what is no setup and no parameter after all; tell whether there was any."""
        wrong = {cell for step in pipeline.steps if step.implicit for cell in step.cells}
        wrong &= self.sorted.setup | self.sorted.parameters
        for error in pipeline.errors:
            cells = {error.cell, *(other.cell for other in error.others)}
            wrong |= {cell for cell in cells if cell in self.sorted.parameters}
            wrong |= {cell for cell in cells if cell in self.sorted.setup}
        self.sorted = self.sorted.to_work(wrong)
        return bool(wrong)


def suggest(
    document: Mapping[str, Any], notebook: Notebook, look: Look, form: Form = Form.MAGIC
) -> Suggestion:
    """Return the proposal for an nbformat 4 document that was read as `notebook`.

    The cuts that look best are tried; what the analyzer finds wrong with them bars some, until it finds
    nothing. `look` analyses a document.

    Raises
    ------
    SuggestionRefused, PipelineError
        It has steps already, too few cells, an error that no division removes, or parts that must stay
        together and are too large.
    """
    refuse_tagged(notebook)
    broken = tuple(problem for cell in notebook.cells for problem in cell.problems if problem.is_error)
    if broken:
        refuse_whole(broken)
    facts = survey(notebook)
    search = _Search(document, notebook, look, sort_cells(notebook, facts))
    title = title_of(notebook)
    while True:
        items = items_of(notebook, facts, search.sorted.work)
        refuse_too_few(items)
        gaps = borders(items, title)
        barred = {number for number, item in enumerate(items) if item.index in search.barred}
        begins = divide([gap.score for gap in gaps], barred, _judge(items, gaps))
        if begins is None:
            refuse_inseparable(items, barred, search.reasons)
        parts = _parts(items, gaps, begins, title)
        names = {item.index: part.name for part in parts for item in part.items}
        pipeline = search.analysed(names)
        if search.settle(pipeline):
            continue
        if not pipeline.errors:
            parameters = [
                name
                for one in facts
                if one.index in search.sorted.parameters
                for name in parameter_names(one)
            ]
            return _finished(search, parts, form, tuple(parameters))
        if not search.reasons:
            _check_whole(search)
        _bar(search, pipeline.errors, items, begins)


def _check_whole(search: _Search) -> None:
    """Refuse what would be an error even if all cells were one step."""
    pipeline = search.analysed(dict.fromkeys(search.sorted.work, "whole"))
    if pipeline.errors and not search.settle(pipeline):
        refuse_whole(pipeline.errors)


def _bar(search: _Search, errors: Sequence[Diagnostic], items: Sequence[Item], begins: Sequence[int]) -> None:
    """Keep together what the errors name, so that the next division does without them."""
    before = len(search.barred)
    for error in errors:
        numbers = _numbers(error, items)
        first, last = min(numbers), max(numbers)
        if error.code in _FOR_ALL_LATER:
            last = len(items) - 1
        if last == first:  # the cell and what its step is parted from
            begin = max(b for b in begins if b <= first)
            following = [b for b in begins if b > first]
            first, last = (begin - 1, begin) if begin else (first, following[0] if following else first)
        apart = {items[n].index for n in range(first + 1, last + 1)}
        if not apart <= search.barred:
            search.barred |= apart
            search.reasons.append(error)
    if len(search.barred) == before:
        refuse_whole(tuple(errors))


def _numbers(error: Diagnostic, items: Sequence[Item]) -> list[int]:
    """Return which items an error speaks of; of a cell that is in no step, the one after it."""
    cells = [error.cell or 0, *(other.cell for other in error.others)]
    last = len(items) - 1
    return [next((n for n, item in enumerate(items) if item.index >= cell), last) for cell in cells]


def _judge(items: Sequence[Item], gaps: Sequence[Border]) -> Callable[[int, int], float]:
    """Return what is bad about the part from one item to before another."""

    def counted(marks: Sequence[bool]) -> list[int]:
        totals = [0]
        for mark in marks:
            totals.append(totals[-1] + mark)
        return totals

    preludes = counted([item.prelude for item in items])
    idle = counted([item.looks and item.own is None for item in items])
    makers = counted([not item.looks for item in items])

    def poor(start: int, end: int) -> float:
        size = end - start
        heading = gaps[start].heading
        under_heading = heading is not None and heading.level < COMMENT
        worse = 7.0 if preludes[end] - preludes[start] == size else 0.0
        if idle[end] - idle[start] == size:
            worse += 1.0 if under_heading or end == len(items) else 2.0
        if size == 1 and makers[end] == makers[start] and not under_heading:
            worse += 1.2
        return worse

    return poor


@dataclass(frozen=True, slots=True)
class _Part:
    """The cells of one step, with its name and why it begins where it does."""

    name: str
    items: Sequence[Item]
    role: str
    heading: str
    why: str


def _parts(
    items: Sequence[Item], gaps: Sequence[Border], begins: Sequence[int], title: Heading | None
) -> list[_Part]:
    taken = {"setup"}
    found = []
    for start, end in zip(begins, (*begins[1:], len(items)), strict=True):
        members = items[start:end]
        role = _role(members)
        heading = _heading(members, title)
        name = name_of_part(role, heading, members, items[end:], taken)
        taken.add(name)
        why = _why(gaps[start], heading, role, is_first=start == 0)
        found.append(_Part(name, members, role, heading.text if heading is not None else "", why))
    return found


def _role(members: Sequence[Item]) -> str:
    """Return what most of the cells do whose values later steps take; of equals, the later kind of work."""
    own = {item.index for item in members}
    inner = {name for item in members for name in taken_from(item, own)}
    giving = [item for item in members if item.facts.used_later - inner]
    counts = Counter(item.own for item in giving if item.own is not None)
    if not counts:
        counts = Counter(item.own for item in members if item.own is not None)
        if giving and counts and counts.most_common(1)[0][0] == "plot":
            return ""  # what it makes is more than its pictures
    best = max(counts.values(), default=0)
    works = [work for work in reversed(type(next(iter(counts)))) if counts[work] == best] if counts else []
    return works[0].value if works else ""


def _heading(members: Sequence[Item], title: Heading | None) -> Heading | None:
    """Return the heading that speaks for these cells: the lowest above that none further down matches.

    Of equal ones it is the last: what stands above it is a title, or a section without code.
    """
    first = next((number for number, item in enumerate(members) if not item.prelude), 0)
    nearest_first = [h for h in reversed(members[first].headings) if h != title and name_of_heading(h.text)]
    inside = min((h.level for item in members[first + 1 :] for h in item.headings), default=COMMENT + 1)
    lowest_first = sorted(nearest_first, key=lambda heading: -heading.level)
    highest = min(nearest_first, key=lambda heading: heading.level, default=None)
    return next((h for h in lowest_first if h.level < inside), highest)


def _why(gap: Border, heading: Heading | None, role: str, *, is_first: bool) -> str:
    does = _DOES.get(role, "")
    heading = heading or gap.heading
    if heading is not None:
        kind = "comment" if heading.level == COMMENT else "heading"
        return f"{kind} “{heading.text[:60]}”" + (f"; {does}" if does else "")
    if is_first:
        return f"the beginning; {does}" if does else "the beginning"
    if gap.is_new_work and does:
        return f"here it {does}"
    return does or "few values cross here"


def _finished(search: _Search, parts: Sequence[_Part], form: Form, parameters: tuple[str, ...]) -> Suggestion:
    """Return the proposal; the copy is analysed once more as it is going to be written."""
    names = {item.index: part.name for part in parts for item in part.items}
    document = tagged(search.document, search.lines(names), form)
    pipeline = search.look(document)
    if pipeline.errors:
        raise PipelineError.of(pipeline.errors)
    steps = []
    for part in parts:
        step = pipeline.step(part.name)
        steps.append(
            ProposedStep(
                name=part.name,
                cells=step.cells,
                role=part.role,
                heading=part.heading,
                why=part.why,
                inputs=tuple(one.name for one in step.inputs if one.kind == "data"),
                outputs=tuple(one.name for one in step.outputs if one.required and one.kind == "data"),
            )
        )
    tagged_cells = search.sorted.work | search.sorted.parameters
    return Suggestion(
        document=document,
        pipeline=pipeline,
        steps=tuple(steps),
        parameters=parameters,
        untagged=tuple(
            cell.index
            for cell in search.notebook.cells
            if cell.role is Role.UNTAGGED and cell.index not in tagged_cells and cell.source.strip()
        ),
    )
