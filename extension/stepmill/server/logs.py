"""REST: what a step of a run printed so far, what its cells showed, what values it gave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stepmill.errors import NotebookError
from stepmill.model.codec import SCHEMA
from stepmill.server.base import StepmillHandler, allowed
from stepmill.server.places import NotFoundError, saved_notebook
from stepmill.server.runs import find_run, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOST_BYTES = 64_000


class LogHandler(StepmillHandler):
    """The end of what a step printed, or what it printed since."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        after = whole_number(self.get_query_argument("after", "0"), "after", 0, 2**53)
        step = self.get_query_argument("step", "", strip=False)
        self.reply(await self.services.in_thread(_log, path, run_id, step, after))


class OutputsHandler(StepmillHandler):
    """What the cells of a run showed, with the sources that ran: to be taken into the notebook."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        self.reply(await self.services.in_thread(_outputs, path, run_id))


class ValuesHandler(StepmillHandler):
    """Type and shape of what the steps of a run gave, in short; nothing is loaded."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        self.reply(await self.services.in_thread(_values, path, run_id))


def _values(path: Path, run_id: str) -> Any:
    steps: dict[str, dict[str, Any]] = {}
    for value in find_run(path, run_id).artifacts():
        about = {"type": value.ref.type_name, "shape": value.shape, "size_bytes": value.ref.size_bytes}
        steps.setdefault(value.step, {})[value.name] = about
    return {"schema": SCHEMA, "steps": steps}


def _log(path: Path, run_id: str, step: str, after: int) -> Any:
    run = find_run(path, run_id)
    if step not in run.steps:
        names = ", ".join(run.steps)
        raise NotFoundError(f"run {run_id} has no step {step[:80]!r}", hint=f"its steps: {names}")
    text, start, end = _tail(run.folder.step_files(step).log, after)
    return {"schema": SCHEMA, "step": step, "text": text, "start": start, "end": end}


def _tail(file: Path, after: int) -> tuple[str, int, int]:
    """Return what stands behind `after`, of much only the end; and from which byte to which that is.

    A step that begins anew begins its log anew: where it is shorter than `after`, all of it is new.
    """
    try:
        with file.open("rb") as log:
            size = log.seek(0, 2)
            start = log.seek(max(after if after <= size else 0, size - _MOST_BYTES))
            data = log.read(_MOST_BYTES)
    except FileNotFoundError:
        return "", 0, 0  # it has printed nothing yet, or its result is reused
    whole = data[: _whole_characters(data)]
    return whole.decode(errors="replace"), start, start + len(whole)


def _whole_characters(data: bytes) -> int:
    """Return the length without a last character of which the rest is not written yet."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        needed = 1 + (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0)
        return len(data) - back if needed > back else len(data)
    return len(data)


def _outputs(path: Path, run_id: str) -> Any:
    run = find_run(path, run_id)
    copy = run.notebook
    if copy is None:
        raise NotFoundError(f"run {run_id} has no executed notebook", hint="it ended before its first step")
    try:
        document = json.loads(copy.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"the executed notebook of run {run_id} is gone", hint="run again") from None
    except ValueError as error:
        raise NotebookError(f"the executed notebook of run {run_id} is damaged", hint="run again") from error
    cells = [
        {
            "index": index,
            "id": cell.get("id", ""),
            "source": _text(cell["source"]),
            "outputs": [_joined(output) for output in cell["outputs"]],
            "execution_count": cell["execution_count"],
        }
        for index, cell in enumerate(document["cells"])
        if cell["cell_type"] == "code" and cell["execution_count"] is not None
    ]
    return {"schema": SCHEMA, "cells": cells}


def _joined(output: Mapping[str, Any]) -> dict[str, Any]:
    """Return an output with its texts whole: a file has them in lines."""
    whole = dict(output)
    if "text" in whole:
        whole["text"] = _text(whole["text"])
    if "data" in whole:
        data = whole["data"].items()
        whole["data"] = {kind: value if _is_json(kind) else _text(value) for kind, value in data}
    return whole


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
