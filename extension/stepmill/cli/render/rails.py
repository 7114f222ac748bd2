"""The lines left of a list of steps that show which step leads to which, as `git log --graph` does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDEST = 12
"""Lanes beside each other; a graph that needs more is drawn without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rails:
    """What stands left of one step: connecting rows above it, its own row, and the rows below its name."""

    above: tuple[str, ...]
    node: str
    below: str


def draw_rails(order: Sequence[str], upstream: Mapping[str, frozenset[str]]) -> dict[str, Rails] | None:
    """Return the rails of each step, or None if they would be wider than 12 lanes.

    Edges that others imply are left out. Every lane is two characters wide.
    """
    edges = _reduced(order, upstream)
    lanes: list[str | None] = []  # what each lane leads to
    rails = {}
    for name in order:
        arriving = [i for i, target in enumerate(lanes) if target == name]
        column = arriving[0] if arriving else _free(lanes)
        above = (_junction(lanes, column, arriving[1:], "╯"),) if len(arriving) > 1 else ()
        for lane in arriving:
            lanes[lane] = None
        targets = [later for later in order if name in edges[later]]
        lanes[column] = name
        node = _row(lanes, at=column)
        lanes[column] = targets[0] if targets else None
        opened = []
        for target in targets[1:]:
            lane = _free(lanes, after=column)
            opened.append(lane)
            lanes[lane] = target
        # a step that leads to several gets its fork on the first row below it
        below = _junction(lanes, column, opened, "╮") if opened else _row(lanes)
        if len(lanes) > WIDEST:
            return None
        rails[name] = Rails(above=above, node=node, below=below)
        while lanes and lanes[-1] is None:
            lanes.pop()
    return rails


def continuation(row: str) -> str:
    """Return the row that goes on below `row`: its forks as plain lines."""
    return "".join("│" if sign in "├╮┼┬│" else " " for sign in row).rstrip()


def _reduced(order: Sequence[str], upstream: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Keep of each step's direct predecessors those that no other of them comes after."""
    reach: dict[str, frozenset[str]] = {}
    for name in order:
        direct = upstream.get(name, frozenset())
        reach[name] = direct.union(*(reach.get(step, frozenset()) for step in direct))
    return {
        name: frozenset(
            step
            for step in upstream.get(name, frozenset())
            if not any(step in reach.get(other, frozenset()) for other in upstream[name] if other != step)
        )
        for name in order
    }


def _free(lanes: list[str | None], after: int = -1) -> int:
    for lane in range(after + 1, len(lanes)):
        if lanes[lane] is None:
            return lane
    lanes.append(None)
    return len(lanes) - 1


def _row(lanes: Sequence[str | None], at: int = -1) -> str:
    signs = ["●" if i == at else "│" if target is not None else " " for i, target in enumerate(lanes)]
    return " ".join(signs).rstrip()


def _junction(lanes: Sequence[str | None], column: int, others: Sequence[int], corner: str) -> str:
    """Draw lane `column` joined with the lanes `others` to its right; the last of them has the corner."""
    inner = "┬" if corner == "╮" else "┴"
    row = []
    for lane in range(len(lanes)):
        sign = "│" if lanes[lane] is not None else " "
        if lane == column:
            sign = "├"
        elif lane in others:
            sign = corner if lane == others[-1] else inner
        elif column < lane < others[-1]:
            sign = "┼" if lanes[lane] is not None else "─"
        row.append(sign + ("─" if column <= lane < others[-1] else " "))
    return "".join(row).rstrip()
