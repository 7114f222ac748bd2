"""The tracker `mlflow`: what the runner calls. mlflow itself is imported in the tracking process only."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stepmill.drawing.graph_picture import graph_svg
from stepmill.model.codec import from_json, to_json
from stepmill.model.pipeline import Pipeline, Step
from stepmill.model.run import RunSummary, StepOutcome
from stepmill.model.secrets import MASK, is_secret_name
from stepmill.tracking.base import TrackedRun
from stepmill.tracking.channel import Channel, Reply, worker_command
from stepmill.tracking.entries import entry_value, was_executed
from stepmill.tracking.kept import kept_folder
from stepmill.tracking.location import STATE_FOLDER, Location, find_location, tracking_environment
from stepmill.tracking.masking import Mask
from stepmill.tracking.mlflow_use import may_use_mlflow
from stepmill.tracking.state import (
    OPEN,
    PENDING,
    STAGED_FOLDER,
    StepFacts,
    TrackingState,
    write_json,
    write_state,
)

LOG_FILE = "tracking.log"


@dataclass(slots=True)
class _Open:
    """A run whose tracking process works."""

    channel: Channel
    opened: Future[Reply]
    attempts: int = 0


class MlflowTracker:
    """Tracks one run in MLflow; see `stepmill.tracking.base.Tracker` for who calls what.

    Nothing is started before the first step that executes, or the end of a run in which none did. The
    first step of a new project that uses mlflow waits until the tables are there (about 3 s, once); no
    other step waits: its kernel learns the address of its MLflow run from a file, when its code first
    imports mlflow.

    Parameters
    ----------
    environ
        The environment to take MLflow's settings from; the process's own by default.
    store_timeout_s, finish_timeout_s
        How long a step waits for a new store, and how long the end of a run waits for the delivery,
        which then goes on without us.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        store_timeout_s: float = 60.0,
        finish_timeout_s: float = 180.0,
    ) -> None:
        self.warnings: list[str] = []
        self._environ = dict(os.environ if environ is None else environ)
        self._store_timeout_s = store_timeout_s
        self._finish_timeout_s = finish_timeout_s
        self._run: TrackedRun | None = None
        self._open: _Open | None = None
        self._lock = threading.Lock()

    def run_started(self, run: TrackedRun) -> None:
        self._run = run

    def step_environment(self, step: Step) -> Mapping[str, str]:
        run = self._started()
        location = self._location(run)
        variables = {**tracking_environment(self._environ), "MLFLOW_TRACKING_URI": location.uri}
        tracking = self._ensure_open(run)
        if tracking is None:
            return variables
        staged = run.folder / STAGED_FOLDER
        with self._lock:
            tracking.attempts += 1
            handover = staged / f"address-{tracking.attempts}.json"
            kept = kept_folder(staged, tracking.attempts)
        reply = tracking.channel.send("step", step=step.name, started_s=time.time(), handover=str(handover))
        variables |= {
            "STEPMILL_MLFLOW_RUN": str(handover),
            "STEPMILL_MLFLOW_TRACKING_URI": location.uri,
            "STEPMILL_MLFLOW_PIPELINE_RUN": run.run_id,
            "STEPMILL_MLFLOW_STEP": step.name,
            "STEPMILL_MLFLOW_KEPT": str(kept),
        }
        if not location.is_ready and may_use_mlflow(step, run.notebook.parent, run.project_root):
            # setup cells could use the store before our hook is in place; making its tables twice
            # at the same time destroys it
            return variables | _direct(_result(reply, self._store_timeout_s))
        return variables | (_direct(reply.result()) if reply.done() else {})

    def step_finished(self, step: str, outcome: StepOutcome) -> None:
        run = self._started()
        if self._open is not None and was_executed(outcome) and outcome.notebook:
            title = f"{run.pipeline.name} {run.run_id}"
            secrets = self._secrets(run, None)
            masked = Mask(secrets).document(to_json(outcome))
            self._open.channel.send("stage", step=step, outcome=masked, title=title, secrets=secrets)

    def run_finished(self, summary: RunSummary, folder: Path) -> str | None:
        run = self._started()
        tracking = self._ensure_open(run)
        try:
            secrets = self._write_down(run, summary, folder)
        except OSError as error:
            self.warnings.append(f"the run was not delivered to MLflow: {error}")
            return None
        if tracking is None:
            return None
        reply = _result(tracking.channel.send("finish", secrets=secrets), self._finish_timeout_s)
        tracking.channel.close()
        return self._delivered(reply, folder)

    def _write_down(self, run: TrackedRun, summary: RunSummary, folder: Path) -> list[Any]:
        """Write what is to be delivered into the run's folder; return the values masked in it."""
        secrets = self._secrets(run, summary)
        mask = Mask(secrets)
        self._draw(run, summary, mask)
        masked = from_json(RunSummary, mask.document(to_json(summary)))
        state = replace(self._state(run), state=PENDING, summary=masked, has_secrets=bool(secrets))
        write_state(folder, state)
        return secrets

    def _started(self) -> TrackedRun:
        if self._run is None:
            raise RuntimeError("run_started was not called")
        return self._run

    def _location(self, run: TrackedRun) -> Location:
        return find_location(run.project_root, run.notebook.parent, self._environ)

    def _ensure_open(self, run: TrackedRun) -> _Open | None:
        """Start the tracking process, once; None (and a warning, once) if it does not start."""
        with self._lock:
            if self._open is None and not self.warnings:
                try:
                    self._open = self._start(run)
                except OSError as error:
                    self.warnings.append(f"this run is not tracked: {error}")
            return self._open

    def _start(self, run: TrackedRun) -> _Open:
        run.folder.mkdir(parents=True, exist_ok=True)
        state_folder = run.project_root / STATE_FOLDER
        state_folder.mkdir(exist_ok=True)
        state = self._state(run)
        write_state(run.folder, state)
        channel = Channel(self._environ, run.folder / LOG_FILE, state_folder)
        return _Open(channel, channel.send("open", folder=str(run.folder), state=to_json(state)))

    def _state(self, run: TrackedRun) -> TrackingState:
        secrets = self._secrets(run, None)
        mask = Mask(secrets)
        notebook = run.notebook
        if notebook.is_relative_to(run.project_root):
            notebook = notebook.relative_to(run.project_root)
        tags = {} if run.git_commit is None else {"stepmill.git.commit": run.git_commit}
        if run.git_dirty is not None:
            tags["stepmill.git.dirty"] = str(run.git_dirty).lower()
        parameters = {name: _parameter(name, value, mask) for name, value in run.parameters.items()}
        return TrackingState(
            run_id=run.run_id,
            state=OPEN,
            experiment=run.pipeline.name or run.notebook.stem,
            notebook=notebook.as_posix(),
            project_root=str(run.project_root),
            started_s=run.started_s,
            pid=os.getpid(),
            parameters=parameters,
            steps={step.name: _facts(step, parameters) for step in run.pipeline.steps},
            tags=tags,
            tracking_uri=self._location(run).public_uri,
            store=run.store,
            has_secrets=bool(secrets),
        )

    def _secrets(self, run: TrackedRun, summary: RunSummary | None) -> list[Any]:
        """Return the values of secret parameters: those in force, and the defaults in the notebook."""
        groups = [run.parameters, {p.name: p.default for p in run.pipeline.parameters}]
        if summary is not None:
            groups.append(summary.parameters)
        found = [value for group in groups for name, value in group.items() if is_secret_name(name)]
        return [value for value in found if value not in (None, "", MASK)]

    def _draw(self, run: TrackedRun, summary: RunSummary, mask: Mask) -> None:
        """Write the graph into the run's folder, unless the runner did (it knows later analyses)."""
        picture, graph = run.folder / "graph.svg", run.folder / "graph.json"
        if not picture.exists():
            statuses = {name: outcome.status.value for name, outcome in summary.steps.items()}
            picture.write_text(graph_svg(run.pipeline, statuses), encoding="utf-8")
        if not graph.exists():
            write_json(graph, mask.document(_graph(run.pipeline)))

    def _delivered(self, reply: Reply, folder: Path) -> str | None:
        self.warnings.extend(reply.get("warnings", ()))
        if "error" not in reply:
            return str(reply["run_id"])
        self.warnings.append(
            f"the run was not delivered to MLflow: {reply['error']}; it is kept, "
            f"and `stepmill sync` delivers it later ({folder.name})"
        )
        return None


def deliver(
    folder: Path, environ: Mapping[str, str] | None = None, *, timeout_s: float = 180.0
) -> tuple[str | None, tuple[str, ...]]:
    """Deliver the run in `folder` again, from its `tracking.json`; doing it twice changes nothing.

    Returns the id of its MLflow run, or None if it failed, and warnings.
    """
    variables = dict(os.environ if environ is None else environ)
    with (folder / LOG_FILE).open("ab") as log:
        try:
            done = subprocess.run(
                worker_command("--deliver", str(folder.absolute())),
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                env=variables,
                cwd=folder,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, (f"the delivery took longer than {timeout_s:.0f} s",)
    if not done.stdout.strip():
        return None, (f"the tracking process ended early; see {folder / LOG_FILE}",)
    reply: Reply = json.loads(done.stdout)
    warnings = tuple(reply.get("warnings", ()))
    return reply.get("run_id"), (*warnings, reply["error"]) if "error" in reply else warnings


def _direct(reply: Reply) -> dict[str, str]:
    """Return the address of a step's run as variables; nothing if there is none."""
    if "run_id" not in reply:
        return {}
    return {
        "MLFLOW_EXPERIMENT_ID": reply["experiment_id"],
        "STEPMILL_MLFLOW_RUN": reply["run_id"],
        "STEPMILL_MLFLOW_EXPERIMENT_ID": reply["experiment_id"],
    }


def _result(future: Future[Reply], timeout_s: float) -> Reply:
    try:
        return future.result(timeout_s)
    except FutureTimeout:
        return {"error": f"MLflow did not answer within {timeout_s:.0f} s"}


def _parameter(name: str, value: Any, mask: Mask) -> str:
    return MASK if is_secret_name(name) else entry_value(mask.text(str(value)))


def _facts(step: Step, parameters: Mapping[str, str]) -> StepFacts:
    own = {name: parameters[name] for name in step.parameters if name in parameters}
    return StepFacts(cells=step.cells, parameters=own, code_digest=step.code_digest)


def _graph(pipeline: Pipeline) -> dict[str, Any]:
    """Return the graph as JSON, without sources."""
    return {
        "schema": 1,
        "steps": [{"name": step.name, "cells": list(step.cells)} for step in pipeline.steps],
        "edges": [[edge.producer, edge.consumer, edge.name] for edge in pipeline.edges],
        "parameters": {p.name: {"type": p.type, "default": p.default} for p in pipeline.parameters},
    }
