"""The notebook file: JSON in, an nbformat 4 document out, or an error that says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from stepmill.errors import NotebookError

if TYPE_CHECKING:
    from pathlib import Path

_PYTHONS = frozenset({"python", "python3", "ipython", "ipython3"})
_CELL_TYPES = ("code", "markdown", "raw")


def load_document(path: Path) -> dict[str, Any]:
    """Read the file as a document of nbformat 4; older ones are upgraded in memory.

    Raises
    ------
    NotebookError
        The file is missing, unreadable, damaged, or no notebook.
    """
    return as_version_4(_parse(_read_text(path), path), str(path))


def as_version_4(document: Any, name: str) -> dict[str, Any]:
    """Return `document` as plain nbformat 4 with the parts that we rely on checked; not a copy if it was."""
    if not isinstance(document, Mapping):
        raise NotebookError(f"{name} is no notebook: it holds {_kind(document)}, not an object")
    version = document.get("nbformat")
    if not isinstance(version, int):
        if "cells" not in document and "worksheets" not in document:
            raise NotebookError(
                f"{name} is no notebook: it is JSON without cells", hint="give an .ipynb file"
            )
        raise NotebookError(f"{name} does not say its nbformat", hint="open it in Jupyter and save it again")
    if version > 4:
        hint = "save it as nbformat 4"
        raise NotebookError(f"{name} has nbformat {version}; we read up to 4", hint=hint)
    if version < 4:
        document = _upgraded(document, version, name)
    check_structure(document, name)
    return document if isinstance(document, dict) else dict(document)


def check_structure(document: Mapping[str, Any], name: str) -> None:
    """Raise NotebookError unless cells are objects with a known type and text as source."""
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise NotebookError(f"{name} is damaged: 'cells' is {_kind(cells)}, not a list")
    if not isinstance(document.get("metadata", {}), Mapping):
        raise NotebookError(f"{name} is damaged: 'metadata' is {_kind(document['metadata'])}, not an object")
    for index, cell in enumerate(cells):
        if not _is_plain(cell) and (problem := _cell_problem(cell)):
            hint = "open it in Jupyter and save it again, or restore it from version control"
            raise NotebookError(f"{name} is damaged: cell {index}: {problem}", hint=hint, cell=index)


def kernel_of(document: Mapping[str, Any], name: str) -> str:
    """Return the name of the notebook's kernelspec, "" if it names none.

    Raises
    ------
    NotebookError
        The notebook is written in another language than Python.
    """
    metadata = document.get("metadata", {})
    spec, info = (_mapping(metadata.get(key)) for key in ("kernelspec", "language_info"))
    language = str(info.get("name") or spec.get("language") or "python")
    if language.lower() not in _PYTHONS:
        shown = spec.get("display_name") or spec.get("name") or language
        hint = "stepmill runs Python notebooks; choose a Python kernel in Jupyter and save"
        raise NotebookError(f"{name} is written in {language} (kernel {shown!r})", hint=hint)
    return str(spec.get("name") or "")


def source_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's source as one string; files hold it as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise NotebookError(f"there is no file {path}", hint=_nearby(path)) from None
    except IsADirectoryError:
        raise NotebookError(f"{path} is a folder, not a notebook", hint=_inside(path)) from None
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text: byte {error.start} is 0x{error.object[error.start]:02x}"
        raise NotebookError(message, hint="notebooks are UTF-8; is this the right file?") from None
    except OSError as error:
        if path.is_dir():  # Windows says "permission denied"
            raise NotebookError(f"{path} is a folder, not a notebook", hint=_inside(path)) from None
        raise NotebookError(f"cannot read {path}: {error.strerror or error}") from None


def _parse(text: str, path: Path) -> Any:
    if not text.strip():
        raise NotebookError(f"{path} is empty", hint="open it in Jupyter and save it, or restore it")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{path} is no valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise NotebookError(
            message, hint=_json_hint(text, path), line=error.lineno, column=error.colno - 1
        ) from None
    except RecursionError:
        raise NotebookError(f"{path} is no notebook: its JSON is nested too deeply") from None


def _json_hint(text: str, path: Path) -> str:
    if text.startswith("version https://git-lfs"):
        return "this is a Git LFS pointer; fetch the file with 'git lfs pull'"
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            return f"line {number} is left from a merge conflict in git; resolve it"
    if path.suffix != ".ipynb":
        return "give a notebook, a file that ends in .ipynb"
    return "the file is damaged or cut off; restore it from version control or .ipynb_checkpoints"


def _upgraded(document: Mapping[str, Any], version: int, name: str) -> dict[str, Any]:
    import nbformat

    try:
        upgraded = nbformat.convert(nbformat.from_dict(document), 4)  # type: ignore[no-untyped-call]
    except Exception as error:
        message = f"{name} has nbformat {version} and cannot be upgraded: {error}"
        raise NotebookError(message, hint="open it in Jupyter and save it again") from error
    return dict(upgraded)


def _is_plain(cell: Any) -> bool:
    """Tell whether a cell is surely sound, without a closer look: a panel sends a thousand at each edit."""
    return (
        type(cell) is dict
        and type(cell.get("source")) is str
        and type(cell.get("metadata")) is dict
        and cell.get("cell_type") in _CELL_TYPES
    )


def _cell_problem(cell: Any) -> str:
    if not isinstance(cell, Mapping):
        return f"it is {_kind(cell)}, not an object"
    if cell.get("cell_type") not in _CELL_TYPES:
        return f"unknown cell type {cell.get('cell_type')!r}"
    source = cell.get("source")
    if not isinstance(source, str) and not (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    ):
        return f"its source is {_kind(source)}, not text"
    if not isinstance(cell.get("metadata", {}), Mapping):
        return f"its metadata is {_kind(cell['metadata'])}, not an object"
    return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "missing"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a number")


def _notebooks(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.suffix == ".ipynb")
    except OSError:
        return []


def _nearby(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either"
    names = _notebooks(path.parent)
    near = get_close_matches(path.name, names, n=1, cutoff=0.6) or get_close_matches(
        f"{path.name}.ipynb", names, n=1, cutoff=0.9
    )
    if near:
        return f"did you mean {path.parent / near[0]}?"
    return f"notebooks in that folder: {', '.join(names[:5])}" if names else "no notebook is in that folder"


def _inside(path: Path) -> str:
    names = _notebooks(path)
    return f"give one of its notebooks, for example {path / names[0]}" if names else "it holds no notebook"
