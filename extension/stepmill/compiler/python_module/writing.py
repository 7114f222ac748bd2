"""The text of the module, section by section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.compiler.python_module.edits import INDENT, indented
from stepmill.compiler.python_module.headings import WIDTH, comment, docstring
from stepmill.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stepmill.compiler.python_module.borrowed import Names
    from stepmill.compiler.python_module.segments import Segment
    from stepmill.compiler.python_module.statements import Statement


def statement_lines(statement: Statement) -> list[str]:
    """Return the comments around a statement, line by line, and its text as one item, at column 0."""
    lines = list(statement.lead)
    if statement.text:
        lines.append(f"{statement.text}  {statement.tail}" if statement.tail else statement.text)
    elif statement.tail:
        lines.append(statement.tail)
    return [*lines, *statement.trail]


def tidy(lines: Iterable[str], *, most: int = 1) -> list[str]:
    """Drop blank lines at both ends, and more than `most` in a row."""
    found: list[str] = []
    blank = 0
    for line in lines:
        blank = blank + 1 if not line.strip() else 0
        if blank == 0 or (found and blank <= most):
            found.append(line)
    while found and not found[-1].strip():
        found.pop()
    return found


def body_lines(statements: Sequence[Statement], names: Names) -> list[str]:
    """Return the statements of a function's body at column 0: cells apart, captured output put away."""
    lines: list[str] = []
    index = 0
    while index < len(statements):
        first = statements[index]
        end = index + 1
        while end < len(statements) and statements[end].cell == first.cell:
            end += 1
        cell = statements[index:end]
        if lines:
            lines.append("")
        if index and first.markdown:
            lines += comment(first.markdown, "")
        lines += _cell_lines(cell, names)
        index = end
    return tidy(lines)


def _cell_lines(cell: Sequence[Statement], names: Names) -> list[str]:
    text = "\n".join(tidy(line for statement in cell for line in statement_lines(statement)))
    has_code = any(statement.text for statement in cell)
    if cell[0].capture and has_code:
        contextlib, io = names.borrow("contextlib"), names.borrow("io")
        sink = f"{io}.StringIO()"
        redirected = f"{contextlib}.redirect_stdout({sink}), {contextlib}.redirect_stderr({sink})"
        text = f"with {redirected}:\n{indented(text)}"
    if cell[0].may_raise and has_code:
        traceback = names.borrow("traceback")
        text = f"try:\n{indented(text)}\nexcept Exception:\n{INDENT}{traceback}.print_exc()"
    return [text]


def call(
    function: str, arguments: Sequence[str], *, prefix: str = "", before: str = "", after: str = ""
) -> list[str]:
    """Return `before function(arguments) after` as a formatter lays it out."""
    line = f"{prefix}{before}{function}({', '.join(arguments)}){after}"
    if len(line) <= WIDTH or not arguments:
        return [line]
    inner = f"{prefix}{INDENT}{', '.join(arguments)}"
    head, foot = f"{prefix}{before}{function}(", f"{prefix}){after}"
    if len(inner) <= WIDTH:
        return [head, inner, foot]
    return [head, *(f"{prefix}{INDENT}{argument}," for argument in arguments), foot]


def tuple_lines(before: str, items: Sequence[str], after: str, prefix: str = INDENT) -> list[str]:
    """Return `before a, b after`, in parentheses over several lines if it is long."""
    line = f"{prefix}{before}{', '.join(items)}{after}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{prefix}{before}(", *(f"{prefix}{INDENT}{item}," for item in items), f"{prefix}){after}"]


def function_lines(segment: Segment, shared: Sequence[str], names: Names, about: str) -> list[str]:
    """Return the function of one segment. `shared`: the module globals that it sets."""
    prefix = "async " if segment.walk.is_async else ""
    lines = call(segment.name, segment.inputs, before=f"{prefix}def ", after=":")
    texts = segment.statements[0].markdown
    lines += docstring([about, *texts] if about else texts, INDENT)
    if shared:
        lines += tuple_lines("global ", list(shared), "") if len(", ".join(shared)) < 70 else [
            f"{INDENT}global {name}" for name in shared
        ]  # fmt: skip
    body = body_lines(segment.statements, names)
    lines += indented("\n".join(body)).split("\n") if body else []
    for statement in segment.statements[-1:]:
        lines += comment(statement.notes, INDENT)
    if segment.outputs:
        lines += tuple_lines("return ", segment.outputs, "")
    if not segment.outputs and not (body and _has_code(body)):
        lines.append(f"{INDENT}pass")
    return lines


def _has_code(lines: Sequence[str]) -> bool:
    return bool(parse("async def f():\n" + indented("\n".join([*lines, "pass"]))).body[0].body[:-1])  # type: ignore[attr-defined]


def call_lines(segment: Segment) -> list[str]:
    """Return the lines of `main` that call the function of a segment."""
    word = "await " if segment.walk.is_async else ""
    outputs = segment.outputs
    before = f"{', '.join(outputs)} = " if outputs else ""
    line = f"{INDENT}{before}{word}{segment.name}({', '.join(segment.inputs)})"
    if len(line) <= WIDTH:
        return [line]
    if len(outputs) > 1 and len(f"{INDENT}{before}{word}{segment.name}(") > WIDTH - 10:
        head = [f"{INDENT}(", *(f"{INDENT * 2}{name}," for name in outputs), f"{INDENT}) = "]
        rest = call(segment.name, segment.inputs, prefix=INDENT, before=word)
        return [*head[:-1], head[-1] + rest[0].lstrip(), *rest[1:]]
    return call(segment.name, segment.inputs, prefix=INDENT, before=before + word)
