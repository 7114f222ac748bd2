"""Durations and sizes as people write them: `90s`, `1h30m`, `8GB`."""

from __future__ import annotations

import re

_SECONDS = {
    "ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "hr": 3600.0,
    "d": 86400.0, "w": 604800.0,
}  # fmt: skip
_BYTES = {"": 1, "b": 1} | {
    f"{prefix}{suffix}": base**power
    for base, suffixes in ((1000, ("", "b")), (1024, ("i", "ib")))
    for power, prefix in enumerate("kmgtp", start=1)
    for suffix in suffixes
}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def parse_duration_s(text: str) -> float | None:
    """Return the seconds of `90`, `90s`, `10m`, `1h30m` or `1.5d`; None if it is no duration."""
    text = text.strip().lower()
    if _NUMBER.fullmatch(text):
        return float(text)
    seconds, position = 0.0, 0
    for match in _AMOUNT.finditer(text):
        if match.start() != position or match[2] not in _SECONDS:
            return None
        seconds += float(match[1]) * _SECONDS[match[2]]
        position = match.end()
    return seconds if text and position == len(text) else None


def parse_size_bytes(text: str) -> int | None:
    """Return the bytes of `512`, `8GB` (10⁹) or `8GiB` (2³⁰); None if it is no size."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip(), re.IGNORECASE)
    if match is None or match[2].lower() not in _BYTES:
        return None
    return int(float(match[1]) * _BYTES[match[2].lower()])
