"""Durations, sizes, moments and values, as people read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def seconds_text(seconds: float | None) -> str:
    """Return "0.04 s", "1.2 s", "38 s", "2 min 05 s" or "3 h 07 min"; "" for None."""
    if seconds is None:
        return ""
    if seconds < 0.095:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def size_text(size_bytes: int) -> str:
    """Return "812 B", "1.2 kB", "34 MB" (powers of 1000)."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5:
            return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
    return f"{size / 1000:.1f} TB"


def moment_text(time_s: float) -> str:
    """Return the local date and time of seconds since the epoch."""
    return datetime.fromtimestamp(time_s, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def value_text(value: Any, longest: int = 40) -> str:
    """Return a JSON value as it would be typed after `-p NAME=`, cut to `longest` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def count_text(number: int, noun: str) -> str:
    """Return "1 step", "2 steps"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Iterable[str], last: str = ", ") -> str:
    """Return the names with commas; `last` stands before the last one."""
    words = list(names)
    return f"{', '.join(words[:-1])}{last}{words[-1]}" if len(words) > 1 else "".join(words)
