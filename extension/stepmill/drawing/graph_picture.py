"""The graph of a pipeline as SVG: a box for each step, and on each line the names that flow along it.

Deterministic, no scripts, no style sheet, no fonts of its own. Boxes and labels bring their own
background and lines are mid-grey, so that the picture reads on light and dark pages alike.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from stepmill.drawing.layout import LABEL_HEIGHT, Layout, Route, Spot, lay_out
from stepmill.model.pipeline import Edge, EdgeKind, Parameter, Pipeline, Step
from stepmill.model.secrets import MASK, is_secret_name

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
_WORDS = {EdgeKind.FILE: "file", EdgeKind.RANDOM: "random", EdgeKind.SESSION: "settings"}
_BOX, _SMALL = 7.4, 6.2  # width of a character in 12 and in 10 pixels of a monospaced font
_HEIGHT, _MARGIN, _LINE = 40.0, 12.0, 16.0  # pixels
_LONGEST_NAME, _LONGEST_LABEL, _LONGEST_VALUE = 32, 30, 40  # characters
_PARAMETERS_WIDTH = 110  # characters to a line
_FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def graph_svg(pipeline: Pipeline, statuses: Mapping[str, str] | None = None) -> str:
    """Draw `pipeline` as an SVG document.

    `statuses` maps steps to the words of a run or a plan ("executed", "cached", "stale" …), which
    colour the boxes. Edges that carry no data are dashed; hovering shows names in full.
    """
    said = statuses or {}
    carried = _carried(pipeline)
    notes = {step.name: _note(step, said.get(step.name, "")) for step in pipeline.steps}
    layout = lay_out(
        {name: _box_width(name, note) for name, note in notes.items()},
        {pair: _width(_label(edges), _SMALL) + 8 for pair, edges in carried.items()},
        box_height=_HEIGHT,
    )
    header = _parameter_lines(pipeline.parameters)
    top = _MARGIN + (len(header) * _LINE + _MARGIN if header else 0.0)
    widest = max((_width(line, _SMALL) + 16 for line in header), default=0.0)
    width, height = max(layout.width, widest) + 2 * _MARGIN, layout.height + top + _MARGIN
    body = [_header_svg(header, pipeline.parameters, widest)] if header else []
    body.append(f'<g transform="translate({_MARGIN:g} {top:g})">')
    body += _edges_svg(layout, carried)
    body += [_box_svg(layout.boxes[name], name, note, said.get(name, "")) for name, note in notes.items()]
    body.append("</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" font-family="{_FONT}" font-size="12">\n'
        f"<title>{_text(pipeline.name)}</title>\n"
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#808080"/></marker></defs>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


# Texts -------------------------------------------------------------------------------------------


def _carried(pipeline: Pipeline) -> dict[tuple[str, str], list[Edge]]:
    """Return the edges by (producer, consumer), those to unknown steps or backwards left out."""
    place = {step.name: index for index, step in enumerate(pipeline.steps)}
    found: dict[tuple[str, str], list[Edge]] = {}
    for edge in pipeline.edges:
        if place.get(edge.producer, len(place)) < place.get(edge.consumer, -1):
            found.setdefault((edge.producer, edge.consumer), []).append(edge)
    return dict(sorted(found.items(), key=lambda item: (place[item[0][0]], place[item[0][1]])))


def _phrases(edges: Sequence[Edge]) -> list[str]:
    """Return what flows: names first, then files, random states, order."""
    ordered = sorted(edges, key=lambda edge: (list(EdgeKind).index(edge.kind), edge.name))
    return list(dict.fromkeys(_phrase(edge) for edge in ordered))


def _phrase(edge: Edge) -> str:
    if edge.kind is EdgeKind.DATA:
        return f"{edge.name}?" if edge.doubtful else edge.name
    if edge.kind is EdgeKind.ORDER:
        return f"after ({edge.name})" if edge.name else "after"
    return f"{_WORDS[edge.kind]} {edge.name}".strip()


def _label(edges: Sequence[Edge]) -> str:
    """Return as many of the phrases as there is room for, and how many more there are."""
    phrases = _phrases(edges)
    shown = [_short(phrases[0], _LONGEST_LABEL)]
    for phrase in phrases[1:]:
        if len(", ".join([*shown, phrase])) > _LONGEST_LABEL - 4:
            break
        shown.append(phrase)
    more = len(phrases) - len(shown)
    return ", ".join(shown) + (f" +{more}" if more else "")


def _note(step: Step, status: str) -> str:
    """Return the small second line of a box: its status, or the parameters that the step reads."""
    return status or (_short(f"reads {', '.join(step.parameters)}", 40) if step.parameters else "")


def _parameter_lines(parameters: Sequence[Parameter]) -> list[str]:
    lines: list[str] = []
    for parameter in parameters:
        text = _short(_parameter(parameter), _PARAMETERS_WIDTH)
        if lines and len(lines[-1]) + len(text) + 3 <= _PARAMETERS_WIDTH:
            lines[-1] += f" · {text}"
        else:
            lines.append(text)
    return lines


def _parameter(parameter: Parameter) -> str:
    is_hidden = is_secret_name(parameter.name) and parameter.default
    value = MASK if is_hidden else json.dumps(parameter.default, ensure_ascii=False)
    return f"{parameter.name} = {_short(value, _LONGEST_VALUE)}"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _width(text: str, character: float) -> float:
    return sum(character * (1.8 if unicodedata.east_asian_width(c) in "WF" else 1.0) for c in text)


def _box_width(name: str, note: str) -> float:
    return max(64.0, _width(_short(name, _LONGEST_NAME), _BOX) + 24, _width(note, _SMALL) + 16)


def _text(text: str) -> str:
    """Escape for XML, which has no control characters at all."""
    return escape("".join(c if c.isprintable() or c == " " else "�" for c in text))


# SVG ---------------------------------------------------------------------------------------------


def _header_svg(lines: Sequence[str], parameters: Sequence[Parameter], width: float) -> str:
    rows = "".join(
        f'<text x="{_MARGIN + 8:g}" y="{_MARGIN + 12 + number * _LINE:g}" font-size="10" fill="#333">'
        f"{_text(line)}</text>"
        for number, line in enumerate(lines)
    )
    return (
        f"<g><title>{_text('parameters: ' + ', '.join(p.name for p in parameters))}</title>"
        f'<rect class="parameters" x="{_MARGIN:g}" y="{_MARGIN:g}" width="{width:.1f}" '
        f'height="{len(lines) * _LINE:g}" rx="3" fill="#fbfbf3" stroke="#b5b58c"/>{rows}</g>'
    )


def _edges_svg(layout: Layout, carried: Mapping[tuple[str, str], Sequence[Edge]]) -> list[str]:
    """Return all lines, then all labels, which stand over lines that pass by."""
    starts = _ports(layout, first=True)
    ends = _ports(layout, first=False)
    lines, labels = [], []
    for pair, route in layout.routes.items():
        edges = carried[pair]
        title = f"<title>{_text(f'{pair[0]} → {pair[1]}: ' + ', '.join(_phrases(edges)))}</title>"
        dashed = "" if any(edge.kind is EdgeKind.DATA for edge in edges) else ' stroke-dasharray="5 4"'
        lines.append(
            f'<g>{title}<path d="{_path(layout, route, starts[pair], ends[pair])}" fill="none" '
            f'stroke="#808080" stroke-width="1.4"{dashed} marker-end="url(#arrow)"/></g>'
        )
        labels.append(_label_svg(route.label, _label(edges), title))
    return lines + labels


def _ports(layout: Layout, *, first: bool) -> dict[tuple[str, str], float]:
    """Return for each edge the x at which it leaves its first box, or enters its last one."""
    ports = {}
    for name, box in layout.boxes.items():
        near = sorted(box.below if first else box.above, key=lambda spot: spot.x)
        places = {id(spot): (number + 1) / (len(near) + 1) - 0.5 for number, spot in enumerate(near)}
        side, step = (0, 1) if first else (-1, -2)
        for pair, route in layout.routes.items():
            if pair[side] == name:
                ports[pair] = box.x + places[id(route.spots[step])] * box.width * 0.9
    return ports


def _path(layout: Layout, route: Route, start: float, end: float) -> str:
    """Return curves between the rows and straight lines through them."""
    spots = route.spots
    parts = [f"M{start:.1f} {spots[0].y + layout.heights[spots[0].row]:.1f}"]
    x = start
    for upper, lower in pairwise(spots):
        y = upper.y + layout.heights[upper.row]
        goal = end if lower is spots[-1] else lower.x
        bend = (y + lower.y) / 2
        parts.append(f"C{x:.1f} {bend:.1f} {goal:.1f} {bend:.1f} {goal:.1f} {lower.y:.1f}")
        if lower is not spots[-1]:
            parts.append(f"V{lower.y + layout.heights[lower.row]:.1f}")
        x = goal
    return "".join(parts)


def _label_svg(spot: Spot, text: str, title: str) -> str:
    return (
        f'<g>{title}<rect class="label" x="{spot.x - spot.width / 2:.1f}" y="{spot.y:.1f}" '
        f'width="{spot.width:.1f}" height="{LABEL_HEIGHT:g}" rx="3" fill="#ffffff" stroke="#c4c4c4"/>'
        f'<text x="{spot.x:.1f}" y="{spot.y + 11.5:.1f}" text-anchor="middle" font-size="10" fill="#444">'
        f"{_text(text)}</text></g>"
    )


def _box_svg(spot: Spot, name: str, note: str, status: str) -> str:
    fill, stroke = _FILLS.get(status, _PLAIN)
    second = (
        f'<text x="{spot.x:.1f}" y="{spot.y + 32:.1f}" text-anchor="middle" font-size="10" fill="#444">'
        f"{_text(note)}</text>"
        if note
        else ""
    )
    return (
        f"<g><title>{_text(name)}{_text(': ' + note if note else '')}</title>"
        f'<rect class="step" x="{spot.x - spot.width / 2:.1f}" y="{spot.y:.1f}" width="{spot.width:.1f}" '
        f'height="{_HEIGHT:g}" rx="6" fill="{fill}" stroke="{stroke}"/>'
        f'<text x="{spot.x:.1f}" y="{spot.y + (17 if note else 24):.1f}" text-anchor="middle" fill="#111">'
        f"{_text(_short(name, _LONGEST_NAME))}</text>{second}</g>"
    )
