"""The graph of a pipeline as SVG: layers from top to bottom, one box for each step.

Deterministic, no dependencies, no scripts, no style sheet. Every box brings its own background and
text colour and lines are mid-grey, so that the picture reads on light and dark pages.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from stepmill.model.pipeline import Edge, EdgeKind, Pipeline

_FILLS = {  # status -> (background, border); the text is always dark
    "executed": ("#d5f0dc", "#2e8b57"),
    "cached": ("#d9e8fb", "#3b78c4"),
    "failed": ("#fbd9d7", "#c8372d"),
    "running": ("#fdf0c8", "#b8860b"),
    "cancelled": ("#eadcf4", "#7d4fa3"),
    "skipped": ("#e6e6e6", "#8c8c8c"),
    "stale": ("#fdf0c8", "#b8860b"),
    "blocked": ("#fbd9d7", "#c8372d"),
}
_PLAIN = ("#f2f2f2", "#777777")
_CHARACTER, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN, _LANE = 7.6, 40, 28, 52, 16, 14  # pixels
_SWEEPS = 8
_LABEL = 18  # characters


@dataclass(slots=True)
class _Spot:
    """A place in a layer: a step's box, or (step None) the lane of an edge that passes by."""

    step: str | None
    width: float
    layer: int
    x: float = 0.0  # centre

    @property
    def top(self) -> float:
        return _MARGIN + self.layer * (_HEIGHT + _GAP_Y)


def graph_svg(pipeline: Pipeline, statuses: Mapping[str, str] | None = None) -> str:
    """Draw `pipeline` as an SVG document.

    `statuses` maps steps to the words of a run or a plan ("executed", "cached", "stale" …), which
    colour the boxes. Edges that carry no data are dashed; hovering shows what an edge carries.
    """
    layers = _layers(pipeline)
    spots = {step: _Spot(step, _box_width(step), layer) for step, layer in layers.items()}
    routes = {pair: _route(spots, *pair) for pair in _pairs(pipeline)}
    rows = _rows(spots.values(), routes.values())
    _order(rows, list(routes.values()))
    width = _place(rows, list(routes.values()))
    height = 2 * _MARGIN + len(rows) * _HEIGHT + max(len(rows) - 1, 0) * _GAP_Y
    ports = _ports(list(routes.values()))
    body = [_edge_svg(pipeline, pair, routes[pair], port) for pair, port in zip(routes, ports, strict=True)]
    body += [_box_svg(spot, (statuses or {}).get(step, "")) for step, spot in spots.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12">\n'
        f"<title>{escape(pipeline.name)}</title>\n"
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#808080"/></marker></defs>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _layers(pipeline: Pipeline) -> dict[str, int]:
    """Give each step the layer below its lowest producer; `steps` are in an order that can run."""
    layers: dict[str, int] = {}
    for step in pipeline.steps:
        above = [layers[name] for name in pipeline.upstream(step.name) if name in layers]
        layers[step.name] = max(above, default=-1) + 1
    return layers


def _pairs(pipeline: Pipeline) -> list[tuple[str, str]]:
    known = [step.name for step in pipeline.steps]
    place = {name: index for index, name in enumerate(known)}
    pairs = {(e.producer, e.consumer) for e in pipeline.edges if e.producer in place and e.consumer in place}
    return sorted(
        (pair for pair in pairs if place[pair[0]] < place[pair[1]]),
        key=lambda pair: (place[pair[0]], place[pair[1]]),
    )


def _route(spots: Mapping[str, _Spot], producer: str, consumer: str) -> list[_Spot]:
    first, last = spots[producer], spots[consumer]
    return [first, *(_Spot(None, _LANE, layer) for layer in range(first.layer + 1, last.layer)), last]


def _rows(boxes: Iterable[_Spot], routes: Iterable[Sequence[_Spot]]) -> list[list[_Spot]]:
    found = [*boxes, *(lane for route in routes for lane in route[1:-1])]
    rows: list[list[_Spot]] = [[] for _ in range(max((spot.layer for spot in found), default=-1) + 1)]
    for spot in found:
        rows[spot.layer].append(spot)
    return rows


def _order(rows: list[list[_Spot]], routes: Sequence[Sequence[_Spot]]) -> None:
    """Sort each row by the middle of its neighbours, downwards and upwards in turn: fewer crossings."""
    links = _links(routes)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            index = {id(spot): i for other in rows for i, spot in enumerate(other)}
            keys = {}
            for i, spot in enumerate(row):
                near = [index[id(o)] for o in links.get(id(spot), ()) if (o.layer < spot.layer) == down]
                keys[id(spot)] = sum(near) / len(near) if near else float(i)
            row.sort(key=lambda spot: keys[id(spot)])


def _links(routes: Sequence[Sequence[_Spot]]) -> dict[int, list[_Spot]]:
    links: dict[int, list[_Spot]] = {}
    for route in routes:
        for upper, lower in pairwise(route):
            links.setdefault(id(upper), []).append(lower)
            links.setdefault(id(lower), []).append(upper)
    return links


def _place(rows: list[list[_Spot]], routes: Sequence[Sequence[_Spot]]) -> float:
    """Set the x of every spot, each near its neighbours above; return the width of the picture."""
    links = _links(routes)
    for row in rows:
        edge = -1e9
        for spot in row:
            near = [other.x for other in links.get(id(spot), ()) if other.layer < spot.layer]
            wanted = (
                sum(near) / len(near) if near else (edge + _GAP_X + spot.width / 2 if edge > -1e9 else 0.0)
            )
            spot.x = max(wanted, edge + _GAP_X + spot.width / 2)
            edge = spot.x + spot.width / 2
    every = [spot for row in rows for spot in row]
    left = min((spot.x - spot.width / 2 for spot in every), default=0.0)
    for spot in every:
        spot.x += _MARGIN - left
    right = max((spot.x + spot.width / 2 for spot in every), default=0.0)
    return right + (_LABEL * 4 if len(rows) > 1 else 0) + _MARGIN  # the last label may stand out


def _ports(routes: Sequence[Sequence[_Spot]]) -> list[tuple[float, int]]:
    """Return for each route the x at which it enters its last box, and its number among those there."""
    ports: dict[int, tuple[float, int]] = {}
    for box in {id(route[-1]): route[-1] for route in routes}.values():
        arriving = sorted((r for r in routes if r[-1] is box), key=lambda route: route[-2].x)
        for number, route in enumerate(arriving):
            share = (number + 1) / (len(arriving) + 1) - 0.5
            ports[id(route)] = (box.x + share * box.width, number)
    return [ports[id(route)] for route in routes]


def _box_width(step: str) -> float:
    return max(72.0, _text_width(_short(step, 32)) + 28)


def _text_width(text: str) -> float:
    return sum(_CHARACTER * (1.8 if unicodedata.east_asian_width(c) in "WF" else 1.0) for c in text)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _box_svg(spot: _Spot, status: str) -> str:
    assert spot.step is not None
    fill, stroke = _FILLS.get(status, _PLAIN)
    middle = spot.top + (17 if status else 24)
    second = (
        f'<text x="{spot.x:.1f}" y="{spot.top + 32:.1f}" text-anchor="middle" font-size="10" fill="#444">'
        f"{escape(status)}</text>"
        if status
        else ""
    )
    return (
        f"<g><title>{escape(spot.step)}{escape(': ' + status if status else '')}</title>"
        f'<rect x="{spot.x - spot.width / 2:.1f}" y="{spot.top:.1f}" width="{spot.width:.1f}" '
        f'height="{_HEIGHT}" rx="6" fill="{fill}" stroke="{stroke}"/>'
        f'<text x="{spot.x:.1f}" y="{middle:.1f}" text-anchor="middle" fill="#111">'
        f"{escape(_short(spot.step, 32))}</text>{second}</g>"
    )


def _edge_svg(
    pipeline: Pipeline, pair: tuple[str, str], route: Sequence[_Spot], port: tuple[float, int]
) -> str:
    edges = [edge for edge in pipeline.edges if (edge.producer, edge.consumer) == pair]
    dashed = "" if any(edge.kind is EdgeKind.DATA for edge in edges) else ' stroke-dasharray="5 4"'
    return (
        f"<g><title>{escape(f'{pair[0]} → {pair[1]}: {_carried(edges)}')}</title>"
        f'<path d="{_path(route, port[0])}" fill="none" stroke="#808080" stroke-width="1.4"{dashed} '
        f'marker-end="url(#arrow)"/>{_label(edges, route[-1].top, port)}</g>'
    )


def _carried(edges: Sequence[Edge]) -> str:
    words = (
        edge.name if edge.kind is EdgeKind.DATA else f"{edge.name} ({edge.kind.value})" for edge in edges
    )
    return ", ".join(sorted(set(words)))


def _label(edges: Sequence[Edge], top: float, port: tuple[float, int]) -> str:
    x, number = port
    y = top - 10 - 12 * (number % 3)  # in steps, as labels are wider than the room between two edges
    text = _short(_carried(edges), _LABEL)
    return f'<text x="{x + 5:.1f}" y="{y:.1f}" font-size="10" fill="#808080">{escape(text)}</text>'


def _path(route: Sequence[_Spot], port_x: float) -> str:
    """Return a curve from the lower rim of a box through the lanes of `route` to the upper of the last."""
    x, y = route[0].x, route[0].top + _HEIGHT
    parts = [f"M{x:.1f} {y:.1f}"]
    for spot in route[1:]:
        bend, goal = (y + spot.top) / 2, spot.x if spot.step is None else port_x
        parts.append(f"C{x:.1f} {bend:.1f} {goal:.1f} {bend:.1f} {goal:.1f} {spot.top:.1f}")
        x, y = goal, spot.top
        if spot.step is None:
            y = spot.top + _HEIGHT
            parts.append(f"L{x:.1f} {y:.1f}")
    return "".join(parts)
