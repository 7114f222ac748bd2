"""Writes datasets and models into MLflow runs. Runs in the tracking process only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stepmill.tracking.entries import RUN_TAG, STEP_TAG, tag_value
from stepmill.tracking.lineage import GivenModel, TakenData
from stepmill.tracking.stored_model import write_description

DIGEST_TAG = "stepmill.digest"
PRODUCER_TAG = "stepmill.producer"


def log_taken(client: Any, run_id: str, taken: Iterable[TakenData]) -> None:
    """Log what a run read; doing it twice changes nothing."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    inputs = [
        DatasetInput(
            dataset=Dataset(
                name=data.name[:500],
                digest=data.digest,
                source_type=data.source_type,
                source=data.source,
                schema=data.schema or None,
                profile=data.profile or None,
            ),
            tags=[
                InputTag("mlflow.data.context", "input"),
                *([InputTag(PRODUCER_TAG, tag_value(data.producer)[:500])] if data.producer else ()),
            ],
        )
        for data in taken
    ]
    if inputs:
        client.log_inputs(run_id, inputs)


def log_given(
    client: Any, run_id: str, given: Sequence[GivenModel], tags: Mapping[str, str], runs: Mapping[str, Any]
) -> None:
    """Log the models that a step gave, unless its code logs models itself.

    `runs` are the step's run and those below it, as they were before: a model that an earlier
    delivery made is not made again.
    """
    from mlflow.entities import LoggedModelOutput

    if not given:
        return
    there = [client.get_logged_model(each) for run in runs.values() for each in _model_ids(run)]
    known = {model.tags.get(DIGEST_TAG) for model in there}
    if None in known:
        return  # autologging, or `log_model`: the same model twice would only confuse
    experiment_id = client.get_run(run_id).info.experiment_id
    for model in given:
        if model.digest in known:
            continue
        made = client.create_logged_model(
            experiment_id,
            name=model.name,
            source_run_id=run_id,
            model_type=model.type_name,
            params=dict(model.parameters),
            tags={**tags, DIGEST_TAG: model.digest},
        )
        with TemporaryDirectory() as folder:
            write_description(Path(folder), model, made.model_id, run_id)
            client.log_model_artifacts(made.model_id, folder)
        client.finalize_logged_model(made.model_id, "READY")
        client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])


def model_tags(step: str, pipeline_run: str) -> dict[str, str]:
    """Return what is written on each model of a step."""
    return {STEP_TAG: tag_value(step), RUN_TAG: pipeline_run}


def _model_ids(run: Any) -> list[str]:
    outputs = getattr(run, "outputs", None)
    return [output.model_id for output in outputs.model_outputs] if outputs else []
