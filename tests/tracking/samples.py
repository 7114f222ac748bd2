"""A small pipeline and its run folder, as the runner would leave it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat

from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import save_values
from stepmill.model.artifact import FileAccess, StepRecord
from stepmill.model.codec import to_json
from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import Edge, EdgeKind, Fragment, Input, Output, Parameter, Pipeline, Step
from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.tracking.base import TrackedRun
from stepmill.tracking.mlflow_tracker import MlflowTracker
from tracking.stores import clean_environ, run_python

HOOK = "import os\nfrom stepmill_magics import mlflow_hook\nmlflow_hook.install(os.environ)\n"


def make_step(name: str, cell: int, code: str = "x = 1") -> Step:
    imports = ("mlflow",) if "mlflow" in code else ()
    body = (Fragment(cell=cell, line=1, source=code),)
    return Step(name=name, cells=(cell,), body=body, imports=imports, parameters=("alpha", "api_key"))


def make_pipeline(steps: Mapping[str, str], name: str = "churn") -> Pipeline:
    """Return a chain of steps; `steps` maps names to code."""
    names = list(steps)
    defaults = {"alpha": 0.1, "api_key": "default-of-the-key"}
    return Pipeline(
        name=name,
        steps=tuple(make_step(step, cell, code) for cell, (step, code) in enumerate(steps.items())),
        edges=tuple(Edge(producer=a, consumer=b, name="df") for a, b in pairwise(names)),
        parameters=tuple(
            Parameter(name=key, type="str", default=value, place=Place(cell=0), span=(1, 0, 1, 1))
            for key, value in defaults.items()
        ),
    )


def leave_records(
    folder: Path,
    store: Path,
    steps: Mapping[str, Mapping[str, Any]],
    files: Mapping[str, Sequence[tuple[str, str, str]]] | None = None,
) -> str:
    """Store what `steps` give and write the run's records, as the runner does; return the store's address.

    Each step takes all that the one before it gave. `files` are path, mode and digest.
    """
    records, made = {}, []
    before = ""
    for cell, (name, values) in enumerate(steps.items()):
        refs = save_values(open_store(store), values, definitions={}, namespace={}).refs
        seen = (files or {}).get(name, ())
        records[name] = StepRecord(
            key=name,
            step=name,
            run_id=folder.name,
            created_s=0.0,
            seconds=0.1,
            components={"python": "3.11.7"},
            outputs=refs,
            files=tuple(FileAccess(path=path, mode=mode, digest=digest) for path, mode, digest in seen),
        )
        taken = tuple(Input(name=n, producer=before, kind=EdgeKind.DATA) for n in steps.get(before, ()))
        given = tuple(Output(name=n) for n in values)
        made.append(Step(name=name, cells=(cell,), inputs=taken, outputs=given))
        before = name
    folder.mkdir(parents=True, exist_ok=True)
    pipeline = to_json(Pipeline(name="churn", steps=tuple(made)))
    (folder / "pipeline.json").write_text(json.dumps(pipeline), encoding="utf-8")
    document = {"schema": 1, "steps": {name: to_json(record) for name, record in records.items()}}
    (folder / "records.json").write_text(json.dumps(document), encoding="utf-8")
    return str(store)


def write_notebook(path: Path, *sources: str, output: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs = [nbformat.v4.new_output("stream", text=output)] if output else []
    cells = [nbformat.v4.new_code_cell(source, outputs=outputs) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@dataclass
class Project:
    """A project folder in which pipelines 'run'."""

    root: Path
    environ: dict[str, str]

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.root}/.stepmill/mlflow.db"

    @property
    def store(self) -> Path:
        return self.root / ".stepmill"

    def folder(self, run_id: str) -> Path:
        return self.root / ".stepmill" / "runs" / run_id

    def begin(
        self, run_id: str, pipeline: Pipeline, parameters: Mapping[str, Any] | None = None, **options: Any
    ) -> MlflowTracker:
        notebook = write_notebook(self.root / "churn.ipynb", "x = 1")
        self.folder(run_id).mkdir(parents=True, exist_ok=True)
        patient = {"store_timeout_s": 600.0, "finish_timeout_s": 600.0}  # others may have the machine
        tracker = MlflowTracker(self.environ, **{**patient, **options})
        tracker.run_started(
            TrackedRun(
                run_id=run_id,
                notebook=notebook,
                folder=self.folder(run_id),
                project_root=self.root,
                pipeline=pipeline,
                started_s=time.time(),
                parameters=parameters or {"alpha": 0.1},
                store=str(self.store),
            )
        )
        return tracker

    def execute(self, tracker: MlflowTracker, step: Step, code: str = "", **environ: str) -> str:
        """Run a step's code with the environment from the tracker; return what it printed."""
        variables = dict(tracker.step_environment(step)) | environ
        if not code:
            return ""
        done = run_python(HOOK + code, environ=variables, cwd=self.root)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def summary(
        self,
        run_id: str,
        outcomes: Mapping[str, StepOutcome],
        status: RunStatus = RunStatus.SUCCEEDED,
        **fields: Any,
    ) -> RunSummary:
        return RunSummary(
            run_id=run_id,
            status=status,
            pipeline="churn",
            notebook_source=str(self.root / "churn.ipynb"),
            started_s=time.time(),
            seconds=1.5,
            steps=outcomes,
            notebook=str(write_notebook(self.folder(run_id) / "notebook.ipynb", "x = 1", output="whole")),
            **fields,
        )

    def outcome(
        self, run_id: str, step: str, status: StepStatus = StepStatus.EXECUTED, **fields: Any
    ) -> StepOutcome:
        notebook = write_notebook(
            self.folder(run_id) / "steps" / step / "executed.ipynb", "x = 1", output=step
        )
        return StepOutcome(status=status, seconds=0.5, reason="first run", notebook=str(notebook), **fields)


def make_project(root: Path, **environ: str) -> Project:
    root.mkdir(parents=True, exist_ok=True)
    return Project(root, clean_environ() | environ)
