"""REST: notebooks that are written beside one: a step with its inputs, a copy with steps."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from stepmill.errors import UsageError
from stepmill.model.codec import SCHEMA
from stepmill.server.base import StepmillHandler, allowed
from stepmill.server.handlers import parameters_of
from stepmill.server.places import saved_notebook

if TYPE_CHECKING:
    from pathlib import Path

_MOST_COPIES = 1000


class OpenStepHandler(StepmillHandler):
    """Writes a step as a notebook of its own, whose first cell loads what the step takes."""

    @allowed("execute")
    async def post(self) -> None:
        body = self.body()
        step = body.get("step")
        if not isinstance(step, str) or not step:
            raise UsageError("'step' is missing: the name of the step to open, as a string")
        question = {"what": "open-step", "step": step, "parameters": parameters_of(body)}
        await _write(self, body, question, suffix=step)


class SuggestHandler(StepmillHandler):
    """Writes a copy of an untagged notebook with steps proposed; the notebook itself stays as it is."""

    @allowed("execute")
    async def post(self) -> None:
        body = self.body()
        question = {"what": "suggest", "metadata": body.get("metadata") is True}
        await _write(self, body, question, suffix="steps")


async def _write(
    handler: StepmillHandler, body: dict[str, Any], question: dict[str, Any], *, suffix: str
) -> None:
    path = await saved_notebook(handler.contents_manager, body.get("path"))
    target = await handler.services.in_thread(free_place, path, suffix)
    await handler.services.planner.ask({**question, "path": str(path), "target": str(target)})
    handler.reply({"schema": SCHEMA, "path": beside(body["path"], target.name)}, HTTPStatus.CREATED)


def free_place(notebook: Path, suffix: str) -> Path:
    """Return a path beside the notebook, called after it and `suffix`, at which there is nothing."""
    stem = f"{notebook.stem}-{suffix}".replace("/", "_").replace("\\", "_")
    for number in range(1, _MOST_COPIES):
        place = notebook.with_name(f"{stem}.ipynb" if number == 1 else f"{stem}-{number}.ipynb")
        if not place.exists():
            return place
    raise UsageError(f"there are {_MOST_COPIES} copies of {notebook.name} already", hint="remove some")


def beside(path: str, name: str) -> str:
    """Return the contents path of `name` in the folder of the contents path `path`."""
    folder, slash, _ = path.rpartition("/")
    return folder + slash + name
