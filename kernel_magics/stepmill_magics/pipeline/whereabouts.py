"""Which notebook `%pipeline` is about: the one that was named, else the one in front; never a guess."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.errors import NotebookError, UsageError
from stepmill_magics.executed import record_of
from stepmill_magics.pipeline.servers import kernel_id, notebooks_of_kernel
from stepmill_magics.pipeline.unsaved import saved_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

_HINT = "name it: %pipeline COMMAND path/to/notebook.ipynb"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """An existing notebook file. `how` is said to the user where it was not asked of the front end."""

    path: Path
    how: str = ""


def find_notebook(shell: Any, named: str | None) -> Whereabouts:
    """Return the notebook that was `named`, else the one that the front end has in front.

    Raises
    ------
    NotebookError
        The named one does not exist.
    UsageError
        Nobody can say which it is.
    """
    if named is not None:
        return Whereabouts(_existing(Path(named).expanduser(), named))
    told = shell.user_ns.get("__vsc_ipynb_file__")
    if isinstance(told, str) and told and Path(told).is_file():
        return Whereabouts(Path(told))
    return _of_session() or _of_environment(shell) or _only_one(shell)


def _existing(path: Path, named: str) -> Path:
    if path.is_file():
        return path.absolute()
    folder = path.absolute().parent
    names = sorted(entry.name for entry in folder.glob("*.ipynb")) if folder.is_dir() else []
    hint = f"notebooks in that folder: {', '.join(names[:5])}" if names else f"looked in {folder}"
    raise NotebookError(f"there is no notebook {named}", hint=hint)


def _of_session() -> Whereabouts | None:
    """Ask the running servers, which know a notebook by its present name."""
    identity = kernel_id()
    found = notebooks_of_kernel(identity) if identity else []
    if len(found) > 1:
        names = ", ".join(str(path) for path in found)
        raise UsageError(f"this kernel belongs to several notebooks: {names}", hint=_HINT)
    if not found:
        return None
    if not found[0].is_file():
        raise UsageError(
            f"the server says that this is {found[0]}, which is no file on this machine",
            hint="save the notebook, or " + _HINT,
        )
    return Whereabouts(found[0])


def _of_environment(shell: Any) -> Whereabouts | None:
    """Take what the server left for the kernel when it started it: old if it was renamed since."""
    told = os.environ.get("JPY_SESSION_NAME", "")
    if not told.endswith(".ipynb"):
        return None
    path = Path(told)
    for candidate in [path] if path.is_absolute() else [_first_folder(shell) / path.name]:
        if candidate.is_file():
            return Whereabouts(candidate)
    return None


def _only_one(shell: Any) -> Whereabouts:
    """Take the notebook that lies alone in the folder where the kernel started, if it can be this one."""
    folder = _first_folder(shell)
    found = sorted(folder.glob("*.ipynb"))
    if len(found) == 1 and _can_be(shell, found[0]):
        return Whereabouts(found[0], how=f"the only notebook in {folder}")
    if len(found) == 1:
        what = f"{found[0].name} has none of the cells of this session, and no other notebook is in {folder}"
    elif found:
        what = f"in {folder} there are {', '.join(path.name for path in found[:6])}"
        what += f" and {len(found) - 6} more" if len(found) > 6 else ""
    else:
        what = f"there is none in {folder}"
    raise UsageError(f"cannot tell which notebook this is: {what}", hint=_HINT)


def _can_be(shell: Any, path: Path) -> bool:
    """Tell whether the session's cells may stand in the file; nobody's notebook can be anything."""
    executed = [one for one in record_of(shell).all() if one.cell_id is not None]
    sources = {cell.source for cell in saved_cells(path)}
    return not executed or any(_text(one.source) in sources for one in executed)


def _text(source: str) -> str:
    return source.replace("\r\n", "\n").rstrip()


def _first_folder(shell: Any) -> Path:
    """Return the folder in which the kernel started, whatever `cd` came later."""
    return next(_history_of_folders(shell), Path.cwd())


def _history_of_folders(shell: Any) -> Iterator[Path]:
    for entry in shell.user_ns.get("_dh") or ():
        if Path(str(entry)).is_dir():
            yield Path(str(entry))
