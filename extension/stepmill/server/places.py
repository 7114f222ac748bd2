"""From the contents path that the front end knows to the file on this machine's disk."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from stepmill.errors import NotebookError, StepmillError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_server.services.contents.manager import ContentsManager

_DRIVES = ("RTC:",)  # real-time collaboration shows the files of the root under a name of its own


class NotFoundError(StepmillError):
    """The contents manager knows no such notebook, or does not show it to this user."""

    code = "SM092"


def local_path(contents: ContentsManager, path: object) -> Path | None:
    """Return where a contents path lies on this machine; None if the contents are kept elsewhere.

    The file need not exist.

    Raises
    ------
    NotFoundError
        The path leads out of the contents manager's root, or is none.
    UsageError
        It is empty or no string.
    """
    wanted = _plain(path)
    if not isinstance(contents, FileManagerMixin):
        return None
    with _not_found(wanted):
        # the one door from names to files; it checks that the path stays in the root
        return Path(contents._get_os_path(wanted))  # type: ignore[no-untyped-call]


async def saved_notebook(contents: ContentsManager, path: object) -> Path:
    """Return the file of a notebook that exists, as far as the contents manager lets this user see it.

    Raises
    ------
    NotFoundError, UsageError
        As `local_path`; and if there is no such file, or it is hidden.
    NotebookError
        The contents are not kept on this machine's disk.
    """
    found = local_path(contents, path)
    if found is None:
        raise NotebookError(
            f"{path} is not on this machine's disk: its contents come from {type(contents).__name__}",
            hint="stepmill runs files; save a copy in a folder of this machine and open that one",
        )
    with _not_found(_plain(path)):
        await ensure_async(contents.get(_plain(path), content=False, type="notebook"))  # type: ignore[no-untyped-call]
    return found


def _plain(path: object) -> str:
    if not isinstance(path, str) or not path.strip("/"):
        raise UsageError("'path' is missing: the notebook's path in Jupyter, as a string")
    for drive in _DRIVES:
        path = path.removeprefix(drive)
    return path


@contextmanager
def _not_found(path: str) -> Iterator[None]:
    """Say in our words that there is no such file, or that it can have no such name."""
    try:
        yield
    except HTTPError as error:
        if error.status_code not in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
            raise
        raise _missing(path) from error
    except (OSError, ValueError) as error:
        raise _missing(path) from error


def _missing(path: str) -> NotFoundError:
    return NotFoundError(
        f"there is no notebook {path.encode(errors='replace').decode()!r}",
        hint="save it first; it may have been moved, renamed or deleted",
    )
