"""The program that reads, plans and copies notebooks for the server, in a process of its own.

The server relays what kernels say: half a second of analysis must not hold it up, and a notebook that
brings the parser down must not take everybody's kernels along. A question is a line of JSON on
standard input; the answer is a line on standard output, `+` and a document or `-` and an error's.
Nothing of the user's is run. The process ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from stepmill.errors import StepmillError
from stepmill.model.codec import SCHEMA
from stepmill.model.documents import error_document, plan_document
from stepmill.model.graph import graph_document
from stepmill.model.json_text import json_text
from stepmill.model.roles import roles_document
from stepmill.notebook.writing import write_document
from stepmill.planning.project import Project
from stepmill.running.inspecting import inspect, trusted_project

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT_ANSWERS = 32
_LIFETIME_S = 10.0  # local modules are looked at too, and nobody tells when they change


def main() -> None:
    """Answer until the input ends; whatever else writes to standard output goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    analyst = Analyst()
    for line in sys.stdin.buffer:
        answers.write(analyst.answer(json.loads(line)).encode() + b"\n")
        answers.flush()


class Analyst:
    """Answers questions; of analyses it remembers the last ones for a moment."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def answer(self, question: Mapping[str, Any]) -> str:
        """Return the line for a question; no notebook, however strange, ends the process."""
        try:
            answers = {"plan": _plan, "open-step": _open_step, "suggest": _suggest}
            return "+" + answers.get(question["what"], self._analyze)(question)
        except StepmillError as error:
            return "-" + json_text(error_document(error), indent=None)
        except Exception as error:  # noqa: BLE001  the last door: whatever gets here is a bug of ours
            bug = StepmillError(
                f"this is a bug in stepmill: {type(error).__name__}: {error}", hint="please report it"
            )
            return "-" + json_text(error_document(bug), indent=None)

    def _analyze(self, question: Mapping[str, Any]) -> str:
        started_s = time.perf_counter()
        document, path = question["document"], question["path"]
        project = None if path is None else trusted_project(path)
        key = _key(document, path, project)
        text = self._remembered(key)
        if text is None:
            found = inspect(document, path=path, project=project)
            graph = json_text(graph_document(found.pipeline), indent=None)
            cells = json_text(roles_document(found.notebook, found.pipeline), indent=None)
            text = f'"graph": {graph}, "cells": {cells}'
            self._known[key] = (time.monotonic(), text)
            while len(self._known) > _KEPT_ANSWERS:
                self._known.popitem(last=False)
        seconds = round(time.perf_counter() - started_s, 6)
        return f'{{"schema": {SCHEMA}, {text}, "seconds": {seconds}}}'

    def _remembered(self, key: str) -> str | None:
        made_s, text = self._known.get(key, (0.0, ""))
        return text if text and time.monotonic() - made_s < _LIFETIME_S else None


def _plan(question: Mapping[str, Any]) -> str:
    from stepmill import api  # twice the imports of an analysis, which is asked for first

    path = question["path"]
    plan = api.plan(path, question["parameters"], project=trusted_project(path))
    return json_text(plan_document(plan), indent=None)


def _open_step(question: Mapping[str, Any]) -> str:
    from stepmill import api

    path, target = question["path"], Path(question["target"])
    parameters, project = question["parameters"], trusted_project(path)
    api.open_step(path, question["step"], target, parameters, project=project)
    return "{}"


def _suggest(question: Mapping[str, Any]) -> str:
    from stepmill import api

    path = question["path"]
    found = api.suggest(path, project=trusted_project(path), metadata=question["metadata"])
    write_document(found.document, Path(question["target"]))
    return "{}"


def _key(document: Mapping[str, Any], path: str | None, project: Path | None) -> str:
    """Return what an analysis depends on: the cells, the place, and the facts that runs found out there."""
    try:
        facts = None if project is None else (Project(project).state / "facts").stat().st_mtime_ns
    except OSError:
        facts = None
    return blake3(json.dumps([path, facts, document]).encode()).hexdigest()


if __name__ == "__main__":
    main()
