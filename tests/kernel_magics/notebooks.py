"""Notebook files for the tests of this room, with cell ids c0, c1 and so on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_cells(path: Path, *sources: str) -> Path:
    """Write a notebook of nbformat 4.5; a source that starts with `# text` is a text cell."""
    cells = []
    for number, source in enumerate(sources):
        cell = {"id": f"c{number}", "metadata": {}, "source": source}
        if source.startswith("# text"):
            cells.append({**cell, "cell_type": "markdown"})
        else:
            cells.append({**cell, "cell_type": "code", "outputs": [], "execution_count": None})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
