"""Spans of time, as a sentence says them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return `seconds` with one unit, rounded down: "45 s", "5 min", "3 h", "2 d"."""
    for unit, size_s in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size_s:
            return f"{int(seconds // size_s)} {unit}"
    return f"{max(int(seconds), 0)} s"
