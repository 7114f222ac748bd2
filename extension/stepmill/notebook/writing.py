"""Notebook files out: whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from stepmill.errors import NotebookError

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_document(document: Mapping[str, Any], path: Path, *, durable: bool = True) -> None:
    """Write an nbformat 4 document as Jupyter lays it out; a reader sees the old file or the new one.

    After a power cut that holds if it is `durable`.

    Raises
    ------
    NotebookError
        The folder is missing, read-only or full. What was at `path` is untouched.
    """
    text = json.dumps(_on_disk(document), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    target = Path(os.path.realpath(path))  # through a symbolic link, as an editor would
    try:
        replace_file(target, f"{text}\n".encode(), durable=durable)
    except UnicodeEncodeError as error:
        raise NotebookError(f"cannot write {path}: it holds half of a character ({error.reason})") from None
    except OSError as error:
        hint = "check that the folder exists and may be written to"
        raise NotebookError(f"cannot write {path}: {error.strerror or error}", hint=hint) from error


def executed_copy(document: Mapping[str, Any], outputs: Mapping[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return a copy of the notebook whose cells, by index, carry these outputs, and no other outputs.

    The given cells are numbered as if executed in notebook order. `document` stays as it is and
    shares nothing with the copy; its own outputs, which may be huge, are never copied. The given
    outputs are taken over, not copied.
    """
    copy = {key: deepcopy(value) for key, value in document.items() if key != "cells"}
    copy["cells"] = []
    count = 0
    for index, cell in enumerate(document["cells"]):
        new = {key: deepcopy(value) for key, value in cell.items() if key != "outputs"}
        if cell["cell_type"] == "code":
            given = outputs.get(index)
            count += given is not None
            new["outputs"] = [] if given is None else [_numbered(output, count) for output in given]
            new["execution_count"] = None if given is None else count
        copy["cells"].append(new)
    return copy


def _numbered(output: dict[str, Any], count: int) -> dict[str, Any]:
    if output.get("output_type") != "execute_result":
        return output
    return {**output, "execution_count": count}


def _on_disk(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with long texts as lists of lines, as nbformat writes them."""
    cells = [
        {
            **cell,
            "source": _lines(cell["source"]),
            **({"outputs": [_output(o) for o in cell["outputs"]]} if "outputs" in cell else {}),
        }
        for cell in document["cells"]
    ]
    return {**document, "cells": cells}


def _output(output: Mapping[str, Any]) -> dict[str, Any]:
    new = dict(output)
    if isinstance(new.get("text"), str):
        new["text"] = _lines(new["text"])
    if isinstance(new.get("data"), Mapping):
        new["data"] = {
            kind: value if kind == "application/json" or kind.endswith("+json") else _lines(value)
            for kind, value in new["data"].items()
        }
    return new


def _lines(text: Any) -> Any:
    return text.splitlines(keepends=True) if isinstance(text, str) else text


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write beside `path`, to the disk if `durable`, then rename; the mode of an existing file is kept."""
    mode = path.stat().st_mode & 0o7777 if path.exists() else None
    temporary = path.with_name(f".{path.name[:80]}.{os.urandom(6).hex()}.tmp")
    try:
        with os.fdopen(os.open(temporary, _NEW_FILE, 0o666 if mode is None else mode), "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)  # all of it, whatever the umask takes away
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
