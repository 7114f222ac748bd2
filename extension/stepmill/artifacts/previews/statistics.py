"""What a column or an array holds, in ten numbers: missing, range, mean, the shape of its histogram."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.artifacts.previews.text import TextMaker

BINS = 12
MOST_SAMPLED = 60_000
"""Cells that are looked at, of all columns together."""
_FEWEST_ROWS = 1_000
_MOST_TOP = 5
_GOLDEN = 0.6180339887498949
_COUNTABLE = frozenset({str, bool, int, float, type(None)})


def sample_size(rows: int, columns: int = 1) -> int:
    """Return how many of the rows are looked at."""
    return min(rows, max(_FEWEST_ROWS, MOST_SAMPLED // max(columns, 1)))


def sample_places(rows: int, size: int) -> Any:
    """Return `size` places among `rows`, ascending: spread evenly, in step with no period of the data.

    The same for the same numbers, and no random number is drawn: a step may rely on its generators.
    """
    import numpy as np

    spread = np.arange(size, dtype=np.float64) * _GOLDEN % 1.0
    return np.unique((spread * rows).astype(np.int64))


def of_numbers(values: Any) -> list[dict[str, Any]]:
    """Return the statistics of each column of a two-dimensional array of numbers; NaN counts as missing."""
    import numpy as np

    with np.errstate(all="ignore"):
        numbers = np.asarray(values, dtype=np.float64)
        missing = np.isnan(numbers).sum(axis=0)
        known = np.isfinite(numbers)
        counts = known.sum(axis=0)
        low = np.where(known, numbers, np.inf).min(axis=0, initial=np.inf)
        high = np.where(known, numbers, -np.inf).max(axis=0, initial=-np.inf)
        mean = np.where(known, numbers, 0.0).sum(axis=0) / counts
        std = np.sqrt(np.where(known, np.square(numbers - mean), 0.0).sum(axis=0) / counts)
        bins = _histograms(numbers, known, low, high)
    columns = zip(*(part.tolist() for part in (missing, counts, low, high, mean, std, bins)), strict=True)
    return [_of_column(len(numbers), *column) for column in columns]


def _of_column(
    size: int, missing: int, count: int, low: float, high: float, mean: float, std: float, bins: list[int]
) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": "numbers", "missing": missing}
    if size - count - missing:
        found["infinite"] = size - count - missing
    if not count:
        return found
    found |= {"min": low, "max": high, "mean": _finite(mean), "std": _finite(std)}
    if low < high and _finite(high - low) is not None:
        found["histogram"] = bins
    return found


def of_words(values: Iterable[Any], texts: TextMaker) -> dict[str, Any]:
    """Return how many different values there are, and the most frequent; for plain values only.

    Comparing other objects would run code of the user's.
    """
    items = list(values)
    if not _COUNTABLE.issuperset(map(type, items)):
        return {"kind": "objects"}
    counts = Counter(items)
    top = sorted(counts.items(), key=lambda entry: (-entry[1], str(entry[0])))[:_MOST_TOP]
    return {
        "kind": "words",
        "distinct": len(counts),
        "top": [[texts.cell(word), number] for word, number in top],
    }


def _histograms(numbers: Any, known: Any, low: Any, high: Any) -> Any:
    """Return how many numbers of each column lie in each of equally wide bins from `low` to `high`."""
    import numpy as np

    columns = numbers.shape[1]
    places = np.where(known, (numbers - low) * (BINS / (high - low)), 0.0)
    places = np.clip(np.nan_to_num(places, posinf=0.0, neginf=0.0), 0, BINS - 1).astype(np.int64)
    shifted = (places + np.arange(columns) * BINS)[known]
    return np.bincount(shifted, minlength=columns * BINS).reshape(columns, BINS)


def _finite(number: float) -> float | None:
    return number if number - number == 0 else None
