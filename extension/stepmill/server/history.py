"""REST: past runs side by side: what each changed, what distinguishes several, taking one out of the list."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill import api
from stepmill.comparing.compare import MOST_RUNS
from stepmill.comparing.markdown import markdown_report
from stepmill.errors import UsageError
from stepmill.model.codec import SCHEMA, to_json
from stepmill.model.documents import comparison_document
from stepmill.planning.project import Project
from stepmill.running.folder import RunFolder
from stepmill.running.inspecting import trusted_project
from stepmill.server.base import StepmillHandler, allowed
from stepmill.server.feed import is_run_id
from stepmill.server.places import NotFoundError, saved_notebook
from stepmill.server.runs import find_run, whole_number
from stepmill.tracking.state import run_page

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_LISTED = 1000


class HistoryHandler(StepmillHandler):
    """The runs of a notebook, each with what it has otherwise than the one before it."""

    @allowed("read")
    async def get(self) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        limit = whole_number(self.get_query_argument("limit", "50"), "limit", 1, _MOST_LISTED)
        self.reply(await self.services.in_thread(_history, path, limit))


class ComparisonHandler(StepmillHandler):
    """What distinguishes runs of a notebook; the first one named is the baseline."""

    @allowed("read")
    async def get(self) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        runs = self.get_query_arguments("run", strip=False)
        if not 2 <= len(runs) <= MOST_RUNS:
            raise UsageError(f"two to {MOST_RUNS} runs can be compared, not {len(runs)}")
        self.reply(await self.services.in_thread(_comparison, path, runs))


class DeletionHandler(StepmillHandler):
    """Taking a run out of the list, and putting it back."""

    @allowed("execute")
    async def post(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        await self.services.in_thread(_delete, path, run_id)
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()

    @allowed("execute")
    async def delete(self, run_id: str) -> None:
        path = await saved_notebook(self.contents_manager, self.path_argument())
        await self.services.in_thread(_restore, path, run_id)
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()


def _history(path: Path, limit: int) -> Any:
    project = trusted_project(path)
    known = api.list_runs(project, notebook=path)
    shown = known[:limit]
    changes = api.changes_of(shown, project)
    return {
        "schema": SCHEMA,
        "total": len(known),
        "runs": [
            {
                **to_json(run),
                "changed": to_json(changes.get(run.run_id)),
                "mlflow_page": run_page(RunFolder(Project(project).runs, run.run_id).path),
            }
            for run in shown
        ],
    }


def _comparison(path: Path, run_ids: Sequence[str]) -> Any:
    """Return the comparison with everything in it, and as Markdown with the differences only."""
    found = api.compare(*(find_run(path, run_id) for run_id in run_ids))
    return {**comparison_document(found), "markdown": markdown_report(found.only_differences())}


def _delete(path: Path, run_id: str) -> None:
    run = find_run(path, run_id)
    api.delete_run(run.run_id, trusted_project(path))


def _restore(path: Path, run_id: str) -> None:
    if not is_run_id(run_id):
        raise NotFoundError(f"there is no run {run_id[:80]!r}")
    api.restore_run(run_id, trusted_project(path))
