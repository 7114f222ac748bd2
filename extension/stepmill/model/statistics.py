"""Numbers and histograms of stored values as short text: the same in terminals, reports and panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-:=+*#"


def number_text(number: Any) -> str:
    """Return a number with four significant digits; anything else as it is."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return str(number)
    if isinstance(number, int) or (number == int(number) and abs(number) < 1e15):
        return f"{int(number):,}"
    return (
        f"{number:.4g}" if abs(number) < 1e5 else f"{number:,.0f}" if abs(number) < 1e12 else f"{number:.4g}"
    )


def sketch(counts: Sequence[int], *, has_unicode: bool = True) -> str:
    """Return a histogram as one line of little columns; "" without counts."""
    most = max(counts, default=0)
    levels = _BLOCKS if has_unicode else _ASCII
    if not most:
        return ""
    return "".join(" " if not count else levels[round(count / most * (len(levels) - 1))] for count in counts)
