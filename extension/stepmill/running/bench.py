"""A notebook made ready for decisions: read, analysed with what runs taught us, parameters checked."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.cell_files import key_of_cell, key_of_step, noted, watch
from stepmill.artifacts.store import Store, open_store
from stepmill.compiler.parameters import check_parameters, render
from stepmill.errors import PipelineError
from stepmill.model.artifact import ABSENT
from stepmill.model.diagnostic import strict_refusals
from stepmill.model.secrets import is_secret_name
from stepmill.notebook.own_modules import OwnSources
from stepmill.notebook.reading import LoadedNotebook, read_notebook
from stepmill.notebook.search_path import module_search
from stepmill.planning.decide import Circumstances
from stepmill.planning.facts import FactBook
from stepmill.planning.file_digests import FileDigests
from stepmill.planning.file_history import FileHistory
from stepmill.planning.kernels import Kernel, find_kernel
from stepmill.planning.keys import components, derived_seed
from stepmill.planning.manifest import taken_values
from stepmill.planning.observations import World
from stepmill.planning.own_code import OwnCode
from stepmill.planning.parameters import in_force as parameters_in_force
from stepmill.planning.parameters import own_expression, shown
from stepmill.planning.pipeline_plan import settled_plan
from stepmill.planning.project import find_root
from stepmill.planning.records import Records
from stepmill.planning.wishes import Asked, check_asked, unknown_step, wishes
from stepmill.running.inspecting import analyze_with_facts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stepmill.model.artifact import StepRecord
    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline, Step
    from stepmill.model.plan import Plan
    from stepmill.planning.project import Project

RUN_SEED = 0
"""What the seeds of unseeded steps are derived from: fixed, so that two runs of a notebook agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """Everything that deciding about and running one notebook needs, put together once.

    `pipeline` is the only part that changes in a run: `with_facts` gives the bench for the next plan.
    """

    project: Project
    path: Path
    loaded: LoadedNotebook
    pipeline: Pipeline
    values: Mapping[str, Any]
    kernel: Kernel
    store: Store
    records: Records
    facts: FactBook
    world: World
    own_code: OwnCode
    asked: Asked = field(default_factory=Asked)
    _history: list[FileHistory] = field(default_factory=lambda: [FileHistory()])

    def expression(self, name: str) -> str:
        """Return Python source for a parameter's value in force: the notebook's own, where it is its own."""
        parameter = next(p for p in self.pipeline.parameters if p.name == name)
        value = self.values[name]
        if json.dumps(value) == json.dumps(parameter.default):
            return own_expression(parameter, self.loaded.notebook)
        return render(parameter, value)

    def components(self, step: Step, records: Mapping[str, StepRecord]) -> dict[str, str]:
        """Return the components of the step's key, as far as `records` has what it takes."""
        inputs, random = taken_values(step, records)
        return components(
            step,
            inputs=inputs,
            random=random,
            parameters=self.values,
            modules={path: part.digest for path, part in self.own_code.of(step).items()},
            python_version=self.kernel.python_version,
            kernel="" if self.kernel.is_ours else self.kernel.executable,
            seed=self.seed(step),
            secrets={
                name: self.world.keyed_hash(repr(self.values[name]))
                for name in step.parameters
                if name in self.values and is_secret_name(name)
            },
        )

    def own_sources(self) -> OwnSources:
        """Return what reads the project's own modules, as they are now."""
        return OwnSources(module_search(self.loaded.notebook, self.world.folder, self.kernel.sys_path))

    def seed(self, step: Step) -> int | None:
        """Return the derived seed of a step that may draw from generators nobody seeds."""
        return derived_seed(RUN_SEED, step.name) if step.unseeded else None

    def circumstances(self) -> Circumstances:
        """Return what decisions share, as of now."""
        written: dict[str, frozenset[str]] = {}
        later: dict[str, Mapping[str, frozenset[str]]] = {}
        for step in reversed(self.pipeline.steps):
            record = self.records.last(step.name).record
            for access in record.files if record else ():
                if access.mode in ("write", "folder"):
                    known = written.get(access.path, frozenset())
                    written = {**written, access.path: known | {access.digest}}
            later[step.name] = written
        return Circumstances(
            records=self.records,
            world=replace(self.world, written=written),
            now_s=time.time(),
            parameters=shown(self.values),
            later=later,
            wishes=wishes(self.asked, self.pipeline),
            history=self._history[-1],
        )

    def list_written(self) -> None:
        """Tell kernels in which the user works which files steps wrote; they note what cells do to them."""
        records = (self.records.last(step.name).record for step in self.pipeline.steps)
        files = [
            self.world.path_of(access)
            for record in records
            if record is not None
            for access in record.files
            if self.world.is_output(access) and access.digest != ABSENT
        ]
        partly = self.asked.only is not None
        watch(self.project.state, self.records.notebook, files, also_old=partly)

    def plan(self) -> Plan:
        """Decide about all steps, as things are now; later decisions go by the same history of files."""
        last = (self.records.last(step.name).record for step in self.pipeline.steps)
        self._history[:] = [FileHistory(tuple(record for record in last if record is not None))]
        plan, self._history[-1] = settled_plan(self.pipeline, self.circumstances(), self.components)
        return plan

    def with_facts(self) -> Workbench:
        """Return the bench with the notebook analysed anew, with all facts found so far."""
        pipeline = analyze_with_facts(
            self.loaded.notebook, self.world.folder, self.facts, self.kernel.sys_path, anew=True
        )
        refuse_errors(pipeline)
        if self.asked.only is not None:
            pipeline = restricted(pipeline, self.asked.only)
        return replace(self, pipeline=pipeline)


def set_up(
    path: Path,
    project: Project,
    given: Mapping[str, Any],
    *,
    kernel_name: str | None = None,
    asked: Asked | None = None,
    strict: bool = False,
    trust: bool = False,
) -> Workbench:
    """Read, analyse and check a notebook. Nothing is written.

    `trust`: results that somebody else stored may be reused.

    Raises
    ------
    NotebookError, PipelineError, ParameterError, KernelError, UsageError
        The notebook cannot be read; it has errors; the given values do not fit; no such kernel; what
        is asked of its steps cannot be.
    """
    asked = asked or Asked()
    loaded = read_notebook(path)
    kernel = find_kernel(kernel_name or loaded.notebook.kernel_name)
    store = open_store(project.state, trusts_all=trust)
    name = project.relative(path)
    facts = FactBook(store, name)
    folder = path.resolve().parent
    pipeline = analyze_with_facts(loaded.notebook, folder, facts, kernel.sys_path, anew=True)
    refuse_errors(pipeline, strict=strict)
    values = parameters_in_force(pipeline.parameters, check_parameters(pipeline, given))
    whole = pipeline
    if asked.only is not None:
        pipeline = restricted(pipeline, asked.only)
    check_asked(asked, whole, pipeline)
    return Workbench(
        project=project,
        path=path,
        loaded=loaded,
        pipeline=pipeline,
        values=values,
        kernel=kernel,
        store=store,
        records=Records(store, name),
        facts=facts,
        world=_world(path, project, store, kernel, _keys(whole, loaded.notebook, path)),
        own_code=OwnCode(folder),
        asked=asked,
    )


def refuse_errors(pipeline: Pipeline, *, strict: bool = False) -> None:
    """Raise PipelineError if the analysis found errors; under `strict` doubts count as such."""
    severe = strict_refusals(pipeline.diagnostics) if strict else pipeline.errors
    if not severe:
        if not pipeline.steps:
            raise PipelineError(
                "the notebook has no steps",
                hint="start a cell with %%step NAME; untagged code that it needs is run before it",
            )
        return
    raise PipelineError.of(severe)


def restricted(pipeline: Pipeline, only: Collection[str]) -> Pipeline:
    """Return the part of the pipeline that gives the steps `only`: they and all that comes before them."""
    known = [step.name for step in pipeline.steps]
    for name in only:
        if name not in known:
            raise unknown_step(name, known)
    wanted: set[str] = set()
    frontier = set(only)
    while frontier:
        wanted |= frontier
        frontier = {producer for name in frontier for producer in pipeline.upstream(name)} - wanted
    return replace(
        pipeline,
        steps=tuple(step for step in pipeline.steps if step.name in wanted),
        edges=tuple(e for e in pipeline.edges if e.producer in wanted and e.consumer in wanted),
    )


def _keys(pipeline: Pipeline, notebook: Notebook, path: Path) -> set[str]:
    """Return what the cells of the pipeline's steps go by where kernels note what they did."""
    ids = {cell.index: cell.cell_id for cell in notebook.cells if cell.cell_id}
    cells = {ids[index] for step in pipeline.steps for index in step.cells if index in ids}
    of_cells = {key_of_cell(one, where) for one in cells for where in (path, None)}
    return of_cells | {key_of_step(step.name, path) for step in pipeline.steps}


def _world(path: Path, project: Project, store: Store, kernel: Kernel, cells: Collection[str]) -> World:
    return World(
        store=store,
        folder=path.resolve().parent,
        roots=tuple({project.root, find_root(path)}),  # --project moves the state, not the user's files
        state=project.state,
        files=FileDigests(project.cache / "files.json"),
        environment=dict(os.environ),
        secret=project.secret,
        sys_path=kernel.sys_path,
        noted=noted(project.state, cells),
    )
