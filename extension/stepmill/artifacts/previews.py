"""Small JSON-safe pictures of values, made when they are stored: looking never unpickles."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.refusals import type_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_ROWS = 20
_MAX_COLUMNS = 20
_MAX_CELL = 60
_MAX_TEXT = 500
_MAX_REPR_OF_BYTES = 64 << 10
# A repr may be slow, and may change what it shows (numpy's masked arrays): only these are asked.
_PURE_REPRS = frozenset({"collections", "datetime", "decimal", "fractions", "pathlib", "sklearn", "uuid"})


def preview(value: Any, *, size_bytes: int = 0) -> dict[str, Any]:
    """Return type, shape, dtype and the head of `value` as JSON types.

    `size_bytes` is its stored size: the `repr` of large unknown objects is not asked for. It never
    raises; what cannot be shown is left out.
    """
    shown: dict[str, Any] = {"type": type_name(type(value))}
    try:
        shown.update(_details(value, size_bytes))
    except Exception as error:  # noqa: BLE001 - a preview must not cost the value
        shown["problem"] = f"{type(error).__name__}: {error}"[:_MAX_TEXT]
    return shown


def _details(value: Any, size_bytes: int) -> dict[str, Any]:
    kind = type(value)
    if kind.__module__ == "numpy" and hasattr(value, "dtype"):
        return _array(value)
    if kind.__module__ == "builtins":
        return _plain(value)
    if size_bytes <= _MAX_REPR_OF_BYTES and kind.__module__.partition(".")[0] in _PURE_REPRS:
        return {"text": _cut(repr(value), _MAX_TEXT)}
    return {}


def _plain(value: Any) -> dict[str, Any]:
    shortener = reprlib.Repr()
    shortener.maxlist = shortener.maxtuple = shortener.maxdict = shortener.maxset = _MAX_ROWS
    shortener.maxfrozenset = _MAX_ROWS
    shortener.maxstring = shortener.maxother = _MAX_CELL * 2
    shown: dict[str, Any] = {"text": _cut(shortener.repr(value), _MAX_TEXT)}
    if hasattr(value, "__len__"):
        shown["length"] = len(value)
    return shown


def _array(value: Any) -> dict[str, Any]:
    head = value.ravel()[:_MAX_ROWS] if value.flags.c_contiguous else value.flat[:_MAX_ROWS]
    return {
        "shape": list(value.shape),
        "dtype": str(value.dtype),
        "head": [_cut(str(item), _MAX_CELL) for item in head.tolist()],
    }


def preview_table(value: Any) -> Mapping[str, Any]:
    """Return the preview of a pandas object: shape, dtypes and the first rows, all as text."""
    shown: dict[str, Any] = {"type": type_name(type(value))}
    try:
        shown.update(_table(value))
    except Exception as error:  # noqa: BLE001 - a preview must not cost the value
        shown["problem"] = f"{type(error).__name__}: {error}"[:_MAX_TEXT]
    return shown


def _table(value: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"shape": list(value.shape)}
    if value.ndim == 1:
        shown["dtype"] = str(value.dtype)
        shown["rows"] = [[_cell(item)] for item in value[:_MAX_ROWS]]
        return shown
    corner = value.iloc[:_MAX_ROWS, :_MAX_COLUMNS]
    shown["columns"] = [_cell(name) for name in corner.columns]
    shown["dtypes"] = [str(dtype) for dtype in corner.dtypes]
    shown["index"] = [_cell(label) for label in corner.index]
    columns = [[_cell(item) for item in corner.iloc[:, at]] for at in range(corner.shape[1])]
    shown["rows"] = [list(row) for row in zip(*columns, strict=True)]
    return shown


def _cell(value: Any) -> str:
    kind = type(value)
    if isinstance(value, (str, int, float)) or kind.__module__.partition(".")[0] in {
        "numpy",
        "pandas",
        "datetime",
    }:
        return _cut(str(value), _MAX_CELL)
    return _cut(reprlib.repr(value), _MAX_CELL) if kind.__module__ == "builtins" else f"<{type_name(kind)}>"


def _cut(text: str, size: int) -> str:
    # Lone surrogates have no place in JSON files that others read.
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= size else text[: size - 1] + "…"
