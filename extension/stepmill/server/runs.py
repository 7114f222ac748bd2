"""REST: the runs of a notebook."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from stepmill import api
from stepmill.errors import UsageError
from stepmill.model.codec import SCHEMA
from stepmill.model.documents import event_document, run_document, runs_document
from stepmill.planning.project import Project
from stepmill.running.inspecting import trusted_project
from stepmill.server.base import StepmillHandler, allowed
from stepmill.server.feed import RunTail, run_folder
from stepmill.server.handlers import parameters_of
from stepmill.server.launch import RunRequest, start_run
from stepmill.server.places import NotFoundError, saved_notebook

_MOST_RUNS = 1000


class RunsHandler(StepmillHandler):
    """The runs of a notebook, and a new one."""

    @allowed("read")
    async def get(self) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        limit = whole_number(self.get_query_argument("limit", "20"), "limit", 1, _MOST_RUNS)
        self.reply(await self.services.in_thread(_list, path, limit))

    @allowed("execute")
    async def post(self) -> None:
        body = self.body()
        path = await saved_notebook(self.contents_manager, body.get("path"))
        refresh = body.get("refresh") or False
        request = RunRequest(
            notebook=path,
            project=await self.services.in_thread(trusted_project, path),
            parameters=parameters_of(body),
            steps=_names(body.get("steps"), "steps"),
            refresh=refresh if refresh is True else _names(refresh, "refresh"),
            start=_names(body.get("from"), "from"),
            cache_for=str(body.get("cache_for") or ""),
            overwrite=body.get("overwrite") is True,
        )
        run_id = await self.services.in_thread(start_run, request)
        self.reply({"schema": SCHEMA, "run_id": run_id}, HTTPStatus.CREATED)


class RunHandler(StepmillHandler):
    """One run: where it stands, and its end."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        run = await self.services.in_thread(find_run, path, run_id)
        self.reply(run_document(run.summary))

    @allowed("execute")
    async def delete(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        run = await self.services.in_thread(find_run, path, run_id)
        await self.services.in_thread(api.cancel_run, run.run_id, run.folder.runs.parent.parent)
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()


class EventsHandler(StepmillHandler):
    """What happened in a run so far: for clients to which streams do not come through."""

    @allowed("read")
    async def get(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        after = whole_number(self.get_query_argument("after", "-1"), "after", -1, 2**53)
        self.reply(await self.services.in_thread(_events, path, run_id, after))


def _list(path: Path, limit: int) -> Any:
    return runs_document(api.list_runs(trusted_project(path), notebook=path, limit=limit))


def find_run(path: Path, run_id: str) -> api.Run:
    """Return a run of the notebook at `path` by its whole id."""
    project = trusted_project(path)
    folder = run_folder(Project(project).runs, run_id)
    run = None if folder is None else api.open_run(run_id, project)
    if run is None or run.summary.notebook_source != str(path.resolve()):
        raise NotFoundError(f"{path.name} has no run {run_id[:80]!r}", hint="it may have been deleted")
    return run


def _events(path: Path, run_id: str, after: int) -> Any:
    tail = RunTail(find_run(path, run_id).folder, after)
    documents = [event_document(event) for event in tail.read_all()]
    return {"schema": SCHEMA, "events": documents, "finished": tail.is_over}


def _names(value: Any, key: str) -> tuple[str, ...]:
    names = value or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{key!r} is no list of step names")
    return tuple(names)


def whole_number(text: str, name: str, least: int, most: int) -> int:
    """Return a number of a query, brought into its range; raise UsageError if it is none."""
    try:
        return min(max(int(text), least), most)
    except ValueError:
        raise UsageError(f"{name!r} is {text[:80]!r}, which is no whole number") from None
