"""What a cell is: from its magic, its cell tags and its `stepmill` metadata, which must agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from stepmill.model.cell import Role, StepOptions
from stepmill.model.diagnostic import Diagnostic, Severity
from stepmill.notebook import codes
from stepmill.notebook.step_line import NO_OPTIONS, StepLine, parse_step_arguments, parse_step_metadata
from stepmill.notebook.tags import TAG, TagLine, find_tag, first_code_line, plain_tag_problem

_STEP_TAG = "step:"
_ROLES = {"step": Role.STEP, "parameters": Role.PARAMETERS, "scratch": Role.SCRATCH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a cell's magic and metadata say. `problems` have lines and no cell number."""

    role: Role
    step: str | None = None
    options: StepOptions = NO_OPTIONS
    may_raise: bool = False
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Mark:
    """One statement about the cell. `where` names it in messages."""

    role: Role
    where: str
    step: StepLine | None = None


def read_marks(lines: Sequence[str], metadata: Mapping[str, Any]) -> Marks:
    """Return what the cell with these `lines` and this `metadata` is to the pipeline."""
    tags = _tags(metadata)
    if "injected-parameters" in tags:
        return Marks(role=Role.SKIPPED, problems=(_injected(),))
    if "skip-execution" in tags:
        return Marks(role=Role.SKIPPED)  # Jupyter does not run it, so its mistakes do no harm
    tag = find_tag(lines)
    problems = _unseen(lines) if tag is None else _second(lines, tag)
    marks = [] if tag is None else [_from_magic(tag, problems)]
    marks += _from_tags(tags) + _from_metadata(metadata.get("stepmill"), problems)
    for mark in marks:
        if mark.step is not None:
            problems.extend(mark.step.problems)
    marks = [mark for mark in marks if mark.step is None or mark.step.name]
    first = marks[0] if marks else _Mark(Role.UNTAGGED, "")
    options = first.step.options if first.step else NO_OPTIONS
    for other in marks[1:]:
        options = _agreed(first, other, options, problems)
    return Marks(
        role=first.role,
        step=first.step.name if first.step else None,
        options=options,
        may_raise="raises-exception" in tags,
        problems=tuple(problems),
    )


def _tags(metadata: Mapping[str, Any]) -> list[str]:
    tags = metadata.get("tags", [])
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _from_magic(tag: TagLine, problems: list[Diagnostic]) -> _Mark:
    where = f"%%{tag.kind}"
    if tag.kind == "step":
        parsed = parse_step_arguments(tag.arguments, offset=tag.offset)
        placed = tuple(_at_line(problem, tag.index + 1) for problem in parsed.problems)
        return _Mark(Role.STEP, where, _with_problems(parsed, placed))
    problems.extend(plain_tag_problem(tag.kind, tag.text, tag.index + 1))
    return _Mark(_ROLES[tag.kind], where)


def _from_tags(tags: Sequence[str]) -> list[_Mark]:
    marks = []
    for tag in tags:
        if tag.startswith(_STEP_TAG):
            parsed = parse_step_metadata({"step": tag.removeprefix(_STEP_TAG).strip()})
            marks.append(_Mark(Role.STEP, f"the cell tag {tag!r}", parsed))
        elif tag == "parameters":
            marks.append(_Mark(Role.PARAMETERS, "the cell tag 'parameters'"))
    return marks


def _from_metadata(entry: Any, problems: list[Diagnostic]) -> list[_Mark]:
    if entry is None:
        return []
    if not isinstance(entry, Mapping):
        message = "the cell's stepmill metadata must be an object"
        problems.append(_error(codes.METADATA_INVALID, message, None, None, 'such as {"step": "train"}'))
        return []
    where = "the cell's stepmill metadata"
    marks = [_Mark(_ROLES[kind], where) for kind in ("parameters", "scratch") if entry.get(kind) is True]
    if "step" in entry:
        marks.append(_Mark(Role.STEP, where, parse_step_metadata(entry)))
    return marks


def _agreed(first: _Mark, other: _Mark, options: StepOptions, problems: list[Diagnostic]) -> StepOptions:
    """Return the options of both marks together; what they contradict each other in is a problem."""
    if other.role is not first.role:
        problems.append(_differ(first, other, f"{first.where} and {other.where} contradict each other"))
        return options
    if first.step is None or other.step is None:
        return options
    if first.step.name != other.step.name:
        said = f"{first.where} says step {first.step.name!r}, {other.where} says {other.step.name!r}"
        problems.append(_differ(first, other, said))
        return options
    values = {field.name: getattr(options, field.name) for field in fields(StepOptions)}
    for name in sorted(other.step.given):
        value = getattr(other.step.options, name)
        if name in first.step.given and value != values[name]:
            said = f"{first.where} and {other.where} give different values for the option {name!r}"
            problems.append(_differ(first, other, said))
        else:
            values[name] = value
    return StepOptions(**values)


def _differ(first: _Mark, other: _Mark, message: str) -> Diagnostic:
    hint = f"keep one of them, or make them equal; Jupyter shows {other.where} in its property inspector"
    line = 1 if first.where.startswith("%%") else None
    return _error(codes.TAGS_DIFFER, message, line, None, hint)


def _second(lines: Sequence[str], tag: TagLine) -> list[Diagnostic]:
    """A second tag directly below the first; one further down is found where the cell is read as code."""
    below = find_tag(lines[tag.index + 1 :])
    if below is None:
        return []
    first, second = lines[tag.index].split()[0], below.text.split()[0]
    message = f"{second} below {first}: a cell has one tag"
    hint = f"remove the {second} line, or split the cell"
    return [_error(codes.TAG_TWICE, message, tag.index + 2 + below.index, 0, hint)]


def _unseen(lines: Sequence[str]) -> list[Diagnostic]:
    """A tag right below a magic that takes its body for something else, such as `%%bash`."""
    top = first_code_line(lines)
    if top is None or not lines[top].startswith("%%"):
        return []
    below = first_code_line(lines, top + 1)
    if below is None or (match := TAG.match(lines[below])) is None:
        return []
    magic, name = lines[top].split()[0], f"%%{match[1]}"
    message = f"{name} is not seen: {magic} takes it for a part of its body"
    hint = f"put the {name} line above {magic}"
    column = len(lines[below]) - len(lines[below].lstrip())
    return [_error(codes.TAG_UNSEEN, message, below + 1, column, hint)]


def _injected() -> Diagnostic:
    return Diagnostic(
        code=codes.INJECTED,
        severity=Severity.INFO,
        message="papermill injected this cell into an executed notebook; it is left out",
        hint="delete it; give parameters with -p NAME=VALUE",
    )


def _error(code: str, message: str, line: int | None, column: int | None, hint: str) -> Diagnostic:
    return Diagnostic(
        code=code, severity=Severity.ERROR, message=message, line=line, column=column, hint=hint
    )


def _at_line(problem: Diagnostic, line: int) -> Diagnostic:
    return Diagnostic(
        code=problem.code,
        severity=problem.severity,
        message=problem.message,
        line=line,
        column=problem.column,
        name=problem.name,
        hint=problem.hint,
    )


def _with_problems(parsed: StepLine, problems: tuple[Diagnostic, ...]) -> StepLine:
    return StepLine(name=parsed.name, options=parsed.options, given=parsed.given, problems=problems)
