"""`verify`: the pipeline, Run All, and where they differ Run All again, each in a fresh copy of the project.

The copies stand, one after the other, at the same path: what a notebook prints or keeps of its
folder is the same in all. Store and records lie elsewhere, in a folder that goes away with them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.store import open_store
from stepmill.errors import ArtifactError, PipelineError, RunCancelled, UsageError
from stepmill.execution.events import EventLog
from stepmill.model.run import Event, RunStatus, StepStatus
from stepmill.model.verification import Aspect, Border, Difference, Verdict, Verification
from stepmill.notebook.document import load_document
from stepmill.planning.facts import FactBook
from stepmill.planning.project import STATE_FOLDER, Project
from stepmill.running.bench import Workbench, set_up
from stepmill.running.folder import RunFolder, new_run
from stepmill.running.loop import RunLoop
from stepmill.running.tracking_link import TrackingLink
from stepmill.running.verifying.comparison import Linear, Split, blamed, compare, is_in_one_piece
from stepmill.running.verifying.copies import SCRATCH, Original, original_of
from stepmill.running.verifying.linear import LinearRun

if TYPE_CHECKING:
    import threading

    from stepmill.model.artifact import ArtifactRef
    from stepmill.model.pipeline import Step
    from stepmill.model.run import RunSummary
    from stepmill.running.step import StepLimits

Say = Callable[[str], None]
Borders = Mapping[int, tuple[Border, ...]]

_OURS = frozenset({ArtifactError.__name__, *(kind.__name__ for kind in ArtifactError.__subclasses__())})
"""Errors that our runtime raises in a step's kernel: refusals with a reason, none of the user's."""


def verify_notebook(
    path: Path,
    project: Project,
    given: Mapping[str, Any],
    limits: StepLimits,
    *,
    links: tuple[str | Path, ...] = (),
    kernel_name: str | None = None,
    cancel: threading.Event,
    say: Say = lambda _: None,
) -> Verification:
    """Compare; `say` is told what goes on, in short lines. Arguments as for `stepmill.api.verify`."""
    try:
        bench = set_up(path, project, given, kernel_name=kernel_name)
    except PipelineError as error:
        return Verification(
            verdict=Verdict.REFUSED, notebook=str(path), diagnostics=error.diagnostics, error=_about(error)
        )
    original = original_of(_root_of(bench), links, bench.world.folder)
    original.refuse_if_huge()
    _refuse_own_paths(bench, original.root)
    original.changed_links()
    with _scratch_folder() as scratch:
        work = _Work(
            path=path.resolve(),
            original=original,
            scratch=scratch,
            given=given,
            limits=limits,
            kernel_name=kernel_name,
            cancel=cancel,
            say=say,
            facts_of=bench.facts,
        )
        found = replace(work.verify(), notebook=str(path))
    changed = original.changed_links()
    if changed:
        remark = f"the notebook wrote into what was linked: {', '.join(changed[:3])}"
        found = replace(found, remarks=(*found.remarks, remark))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One verification. Everything that it makes lies in `scratch`."""

    path: Path
    original: Original
    scratch: Path
    given: Mapping[str, Any]
    limits: StepLimits
    kernel_name: str | None
    cancel: threading.Event
    say: Say
    facts_of: FactBook

    def verify(self) -> Verification:
        with self._copy() as notebook:
            bench, folder, summary = self._pipeline(notebook)
        refusal = _refusal(summary)
        if refusal is not None:
            return Verification(
                verdict=Verdict.REFUSED, notebook="", error=refusal, pipeline_seconds=summary.seconds
            )
        split = _split(bench, folder, summary)
        first = self._run_all("Run All", "first", self._borders(split, folder))
        findings = compare(first, split)
        differences = findings.differences
        nobodys: tuple[Difference, ...] = ()
        for time in ("second", "third"):
            # what varies comes out the same twice at times: a third run tells it from what the split changed
            if differences and (time == "second" or nobodys or any(one.cause for one in differences)):
                borders = self._borders_again(split, first, time)
                again = self._run_all(f"Run All, a {time} time", time, borders)
                differences, others = blamed(differences, first, again, split)
                nobodys += others
        return Verification(
            verdict=Verdict.DIFFERENT if differences else Verdict.EQUAL,
            notebook="",
            values=findings.values,
            outputs=findings.outputs,
            differences=differences,
            not_reproducible=nobodys,
            remarks=findings.remarks,
            failure=findings.failure,
            repeated=bool(findings.differences),
            pipeline_seconds=summary.seconds,
            run_all_seconds=first.seconds,
        )

    @contextmanager
    def _copy(self) -> Iterator[Path]:
        """Give the notebook in a fresh copy of the project, which is gone again afterwards."""
        root = self.scratch / "copy" / (self.original.root.name or "project")
        self.original.copy_to(root)
        try:
            yield root / self.path.relative_to(self.original.root)
        finally:
            shutil.rmtree(root.parent, ignore_errors=True)

    def _bench(self, notebook: Path) -> Workbench:
        project = Project(self.scratch / "project")
        return set_up(notebook, project, self.given, kernel_name=self.kernel_name)

    def _pipeline(self, notebook: Path) -> tuple[Workbench, RunFolder, RunSummary]:
        """Run the pipeline with nothing cached, but with all that earlier runs have found out."""
        project = Project(self.scratch / "project")
        project.root.mkdir()
        project.prepare()
        FactBook(open_store(project.state), project.relative(notebook)).remember(self.facts_of.recall())
        folder = new_run(project.runs)
        with EventLog(folder.events, folder.run_id, (self._hear,)) as log:
            link = TrackingLink(None)
            loop = RunLoop(self._bench(notebook), folder, self.limits, link, self.cancel, log)
            summary = loop.run()
        if summary.status is RunStatus.CANCELLED:
            raise RunCancelled("verify was interrupted", hint="nothing of the project was changed")
        return loop.bench, folder, summary

    def _hear(self, event: Event) -> None:
        if event.kind == "step-started":
            self.say(f"pipeline: step {event.step}")

    def _run_all(self, what: str, time: str, borders: Borders) -> Linear:
        def progress(cell: int, cells: int) -> None:
            self.say(f"{what}: cell {cell} of {cells}")

        with self._copy() as notebook:
            return LinearRun(
                bench=self._bench(notebook),
                limits=self.limits,
                cancel=self.cancel,
                folder=self.scratch / time,
                borders=borders,
                progress=progress,
            ).run()

    def _borders(self, split: Split, folder: RunFolder) -> Borders:
        """Return what the steps gave, by the cells at which Run All has it."""
        borders: dict[int, tuple[Border, ...]] = {}
        for step in split.pipeline.steps:
            if step.name in split.good:
                refs = folder.read_references(step.name)
                random = folder.read_states(step.name)
                border = self._border(split, step, "first", refs, random)
                borders[max(step.cells)] = (*borders.get(max(step.cells), ()), border)
        return borders

    def _borders_again(self, split: Split, first: Linear, time: str) -> Borders:
        """Return what the first Run All had where it differs from the pipeline."""
        borders: dict[int, tuple[Border, ...]] = {}
        for step in split.pipeline.steps:
            result = first.borders.get(step.name)
            differing = [one for one in (result.compared if result else ()) if one.ref is not None]
            if differing:
                values = {one.name: one.ref for one in differing if one.aspect is Aspect.VALUE and one.ref}
                random = {one.name: one.ref for one in differing if one.aspect is Aspect.RANDOM and one.ref}
                border = self._border(split, step, time, values, random)
                borders[max(step.cells)] = (*borders.get(max(step.cells), ()), border)
        return borders

    def _border(
        self,
        split: Split,
        step: Step,
        time: str,
        values: Mapping[str, ArtifactRef],
        random: Mapping[str, ArtifactRef],
    ) -> Border:
        place = [one.name for one in split.pipeline.steps].index(step.name)
        kept = {name: ref for name, ref in values.items() if is_in_one_piece(step, split.pipeline, name)}
        alone = all(is_in_one_piece(step, split.pipeline, name) for name in random)
        return Border(
            step=step.name,
            store=open_store(self.scratch / "project" / STATE_FOLDER).url,
            result=str(self.scratch / time / f"result-{place}.json"),
            values=kept,
            random=random if alone else {},
            definitions=step.definitions,
        )


# What the pipeline did ---------------------------------------------------------------------------


def _split(bench: Workbench, folder: RunFolder, summary: RunSummary) -> Split:
    good = frozenset(name for name, outcome in summary.steps.items() if outcome.status.is_good)
    failures = {}
    for name, outcome in summary.steps.items():
        if outcome.status is StepStatus.FAILED:
            error = outcome.error or {}
            raised = ": ".join(str(error[key]) for key in ("ename", "evalue") if error.get(key) is not None)
            failures[name] = (error.get("cell"), raised if error.get("ename") else outcome.reason)
    document = load_document(folder.notebook)
    outputs = {
        at: cell["outputs"] for at, cell in enumerate(document["cells"]) if cell["cell_type"] == "code"
    }
    return Split(pipeline=bench.pipeline, outputs=outputs, good=good, failures=failures)


def _refusal(summary: RunSummary) -> Mapping[str, Any] | None:
    """Return the error of a step that was refused while it ran; None if there is none."""
    for name, outcome in summary.steps.items():
        error = outcome.error
        if error is None:
            continue
        if error.get("ename") in _OURS or not error.get("ename"):
            message = str(error.get("message", "")).partition("; its last output is in ")[0]
            return {**error, "message": message, "step": name}  # that log goes away with the copies
    return None


def _about(error: PipelineError) -> Mapping[str, Any]:
    fields = ("code", "message", "hint", "cell", "line", "column")
    return {name: getattr(error, name) for name in fields}


# Where it all lies -------------------------------------------------------------------------------


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _root_of(bench: Workbench) -> Path:
    """Return what has to be copied: the project that the notebook lies in, wherever its state is kept."""
    folder = bench.world.folder
    return min((r for r in bench.world.roots if folder.is_relative_to(r)), key=lambda r: len(r.parts))


def _refuse_own_paths(bench: Workbench, root: Path) -> None:
    """Refuse a notebook that says by absolute paths that it writes into its own project."""
    for step in bench.pipeline.steps:
        for written in step.files_written:
            path = os.path.normpath(Path(written).expanduser())
            if os.path.isabs(path) and Path(path).is_relative_to(root):  # noqa: PTH117
                raise UsageError(
                    f"step {step.name!r} writes {written}: verify works in a copy and would change your file",
                    hint="write the path relative to the notebook",
                    cell=step.cells[0],
                )
