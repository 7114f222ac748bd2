"""The outline that a notebook's author has given it: headings in text cells and above code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.model.cell import Role
from stepmill.suggestion.naming import is_byline
from stepmill.syntax import is_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stepmill.model.cell import Cell, Notebook

BOLD = 7
COMMENT = 8
"""Levels below those of markdown's six: a line in bold type, a comment on the first line of a cell."""

_HASHES = re.compile(r" {0,3}(#{1,6})\s*(.*?)\s*#*\s*$")
_HTML = re.compile(r"(?is)<h([1-6])[^>]*>(.*?)</h\1>")
_BOLD = re.compile(r"\s*(?:\*\*|__)(.+?)(?:\*\*|__)\s*:?\s*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{3,})\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")
_COMMENT = re.compile(r"\s*#+\s*(?:In\s*\[.*)?(.*?)[\s#=*-]*$")
_CODE = re.compile(r"[=()\[\]{}<>@%\\]|\w\.\w|^(import|from|def|for|if|return|print)\b")
LONGEST_COMMENT_WORDS = 7


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` is 1 to 6, or BOLD or COMMENT. `cell` is where it stands."""

    level: int
    text: str
    cell: int


def headings_above(notebook: Notebook, cells: Iterable[int]) -> dict[int, tuple[Heading, ...]]:
    """Return for each of these code cells the headings between it and the one of them before it."""
    wanted = set(cells)
    found: dict[int, tuple[Heading, ...]] = {}
    pending: list[Heading] = []
    for cell in notebook.cells:
        if cell.role is Role.TEXT:
            pending += _in_text(cell)
        if cell.index in wanted:
            pending += _in_code(cell)
            found[cell.index] = tuple(pending)
            pending = []
    return found


def title_of(notebook: Notebook) -> Heading | None:
    """Return the heading that is the title of the whole notebook, if it has one.

    That is its first, if it stands above all others.
    """
    everything = [h for cell in notebook.cells if cell.role is Role.TEXT for h in _in_text(cell)]
    if not everything or any(h.level <= everything[0].level for h in everything[1:]):
        return None
    return everything[0]


def _in_text(cell: Cell) -> Iterator[Heading]:
    for match in _HTML.finditer(cell.source):
        yield Heading(int(match[1]), _plain(match[2]), cell.index)
    fenced, above = False, ""
    for line in _HTML.sub("", cell.source).splitlines():
        if _FENCE.match(line):
            fenced, above = not fenced, ""
            continue
        heading = None if fenced else _of_line(line, above, cell.index)
        above = "" if heading is not None or fenced else line
        if heading is not None and heading.text and not is_byline(heading.text):
            yield heading


def _of_line(line: str, above: str, cell: int) -> Heading | None:
    if match := _HASHES.match(line):
        return Heading(len(match[1]), _plain(match[2]), cell)
    if (match := _UNDERLINE.match(line)) and above.strip() and not above.lstrip().startswith(("|", "-", "*")):
        return Heading(1 if "=" in match[1] else 2, _plain(above), cell)
    if match := _BOLD.match(line):
        return Heading(BOLD, _plain(match[1]), cell)
    return None


def _in_code(cell: Cell) -> Iterator[Heading]:
    """A comment on the first line that is no code put out of use."""
    first = next((line for line in cell.source.splitlines() if line.strip()), "")
    match = _COMMENT.match(first)
    if match is None or not first.lstrip().startswith("#"):
        return
    text = match[1].strip()
    words = len(text.split())
    if (
        0 < words <= LONGEST_COMMENT_WORDS
        and not _CODE.search(text)
        and (words > 1 or not is_expression(text))
    ):
        yield Heading(COMMENT, _plain(text), cell.index)


def _plain(text: str) -> str:
    """Return the text without markup."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<[^>]+>", "", text)
    return re.sub(r"[*`$]+|&nbsp;|(?<!\w)_+|_+(?!\w)", "", text).strip()
