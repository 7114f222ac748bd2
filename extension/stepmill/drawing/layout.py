"""Where the boxes, lines and labels of a graph stand: rows from top to bottom, nothing over anything.

Boxes are put in rows by their distance from the top; a row that would be too wide is broken into
several. Each edge passes from row to row through spots, and one of them, in a narrow row between those
of the boxes, holds its label: near the last box, or near the first if more edges meet in the last. Up to
the label edges of one first box share their spots, and from there on those of one last box, so that
forty edges take no more room than one. Spots are sorted to avoid crossings and then moved towards
their neighbours as far as there is room.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

ROW_WIDTH = 900.0
"""Pixels that a row may be wide before it is broken: about what a notebook shows without shrinking it."""

GAP_X, LANE, LABEL_HEIGHT, GAP_Y = 18.0, 10.0, 16.0, 16.0
_SWEEPS, _SPOTS_SWEPT = 10, 30_000


@dataclass(slots=True, eq=False)
class Spot:
    """A place in a row: a box, a label, or the lane of an edge. `x` is its middle, `y` its top."""

    row: int
    width: float
    x: float = 0.0
    y: float = 0.0
    above: list[Spot] = field(default_factory=list)
    below: list[Spot] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Route:
    """The spots of one edge from its first box to its last; `label` is one of those between."""

    spots: tuple[Spot, ...]
    label: Spot


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by name, routes by (producer, consumer), and the size of the whole."""

    boxes: Mapping[str, Spot]
    routes: Mapping[tuple[str, str], Route]
    heights: Sequence[float]
    width: float
    height: float


def lay_out(
    boxes: Mapping[str, float], labels: Mapping[tuple[str, str], float], *, box_height: float
) -> Layout:
    """Return the layout.

    Parameters
    ----------
    boxes
        Name -> width, in an order in which every producer comes before its consumers.
    labels
        (producer, consumer) -> width of the edge's label.
    """
    box_rows = _box_rows(boxes, labels)
    row_of, label_rows, heights = _rows(box_rows, labels, box_height)
    spots = {name: Spot(row_of[name], width) for name, width in boxes.items()}
    lanes: dict[tuple[str, str, int], Spot] = {}
    routes = {pair: _route(spots, lanes, pair, label_rows[pair], labels[pair]) for pair in labels}
    rows: list[list[Spot]] = [[] for _ in heights]
    for spot in [*spots.values(), *(route.label for route in routes.values()), *lanes.values()]:
        rows[spot.row].append(spot)
    _sort(rows)
    _move(rows)
    width = _to_origin(rows)
    tops = [sum(heights[:row]) + GAP_Y * row for row in range(len(heights))]
    for row, top in zip(rows, tops, strict=True):
        for spot in row:
            spot.y = top
    height = tops[-1] + heights[-1] if tops else 0.0
    return Layout(spots, routes, heights, width, height)


def _box_rows(boxes: Mapping[str, float], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Put each box below its producers, and break rows that are too wide."""
    producers: dict[str, list[str]] = {name: [] for name in boxes}
    for producer, consumer in edges:
        producers[consumer].append(producer)
    layer: dict[str, int] = {}
    for name in boxes:
        layer[name] = max((layer[producer] for producer in producers[name]), default=-1) + 1
    rows: list[list[str]] = []
    for number in range(max(layer.values(), default=-1) + 1):
        names = [name for name in boxes if layer[name] == number]
        rows += _broken(names, lambda name: boxes[name])
    return rows


def _broken(items: Sequence[str], width_of: Callable[[str], float]) -> list[list[str]]:
    """Distribute items to as few rows as hold them, about equally wide."""
    total = sum(width_of(item) + GAP_X for item in items)
    limit = total / max(1, -(-total // ROW_WIDTH))
    rows: list[list[str]] = [[]]
    used = 0.0
    for item in items:
        if used >= limit - 1:
            rows.append([])
            used = 0.0
        rows[-1].append(item)
        used += width_of(item) + GAP_X
    return rows


def _rows(
    box_rows: Sequence[Sequence[str]], labels: Mapping[tuple[str, str], float], box_height: float
) -> tuple[dict[str, int], dict[tuple[str, str], int], list[float]]:
    """Number all rows: above each row of boxes stand as many rows as the labels there need."""
    place = {name: number for number, names in enumerate(box_rows) for name in names}
    gaps: list[list[tuple[str, str]]] = [[] for _ in box_rows]
    for pair in labels:
        gaps[place[pair[1]] if _is_near_end(pair, labels) else place[pair[0]] + 1].append(pair)
    row_of: dict[str, int] = {}
    label_rows: dict[tuple[str, str], int] = {}
    heights: list[float] = []
    for names, pairs in zip(box_rows, gaps, strict=True):
        total = sum(labels[pair] + GAP_X for pair in pairs)
        count = int(-(-total // ROW_WIDTH))
        for number, pair in enumerate(pairs):
            label_rows[pair] = len(heights) + number % max(count, 1)
        heights += [LABEL_HEIGHT] * count
        row_of |= dict.fromkeys(names, len(heights))
        heights.append(box_height)
    return row_of, label_rows, heights


def _is_near_end(pair: tuple[str, str], pairs: Iterable[tuple[str, str]]) -> bool:
    """Tell whether the edge is labelled at its last box: there meet no more than leave the first."""
    leaving = sum(other[0] == pair[0] for other in pairs)
    return leaving >= sum(other[1] == pair[1] for other in pairs)


def _route(
    boxes: Mapping[str, Spot],
    lanes: dict[tuple[str, str, int], Spot],
    pair: tuple[str, str],
    label_row: int,
    label_width: float,
) -> Route:
    """Return the spots of an edge; `lanes` are those that edges share, and gets new ones."""
    first, last = boxes[pair[0]], boxes[pair[1]]
    label = Spot(label_row, label_width)
    before = [("from", pair[0], row) for row in range(first.row + 1, label_row)]
    after = [("to", pair[1], row) for row in range(label_row + 1, last.row)]
    for key in (*before, *after):
        lanes.setdefault(key, Spot(key[2], LANE))
    chain = (first, *(lanes[key] for key in before), label, *(lanes[key] for key in after), last)
    for upper, lower in pairwise(chain):
        if lower not in upper.below:
            upper.below.append(lower)
            lower.above.append(upper)
    return Route(chain, label)


def _sort(rows: list[list[Spot]]) -> None:
    """Sort each row by the middle of its neighbours, downwards and upwards in turn; keep the best order."""
    best = [list(row) for row in rows]
    fewest = _crossings(rows)
    for sweep in range(_sweeps(rows)):
        down = sweep % 2 == 0
        for row in rows[1:] if down else rows[-2::-1]:
            _sort_row(row, rows, down=down)
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _sweeps(rows: Sequence[Sequence[Spot]]) -> int:
    """Return how often to go over the rows: less often in a picture that is too large to be read anyway."""
    return max(2, min(_SWEEPS, _SPOTS_SWEPT // max(1, sum(map(len, rows)))))


def _sort_row(row: list[Spot], rows: Sequence[Sequence[Spot]], *, down: bool) -> None:
    near = rows[row[0].row + (-1 if down else 1)] if row else ()
    place = {id(spot): index for index, spot in enumerate(near)}
    keys = {}
    for index, spot in enumerate(row):
        found = [place[id(other)] for other in (spot.above if down else spot.below)]
        keys[id(spot)] = sum(found) / len(found) if found else index * len(near) / max(len(row), 1)
    row.sort(key=lambda spot: keys[id(spot)])


def _crossings(rows: Sequence[Sequence[Spot]]) -> int:
    """Count the pairs of lines between neighbouring rows that cross."""
    found = 0
    for upper, lower in pairwise(rows):
        place = {id(spot): index for index, spot in enumerate(lower)}
        ends = [sorted(place[id(other)] for other in spot.below) for spot in upper]
        order = [end for group in ends for end in group]
        found += _inversions(order)
    return found


def _inversions(order: Sequence[int]) -> int:
    """Count the pairs that are out of order, with a Fenwick tree."""
    if not order:
        return 0
    tree = [0] * (max(order) + 2)
    found = 0
    for seen, value in enumerate(order):
        index, smaller_or_equal = value + 1, 0
        while index > 0:
            smaller_or_equal += tree[index]
            index -= index & -index
        found += seen - smaller_or_equal
        index = value + 1
        while index < len(tree):
            tree[index] += 1
            index += index & -index
    return found


def _move(rows: Sequence[Sequence[Spot]]) -> None:
    """Give every spot its x: first in the middle, then towards its neighbours above and below in turn.

    No row gets wider than the widest has to be.
    """
    offsets = [_offsets(row) for row in rows]
    room = max((_width(row, offset) for row, offset in zip(rows, offsets, strict=True) if row), default=0.0)
    for row, offset in zip(rows, offsets, strict=True):
        _settle(row, offset, [0.0 for _ in row], room)
    for sweep in range(_sweeps(rows)):
        down = sweep % 2 == 0
        for index in range(len(rows)) if down else reversed(range(len(rows))):
            wanted = []
            for spot in rows[index]:
                near = (spot.above if down else spot.below) or (spot.below if down else spot.above)
                wanted.append(sum(other.x for other in near) / len(near) if near else spot.x)
            _settle(rows[index], offsets[index], wanted, room)


def _offsets(row: Sequence[Spot]) -> list[float]:
    """Return how far each spot's middle is from that of the first where they stand as close as they may."""
    found = [0.0] * len(row)
    for index, (left, right) in enumerate(pairwise(row)):
        found[index + 1] = found[index] + (left.width + right.width) / 2 + _gap(left, right)
    return found


def _width(row: Sequence[Spot], offsets: Sequence[float]) -> float:
    return row[0].width / 2 + offsets[-1] + row[-1].width / 2


def _settle(row: Sequence[Spot], offsets: Sequence[float], wanted: Sequence[float], room: float) -> None:
    """Move the spots of a row to where they want to be, as near as order, widths and `room` allow.

    Least squares under "next is right of previous": neighbours that would collide form blocks, which
    stand at the mean of what their members want. The picture's middle is 0.
    """
    if not row:
        return
    blocks: list[tuple[float, int]] = []  # (sum of wanted places, members)
    for offset, place in zip(offsets, wanted, strict=True):
        blocks.append((place - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1] = (blocks[-1][0] + total, blocks[-1][1] + count)
    least = row[0].width / 2 - room / 2
    most = room / 2 - row[-1].width / 2 - offsets[-1]
    places = [min(max(total / count, least), most) for total, count in blocks for _ in range(count)]
    for spot, place, offset in zip(row, places, offsets, strict=True):
        spot.x = place + offset


def _gap(left: Spot, right: Spot) -> float:
    return GAP_X / 2 if LANE in (left.width, right.width) else GAP_X


def _to_origin(rows: Sequence[Sequence[Spot]]) -> float:
    """Move everything so that the leftmost edge is at 0; return the width."""
    every = [spot for row in rows for spot in row]
    left = min((spot.x - spot.width / 2 for spot in every), default=0.0)
    for spot in every:
        spot.x -= left
    return max((spot.x + spot.width / 2 for spot in every), default=0.0)
