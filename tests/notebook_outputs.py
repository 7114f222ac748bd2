"""Refuse notebooks that carry outputs: `python tests/notebook_outputs.py FILE…`."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(paths: list[str]) -> int:
    """Name every notebook with stored outputs; return 1 if there is one."""
    guilty = [path for path in paths if _has_outputs(Path(path))]
    for path in guilty:
        print(f"{path}: clear the outputs before committing")
    return 1 if guilty else 0


def _has_outputs(path: Path) -> bool:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return any(cell.get("outputs") for cell in cells)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
