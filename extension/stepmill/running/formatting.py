"""Exported code as the project's own tools want it, where there are some."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from stepmill.syntax import parse

_TIMEOUT_S = 60.0
_FORMATTERS = {
    "ruff": ("format", "--stdin-filename"),
    "black": ("--quiet", "--stdin-filename"),
}
_OFTEN = 3


def format_python(text: str, path: Path) -> tuple[str, str | None]:
    """Return `text` as ruff, else black, formats a file at `path`, and the name of the tool.

    The tool of this environment, or on the search path, reads the settings of the project in which
    `path` lies. Without one, or if it fails, the text comes back as it is, and None: it is laid out
    already, only the user's own lines keep their style. What ruff's rules then still find in it, which
    is the notebook's own style, is marked with `# noqa`, or once at the top if it is found often: to
    cure it could change what the code does.
    """
    for name, options in _FORMATTERS.items():
        formatted = _run(name, [*options, str(path.resolve())], text, path, good=(0,))
        if formatted:
            return (_marked(formatted, path) if name == "ruff" else formatted), name
    return text, None


def _marked(text: str, path: Path) -> str:
    found = _run(
        "ruff",
        ["check", "--no-fix", "--output-format", "json", "--stdin-filename", str(path.resolve())],
        text,
        path,
        good=(0, 1),
    )
    try:
        findings = json.loads(found or "[]")
    except ValueError:
        return text
    codes: dict[int, set[str]] = {}
    for finding in findings:
        if finding.get("noqa_row") and finding.get("code"):
            codes.setdefault(finding["noqa_row"], set()).add(finding["code"])
    counts = Counter(code for names in codes.values() for code in names)
    often = {code for code, count in counts.items() if count >= _OFTEN}
    lines = text.split("\n")
    for row, names in codes.items():
        if names - often and "# noqa" not in lines[row - 1]:
            lines[row - 1] += f"  # noqa: {', '.join(sorted(names - often))}"
    return "\n".join(_with_note(lines, text, sorted(often)))


def _with_note(lines: list[str], text: str, codes: list[str]) -> list[str]:
    """Say below the module's docstring which of the project's rules the notebook does not follow."""
    if not codes:
        return lines
    first = parse(text).body[:1]
    is_docstring = ast.get_docstring(ast.Module(first, [])) is not None
    at = (first[0].end_lineno or 0) if first and is_docstring else 0
    note = ["# The notebook was not written by these rules.", f"# ruff: noqa: {', '.join(codes)}"]
    return [*lines[:at], *([""] if at else []), *note, *([] if at else [""]), *lines[at:]]


def _run(name: str, arguments: list[str], text: str, path: Path, *, good: tuple[int, ...]) -> str | None:
    """Return what the tool makes of `text`; None if there is no such tool, or it fails."""
    beside = Path(sys.executable).with_name(name)
    command = str(beside) if beside.exists() else shutil.which(name)
    if command is None:
        return None
    folder = path.resolve().parent
    try:
        done = subprocess.run(
            [command, *arguments, "-"],
            input=text,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=folder if folder.is_dir() else None,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode in good else None
