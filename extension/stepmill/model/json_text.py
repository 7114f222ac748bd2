"""Documents as text: one writer, so that everything we print or send is escaped in the same way."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from stepmill.model.codec import to_json


def json_text(document: Any, *, indent: int | None = 2) -> str:
    """Return strict JSON in ASCII, records included; numbers that JSON lacks become strings.

    ASCII, because a pipe's encoding is not ours to choose; strict, because readers other than
    Python refuse `NaN`.
    """
    return json.dumps(finite(to_json(document)), indent=indent, allow_nan=False)


def finite(value: Any) -> Any:
    """Return JSON types with "Infinity", "-Infinity" and "NaN" in place of these numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return value
