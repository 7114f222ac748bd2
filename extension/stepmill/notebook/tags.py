"""Our three cell magics in the text of a cell: where the line stands.

Used by the reader and, in the user's kernel, by the input transformer: light on purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.model.diagnostic import Diagnostic, Severity
from stepmill.notebook import codes

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = ("step", "parameters", "scratch")
WRAPPERS = ("time", "timeit", "prun", "capture")
"""Cell magics of IPython that run their body as a cell of its own, so that a tag may stand below."""

TAG = re.compile(r"\s*%%(step|parameters|scratch)(?=\s|$)")
_WRAPPER = re.compile(rf"\s*%%({'|'.join(WRAPPERS)})(?=\s|$)")
_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class TagLine:
    """A `%%step`, `%%parameters` or `%%scratch` line.

    `index` counts the lines of the cell from 0; `top` is the first line that belongs to the tag's
    own cell: 0, or the one below the lowest `%%time` (or the like) that stands above.
    """

    kind: str
    index: int
    text: str
    top: int = 0

    @property
    def arguments(self) -> str:
        """What follows the magic's name."""
        return self.text[self.offset :]

    @property
    def offset(self) -> int:
        """The column at which the arguments begin."""
        return self.text.index("%%") + 2 + len(self.kind)


def split_lines(source: str) -> list[str]:
    """Split as Python counts lines, without the line ends; "" has one line."""
    return _NEWLINE.split(source)


def find_tag(lines: Sequence[str]) -> TagLine | None:
    """Return the tag of a cell: its first line that is neither blank nor a comment.

    `%%time` and the like may stand above, as they may at run time.
    """
    top = 0
    while True:
        index = first_code_line(lines, top)
        if index is None:
            return None
        if match := TAG.match(lines[index]):
            return TagLine(match[1], index, lines[index].rstrip("\r\n"), top)
        if not _WRAPPER.match(lines[index]) or any(line.strip() for line in lines[top:index]):
            return None  # IPython knows a cell magic only as the first line, comments included
        top = index + 1


def first_code_line(lines: Sequence[str], start: int = 0) -> int | None:
    """Return the index of the first line from `start` that is neither blank nor a comment."""
    for index in range(start, len(lines)):
        text = lines[index].strip()
        if text and not text.startswith("#"):
            return index
    return None


def starts_with_magic(lines: Sequence[str]) -> bool:
    """Tell whether these lines, as a cell, begin with a cell magic. Blank lines above do no harm."""
    first = next((line for line in lines if line.strip()), "")
    return first.startswith("%%")


def plain_tag_problem(kind: str, line: str, number: int | None = None) -> tuple[Diagnostic, ...]:
    """`%%parameters` and `%%scratch` take nothing but a comment; return what else stands there."""
    offset = line.index("%%") + 2 + len(kind)
    words = line[offset:].split("#", maxsplit=1)[0].strip()
    if not words:
        return ()
    return (
        Diagnostic(
            code=codes.OPTION_UNKNOWN,
            severity=Severity.ERROR,
            message=f"%%{kind} takes no arguments",
            line=number,
            column=line.index(words, offset),
            hint=f"write just %%{kind}",
        ),
    )
