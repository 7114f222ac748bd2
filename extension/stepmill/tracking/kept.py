"""Delivers what a step's own code logged while the server was away. Runs in the tracking process only.

The kernel kept it in a file store of MLflow's (`stepmill_magics.mlflow_kept`), under ids of its own;
the server gives others. What was made there carries the kept id in a tag, so that delivering twice
makes nothing twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from stepmill.tracking.entries import PARENT_TAG

KEPT_TAG = "stepmill.kept"  # on runs and models made by a delivery: the id that the step's code saw
_GIVEN_BY_MLFLOW = ("mlflow.runName", "mlflow.user", "mlflow.source.", PARENT_TAG, "mlflow.log-model.history")
_BATCH_METRICS, _BATCH_OTHERS = 900, 90
_MOST = 1000


@dataclass(frozen=True, slots=True)
class KeptStep:
    """The calls of one attempt to run a step. `run_id` is a run on the server if it is in `on_server`."""

    folder: Path
    step: str
    started_s: float
    run_id: str
    on_server: frozenset[str]

    @property
    def late_run_id(self) -> str:
        """The run that the server gave after the step had stopped waiting for it; "" if none."""
        number = self.folder.name.rpartition("-")[2]
        address = self.folder.with_name(f"address-{number}.json")
        return str(_read(address).get("run_id", "")) if address.is_file() else ""


def kept_folder(staged: Path, attempt: int) -> Path:
    """Return where the calls of the run's n-th attempt at a step are kept."""
    return staged / f"kept-{attempt}"


def kept_steps(staged: Path) -> list[KeptStep]:
    """Return what was kept of a run, in the order in which its steps began."""
    found = []
    for about in staged.glob("kept-*/about.json"):
        document = _read(about)
        on_server = frozenset(document["on_server"])
        found.append(
            KeptStep(about.parent, document["step"], document["started_s"], document["run_id"], on_server)
        )
    return sorted(found, key=lambda kept: kept.started_s)


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


class KeptCalls:
    """Copies the runs and models of one step to the server.

    `create` makes a run there from its name, start in seconds and tags, and returns its id.
    """

    def __init__(
        self,
        client: Any,
        experiment_id: str,
        kept: KeptStep,
        create: Callable[[str, float, Mapping[str, str]], str],
    ) -> None:
        from mlflow.store.tracking import file_store

        make: Any = file_store.FileStore
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        self._client = client
        self._experiment_id = experiment_id
        self._kept = kept
        self._create = create
        self._files: Any = make(kept.folder.as_uri(), kept.folder.as_uri())
        self._experiments = [found.experiment_id for found in self._files.search_experiments()]
        self._ids: dict[str, str] = {run_id: run_id for run_id in kept.on_server}

    def deliver(self, step_run: str) -> None:
        """Copy everything; `step_run` is the step's run on the server."""
        self._ids[self._kept.run_id] = step_run
        runs = self._runs()
        for run in runs:
            if run.info.run_id not in self._ids:
                self._ids[run.info.run_id] = self._run_on_server(run)
        for model in self._models():
            self._copy_model(model)
        for run in runs:
            self._copy(run)

    def _runs(self) -> list[Any]:
        from mlflow.entities import ViewType

        found = self._files.search_runs(self._experiments, "", ViewType.ACTIVE_ONLY, _MOST)
        return sorted(found, key=lambda run: (run.info.start_time, PARENT_TAG in run.data.tags))

    def _models(self) -> list[Any]:
        return list(self._files.search_logged_models(self._experiments, max_results=_MOST))

    def _run_on_server(self, run: Any) -> str:
        wanted = f"tags.`{KEPT_TAG}` = '{run.info.run_id}'"
        there = self._client.search_runs([self._experiment_id], wanted, max_results=1)
        if there:
            return str(there[0].info.run_id)
        above = run.data.tags.get(PARENT_TAG, self._kept.run_id)
        tags = {**run.data.tags, KEPT_TAG: run.info.run_id, PARENT_TAG: self._ids.get(above, above)}
        return self._create(run.info.run_name, run.info.start_time / 1000, tags)

    def _copy(self, run: Any) -> None:
        target = self._ids[run.info.run_id]
        there = self._client.get_run(target)
        params = [p for p in self._params(run) if p.key not in there.data.params]
        tags = [
            tag
            for tag in self._tags(run)
            if not tag.key.startswith(_GIVEN_BY_MLFLOW) and tag.key not in there.data.tags
        ]
        metrics = list(self._metrics(run))
        while metrics or params or tags:
            first = metrics[:_BATCH_METRICS], params[:_BATCH_OTHERS], tags[:_BATCH_OTHERS]
            self._client.log_batch(target, *first)
            metrics, params, tags = metrics[_BATCH_METRICS:], params[_BATCH_OTHERS:], tags[_BATCH_OTHERS:]
        if run.inputs and run.inputs.dataset_inputs:
            self._client.log_inputs(target, run.inputs.dataset_inputs)
        self._log_models_of(run, there)
        files = _local(run.info.artifact_uri)
        if files.is_dir() and any(files.iterdir()):
            self._client.log_artifacts(target, str(files))
        if run.info.run_id != self._kept.run_id and run.info.status != "RUNNING":
            self._client.set_terminated(target, run.info.status, end_time=run.info.end_time)

    def _metrics(self, run: Any) -> Iterator[Any]:
        from mlflow.entities import Metric

        for key in run.data.metrics:
            for metric in self._files.get_metric_history(run.info.run_id, key):
                model_id = self._ids.get(metric.model_id or "")
                yield Metric(
                    metric.key,
                    metric.value,
                    metric.timestamp,
                    metric.step,
                    model_id=model_id,
                    run_id=self._ids[run.info.run_id] if model_id else None,
                )

    def _params(self, run: Any) -> list[Any]:
        from mlflow.entities import Param

        return [Param(key, value) for key, value in run.data.params.items()]

    def _tags(self, run: Any) -> list[Any]:
        from mlflow.entities import RunTag

        return [RunTag(key, value) for key, value in run.data.tags.items()]

    def _log_models_of(self, run: Any, there: Any) -> None:
        from mlflow.entities import LoggedModelOutput

        known = {output.model_id for output in _outputs(there)}  # a database refuses one that it has
        steps = {self._ids.get(output.model_id): output.step for output in _outputs(run)}
        new = [LoggedModelOutput(i, step) for i, step in steps.items() if i and i not in known]
        if new:
            self._client.log_outputs(there.info.run_id, new)

    def _copy_model(self, model: Any) -> None:
        """Make the model on the server with its files, in which its id and its run's stand too."""
        there = self._client.search_logged_models(
            [self._experiment_id], f"tags.`{KEPT_TAG}` = '{model.model_id}'", max_results=1
        )
        source = self._ids.get(model.source_run_id or "", model.source_run_id)
        made = (
            there[0]
            if there
            else self._client.create_logged_model(
                self._experiment_id,
                name=model.name,
                source_run_id=source,
                model_type=model.model_type,
                params=dict(model.params or {}),
                tags={**(model.tags or {}), KEPT_TAG: model.model_id},
            )
        )
        self._ids[model.model_id] = made.model_id
        files = _local(model.artifact_location)
        if files.is_dir() and any(files.iterdir()):
            _readdress(files, made.model_id, source)
            self._client.log_model_artifacts(made.model_id, str(files))
        status = str(model.status)
        if status in ("READY", "FAILED"):
            self._client.finalize_logged_model(made.model_id, status)


def _readdress(files: Path, model_id: str, run_id: str | None) -> None:
    from mlflow.models import Model

    path = files / "MLmodel"
    if path.is_file():
        described = Model.load(str(path))
        described.model_id, described.run_id = model_id, run_id
        described.save(str(path))


def _outputs(run: Any) -> list[Any]:
    return list(run.outputs.model_outputs) if run.outputs else []


def _local(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))
