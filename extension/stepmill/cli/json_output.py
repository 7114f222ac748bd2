"""JSON for scripts: one writer, so that every command escapes and ends its lines the same way."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from stepmill.errors import PipelineError, StepmillError
from stepmill.model.codec import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping


def json_text(document: Any, *, indent: int | None = 2) -> str:
    """Return strict JSON in ASCII, records included; numbers that JSON lacks become strings.

    ASCII, because a pipe's encoding is not ours to choose; strict, because readers other than
    Python refuse `NaN`.
    """
    return json.dumps(_finite(to_json(document)), indent=indent, allow_nan=False)


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """Write one document to standard output, at once."""
    sys.stdout.write(json_text(document, indent=indent) + "\n")
    sys.stdout.flush()


def error_document(error: StepmillError) -> Mapping[str, Any]:
    """Return `{"schema", "error": {code, message, hint, cell, line, column}}`, and diagnostics."""
    fields = ("code", "message", "hint", "cell", "line", "column")
    document: dict[str, Any] = {"schema": 1, "error": {name: getattr(error, name) for name in fields}}
    if isinstance(error, PipelineError) and error.diagnostics:
        document["diagnostics"] = error.diagnostics
    return document


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
