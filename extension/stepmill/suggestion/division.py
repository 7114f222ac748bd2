"""The best way to cut a row of cells into a few parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

LEAST, MOST = 3, 12
"""Steps that a pipeline may have to be one, and to be taken in at a glance."""
LARGEST = 0.7
"""The share of all cells that one step may hold."""
_A_CUT = 1.4
_COMFORTABLE = 8
_TOO_MANY = 0.5
_UNEVEN = 4.0
_MOST_CUTS = 150


def divide(
    scores: Sequence[float], barred: Collection[int], poor: Callable[[int, int], float]
) -> tuple[int, ...] | None:
    """Return where the parts begin, or None if there is no way to cut.

    Parameters
    ----------
    scores
        How good each item is as the beginning of a part.
    barred
        Items that must not be parted from the one before.
    poor
        What is bad about a part, given its first item and the one behind its last.
    """
    count = len(scores)
    longest = int(count * LARGEST)
    open_cuts = [i for i in range(1, count) if i not in barred]
    if len(open_cuts) > _MOST_CUTS:  # what is not among the best is not missed
        kept = sorted(open_cuts, key=lambda i: -scores[i])[:_MOST_CUTS]
        kept += [i for i in open_cuts if i % max(1, count // 20) == 0]
        open_cuts = sorted(set(kept))
    places = [0, *open_cuts, count]
    # best[k][j]: the best total of k parts that end before places[j], and where the last one begins
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for _ in range(MOST):
        row: dict[int, tuple[float, int]] = {}
        for j, end in enumerate(places):
            for i, (total, _) in best[-1].items():
                start = places[i]
                if i >= j or end - start > longest:
                    continue
                worth = total + (scores[start] - _A_CUT if start else 0.0)
                worth -= _UNEVEN * ((end - start) / count) ** 2 + poor(start, end)
                if j not in row or worth > row[j][0]:
                    row[j] = (worth, i)
        best.append(row)
    last = len(places) - 1
    possible = [k for k in range(LEAST, MOST + 1) if last in best[k]]
    if not possible:
        return None
    parts = max(possible, key=lambda k: best[k][last][0] - _TOO_MANY * max(0, k - _COMFORTABLE))
    begins, j = [], last
    for k in range(parts, 0, -1):
        j = best[k][j][1]
        begins.append(places[j])
    return tuple(reversed(begins))
