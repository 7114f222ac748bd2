"""The cell as it runs in a kernel that does not know our magics, line for line."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from stepmill.notebook.automagic import automagic_name
from stepmill.notebook.tags import find_tag, split_lines, starts_with_magic

if TYPE_CHECKING:
    from collections.abc import Container


def runnable_body(source: str, bound: Container[str] = ()) -> str:
    """Return `source` with its tag line made harmless; without a tag it is `source` itself.

    The tag becomes a comment. Where another cell magic follows below (`%%time`, `%%writefile`) it
    becomes a blank line, and so do comments above it: IPython knows a cell magic only as the first
    line that is not blank, and some take a comment for content. What stands below is dedented, as
    our own magic does it. If only one line stands below and it is a magic without `%`, it gets
    one, because IPython takes such a line only in a cell of one line; `bound` are the names that
    then hide a magic.
    """
    lines = split_lines(source)
    tag = find_tag(lines)
    if tag is None:
        return source
    if lines[tag.index][:1].isspace():
        lines = split_lines(dedent(source))
    below = split_lines(dedent("\n".join(lines[tag.index + 1 :]))) if tag.index + 1 < len(lines) else []
    if starts_with_magic(below):
        return "\n".join([*lines[: tag.top], *[""] * (tag.index + 1 - tag.top), *below])
    return "\n".join([*lines[: tag.index], f"# {lines[tag.index].strip()}", *with_percent(below, bound)])


def lone_magic(source: str) -> str | None:
    """Return the magic without `%` that stands alone in the cell, or alone below its tag.

    A variable of that name makes it plain Python.
    """
    lines = split_lines(source)
    tag = find_tag(lines)
    below = lines[tag.index + 1 :] if tag else lines
    index = only_line(below)
    return automagic_name(below[index]) if index is not None else None


def with_percent(lines: list[str], bound: Container[str] = ()) -> list[str]:
    """Return the lines of a cell, with `%` before its only line if that is a magic no name hides."""
    index = only_line(lines)
    name = automagic_name(lines[index]) if index is not None else None
    if index is None or name is None or name in bound:
        return lines
    return [*lines[:index], f"%{lines[index].strip()}", *lines[index + 1 :]]


def only_line(lines: list[str]) -> int | None:
    """Return the index of the line that IPython takes for a cell of one line: no other below it."""
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    alone = first is not None and lines[first + 1 :] in ([], [""])
    return first if alone else None
