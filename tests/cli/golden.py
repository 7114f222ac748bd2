"""Golden texts: what the command line prints (STEPMILL_UPDATE_GOLDEN=1 rewrites them)."""

from __future__ import annotations

import os
import re
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "golden" / "cli"
BLANKS = [
    (re.compile(r"\b\d{8}[-T]?\d{6}[-\w]*\b"), "<run>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b"), "<moment>"),
]
TIMES = (re.compile(r"\b\d+(\.\d+)? s\b"), "<time>")


def blanked(text: str, *folders: Path, times: bool = False) -> str:
    """Replace what differs between machines: `folders`, run ids, moments, and with `times` durations."""
    for folder in folders:
        text = text.replace(str(folder), "<folder>")
    for pattern, word in [*BLANKS, *([TIMES] if times else [])]:
        text = pattern.sub(word, text)
    return text


def check_golden(name: str, text: str) -> None:
    """Compare `text` with the golden file; no line of either ends in spaces."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("STEPMILL_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
