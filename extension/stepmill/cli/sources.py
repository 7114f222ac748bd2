"""The text of a notebook's cells, to show beside a message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def cell_sources(notebook: Path) -> Mapping[int, str]:
    """Return cell index -> source; empty where the file cannot be read as nbformat 4.

    A message is printed with or without the line it is about: what is wrong with the file itself
    is said by whoever reads it for real.
    """
    try:
        document = json.loads(notebook.read_bytes())
    except (OSError, ValueError):
        return {}
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        return {}
    return {index: _text(cell) for index, cell in enumerate(cells)}


def _text(cell: object) -> str:
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
