"""Notebooks for whole runs of the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

GOOD = [
    "%%parameters\nalpha = 0.5",
    "%%step load\nvalues = [3, 1, 2]",
    "%%step order\nordered = sorted(values)",
    "%%step scale\nscaled = [alpha * v for v in ordered]\nprint(scaled)",
]
FAILING = [*GOOD, "%%step broken\nnothing = scaled[0] / 0", "%%step after_broken\nprint(nothing)"]
SLOW = [*GOOD, "%%step slow\nimport time\nfor _ in range(1200):\n    time.sleep(0.1)\ndone = scaled"]


def write_notebook(path: Path, sources: list[str], kernel: str = "python3") -> Path:
    """Write code cells with these sources as an nbformat 4.5 file."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": cells}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
