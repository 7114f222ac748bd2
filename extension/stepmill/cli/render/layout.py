"""Columns and wrapped lines that count terminal cells, so that wide characters line up."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

GAP = 2
NARROWEST_LAST_COLUMN = 20
NARROWEST_NAME = 16
REASON = 28
"""Cells that a reason keeps beside a long name."""
BELOW = 4
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
    first_width: int | None = None,
    last_below: bool = False,
) -> list[Text]:
    """Lay `rows` out in columns; the last one takes what is left of `width` and is wrapped there.

    Nothing is ever cut: where the last column has less than 20 cells left, lines are longer than
    `width`. `right` are the indices of the columns that line up at their right end. Lines have no
    trailing spaces. The first column is wrapped to `first_width`; with `last_below` the last one
    stands under the others.
    """
    head = [[styled(word, "bold dim") for word in header]] if header else []
    table = [*head, *([joined(cell) for cell in row] for row in rows)]
    if not table:
        return []
    widths = [max(row[i].cell_len for row in table) for i in range(len(table[0]) - 1)]
    if first_width is not None:
        widths[0] = min(widths[0], first_width)
    start = indent + sum(widths) + GAP * len(widths)
    room = None if width is None or width - start < NARROWEST_LAST_COLUMN else width - start
    lines: list[Text] = []
    for row in table:
        if last_below:
            lines.extend(_row([*row[:-1], styled("")], widths, right, indent=indent, start=start, room=None))
            lines.extend(wrapped(row[-1], width, first=" " * BELOW, indent=BELOW) if row[-1] else ())
        else:
            lines.extend(_row(row, widths, right, indent=indent, start=start, room=room))
    return lines


def step_columns(
    rows: Sequence[Sequence[Text | str]], *, header: Sequence[str], width: int | None, right: frozenset[int]
) -> list[Text]:
    """Lay out rows whose first column is the name of a step, whose last one is a reason.

    A long name is wrapped so that the reason keeps its room; where there is none, reasons stand below.
    """
    middles = [max(joined(cell).cell_len for cell in column) for column in zip(*rows, header, strict=False)]
    taken = sum(middles[1:-1]) + GAP * (len(middles) - 1)
    if width is None or not rows or middles[0] + taken + min(middles[-1], NARROWEST_LAST_COLUMN) <= width:
        return columns(rows, header=header, width=width, right=right)
    if width - taken - REASON >= NARROWEST_NAME:
        return columns(rows, header=header, width=width, right=right, first_width=width - taken - REASON)
    room = max(width - taken + GAP, NARROWEST_NAME)
    return columns(
        rows, header=(*header[:-1], ""), width=width, right=right, first_width=room, last_below=True
    )


def shortened(text: str, room: int) -> str:
    """Return `text` in at most `room` cells, its middle left out if need be."""
    if styled(text).cell_len <= room:
        return text
    for kept in range(min(room - 1, len(text)), 0, -1):
        shorter = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
        if styled(shorter).cell_len <= room:
            return shorter
    return "…"


def _row(
    row: Sequence[Text],
    widths: Sequence[int],
    right: frozenset[int],
    *,
    indent: int,
    start: int,
    room: int | None,
) -> list[Text]:
    names = _broken(row[0], widths[0]) if widths else [styled("")]
    parts: list[Text | str] = []
    for number, size in enumerate(widths[1:], 1):
        padding = " " * (size - row[number].cell_len)
        parts += [padding, row[number]] if number in right else [row[number], padding]
        parts.append(" " * GAP)
    lasts = [row[-1]] if room is None else _broken(row[-1], room)
    lines = []
    for number, (name, last) in enumerate(zip_longest(names, lasts, fillvalue=styled(""))):
        gap = widths[0] - name.cell_len if widths else 0
        ends = (" " * gap, name) if 0 in right else (name, " " * gap)
        middle = parts if number == 0 else [" " * (start - indent - widths[0] - GAP)] if widths else []
        lines.append(joined(" " * indent, *ends, " " * (GAP if widths else 0), *middle, last))
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
