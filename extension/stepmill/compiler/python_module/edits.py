"""Changing source by spans, so that what is not changed stays as the user wrote it."""

from __future__ import annotations

import contextlib
import io
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

INDENT = "    "
_IGNORED = frozenset(
    {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


class Edits:
    """Replacements in one text, applied together; a span inside of one already replaced is ignored."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        for line in io.StringIO(text, newline="\n"):
            self._starts.append(self._starts[-1] + len(line))
        self._changes: list[tuple[int, int, str]] = []

    def offset(self, line: int, column: int) -> int:
        """Return the index in the text for a line (from 1) and a column in UTF-8 bytes, as `ast` counts."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt | ast.arg) -> tuple[int, int]:
        """Return where `node` begins and ends in the text."""
        start = self.offset(node.lineno, node.col_offset)
        return start, self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def token_span(self, token: tokenize.TokenInfo) -> tuple[int, int]:
        """Return where `token` begins and ends in the text."""
        (line, column), (end_line, end_column) = token.start, token.end
        return self._starts[line - 1] + column, self._starts[end_line - 1] + end_column

    def source(self, node: ast.expr | ast.stmt) -> str:
        """Return the text of `node`."""
        start, end = self.span(node)
        return self.text[start:end]

    def replace(self, start: int, end: int, new: str) -> None:
        self._changes.append((start, end, new))

    def replace_node(self, node: ast.expr | ast.stmt, new: str) -> None:
        self.replace(*self.span(node), new)

    def insert(self, at: int, new: str) -> None:
        self.replace(at, at, new)

    def apply(self) -> str:
        """Return the changed text."""
        parts, position = [], 0
        for start, end, new in sorted(self._changes, key=lambda change: (change[0], -change[1])):
            if start < position:
                continue
            parts += [self.text[position:start], new]
            position = end
        return "".join([*parts, self.text[position:]])


def tokens_of(text: str) -> list[tokenize.TokenInfo]:
    """Return the tokens of `text`; as many as can be read if it is not complete."""
    found: list[tokenize.TokenInfo] = []
    with contextlib.suppress(tokenize.TokenError, IndentationError, SyntaxError):
        found.extend(tokenize.generate_tokens(io.StringIO(text).readline))
    return found


def last_token_before(text: str, end: int) -> tuple[str, int]:
    """Return the last token of `text[:end]` that is code, and the index of its end."""
    edits = Edits(text)
    last = ("", 0)
    for token in tokens_of(text):
        if token.type in _IGNORED:
            continue
        index = edits.token_span(token)[1]
        if index > end:
            break
        last = (token.string, index)
    return last


def lines_in_strings(text: str) -> frozenset[int]:
    """Return the lines (from 1) that begin inside of a string."""
    inside: set[int] = set()
    open_at: list[int] = []
    for token in tokens_of(text):
        name = tokenize.tok_name[token.type]
        if name in ("FSTRING_START", "TSTRING_START"):
            open_at.append(token.start[0])
        elif name in ("FSTRING_END", "TSTRING_END"):
            inside.update(range(open_at.pop() + 1, token.end[0] + 1))
        elif token.type == tokenize.STRING:
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    return frozenset(inside)


def indented(text: str, prefix: str = INDENT) -> str:
    """Indent the lines of `text`, but for those that begin inside of a string, and empty ones."""
    return "\n".join(_indented_lines(text, prefix))


def _indented_lines(text: str, prefix: str) -> Iterator[str]:
    inside = lines_in_strings(text)
    for number, line in enumerate(text.split("\n"), start=1):
        if number in inside:
            yield line
        else:
            kept = line if number + 1 in inside else line.rstrip()
            yield prefix + kept if kept.strip() else ""
