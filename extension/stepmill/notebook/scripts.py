"""The Python of scripts and notebooks that a notebook executes by `%run` or `exec`."""

from __future__ import annotations

from pathlib import Path

from stepmill.errors import NotebookError
from stepmill.model.cell import Role
from stepmill.notebook.reading import read_notebook
from stepmill.syntax import FAILURES, parse

_MOST_BYTES = 1 << 20
_NO_CODE = (Role.TEXT, Role.SKIPPED)


def script_text(path: str, folder: Path) -> str | None:
    """Return the Python of the script at `path`, seen from `folder`; of a notebook, that of its cells.

    None if there is no such file, or no Python in it.
    """
    file = folder / path
    try:
        if file.stat().st_size > _MOST_BYTES:
            return None
        text = _cells_of(file) if file.suffix == ".ipynb" else file.read_text("utf-8")
        parse(text)
    except (OSError, UnicodeDecodeError, NotebookError, *FAILURES):
        return None
    return text


def _cells_of(file: Path) -> str:
    cells = read_notebook(file).notebook.cells
    return "\n".join(cell.python for cell in cells if cell.role not in _NO_CODE)
