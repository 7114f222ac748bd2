"""Steps' files that cells have written in the user's own kernel: no one changed those by hand.

A run lists the files that steps wrote. The kernel looks at them before and after each cell that the user
executes, and notes which of them changed meanwhile; plans ask what is noted for the cells of their notebook.
Files are looked at, never read. Here is what both sides share: the documents, in `cells/` of the project's
state, each written by one side only.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from stepmill import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Stamp = tuple[int, int, int]

_FOLDER = "cells"
_LIST = "watched.json"


def stamp_of(path: str) -> Stamp | None:
    """Return (size, time of the last change, inode); None if there is nothing under `path`."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for many files, before and after each cell
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def key_of_cell(cell_id: str, notebook: Path | None) -> str:
    """Return what notes about a cell go by; `notebook` is its file, None where the kernel cannot tell."""
    return f"cell {cell_id} of {notebook.resolve() if notebook else 'some notebook'}"


def key_of_step(step: str, notebook: Path) -> str:
    """Return what notes about any cell of a step go by: front ends may give cells other ids than the file."""
    return f"step {step} of {notebook.resolve()}"


def list_of(state: Path) -> Path:
    """Return the document that lists the files to watch."""
    return state / _FOLDER / _LIST


def watch(state: Path, notebook: str, files: Iterable[Path], *, also_old: bool = False) -> None:
    """List the files that steps of `notebook` wrote, and forget notes that hold for nothing any more.

    `also_old`: only some of its steps were looked at, so what is listed already stays.
    """
    listed = _read(list_of(state))
    old = listed.get(notebook, ()) if also_old else ()
    paths = sorted({os.path.relpath(file, state.parent) for file in files} | set(old))
    new = {**listed, notebook: paths} if paths else {k: v for k, v in listed.items() if k != notebook}
    if new != listed:
        atomic.write_text(list_of(state), json.dumps(new))
    for note in _notes(state):
        if not _holding(state, _read(note)):
            note.unlink(missing_ok=True)


def watched(state: Path) -> tuple[str, ...]:
    """Return the files that steps of the project's notebooks wrote, relative to its root."""
    return tuple(dict.fromkeys(path for paths in _read(list_of(state)).values() for path in paths))


def note(state: Path, keys: Iterable[str], files: Mapping[str, Stamp]) -> None:
    """Note that the cell that `keys` stand for has left `files`, relative to the project's root, so.

    Raises
    ------
    OSError
        It cannot be written.
    """
    for key in keys:
        place = _place(state, key)
        known = _holding(state, _read(place))
        atomic.write_text(place, json.dumps({**known, **files}))


def noted(state: Path, keys: Iterable[str]) -> dict[str, frozenset[Stamp]]:
    """Return how the cells that `keys` stand for have left files, by absolute path."""
    there = {place.name: place for place in _notes(state)}
    found: dict[str, frozenset[Stamp]] = {}
    for place in (there[name] for key in keys if (name := _place(state, key).name) in there):
        for path, stamp in _read(place).items():
            full = _full(state, path)
            found[full] = found.get(full, frozenset()) | {tuple(stamp)}
    return found


def _notes(state: Path) -> list[Path]:
    try:
        return [one for one in (state / _FOLDER).iterdir() if one.suffix == ".json" and one.name != _LIST]
    except OSError:
        return []


def _holding(state: Path, files: Mapping[str, Any]) -> dict[str, Any]:
    """Return the files that are still as they were noted."""
    return {path: stamp for path, stamp in files.items() if stamp_of(_full(state, path)) == tuple(stamp)}


def _full(state: Path, path: str) -> str:
    return os.path.normpath(state.parent / path)


def _place(state: Path, key: str) -> Path:
    from hashlib import blake2b

    return state / _FOLDER / f"{blake2b(key.encode(), digest_size=12).hexdigest()}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}  # nothing is known then: the user is asked
    return document if isinstance(document, dict) else {}
