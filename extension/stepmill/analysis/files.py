"""Files and folders that may be the same, by the pseudo-names that effects have of them."""

from __future__ import annotations

import fnmatch

from stepmill.analysis.effects import ANY_FILE, FILE


def with_parents(folder: str) -> list[str]:
    """Return the path of a folder and those of all that it lies in, the outermost first."""
    parts = folder.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def is_inside(file: str, folder: str) -> bool:
    """Tell whether a file pseudo-name lies in a folder."""
    return file.startswith(f"{folder}/")


def _readings(pattern: str) -> set[str]:
    """Return the pattern, and what it is if an unknown folder in it is none: `*/a.csv` may be `a.csv`."""
    return {pattern, pattern.replace("/*/", "/").removeprefix("*/")}


def may_be_same_file(left: str, right: str) -> bool:
    """Tell whether two file pseudo-names may be the same file, or one a folder of the other."""
    if not right.startswith(FILE):
        return False
    if left == right or ANY_FILE in (left, right):
        return True
    one, two = left[len(FILE) :], right[len(FILE) :]
    if "*" in one or "*" in two:
        return any(
            fnmatch.fnmatchcase(a, b) or fnmatch.fnmatchcase(b, a)
            for a in _readings(one)
            for b in _readings(two)
        )
    return one.startswith(two + "/") or two.startswith(one + "/") or "." in (one, two)
