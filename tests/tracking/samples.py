"""A small pipeline and its run folder, as the runner would leave it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat

from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import Edge, Fragment, Parameter, Pipeline, Step
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

    def folder(self, run_id: str) -> Path:
        return self.root / ".stepmill" / "runs" / run_id

    def begin(
        self, run_id: str, pipeline: Pipeline, parameters: Mapping[str, Any] | None = None, **options: Any
    ) -> MlflowTracker:
        notebook = write_notebook(self.root / "churn.ipynb", "x = 1")
        self.folder(run_id).mkdir(parents=True, exist_ok=True)
        tracker = MlflowTracker(self.environ, **options)
        tracker.run_started(
            TrackedRun(
                run_id=run_id,
                notebook=notebook,
                folder=self.folder(run_id),
                project_root=self.root,
                pipeline=pipeline,
                started_s=time.time(),
                parameters=parameters or {"alpha": 0.1},
            )
        )
        return tracker

    def execute(self, tracker: MlflowTracker, step: Step, code: str = "") -> str:
        """Run a step's code with the environment from the tracker; return what it printed."""
        variables = dict(tracker.step_environment(step))
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
