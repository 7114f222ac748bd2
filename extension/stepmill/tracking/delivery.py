"""One pipeline run in MLflow: a parent, a child per executed step. Runs in the tracking process only.

Only `MlflowClient` with explicit run ids is used, never the fluent API: there is no active run,
nothing is thread-local, and nothing ends a run behind our back.
"""

from __future__ import annotations

import getpass
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.tracking import entries
from stepmill.tracking.entries import KIND_TAG, NOTE, PARENT_TAG, RUN_TAG, STEP_TAG, entry_names, entry_value
from stepmill.tracking.kept import KEPT_TAG, KeptCalls, kept_steps
from stepmill.tracking.lineage import GivenModel, TakenData
from stepmill.tracking.lineage_entries import log_given, log_taken, model_tags
from stepmill.tracking.location import Location
from stepmill.tracking.new_store import quick_tables
from stepmill.tracking.staging import Staging
from stepmill.tracking.state import STAGED_FOLDER, TrackingState

_RUN_STATUS = {RunStatus.SUCCEEDED: "FINISHED", RunStatus.FAILED: "FAILED"}
_STEP_STATUS = {StepStatus.EXECUTED: "FINISHED", StepStatus.FAILED: "FAILED"}
_BATCH_METRICS, _BATCH_PARAMETERS, _BATCH_TAGS = 900, 100, 90  # MLflow takes 1000, 100, 100
_GIT_TIMEOUT_S = 5
SUPERSEDED_TAG = "stepmill.superseded_by"  # on the run of an attempt after which the step ran again


class Delivery:
    """Writes one run to a tracking store. Every method may raise what MLflow raises."""

    def __init__(self, state: TrackingState, location: Location, environ: Mapping[str, str]) -> None:
        self.state = state
        self.location = location
        self.warnings: list[str] = []
        self._environ = environ
        self._client: Any = None

    def open(self, *, resume: bool = False) -> None:
        """Connect, make tables and experiment where they are missing, and begin the parent run.

        With `resume`, the runs that an earlier delivery made are found by their tags and used.
        """
        from mlflow import MlflowClient

        with self.location.locked():
            with quick_tables(self.location):
                self._client = MlflowClient(self.location.uri)
                experiment_id = self._experiment()
            self.location.mark_ready()
        self.state = replace(self.state, experiment_id=experiment_id, tracking_uri=self.location.public_uri)
        if resume:
            self._find_earlier()
        if self.state.mlflow_run_id is None:
            run_id = self._create(self.state.run_id, self.state.started_s, self._parent_tags())
            self.state = replace(self.state, mlflow_run_id=run_id)

    def begin_step(self, step: str, started_s: float, *, kept: str = "") -> str:
        """Make a child run for `step` and return its id; an earlier attempt's run is closed as failed.

        `kept` is the id under which the step's own code logged, if the server was away.
        """
        earlier = self.state.mlflow_runs.get(step)
        tags = {KIND_TAG: "step", STEP_TAG: step, PARENT_TAG: self._parent}
        run_id = self._create(step, started_s, tags | ({KEPT_TAG: kept} if kept else {}))
        self.state = replace(self.state, mlflow_runs={**self.state.mlflow_runs, step: run_id})
        if earlier is not None:
            # parameters are immutable, so a retry cannot log into the first attempt's run
            self._client.set_tag(earlier, SUPERSEDED_TAG, run_id)
            self._client.set_terminated(earlier, "FAILED", end_time=_ms(started_s))
        return run_id

    def deliver_kept(self, staged: Path) -> None:
        """Write what the steps' own code logged while the store was away; twice is once."""
        there = self._runs()
        by_kept = {
            run.data.tags[KEPT_TAG]: run_id for run_id, run in there.items() if KEPT_TAG in run.data.tags
        }
        for kept in kept_steps(staged):
            late = kept.late_run_id
            if kept.run_id in there:
                run_id = kept.run_id
            else:
                run_id = by_kept.get(kept.run_id) or (late if late in there else "")
            run_id = run_id or self.begin_step(kept.step, kept.started_s, kept=kept.run_id)
            KeptCalls(self._client, str(self.state.experiment_id), kept, self._create).deliver(run_id)

    def finish(self, summary: RunSummary, staging: Staging) -> None:
        """Write outcomes, promoted metrics and artifacts, and close all runs of the pipeline run."""
        self.deliver_kept(staging.folder / STAGED_FOLDER)
        runs = self._runs()
        executed = {name: outcome for name, outcome in summary.steps.items() if entries.was_executed(outcome)}
        for name in executed:
            if name not in self.state.mlflow_runs:
                self.begin_step(name, summary.started_s)
        origins = {o.cached_from: self._runs(o.cached_from) for o in summary.steps.values() if o.cached_from}
        steps = {
            name: self._step_metrics(name, outcome, origins.get(outcome.cached_from or "", runs))
            for name, outcome in summary.steps.items()
        }
        lineage = staging.lineage()
        # a server answers several at once; one sqlite file would only make them wait for its lock
        with ThreadPoolExecutor(1 if self.location.database else 4) as pool:
            list(
                pool.map(
                    lambda n: self._finish_step(n, executed[n], steps[n], runs, staging.step_folder(n)),
                    executed,
                )
            )
        for name in executed:
            self._log_lineage(name, runs, lineage.taken.get(name, ()), lineage.given.get(name, ()))
        self._log_lineage("", runs, lineage.files, ())
        self._close_others(runs, set(executed), summary)
        self._finish_parent(summary, steps, runs, staging.pipeline_folder)

    def abandon(self) -> None:
        """Close the runs as killed: the runner is gone and will not say how they ended."""
        for run_id in (*self.state.mlflow_runs.values(), self.state.mlflow_run_id):
            if run_id is not None:
                self._client.set_terminated(run_id, "KILLED")

    @property
    def _parent(self) -> str:
        assert self.state.mlflow_run_id is not None
        return self.state.mlflow_run_id

    def _experiment(self) -> str:
        """Return the id of the experiment, which is made or restored if need be."""
        from mlflow.exceptions import MlflowException

        if self._environ.get("MLFLOW_EXPERIMENT_ID"):
            return self._environ["MLFLOW_EXPERIMENT_ID"]
        name = self._environ.get("MLFLOW_EXPERIMENT_NAME") or self.state.experiment
        found = self._client.get_experiment_by_name(name)
        if found is None:
            root = self.location.artifact_root
            try:
                return str(self._client.create_experiment(name, root.as_uri() if root else None))
            except MlflowException:  # somebody else made it meanwhile: then it is there now
                found = self._client.get_experiment_by_name(name)
                if found is None:
                    raise
        if found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
            self.warnings.append(f"the MLflow experiment {name!r} had been deleted; it is restored")
        return str(found.experiment_id)

    def _find_earlier(self) -> None:
        runs = self._runs()
        parents = [run for run in runs.values() if run.data.tags.get(KIND_TAG) == "pipeline"]
        children = [run for run in runs.values() if run.data.tags.get(KIND_TAG) == "step"]
        children.sort(key=lambda run: run.info.start_time)
        current = [run for run in children if SUPERSEDED_TAG not in run.data.tags]
        self.state = replace(
            self.state,
            mlflow_run_id=parents[0].info.run_id if parents else None,
            mlflow_runs={run.data.tags[STEP_TAG]: run.info.run_id for run in current},
        )

    def _runs(self, pipeline_run: str = "") -> dict[str, Any]:
        """Return all MLflow runs of a pipeline run by id, those of the user's own code included."""
        wanted = f"tags.`{RUN_TAG}` = '{pipeline_run or self.state.run_id}'"
        found = self._client.search_runs([self.state.experiment_id], wanted, max_results=5000)
        return {run.info.run_id: run for run in found}

    def _create(self, name: str, started_s: float, tags: Mapping[str, str]) -> str:
        own = {RUN_TAG: self.state.run_id, "mlflow.user": _user(), "mlflow.source.type": "NOTEBOOK"}
        own["mlflow.source.name"] = self.state.notebook
        run = self._client.create_run(
            self.state.experiment_id, start_time=_ms(started_s), tags={**own, **tags}, run_name=name
        )
        return str(run.info.run_id)

    def _parent_tags(self) -> dict[str, str]:
        tags = {KIND_TAG: "pipeline", "stepmill.notebook": self.state.notebook, **self.state.tags}
        notebook = Path(self.state.project_root, self.state.notebook)
        if notebook.is_file():
            tags["stepmill.notebook.sha256"] = sha256(notebook.read_bytes()).hexdigest()
        if "stepmill.git.commit" not in tags:
            tags.update(git_tags(notebook.parent))
        if "stepmill.git.commit" in tags:
            tags["mlflow.source.git.commit"] = tags["stepmill.git.commit"]
        return tags

    def _step_metrics(self, name: str, outcome: StepOutcome, runs: Mapping[str, Any]) -> dict[str, float]:
        """Return a step's metrics: of its single user run, recorded ones, of the step's run; later wins.

        `runs` are those of the pipeline run in which the step executed, perhaps an earlier one.
        """
        metrics: dict[str, float] = {}
        logged: dict[str, float] = {}
        for run_id, run in runs.items():
            tags = run.data.tags
            if tags.get(STEP_TAG) != name or tags.get(KIND_TAG) != "step" or SUPERSEDED_TAG in tags:
                continue
            own = [other for other in runs.values() if other.data.tags.get(PARENT_TAG) == run_id]
            if len(own) == 1:
                metrics.update(own[0].data.metrics)
            logged.update(run.data.metrics)
        # what other processes of the step logged stands in its run only
        found = metrics | entries.finite(outcome.metrics) | logged
        found.pop(entries.SECONDS, None)
        return found

    def _finish_step(
        self,
        name: str,
        outcome: StepOutcome,
        metrics: Mapping[str, float],
        runs: Mapping[str, Any],
        artifacts: Path,
    ) -> None:
        run_id = self.state.mlflow_runs[name]
        facts = self.state.steps.get(name)
        run = runs.get(run_id)
        started_ms = run.info.start_time if run else _ms(self.state.started_s)
        ended_ms = started_ms + int(1000 * (outcome.seconds or 0))
        tags = {"stepmill.reason": entries.tag_value(outcome.reason), **entries.infinite(outcome.metrics)}
        if facts is not None:
            tags["stepmill.cells"] = ", ".join(map(str, facts.cells))
            tags["stepmill.code"] = facts.code_digest
        note = entries.failure_note(outcome)
        if note:
            tags[NOTE] = note
        if outcome.seconds is not None:
            metrics = {**metrics, entries.SECONDS: outcome.seconds}
        self._log(run_id, run, metrics, facts.parameters if facts else {}, tags, ended_ms)
        self._upload(run_id, artifacts)
        self._client.set_terminated(run_id, _STEP_STATUS.get(outcome.status, "KILLED"), end_time=ended_ms)

    def _log_lineage(
        self,
        name: str,
        runs: Mapping[str, Any],
        taken: tuple[TakenData, ...],
        given: tuple[GivenModel, ...],
    ) -> None:
        """Log datasets and models of a step, or of the whole ("").

        A server that cannot take them gets the rest.
        """
        from mlflow.exceptions import MlflowException

        run_id = self.state.mlflow_runs[name] if name else self._parent
        near = {
            other: run
            for other, run in runs.items()
            if other == run_id or run.data.tags.get(PARENT_TAG) == run_id
        }
        try:
            log_taken(self._client, run_id, taken)
            log_given(self._client, run_id, given, model_tags(name, self.state.run_id), near)
        except MlflowException as error:
            what = f"datasets and models of {name or 'the run'} were not logged"
            first = str(error).strip().splitlines() or [""]
            self.warnings.append(f"{what}: {first[0][:200]}")

    def _close_others(self, runs: Mapping[str, Any], executed: set[str], summary: RunSummary) -> None:
        """Close what the user's code left open, and the runs of steps that came out differently."""
        for name, run_id in self.state.mlflow_runs.items():
            if name not in executed:
                self._client.set_terminated(run_id, "KILLED", end_time=_end_ms(summary))
        for run_id, run in runs.items():
            if run.data.tags.get(KIND_TAG) == "user" and run.info.status == "RUNNING":
                step = summary.steps.get(run.data.tags.get(STEP_TAG, ""))
                status = _STEP_STATUS.get(step.status, "KILLED") if step else "KILLED"
                self._client.set_terminated(run_id, status, end_time=_end_ms(summary))

    def _finish_parent(
        self,
        summary: RunSummary,
        steps: Mapping[str, Mapping[str, float]],
        runs: Mapping[str, Any],
        artifacts: Path,
    ) -> None:
        of_steps = {name for metrics in steps.values() for name in metrics}
        of_the_run = entries.finite(summary.metrics)
        metrics = {name: value for name, value in of_the_run.items() if name not in of_steps}
        metrics |= entries.promoted(steps)
        for name, outcome in summary.steps.items():
            if entries.was_executed(outcome) and outcome.seconds is not None:
                metrics[f"{name}.{entries.SECONDS}"] = outcome.seconds
        if summary.seconds is not None:
            metrics[entries.SECONDS] = summary.seconds
        tags = {**entries.cached_tags(summary), NOTE: entries.run_note(summary)}
        if summary.same_as:
            tags["stepmill.same_as"] = summary.same_as
        graph = artifacts / "graph.json"
        if graph.is_file():
            tags["stepmill.graph.sha256"] = sha256(graph.read_bytes()).hexdigest()
        self._log(
            self._parent, runs.get(self._parent), metrics, self.state.parameters, tags, _end_ms(summary)
        )
        self._upload(self._parent, artifacts)
        status = _RUN_STATUS.get(summary.status, "KILLED")
        self._client.set_terminated(self._parent, status, end_time=_end_ms(summary))

    def _log(
        self,
        run_id: str,
        run: Any,
        metrics: Mapping[str, float],
        parameters: Mapping[str, str],
        tags: Mapping[str, str],
        time_ms: int,
    ) -> None:
        """Write one batch; what stands there already (the user's, or an earlier delivery's) is kept."""
        from mlflow.entities import Metric, Param, RunTag

        there = run.data if run else None
        keys = entry_names(metrics)
        named = {keys[name]: value for name, value in metrics.items()}
        fresh = {n: v for n, v in named.items() if there is None or there.metrics.get(n) != v}
        of_parameters = entry_names({**self.state.parameters, **parameters})  # the same for all steps
        new = {
            of_parameters[n]: v
            for n, v in parameters.items()
            if there is None or of_parameters[n] not in there.params
        }
        rows: list[Any] = [Metric(n, float(v), time_ms, 0) for n, v in fresh.items()]
        pairs: list[Any] = [Param(n, entry_value(v)) for n, v in new.items()]
        marks: list[Any] = [RunTag(n, v) for n, v in tags.items()]
        while rows or pairs or marks:
            self._client.log_batch(
                run_id, rows[:_BATCH_METRICS], pairs[:_BATCH_PARAMETERS], marks[:_BATCH_TAGS]
            )
            rows, pairs, marks = rows[_BATCH_METRICS:], pairs[_BATCH_PARAMETERS:], marks[_BATCH_TAGS:]

    def _upload(self, run_id: str, folder: Path) -> None:
        if folder.is_dir():
            self._client.log_artifacts(run_id, str(folder))


def git_tags(folder: Path) -> dict[str, str]:
    """Return the commit of the repository around `folder`, and whether tracked files differ from it."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    dirty = {} if changed is None else {"stepmill.git.dirty": str(bool(changed)).lower()}
    return {"stepmill.git.commit": commit, **dirty}


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git prints; None where there is no git, no repository, or no answer in time."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such account: containers with a bare user number
        return "unknown"


def _ms(time_s: float) -> int:
    return int(time_s * 1000)


def _end_ms(summary: RunSummary) -> int:
    return _ms(time.time() if summary.seconds is None else summary.started_s + summary.seconds)
