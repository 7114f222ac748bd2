"""The verdict on one case: equal, refused, silently wrong, or crashed."""

from __future__ import annotations

import json
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING
from unittest import mock

from oracle.fork_executor import ForkExecutor
from oracle.harness import CellRun, ForkServer, lay_out, linear_run, shown
from stepmill import api
from stepmill.errors import ArtifactError, PipelineError, StepFailed
from stepmill.execution.scheduler import run_steps
from stepmill.model.pipeline import EdgeKind, Pipeline, Step
from stepmill.running import loop
from stepmill.running.step import StepRunner

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from oracle.case import Case
    from stepmill.model.run import StepOutcome


OUR_OWN = frozenset(kind.__name__ for kind in (ArtifactError, *ArtifactError.__subclasses__()))
"""Errors that the runtime raises in a step's kernel, with a sentence why: refusals, not crashes."""


class Verdict(StrEnum):
    EQUAL = "equal"
    REFUSED = "refused"  # before the run by a diagnostic, or by a step that says it cannot be kept
    SILENTLY_WRONG = "silently wrong"
    CRASHED = "crashed"  # an exception of ours, or one in a user's cell that Run All does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict with its evidence, as text for a person. `taught`: it took a run to see one of the edges."""

    verdict: Verdict
    evidence: str = ""
    taught: bool = False


def judge(case: Case, server: ForkServer, folder: Path) -> Finding:
    """Run `case` linearly, as a pipeline, and as one whose free choices of order are all reversed.

    Steps without an edge between them may run in any order, so a missing edge that the notebook's
    own order would hide comes out in the reversed one.
    """
    truth = linear_run(case, server, folder / "linear")
    finding = judge_pipeline(case, truth, server, folder / "pipeline", reverse=False)
    if finding.verdict is not Verdict.EQUAL or not has_free_choices(api.analyze(case.document())):
        return finding
    other = judge_pipeline(case, truth, server, folder / "reversed", reverse=True)
    evidence = f"[reversed order] {other.evidence}"
    return Finding(verdict=other.verdict, evidence=evidence, taught=finding.taught or other.taught)


def has_free_choices(pipeline: Pipeline) -> bool:
    """Return whether some two steps may run in either order."""
    names = [step.name for step in pipeline.steps]
    return any(b not in pipeline.downstream([a]) for a, b in pairwise(names))


def judge_pipeline(
    case: Case, truth: Sequence[CellRun], server: ForkServer, folder: Path, *, reverse: bool
) -> Finding:
    """Run `case` as a pipeline in `folder` and compare it with `truth`; then once more, from the cache."""
    notebook = lay_out(case, folder)
    try:
        before = api.analyze(notebook, project=folder)
        with forked_steps(server, reverse=reverse) as executor:
            run = api.run(notebook, case.parameters, tracking=False, jobs=1, project=folder)
            pipeline = api.analyze(notebook, project=folder)
            comparison = Comparison(case, truth, pipeline, run, folder, executor)
            finding = comparison.finding(values=True)
            if finding.verdict is not Verdict.EQUAL:
                return finding
            taught = not _edges(pipeline) <= _edges(before)
            again = api.run(notebook, case.parameters, tracking=False, jobs=1, project=folder)
        second = Comparison(case, truth, pipeline, again, folder, executor).finding(values=False)
        return Finding(verdict=second.verdict, evidence=f"second run: {second.evidence}", taught=taught)
    except Exception as error:
        return _finding_of_error(error)


def _edges(pipeline: Pipeline) -> set[tuple[str, ...]]:
    return {(edge.producer, edge.consumer, edge.name, edge.kind) for edge in pipeline.edges}


def run_with_kernels(case: Case, truth: Sequence[CellRun], folder: Path) -> Finding:
    """Run `case` with real kernels and compare what its cells show."""
    notebook = lay_out(case, folder)
    try:
        run = api.run(notebook, case.parameters, tracking=False, jobs=2, project=folder)
        pipeline = api.analyze(notebook, project=folder)
        return Comparison(case, truth, pipeline, run, folder, None).finding(values=False)
    except Exception as error:
        return _finding_of_error(error)


def _finding_of_error(error: Exception) -> Finding:
    if not isinstance(error, PipelineError):
        return Finding(verdict=Verdict.CRASHED, evidence="".join(traceback.format_exception(error)))
    found = "; ".join(f"{d.code} cell {d.cell} line {d.line}: {d.message}" for d in error.diagnostics)
    return Finding(verdict=Verdict.REFUSED, evidence=found or str(error))


@contextmanager
def forked_steps(server: ForkServer, *, reverse: bool) -> Iterator[ForkExecutor]:
    """Let `api.run` run its steps in forked processes; `reverse` turns every free choice of order."""
    executor = ForkExecutor(server)

    def reversed_steps(
        order: Sequence[str], *arguments: object, **options: object
    ) -> Mapping[str, StepOutcome]:
        return run_steps(list(reversed(order)), *arguments, **options)  # type: ignore[arg-type]

    with mock.patch.object(StepRunner, "_the_executor", return_value=executor):
        if reverse:
            with mock.patch.object(loop, "run_steps", reversed_steps):
                yield executor
        else:
            yield executor


@dataclass(slots=True)
class Comparison:
    """One run against the truth. `wrong`, `failed` and `refused` collect what is not equal."""

    case: Case
    truth: Sequence[CellRun]
    pipeline: Pipeline
    run: api.Run
    folder: Path
    executor: ForkExecutor | None
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def finding(self, *, values: bool) -> Finding:
        self._compare_endings()
        self._compare_cells()
        if values and self.executor is not None:
            for step in self.pipeline.steps:
                if self._is_good(step.name) and not step.implicit and self._in_one_piece(step):
                    self._compare_values(step, self.executor.ran.get(step.name, []))
        for verdict, found in (
            (Verdict.SILENTLY_WRONG, self.wrong),
            (Verdict.CRASHED, self.failed),
            (Verdict.REFUSED, self.refused),
        ):
            if found:
                return Finding(verdict=verdict, evidence="\n".join(found))
        return Finding(verdict=Verdict.EQUAL)

    def _is_good(self, step: str) -> bool:
        return self.run.steps[step].status.is_good

    def _compare_endings(self) -> None:
        """Errors of steps: as Run All has them, said refusals, or failures that are ours."""
        ran = zip(self.case.cells, self.truth, strict=False)
        broken = [(cell, done) for cell, done in ran if done.error and "raises-exception" not in cell.tags]
        expected = {cell.step or "": done.error for cell, done in broken}
        for name, outcome in self.run.steps.items():
            error = outcome.error
            if error is None:
                continue
            raised = f"{error.get('ename')}: {error.get('evalue')}"
            if error.get("code") != StepFailed.code or not error.get("ename"):
                self.refused.append(f"step {name}: {error.get('code')} {error.get('message')}")
            elif error["ename"] in OUR_OWN:
                self.refused.append(f"step {name}: {raised}")
            elif expected.get(name) != raised:
                self.failed.append(
                    f"step {name} raised {raised}; Run All: {expected.get(name)}\n{error['message']}"
                )
        for step, error_text in expected.items():
            if step in self.run.steps and self._is_good(step):
                self.wrong.append(f"step {step} ended well; Run All raised {error_text}")

    def _compare_cells(self) -> None:
        if self.run.notebook is None:
            self.failed.append("no executed copy of the notebook")
            return
        cells = json.loads(self.run.notebook.read_text("utf-8"))["cells"]
        for index, (cell, done) in enumerate(zip(self.case.cells, self.truth, strict=False)):
            if cell.step is None or cell.step not in self.run.steps or not self._is_good(cell.step):
                continue
            found, true = shown(cells[index]["outputs"], self.folder), done.shown
            if self.executor is None:  # a kernel shows what is drawn when a cell ends, the truth not always
                found, true = _without_figures(found), _without_figures(true)
            if found != true:
                self.wrong.append(f"cell {index} (step {cell.step}) showed {found}\n  Run All: {true}")

    def _in_one_piece(self, step: Step) -> bool:
        """Return whether no other code stands between the step's cells, so that "before" has a meaning."""
        return max(step.cells) - min(step.cells) + 1 == len(step.cells) and max(step.cells) < len(self.truth)

    def _compare_values(self, step: Step, ran: Sequence[tuple[str, int | None, CellRun]]) -> None:
        inputs = [taken.name for taken in step.inputs if taken.kind is EdgeKind.DATA]
        outputs = [given.name for given in step.outputs if given.kind is EdgeKind.DATA]
        after_inputs = [done for role, _, done in ran if role == "inputs"]
        after_body = [done for role, _, done in ran if role == "body"]
        first = min(step.cells)
        if after_inputs and first > 0:
            self._compare_names(f"input of {step.name}", inputs, after_inputs[-1], self.truth[first - 1])
        if after_body:
            self._compare_names(
                f"output of {step.name}", outputs, after_body[-1], self.truth[max(step.cells)]
            )

    def _compare_names(self, what: str, names: Sequence[str], found: CellRun, truth: CellRun) -> None:
        observed = [n for n in names if self.case.observe is None or n in self.case.observe]
        for name in observed:
            ours, theirs = found.values.get(name, "absent"), truth.values.get(name, "absent")
            if ours != theirs:
                self.wrong.append(f"{what}: {name} = {ours}\n  Run All: {theirs}")
        kept = set(observed)
        ours_shared = {pair for pair in found.sharing if set(pair) <= kept}
        theirs_shared = {pair for pair in truth.sharing if set(pair) <= kept}
        if ours_shared != theirs_shared:
            self.wrong.append(
                f"{what}: shared objects {sorted(ours_shared)}\n  Run All: {sorted(theirs_shared)}"
            )


def _without_figures(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if not text.startswith("display_data|<Figure size"))
