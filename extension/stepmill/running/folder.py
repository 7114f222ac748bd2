"""The folder of one run under `.stepmill/runs/`, and what is written there besides the events."""

from __future__ import annotations

import calendar
import contextlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from stepmill import atomic
from stepmill.errors import DamagedArtifact, UsageError
from stepmill.execution.events import read_events
from stepmill.execution.lock import holder
from stepmill.model.artifact import ArtifactRef, StepRecord
from stepmill.model.codec import SCHEMA, CodecError, from_json, to_json
from stepmill.model.pipeline import Pipeline, Step
from stepmill.model.run import RunStatus, RunSummary, StepOutcome
from stepmill.notebook.writing import executed_copy, write_document
from stepmill.planning.publication import body_outputs, outputs_by_cell
from stepmill.running.replay import replayed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stepmill.artifacts.store import Store
    from stepmill.model.run import Event

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}")
_LATEST = re.compile(r"latest(?:~(\d{1,9}))?")
_MOMENT = "%Y%m%d-%H%M%S"
_RUN_ID = re.compile(r"\d{8}-\d{6}-")
_OF_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)")  # devices, whatever follows the full stop
FOLDS_CASE = sys.platform in ("win32", "darwin")
"""Whether `Fit` and `fit` are, as a rule, one folder here, in which two steps would meet."""
_COMPARED_RUNS = 50
"""How many runs back a fully cached one looks for those that it equals."""

Outputs = dict[int, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class StepFiles:
    """What one step of a run leaves in `folder`."""

    folder: Path

    @property
    def notebook(self) -> Path:
        return self.folder / "step.ipynb"

    @property
    def executed(self) -> Path:
        return self.folder / "executed.ipynb"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def result(self) -> Path:
        return self.folder / "result.json"

    @property
    def workers(self) -> Path:
        """What the step's worker processes saw; missing if it has none."""
        return self.folder / "workers.jsonl"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of the run `run_id` among `runs`."""

    runs: Path
    run_id: str

    @property
    def path(self) -> Path:
        return self.runs / self.run_id

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def notebook(self) -> Path:
        return self.path / "notebook.ipynb"

    @property
    def cancel_request(self) -> Path:
        """The file that asks the run to stop."""
        return self.path / "cancel"

    @property
    def keep_mark(self) -> Path:
        """The file that says: the values of this run are never removed."""
        return self.path / "keep"

    def step_files(self, step: str) -> StepFiles:
        return StepFiles(self.path / "steps" / step_folder_name(step))

    def write_summary(self, summary: RunSummary) -> None:
        """Replace `run.json`."""
        _write_json(self.path / "run.json", {"schema": SCHEMA, **to_json(summary)})

    def read_summary(self) -> RunSummary | None:
        """Return what `run.json` says; None if there is none that we can read."""
        try:
            return from_json(RunSummary, json.loads((self.path / "run.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, CodecError):
            return None

    def read_state(self, held: Mapping[str, Any] | None) -> RunSummary | None:
        """Return the summary as of now; `held` is who holds the project.

        A run is `running` only while it holds its project; one that died without saying so counts
        as cancelled. A holder that has not given its name yet may be any run.
        """
        summary = self.read_summary()
        if summary is None or summary.status is not RunStatus.RUNNING:
            return summary
        is_live = held is not None and held.get("run_id", self.run_id) == self.run_id
        return replayed(summary, self._readable_events(), is_live=is_live)

    def _readable_events(self) -> list[Event]:
        try:
            return read_events(self.events)
        except CodecError:
            return []

    def write_graph(self, document: Mapping[str, Any]) -> None:
        """Replace `graph.json`."""
        _write_json(self.path / "graph.json", document)

    def write_pipeline(self, pipeline: Pipeline) -> None:
        """Replace `pipeline.json`, the whole pipeline as a record."""
        _write_json(self.path / "pipeline.json", {"schema": SCHEMA, **to_json(pipeline)})

    def read_pipeline(self) -> Pipeline:
        """Return the pipeline as the run last analysed it."""
        return from_json(Pipeline, json.loads((self.path / "pipeline.json").read_text(encoding="utf-8")))

    def write_references(self, records: Mapping[str, StepRecord]) -> None:
        """Replace `outputs.json`: which stored values, and states of generators, the steps gave."""
        steps = {name: to_json(record.outputs) for name, record in records.items()}
        states = {name: to_json(record.random) for name, record in records.items() if record.random}
        document = {"schema": SCHEMA, "steps": steps, "random": states}
        _write_json(self.path / "outputs.json", document)

    def write_records(self, records: Mapping[str, StepRecord]) -> None:
        """Replace `records.json`: what the steps were made from, for comparing with other runs."""
        steps = {name: to_json(record) for name, record in records.items()}
        _write_json(self.path / "records.json", {"schema": SCHEMA, "steps": steps})

    def read_records(self) -> Mapping[str, StepRecord]:
        """Return step -> record of the steps that ended well; empty where that cannot be read."""
        try:
            document = json.loads((self.path / "records.json").read_text(encoding="utf-8"))
            return {name: from_json(StepRecord, step) for name, step in document["steps"].items()}
        except (OSError, ValueError, KeyError, CodecError):
            return {}

    def read_references(self, step: str) -> Mapping[str, ArtifactRef]:
        """Return name -> stored value of what `step` gave; empty if it did not end well."""
        return self._references("steps", step)

    def read_states(self, step: str) -> Mapping[str, ArtifactRef]:
        """Return generator -> its stored state at the end of `step`, of those that are handed on."""
        return self._references("random", step)

    def read_all_values(self) -> Mapping[str, tuple[ArtifactRef, ...]]:
        """Return step -> all that `write_references` wrote of it; empty where that cannot be read."""
        try:
            document = json.loads((self.path / "outputs.json").read_text(encoding="utf-8"))
            found: dict[str, tuple[ArtifactRef, ...]] = {}
            for kind in ("steps", "random"):
                for step, refs in document.get(kind, {}).items():
                    read = tuple(from_json(ArtifactRef, ref) for ref in refs.values())
                    found[step] = (*found.get(step, ()), *read)
        except (OSError, ValueError, AttributeError, CodecError):
            return {}
        return found

    def _references(self, kind: str, step: str) -> Mapping[str, ArtifactRef]:
        try:
            document = json.loads((self.path / "outputs.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        found = document.get(kind, {}).get(step, {})
        return {name: from_json(ArtifactRef, ref) for name, ref in found.items()}

    def remove_if_empty(self) -> None:
        """Remove the folder of a run that never began."""
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def executed_notebook_of(self, run_id: str, step: str) -> str | None:
        """Return the path of the notebook that some run executed for a step, if it is still there."""
        executed = RunFolder(self.runs, run_id).step_files(step).executed
        return str(executed) if executed.exists() else None

    def write_executed_copy(
        self,
        document: Mapping[str, Any],
        pipeline: Pipeline,
        store: Store,
        records: Mapping[str, StepRecord],
        outcomes: Mapping[str, StepOutcome],
    ) -> Path:
        """Put the whole notebook together with the outputs of its steps, fresh or recorded."""
        outputs: Outputs = {}
        for step in pipeline.steps:
            record, outcome = records.get(step.name), outcomes.get(step.name)
            if record is not None:
                outputs |= _recorded_outputs(step, record, store)
            elif outcome is not None and outcome.notebook is not None:
                outputs |= body_outputs(json.loads(Path(outcome.notebook).read_text(encoding="utf-8")))
        write_document(executed_copy(dict(document), outputs), self.notebook)
        return self.notebook

    def same_runs(self, summary: RunSummary) -> Iterator[RunSummary]:
        """Yield earlier successful runs with the same parameters, steps and outputs, newest first."""
        for other in latest_runs(self.runs, _COMPARED_RUNS):
            earlier = RunFolder(self.runs, other).read_summary() if other != self.run_id else None
            if earlier is not None and _equal(earlier, summary):
                yield earlier


def new_run(runs: Path) -> RunFolder:
    """Create the folder of a new run; names sort by time (UTC) and are unique.

    What starts later sorts later: where a run of this second is there, or one of a time to come, as the clock
    was set back, the name says the second after it.
    """
    while True:
        run_id = f"{time.strftime(_MOMENT, time.gmtime(_next_s(runs)))}-{os.urandom(2).hex()}"
        folder = RunFolder(runs, run_id)
        try:
            folder.path.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder


def _next_s(runs: Path) -> float:
    """Return the seconds since the epoch that the name of a new run says."""
    names = [entry.name for entry in runs.iterdir()] if runs.is_dir() else []
    for name in sorted(filter(_RUN_ID.match, names), reverse=True):
        with contextlib.suppress(ValueError):  # a folder that somebody made, of a 31st of February
            return max(time.time(), calendar.timegm(time.strptime(name[:15], _MOMENT)) + 1)
    return time.time()


def find_run(runs: Path, run_id: str) -> RunFolder:
    """Return the run whose id is or begins with `run_id`; `latest` is the newest, `latest~1` the one before.

    Raises
    ------
    UsageError
        There is none, or there are several.
    """
    known = list(latest_runs(runs))
    back = _LATEST.fullmatch(run_id)
    if back is not None:
        place = int(back[1] or 0)
        found = known[place : place + 1]
    else:
        found = [name for name in known if name.startswith(run_id)]
    if run_id in found:
        found = [run_id]
    if not found:
        hint = (
            f"the newest is {known[0]}; `stepmill runs` lists them" if known else "no run is stored there yet"
        )
        raise UsageError(f"there is no run {run_id!r} in {runs}", hint=hint)
    if len(found) > 1:
        raise UsageError(f"{run_id!r} is the beginning of {len(found)} runs", hint=", ".join(found[:5]))
    return RunFolder(runs, found[0])


def latest_runs(runs: Path, limit: int | None = None) -> Iterator[str]:
    """Yield the ids of the runs, newest first."""
    names = sorted((entry.name for entry in runs.iterdir()), reverse=True) if runs.is_dir() else []
    yield from islice((name for name in names if (runs / name / "run.json").exists()), limit)


def list_summaries(runs: Path, limit: int | None = None) -> Iterator[RunSummary]:
    """Yield the summaries of the runs as of now, newest first."""
    held = holder(runs.parent) if runs.is_dir() else None
    for run_id in latest_runs(runs, limit):
        summary = RunFolder(runs, run_id).read_state(held)
        if summary is not None:
            yield summary


def step_folder_name(step: str) -> str:
    """Return a folder name for a step: its name where every file system takes it, else with a digest."""
    is_plain = _PLAIN_NAME.fullmatch(step) and not step.endswith(".")
    if is_plain and not (FOLDS_CASE and (step != step.lower() or _OF_WINDOWS.match(step))):
        return step
    kept = re.sub(r"[^A-Za-z0-9_.-]+", "_", step)[:60].strip("._")
    kept = f"step_{kept}" if _OF_WINDOWS.match(kept.lower()) else kept
    return f"{kept or 'step'}-{blake3(step.encode()).hexdigest()[:8]}"


def recorded_cells(record: StepRecord, store: Store) -> list[list[dict[str, Any]]]:
    """Return the outputs of the step's cells, one list per cell; empty where they are lost."""
    try:
        found: list[list[dict[str, Any]]] = json.loads(bytes(store.get_blob(record.cells)))
    except DamagedArtifact:
        return []  # a missing picture is no reason to fail a run whose values are there
    return found


def _recorded_outputs(step: Step, record: StepRecord, store: Store) -> Outputs:
    return outputs_by_cell(step, recorded_cells(record, store)) if record.cells else {}


def _equal(earlier: RunSummary, summary: RunSummary) -> bool:
    same_notebook = (earlier.notebook_source, earlier.status) == (summary.notebook_source, summary.status)
    return (
        same_notebook and earlier.parameters == summary.parameters and _digests(earlier) == _digests(summary)
    )


def _digests(summary: RunSummary) -> dict[str, tuple[dict[str, str], str]]:
    """Return per step its outputs and the run that made them."""
    return {
        name: (dict(outcome.outputs), outcome.cached_from or summary.run_id)
        for name, outcome in summary.steps.items()
    }


def _write_json(path: Path, document: Any) -> None:
    # a run's documents are all that is left of it, and each is written once or twice
    atomic.write_text(path, json.dumps(document, ensure_ascii=False, indent=1), durable=True)
