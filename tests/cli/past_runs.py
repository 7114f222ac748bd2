"""Past runs made by hand: a store and run folders as a real run leaves them, without a kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.store import Store, open_store
from stepmill.artifacts.values import save_values
from stepmill.model.artifact import StepRecord
from stepmill.model.pipeline import Pipeline
from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.running.folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def past_run(
    project: Path,
    run_id: str,
    values: Mapping[str, Mapping[str, Any]],
    *,
    records: Mapping[str, StepRecord] | None = None,
    pipeline: Pipeline | None = None,
    **facts: Any,
) -> RunFolder:
    """Write a run whose steps gave these values; `facts` are fields of its summary."""
    (project / "pyproject.toml").touch()
    folder = RunFolder(project / ".stepmill" / "runs", run_id)
    folder.path.mkdir(parents=True)
    store = open_store(project / ".stepmill")
    made = {name: _record(store, name, run_id, given) for name, given in values.items()}
    made = {
        name: replace((records or {}).get(name, record), step=name, run_id=run_id, outputs=record.outputs)
        for name, record in made.items()
    }
    folder.write_references(made)
    folder.write_records(made)
    if pipeline is not None:
        folder.write_pipeline(pipeline)
    folder.write_summary(
        RunSummary(
            **{
                "run_id": run_id,
                "status": RunStatus.SUCCEEDED,
                "pipeline": "n.ipynb",
                "notebook_source": str(project / "n.ipynb"),
                "started_s": 1_700_000_000.0,
                "seconds": 3.0,
                "steps": {name: _outcome(record) for name, record in made.items()},
                **facts,
            }
        )
    )
    return folder


def _record(store: Store, step: str, run_id: str, values: Mapping[str, Any]) -> StepRecord:
    saved = save_values(store, values, definitions={}, namespace={})
    assert not saved.problems
    return StepRecord(key=step, step=step, run_id=run_id, created_s=0.0, seconds=1.0, outputs=saved.refs)


def _outcome(record: StepRecord) -> StepOutcome:
    return StepOutcome(
        status=StepStatus.EXECUTED,
        seconds=record.seconds,
        outputs={name: ref.digest for name, ref in record.outputs.items()},
    )
