"""REST: one step of a past run: what it took and gave, why it ran, what its cells showed."""

from __future__ import annotations

import contextlib
import json
import tempfile
import zipfile
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from tornado.web import HTTPError

from stepmill import api
from stepmill.errors import DamagedArtifact, UsageError
from stepmill.model.codec import SCHEMA, to_json
from stepmill.model.comparison import StepFacts
from stepmill.running.inspecting import trusted_project
from stepmill.running.run_facts import run_facts
from stepmill.server.base import StepmillHandler, allowed
from stepmill.server.places import NotFoundError, saved_notebook
from stepmill.server.runs import find_run

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.model.artifact import StoredValue

_PNG = b"\x89PNG\r\n\x1a\n"
_EARLIER_RUNS = 30
_LARGEST_DOWNLOAD = 256_000_000
_CHUNK = 1 << 20


class StepHandler(StepmillHandler):
    """A step of a run, its inputs and outputs as they were noted down: nothing is loaded."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        step = self.get_query_argument("step", "", strip=False)
        self.reply(await self.services.in_thread(_step, path, run_id, step))


class NotebookHandler(StepmillHandler):
    """The executed copy of the whole notebook, or the notebook that one step ran."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        step = self.get_query_argument("step", "", strip=False)
        self.reply(await self.services.in_thread(_notebook, path, run_id, step))


class PictureHandler(StepmillHandler):
    """A PNG that a cell of the run showed, or that was stored with a value, by its digest."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        digest = self.get_query_argument("digest", "")
        data = await self.services.in_thread(_picture, path, run_id, digest)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "private, max-age=86400, immutable")  # named by its content
        self.finish(data, set_content_type="image/png")


class ArtifactHandler(StepmillHandler):
    """A stored value as a zip of its parts, as they lie in the store."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        step = self.get_query_argument("step", "", strip=False)
        name = self.get_query_argument("name", "", strip=False)
        file = await self.services.in_thread(_zipped, path, run_id, step, name)
        with file:
            self.set_header("Content-Type", "application/zip")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name)}.zip")
            while chunk := file.read(_CHUNK):
                self.write(chunk)
                await self.flush()
        self.finish(set_content_type="application/zip")


def _step(path: Path, run_id: str, name: str) -> Any:
    run = find_run(path, run_id)
    _known_step(run, name)
    facts = run_facts(run.folder, run.summary, run.store)
    step = next((one for one in facts.steps if one.name == name), None) or StepFacts(name=name)
    given = {(value.step, value.name): value for one in facts.steps for value in one.values}
    outcome = run.steps[name]
    return {
        "schema": SCHEMA,
        "run_id": run.run_id,
        "started_s": run.summary.started_s,
        "name": name,
        "outcome": to_json(outcome),
        "parameters": {key: facts.parameters[key] for key in step.parameters if key in facts.parameters},
        "cells": [{"cell": cell, "source": source} for cell, source in step.cells.items()],
        "inputs": [
            {"producer": producer, **_value(taken, given.get((producer, taken)))}
            for taken, producer in step.inputs.items()
        ],
        "after": list(step.after),
        "outputs": [_value(value.name, value) for value in step.values],
        "texts": [{"cell": text.cell, "text": text.text} for text in step.texts if text.text],
        "pictures": [{"cell": picture.cell, "digest": picture.digest} for picture in step.pictures],
        "files": to_json(tuple(access for access in step.files if access.mode in ("read", "write"))),
        "has_notebook": run.folder.step_files(name).executed.is_file(),
        "history": _history(path, name),
    }


def _value(name: str, value: StoredValue | None) -> dict[str, Any]:
    if value is None:
        return {"name": name, "type": "", "digest": "", "size_bytes": 0, "shape": "", "is_stored": False}
    return {
        "name": name,
        "type": value.ref.type_name,
        "digest": value.ref.digest,
        "size_bytes": value.ref.size_bytes,
        "shape": value.shape,
        "is_stored": value.is_stored,
        "preview": value.preview,
        "picture": value.picture,
    }


def _history(path: Path, step: str) -> list[dict[str, Any]]:
    """Return how long the step took in the last runs, the oldest first."""
    found = []
    for run in api.list_runs(trusted_project(path), notebook=path, limit=_EARLIER_RUNS):
        outcome = run.steps.get(step)
        if outcome is not None:
            found.append(
                {
                    "run_id": run.run_id,
                    "started_s": run.started_s,
                    "status": outcome.status,
                    "seconds": outcome.seconds,
                }
            )
    return found[::-1]


def _notebook(path: Path, run_id: str, step: str) -> bytes:
    run = find_run(path, run_id)
    if step:
        _known_step(run, step)
    file = run.folder.step_files(step).executed if step else run.folder.notebook
    try:
        text = file.read_bytes()
        json.loads(text)
    except (OSError, ValueError) as error:
        raise NotFoundError(
            f"run {run.run_id} has no executed notebook{f' of {step!r}' if step else ''}",
            hint="a step that was reused has none of its own: the run that executed it does",
        ) from error
    return text


def _picture(path: Path, run_id: str, digest: str) -> bytes:
    run = find_run(path, run_id)
    data = run.pictures().get(digest)
    if data is None and any(value.picture == digest for value in run.artifacts()):
        with contextlib.suppress(DamagedArtifact):
            data = bytes(run.store.get_blob(digest))
    if data is None or not data.startswith(_PNG):
        raise NotFoundError("the run has no such picture", hint="it may have been removed from the store")
    return data


def _zipped(path: Path, run_id: str, step: str, name: str) -> IO[bytes]:
    run = find_run(path, run_id)
    _known_step(run, step)
    found = next((value for value in run.artifacts(step) if value.name == name), None)
    if found is None:
        raise NotFoundError(f"step {step!r} of run {run.run_id} gave no {name[:80]!r}")
    if not found.is_stored:
        raise NotFoundError(
            f"{name} was removed from the store", hint="run the pipeline again: the step makes it anew"
        )
    if found.preview.get("masked"):
        raise HTTPError(HTTPStatus.FORBIDDEN, "its name says that it is a secret")
    if found.ref.size_bytes > _LARGEST_DOWNLOAD:
        raise UsageError(
            f"{name} has {found.ref.size_bytes:,} bytes, too many for a browser",
            hint=f"load it in Python: {_snippet(run_id, step, name)}",
        )
    return _zip_of(run, found)


def _zip_of(run: api.Run, value: StoredValue) -> IO[bytes]:
    """Return the parts of a value in a temporary file that goes when it is closed."""
    from stepmill.artifacts.sealing import parts_of

    file = tempfile.SpooledTemporaryFile(max_size=_CHUNK)  # noqa: SIM115  the caller closes it
    try:
        document = run.store.read_artifact(value.ref.digest)
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("README.txt", _about(run.run_id, value))
            archive.writestr("artifact.json", json.dumps(document, indent=1, ensure_ascii=False))
            for part, data in parts_of(run.store, document):
                archive.writestr(f"parts/{quote(part, safe='')}", data)
            if value.picture:
                archive.writestr("picture.png", bytes(run.store.get_blob(value.picture)))
        file.seek(0)
    except DamagedArtifact as error:
        file.close()
        raise NotFoundError(error.message, hint=error.hint) from error
    except BaseException:
        file.close()
        raise
    return file


def _about(run_id: str, value: StoredValue) -> str:
    member = (
        f"It is the member {value.ref.member!r} of values that are stored as one.\n"
        if value.ref.member
        else ""
    )
    return (
        f"{value.name} ({value.ref.type_name}), given by step {value.step} of run {run_id}.\n{member}\n"
        "artifact.json says what it is made of, parts/ has the bytes as they lie in the store.\n"
        f"In Python, in the project: {_snippet(run_id, value.step, value.name)}\n"
    )


def _snippet(run_id: str, step: str, name: str) -> str:
    return f"stepmill.open_run({run_id!r}).load({step!r}, {name!r})"


def _known_step(run: api.Run, step: str) -> None:
    if step not in run.steps:
        raise NotFoundError(
            f"run {run.run_id} has no step {step[:80]!r}", hint=f"its steps: {', '.join(run.steps)}"
        )
