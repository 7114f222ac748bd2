"""Files that appear whole or not at all, and secrets that are made once."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_text(path: Path, text: str, *, durable: bool = False) -> None:
    """Write `text` so that readers see the whole new file or the old one; the last of several writers wins.

    Threads of one process may write the same file at once: the name in between is each writer's own.

    That holds for processes that die. After a power cut a file written just before may be empty, unless
    it is `durable`: then it is the old or the new one, for 0.1 ms on a server's disk and some milliseconds
    on others. What can be found anew (caches, what a step hands to its runner) need not be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def secret_bytes(path: Path, size_bytes: int) -> bytes:
    """Return the random bytes that `path` keeps for its user alone, made on first use.

    Raises
    ------
    OSError
        They can neither be read nor made.
    """
    found = _whole(path, size_bytes)
    if found is not None:
        return found
    made = os.urandom(size_bytes)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(made)
    try:
        os.link(temporary, path)  # the first of two writers wins, the other takes its bytes
        return made
    except FileExistsError:
        found = _whole(path, size_bytes)
        if found is None:  # damaged
            temporary.replace(path)
        return found or made
    except OSError:  # a file system without links
        temporary.replace(path)
        return made
    finally:
        temporary.unlink(missing_ok=True)


def _whole(path: Path, size_bytes: int) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        found = path.read_bytes()
        return found if len(found) == size_bytes else None
    return None
