"""The text of one of the project's own modules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModuleText:
    """A module that is read and never run. `package` is what relative imports in it start from.

    `path` is as messages show it, `file` absolute.
    """

    name: str
    package: str
    path: str
    file: str
    text: str
