"""REST: what there is, what the cells in the editor mean, what a run would do."""

from __future__ import annotations

from typing import Any

import stepmill
from stepmill.errors import UsageError
from stepmill.model.codec import SCHEMA
from stepmill.server.base import StepmillHandler, allowed
from stepmill.server.places import local_path, saved_notebook

_CELL_KEYS = ("id", "cell_type", "source", "metadata")


class StatusHandler(StepmillHandler):
    """Lets the panel find out that the extension is there, and how old it is; it asks more soon."""

    @allowed("read")
    async def get(self) -> None:
        self.services.analyst.warm_up()
        self.reply({"schema": SCHEMA, "version": stepmill.__version__})


class AnalyzeHandler(StepmillHandler):
    """Analyses the cells that are posted, saved or not. Nothing of the user's is run."""

    @allowed("read")
    async def post(self) -> None:
        body = self.body()
        path = local_path(self.contents_manager, body.get("path"))
        question = {
            "what": "analyze",
            "path": None if path is None else str(path),
            "document": _posted_notebook(body.get("notebook")),
        }
        client = str(body.get("client") or "")
        answer = await self.services.analyst.ask(question, client=client, is_gone=self.is_gone)
        self.reply(answer)


class PlanHandler(StepmillHandler):
    """Says what a run of the saved notebook would do."""

    @allowed("read")
    async def post(self) -> None:
        body = self.body()
        path = await saved_notebook(self.contents_manager, body.get("path"))
        question = {"what": "plan", "path": str(path), "parameters": parameters_of(body)}
        client = str(body.get("client") or "")
        self.reply(await self.services.planner.ask(question, client=client, is_gone=self.is_gone))


def parameters_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the posted parameter values; whether they fit the notebook is checked where it is read."""
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise UsageError("'parameters' is no JSON object of names and values")
    return parameters


def _posted_notebook(posted: Any) -> Any:
    """Return the notebook as nbformat 4 without what the analysis does not read; as it is if it is none."""
    if not isinstance(posted, dict) or not isinstance(posted.get("cells"), list):
        return posted
    cells = [
        {key: cell[key] for key in _CELL_KEYS if key in cell} if isinstance(cell, dict) else cell
        for cell in posted["cells"]
    ]
    metadata = posted.get("metadata") or {}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
