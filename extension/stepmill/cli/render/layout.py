"""Columns and wrapped lines that count terminal cells, so that wide characters line up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

GAP = 2
NARROWEST_LAST_COLUMN = 20
_VISIBLE = dict.fromkeys((*range(32), *range(127, 160)), "�") | {9: "    ", 10: " ", 13: ""}


def styled(text: str, style: str = "") -> Text:
    """Return `text` on one line, control characters shown as a replacement sign."""
    from rich.text import Text

    return Text(text.translate(_VISIBLE), style=style)


def joined(*parts: Text | str) -> Text:
    """Return the parts in one line, each with its own style."""
    from rich.text import Text

    return Text.assemble(*(part if isinstance(part, Text) else styled(part) for part in parts))


def wrapped(text: Text, width: int | None, *, first: str = "", indent: int = 0) -> list[Text]:
    """Break `text` at words to lines of at most `width` cells, behind `first`, then `indent` spaces."""
    room = None if width is None else max(width - max(indent, len(first)), NARROWEST_LAST_COLUMN)
    pieces = [text] if room is None else _broken(text, room)
    return [joined(first if number == 0 else " " * indent, piece) for number, piece in enumerate(pieces)]


def columns(
    rows: Sequence[Sequence[Text | str]],
    *,
    header: Sequence[str] = (),
    width: int | None = None,
    right: frozenset[int] = frozenset(),
    indent: int = 0,
) -> list[Text]:
    """Lay `rows` out in columns; the last one takes what is left of `width` and is wrapped there.

    Nothing is ever cut: where the last column has less than 20 cells left, lines are longer than
    `width`. `right` are the indices of the columns that line up at their right end. Lines have no
    trailing spaces.
    """
    head = [[styled(word, "bold dim") for word in header]] if header else []
    table = [*head, *([joined(cell) for cell in row] for row in rows)]
    if not table:
        return []
    widths = [max(row[i].cell_len for row in table) for i in range(len(table[0]) - 1)]
    start = indent + sum(widths) + GAP * len(widths)
    room = None if width is None or width - start < NARROWEST_LAST_COLUMN else width - start
    lines: list[Text] = []
    for row in table:
        lines.extend(_row(row, widths, right, indent=indent, start=start, room=room))
    return lines


def _row(
    row: Sequence[Text],
    widths: Sequence[int],
    right: frozenset[int],
    *,
    indent: int,
    start: int,
    room: int | None,
) -> list[Text]:
    parts: list[Text | str] = [" " * indent]
    for number, size in enumerate(widths):
        padding = " " * (size - row[number].cell_len)
        parts += [padding, row[number]] if number in right else [row[number], padding]
        parts.append(" " * GAP)
    first, *rest = [row[-1]] if room is None else _broken(row[-1], room)
    lines = [joined(*parts, first), *(joined(" " * start, piece) for piece in rest)]
    for line in lines:
        line.rstrip()
    return lines


def _broken(text: Text, room: int) -> list[Text]:
    from rich.console import Console

    if text.cell_len <= room:
        return [text]
    pieces = list(text.wrap(Console(width=room), room))
    for piece in pieces:
        piece.rstrip()
    return pieces
