"""A run that was made, and how it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.store import open_store
from stepmill.compiler.parameters import render
from stepmill.errors import RunCancelled, StepFailed, UsageError
from stepmill.execution.events import read_events
from stepmill.execution.lock import holder
from stepmill.model.run import Event, RunStatus, RunSummary, StepOutcome
from stepmill.model.secrets import is_secret_name
from stepmill.planning.project import Project, find_root
from stepmill.running.cell_outputs import pictures_of
from stepmill.running.folder import RunFolder, find_run
from stepmill.running.loading import load_output
from stepmill.running.stored import stored_values

if TYPE_CHECKING:
    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import ArtifactRef, StoredValue


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is over, or was seen at some moment."""

    folder: RunFolder
    summary: RunSummary

    @property
    def run_id(self) -> str:
        return self.summary.run_id

    @property
    def status(self) -> RunStatus:
        return self.summary.status

    @property
    def steps(self) -> Mapping[str, StepOutcome]:
        """The outcomes by step, in running order."""
        return self.summary.steps

    @property
    def notebook(self) -> Path | None:
        """The executed copy of the whole notebook."""
        return None if self.summary.notebook is None else Path(self.summary.notebook)

    def events(self) -> list[Event]:
        """Return everything that happened so far."""
        return read_events(self.folder.events)

    def check(self) -> Run:
        """Return the run itself if it succeeded; raise StepFailed with the user's own error if not."""
        for name, outcome in self.steps.items():
            if outcome.error is not None:
                error = outcome.error
                raise StepFailed(
                    str(error.get("message", outcome.reason)),
                    hint=str(error.get("hint", "")),
                    cell=error.get("cell"),
                    line=error.get("line"),
                    step=name,
                    traceback=str(error.get("traceback", "")),
                )
        if self.status is not RunStatus.SUCCEEDED:
            raise RunCancelled(f"run {self.run_id} is {self.status.value}")
        return self

    def load(self, step: str, name: str) -> Any:
        """Return the value that `step` gave under `name`.

        A value whose class or function is defined in the notebook finds it in the caller's `__main__`
        if it is the same there, else in a module made from the notebook's own definitions.

        Raises
        ------
        UsageError
            The run has no such step or output.
        ArtifactError
            The stored value is damaged, or lacks what it needs to be loaded.
        """
        pipeline, values = self.folder.read_pipeline(), self.summary.parameters
        return load_output(
            self.store,
            name,
            self._ref(step, name),
            pipeline.step(step),
            run_id=self.run_id,
            parameters={
                parameter.name: render(parameter, values[parameter.name])
                for parameter in pipeline.parameters
                if parameter.name in values and not is_secret_name(parameter.name)
            },
        )

    def artifacts(self, step: str | None = None, name: str | None = None) -> tuple[StoredValue, ...]:
        """Return what the run's steps gave, of one step or of one name only; nothing is loaded.

        Raises
        ------
        UsageError
            The run has no such step or output.
        """
        if step is not None and name is not None:
            self._ref(step, name)
        elif step is not None:
            self._check_step(step)
        found = stored_values(self.folder, self.store, self.steps if step is None else (step,))
        return tuple(value for value in found if name in (None, value.name))

    def pictures(self) -> Mapping[str, bytes]:
        """Return the PNGs that the run's cells showed, by the digest of their bytes."""
        return pictures_of(self.folder)

    @property
    def store(self) -> Store:
        """The store that keeps the run's values."""
        return open_store(self.folder.runs.parent)

    def _check_step(self, step: str) -> None:
        if step not in self.steps:
            raise UsageError(
                f"run {self.run_id} has no step {step!r}", hint=f"its steps: {', '.join(self.steps)}"
            )

    def _ref(self, step: str, name: str) -> ArtifactRef:
        self._check_step(step)
        ref = self.folder.read_references(step).get(name)
        if ref is None:
            names = ", ".join(self.steps[step].outputs) or "none"
            raise UsageError(f"step {step!r} of run {self.run_id} gave no {name!r}", hint=f"it gave: {names}")
        return ref


def open_run(run_id: str = "latest", project: str | Path | None = None) -> Run:
    """Return a past or present run by its id, the beginning of one, or "latest".

    `project` is the project's folder, or a file in it; by default it is found from the working directory.

    Raises
    ------
    UsageError
        There is no such run.
    """
    home = home_of(project)
    folder = find_run(home.runs, run_id)
    summary = folder.read_state(holder(home.state))
    if summary is None:
        raise UsageError(f"the record of run {folder.run_id} is damaged", hint=f"look at {folder.path}")
    return Run(folder, summary)


def home_of(project: str | Path | None) -> Project:
    """Return the project of a folder that was named, or of a file or folder in it."""
    path = Path(project or ".")
    return Project(find_root(path, path if project is not None and path.is_dir() else None))
