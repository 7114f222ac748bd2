"""Markdown cells as docstrings and comments."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 88
_IMAGE_DATA = re.compile(r"!\[[^\]]*\]\((?:attachment|data):[^)]*\)")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_ITEM = re.compile(r"(\s*(?:[-*+]|\d+[.)])\s+)")
_STANDING = re.compile(r"\s*(?:[-*+]\s|\d+[.)]\s|\||>|<|!\[)")
_FENCE = re.compile(r"\s*(```|~~~)")


def prose(texts: Iterable[str], width: int) -> list[str]:
    """Return the lines of markdown cells, headings without their marks, long lines wrapped."""
    found: list[str] = []
    for text in texts:
        lines = _cell_lines(_IMAGE_DATA.sub("", text), width)
        if found and lines:
            found.append("")
        found += lines
    return found


def _cell_lines(text: str, width: int) -> list[str]:
    lines: list[str] = []
    paragraph: list[str] = []
    fenced = False
    for line in text.expandtabs(4).strip("\n").split("\n"):
        stripped = line.rstrip()
        heading = None if fenced else _HEADING.fullmatch(stripped)
        is_fence = bool(_FENCE.match(stripped))
        if fenced or is_fence or heading or not stripped or _STANDING.match(stripped):
            lines += _wrapped(paragraph, width)
            paragraph = []
        fenced = fenced != is_fence
        if heading is not None:
            lines += _wrapped([heading[1]], width)
        elif fenced or is_fence or not stripped or stripped.lstrip().startswith("|"):
            lines.append(stripped)
        else:
            paragraph.append(stripped.rstrip("\\"))
            if line.endswith(("  ", "\\")):  # markdown's forced line break
                lines += _wrapped(paragraph, width)
                paragraph = []
    return _without_blank_runs([*lines, *_wrapped(paragraph, width)])


def _wrapped(paragraph: list[str], width: int) -> list[str]:
    """Return a paragraph in lines of at most `width`, as its author broke it if that fits."""
    if not paragraph or all(len(line) <= width for line in paragraph):
        return paragraph
    first = paragraph[0]
    item = _ITEM.match(first)
    indent = first[: len(first) - len(first.lstrip())]
    rest = " " * len(item[1]) if item else indent
    text = " ".join([first.strip(), *(line.strip() for line in paragraph[1:])])
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _without_blank_runs(lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if line or (found and found[-1]):
            found.append(line)
    while found and not found[-1]:
        found.pop()
    return found


def docstring(texts: Iterable[str], indent: str) -> list[str]:
    """Return the lines of a docstring, or none if there is nothing to say."""
    lines = prose(texts, WIDTH - len(indent) - 3)
    if not lines:
        return []
    raw = any("\\" in line for line in lines)
    if any('"""' in line for line in lines):
        lines = [line.replace('"""', "'''") for line in lines]
    opening = 'r"""' if raw else '"""'
    if len(lines) == 1 and not lines[0].endswith(('"', "\\")):
        return [f'{indent}{opening}{lines[0]}"""']
    first = f" {lines[0]}" if lines[0].startswith('"') else lines[0]
    body = [f"{indent}{line}" if line else "" for line in lines[1:]]
    return [f"{indent}{opening}{first}", *body, f'{indent}"""']


def comment(texts: Iterable[str], indent: str) -> list[str]:
    """Return markdown as comment lines."""
    lines = prose(texts, WIDTH - len(indent) - 2)
    return [f"{indent}# {line}".rstrip() for line in lines]
