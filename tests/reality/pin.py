"""Writes the marks of `calls.txt` anew: `python tests/reality/pin.py`, then read the difference.

A word that comes in after `under` is a hole, one after `over` costs splits; neither is to be pinned unread.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from reality.table import PATH, Call, _call, lay_files


def _line(call: Call, folder: Path) -> str:
    over, under = call.difference(folder)
    marks = [
        f"{key}: {', '.join(sorted(words))}" for key, words in (("over", over), ("under", under)) if words
    ]
    source = call.source if call.runs else f"! {call.source}"
    return f"{source}  # {' | '.join(marks)}" if marks else source


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_files(folder)
        lines = [
            line if not line or line.startswith("#") else _line(_call(line), folder)
            for line in PATH.read_text("utf-8").splitlines()
        ]
    PATH.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
