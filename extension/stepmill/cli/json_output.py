"""JSON for scripts, on standard output."""

from __future__ import annotations

import sys
from typing import Any

from stepmill.model.json_text import json_text


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """Write one document to standard output, at once."""
    sys.stdout.write(json_text(document, indent=indent) + "\n")
    sys.stdout.flush()
