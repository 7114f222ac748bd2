"""Runs that are delivered when their secrets are not known any more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stepmill.model.codec import to_json
from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.tracking import worker
from stepmill.tracking.state import (
    DELIVERED,
    PENDING,
    STATE_FILE,
    TrackingState,
    read_state,
    undelivered,
    write_state,
)
from tracking.samples import write_notebook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.tracking.location import Location
    from stepmill.tracking.staging import Staging

SECRET = "planted-secret-4711"


class Store:
    """Stands for a tracking store: remembers the text of each file that was uploaded."""

    uploaded: dict[str, str]

    def __init__(self, state: TrackingState, location: Location, environ: Mapping[str, str]) -> None:
        self.state = state
        self.warnings: list[str] = []

    def open(self, *, resume: bool = False) -> None:
        self.state = replace(self.state, mlflow_run_id="the-run")

    def finish(self, summary: RunSummary, staging: Staging) -> None:
        folders = [staging.pipeline_folder, *map(staging.step_folder, summary.steps)]
        Store.uploaded = {
            path.name: path.read_text("utf-8") for folder in folders for path in folder.glob("*")
        }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run whose runner ended before its files were copied for the delivery."""
    folder = tmp_path / ".stepmill" / "runs" / "run-1"
    write_notebook(folder / "notebook.ipynb", "print(api_key)", output=SECRET)
    step = write_notebook(folder / "fit.ipynb", "print(api_key)", output=SECRET)
    outcome = StepOutcome(status=StepStatus.EXECUTED, notebook=str(step))
    summary = RunSummary(
        run_id="run-1", pipeline="p", notebook_source="p.ipynb", started_s=1.0, seconds=1.0,
        status=RunStatus.SUCCEEDED, steps={"fit": outcome},
    )  # fmt: skip
    state = TrackingState(
        run_id="run-1", state=PENDING, experiment="p", notebook="p.ipynb", project_root=str(tmp_path),
        started_s=1.0, pid=1, summary=summary, store=str(tmp_path / ".stepmill"),
    )  # fmt: skip
    write_state(folder, state)
    return folder


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "Delivery", Store)


def test_files_that_may_hold_a_secret_stay_here(folder: Path) -> None:
    reply = worker.deliver_again(folder, {})
    assert list(Store.uploaded) == ["run.json"]
    assert SECRET not in "".join(Store.uploaded.values())
    assert len(reply["warnings"]) == 1
    assert "secret" in reply["warnings"][0]


def test_a_run_without_secrets_is_delivered_whole(folder: Path) -> None:
    state = read_state(folder)
    assert state is not None
    write_state(folder, replace(state, has_secrets=False))
    reply = worker.deliver_again(folder, {})
    assert {"run.json", "notebook.ipynb", "notebook.html"} <= Store.uploaded.keys()
    assert reply["warnings"] == []


def test_what_is_delivered_is_not_copied_again(folder: Path) -> None:
    Store.uploaded = {}
    state = read_state(folder)
    assert state is not None
    write_state(folder, replace(state, state=DELIVERED, mlflow_run_id="the-run"))
    assert worker.deliver_again(folder, {}) == {"run_id": "the-run", "warnings": []}
    assert Store.uploaded == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 1}'], ids=["cut-off", "a-list", "fields-missing"])
def test_a_run_whose_state_is_damaged_does_not_keep_a_new_one_from_being_tracked(
    folder: Path, text: str
) -> None:
    state = read_state(folder)
    assert state is not None
    damaged = folder.with_name("run-0")
    damaged.mkdir()
    (damaged / STATE_FILE).write_text(text, "utf-8")
    opened = worker.Worker({}).do_open({"folder": str(folder.with_name("run-2")), "state": to_json(state)})
    assert opened == {}
    assert undelivered(Path(state.project_root)) == [folder]
