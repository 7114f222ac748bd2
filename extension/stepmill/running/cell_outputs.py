"""What the cells of a run showed, read from its executed copy of the notebook."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from stepmill.model.comparison import Picture, Printed
from stepmill.notebook.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stepmill.running.folder import RunFolder

_PNG = "image/png"
_TEXT = "text/plain"
_MOST_LINES = 1_000
_MOST_CHARACTERS = 300  # of a line


@dataclass(frozen=True, slots=True)
class CellOutputs:
    """One code cell: its text without what differs between any two processes, and its PNGs."""

    text: Printed
    pictures: tuple[Picture, ...] = ()


def cell_outputs(folder: RunFolder) -> Mapping[int, CellOutputs]:
    """Return what each cell of the notebook showed, by its index; empty where that cannot be read."""
    found = {}
    for index, outputs in _cells(folder):
        pictures = tuple(
            Picture(cell=index, digest=blake3(data).hexdigest()) for data in map(_png, outputs) if data
        )
        found[index] = CellOutputs(_printed(index, outputs), pictures)
    return found


def pictures_of(folder: RunFolder) -> Mapping[str, bytes]:
    """Return the PNGs that a run's cells showed, by digest."""
    shown_pngs = (data for _, outputs in _cells(folder) for data in map(_png, outputs) if data)
    return {blake3(data).hexdigest(): data for data in shown_pngs}


def _cells(folder: RunFolder) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    try:
        document = json.loads(folder.notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for index, cell in enumerate(document.get("cells", ())):
        if cell.get("cell_type") == "code":
            yield index, cell.get("outputs", [])


def _png(output: Mapping[str, Any]) -> bytes | None:
    text = output.get("data", {}).get(_PNG)
    if not text:
        return None
    try:
        return base64.b64decode("".join(text))
    except binascii.Error:
        return None


def _printed(cell: int, outputs: list[dict[str, Any]]) -> Printed:
    lines = [line for piece in shown(map(_as_text, outputs)).lines for line in piece.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        return Printed(cell=cell)
    cut = [line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…" for line in lines]
    more = [f"… {len(lines) - _MOST_LINES:,} more lines"] if len(lines) > _MOST_LINES else []
    digest = blake3("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
    return Printed(cell=cell, text="\n".join([*cut[:_MOST_LINES], *more]), digest=digest)


def _as_text(output: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the output with its plain text alone where it has one; pictures are compared as pictures."""
    data = output.get("data")
    if data is None:
        return output
    if any(mime.startswith("image/") for mime in data):
        return {**output, "data": {}}
    return {**output, "data": {_TEXT: data[_TEXT]}} if _TEXT in data else output
