"""The run loop: decide about each step when its inputs are there, run what is stale, publish, go on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stepmill.errors import DamagedArtifact, StepFailed
from stepmill.execution.resources import USUAL, Resources, available
from stepmill.execution.scheduler import run_steps
from stepmill.model.codec import SCHEMA, to_json
from stepmill.model.documents import FINISHED
from stepmill.model.graph import graph_document
from stepmill.model.plan import Cause, Plan, PlanStatus, Reason, StepPlan
from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus, outcome_of_error
from stepmill.planning.conflicts import missed_files
from stepmill.planning.decide import decide_step
from stepmill.planning.kept_files import put_back
from stepmill.planning.keys import static_key
from stepmill.planning.parameters import masked
from stepmill.planning.process_state import find_lost_change
from stepmill.running.shelf import Shelf
from stepmill.running.step import Contradiction, InputLost, StepLimits, StepRunner

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Mapping

    from stepmill.execution.events import EventLog
    from stepmill.model.artifact import StepRecord
    from stepmill.model.facts import Fact
    from stepmill.model.pipeline import Step
    from stepmill.running.bench import Workbench
    from stepmill.running.folder import RunFolder
    from stepmill.running.tracking_link import TrackingLink

MAX_REPLANS = 10

_AGAIN = Reason(cause=Cause.FIRST_RUN, message="what it gave before the run was planned anew does not count")
_FORETOLD = "SM201"
_HOW_IT_ENDED = {
    StepStatus.FAILED: "its last run failed",
    StepStatus.CANCELLED: "its last run was cancelled",
}
_REPLANNED = StepOutcome(status=StepStatus.SKIPPED, reason="the run is planned anew")


@dataclass(slots=True)
class RunLoop:
    """One run. Worker threads call `_perform`; a dict of theirs is only ever written under their own step."""

    bench: Workbench
    folder: RunFolder
    limits: StepLimits
    tracking: TrackingLink
    cancel: threading.Event
    log: EventLog
    fail_fast: bool = False
    _shelf: Shelf = field(default_factory=Shelf)
    _done: dict[str, StepOutcome] = field(default_factory=dict)
    _executed: dict[str, tuple[StepRecord, StepOutcome]] = field(default_factory=dict)
    _plan: Plan | None = None
    _begun: set[str] = field(default_factory=set)
    _found: list[Fact] = field(default_factory=list)
    _again: list[str] = field(default_factory=list)
    _runner: StepRunner | None = None
    _ran: bool = False

    def run(self) -> RunSummary:
        """Carry out the run to its end, whatever the end is, and return what came of it."""
        started_s = time.time()
        summary = self._summary(RunStatus.RUNNING, started_s, None)
        self.folder.write_summary(summary)
        self.log.emit(
            "run-started",
            notebook=str(self.bench.path),
            pipeline=self.bench.pipeline.name,
            parameters=masked(self.bench.values),
            steps=[step.name for step in self.bench.pipeline.steps],
        )
        self._foretell()
        self.tracking.run_started(self.bench, self.folder, started_s)
        self._runner = StepRunner(self.bench, self.folder, self.limits, self.tracking, self.log, self.cancel)
        try:
            self._until_settled()
        except BaseException:
            self._finish(self._summary(RunStatus.FAILED, started_s, time.time() - started_s))
            raise
        finally:
            self._runner.close()
        return self._finish(self._summary(self._status(), started_s, time.time() - started_s))

    def _foretell(self) -> None:
        """Say before anything runs where steps will fail, as the analysis has it: names without a value."""
        steps = {cell: step.name for step in self.bench.pipeline.steps for cell in step.cells}
        for one in self.bench.pipeline.diagnostics:
            if one.code == _FORETOLD and one.cell in steps:
                message = f"cell [{one.cell}], line {one.line}: {one.message} ({one.code})"
                self.log.emit("run-warning", steps[one.cell], message=message)

    def _until_settled(self) -> None:
        for round_number in range(MAX_REPLANS + 1):
            self._plan_round(round_number)
            self._warm()
            assert self._runner is not None
            last = self._runner.is_final = round_number == MAX_REPLANS
            outcomes = self._round(last=last)
            self._again += self._taken_back()
            if not last:
                self._learn_from_missing_files()
            if not self._again or self.cancel.is_set():
                self._close_round(outcomes)
                return
            self.log.emit("run-replanned", facts=self._found, message="; ".join(self._again))
            self._found, self._again = [], []
            self.bench = self.bench.with_facts()
            self._runner.bench = self.bench

    def _taken_back(self) -> list[str]:
        """Return why results that steps have given in this round do not count, for those that do not."""
        assert self._runner is not None
        given = self._shelf.all()
        return [error.message for name, error in list(self._runner.lost.items()) if name in given]

    def _plan_round(self, number: int) -> None:
        self._shelf.clear()
        self._done.clear()
        self._plan = self.bench.plan()
        self.folder.write_graph(graph_document(self.bench.pipeline))
        self.folder.write_pipeline(self.bench.pipeline)
        self.log.emit(
            "run-planned",
            round=number,
            steps={
                step.step: {
                    "status": step.status,
                    "reason": step.reason,
                    "causes": [reason.cause for reason in step.reasons],
                    "expected_seconds": step.expected_seconds,
                }
                for step in self._plan.steps
            },
        )

    def _warm(self) -> None:
        assert self._plan is not None
        assert self._runner is not None
        if self.limits.forked and any(step.status is PlanStatus.STALE for step in self._plan.steps):
            self._runner.warm()

    def _round(self, *, last: bool) -> Mapping[str, StepOutcome]:
        pipeline = self.bench.pipeline
        perform = self._perform_last if last else self._perform
        assert self._plan is not None
        return run_steps(
            [step.name for step in pipeline.steps],
            {step.name: pipeline.upstream(step.name) for step in pipeline.steps},
            perform,
            jobs=self.limits.jobs,
            cancel=self.cancel,
            fail_fast=self.fail_fast,
            seconds=_expected(self._plan),
            needs={step.name: _needs(step) for step in pipeline.steps},
            room=available(self.limits.jobs),
        )

    def _close_round(self, outcomes: Mapping[str, StepOutcome]) -> None:
        """Report the steps that never got to run."""
        for name, outcome in outcomes.items():
            if name not in self._done:
                self._report(name, outcome)

    def _perform_last(self, name: str) -> StepOutcome:
        return self._perform(name, replan=False)

    def _perform(self, name: str, *, replan: bool = True) -> StepOutcome:
        if self._again or self._taken_back():
            return _REPLANNED
        assert self._runner is not None
        if name in self._runner.lost:
            return self._report(name, outcome_of_error(self._runner.lost[name]))
        step = self.bench.pipeline.step(name)
        records = self._shelf.all()
        decision = self._decide(step, records)
        if decision.status is PlanStatus.BLOCKED:
            return self._report(name, _blocked(decision))
        if decision.record is not None:
            return self._put_back(step, decision.record, replan=replan) or self._reuse(
                step, decision, decision.record
            )
        self._ran = True
        if name in self._begun and decision.reasons[0].cause is Cause.FIRST_RUN:
            decision = replace(decision, reasons=(_AGAIN,))
        self._begun.add(name)
        self.log.emit(
            "step-started", name, reason=decision.reason, causes=[r.cause for r in decision.reasons]
        )
        try:
            record, outcome = self._runner.execute(step, decision, self._shelf)
        except Contradiction as contradiction:
            return self._contradicted(step, contradiction, replan=replan)
        except InputLost as lost:
            return self._recompute(step, lost, records, replan=replan)
        if record is not None:
            self._executed[step.name] = (record, outcome)
        elif outcome.status in _HOW_IT_ENDED:
            self.bench.records.end(name, _HOW_IT_ENDED[outcome.status])
        return self._report(name, outcome)

    def _decide(self, step: Step, records: Mapping[str, StepRecord]) -> StepPlan:
        """Take the decision of the plan as long as no code of the user's ran since, else decide now."""
        assert self._plan is not None
        planned = self._plan.step(step.name)
        if planned.status is PlanStatus.CACHED and not self._ran:
            return planned
        self.bench.own_code.of(step, again=True)  # a step may have written one of them
        return self._executed_before(step, records) or decide_step(
            step, self.bench.components(step, records), self.bench.circumstances()
        )

    def _executed_before(self, step: Step, records: Mapping[str, StepRecord]) -> StepPlan | None:
        """Return the reuse of what this very run gave the step before it was planned anew.

        Its observations are not asked: the files it read may be those that it wrote itself.
        """
        if step.name not in self._executed:
            return None
        record, _ = self._executed[step.name]
        made = self.bench.components(step, records)
        wanted = {output.name for output in step.outputs if output.required}
        if static_key(made) != record.key or not wanted <= {*record.outputs, *record.random}:
            return None
        reason = Reason(cause=Cause.UNCHANGED, message="it ran in this run", subject=record.run_id)
        return StepPlan(
            step=step.name, status=PlanStatus.CACHED, reasons=(reason,), key=record.key, record=record
        )

    def _put_back(self, step: Step, record: StepRecord, *, replan: bool) -> StepOutcome | None:
        """Write the step's files again that are not as it left them; return the outcome if that fails."""
        try:
            put_back(record, self.bench.circumstances().world)
        except DamagedArtifact as error:
            if not replan:
                return self._report(step.name, outcome_of_error(error))
            self._withdraw(record, "what is stored of a file that it wrote is damaged")
            self._again.append(f"a stored file of {step.name} is damaged, it runs again")
            return _REPLANNED
        except OSError as error:
            problem = StepFailed(f"a file of step {step.name!r} cannot be put back: {error}", step=step.name)
            return self._report(step.name, outcome_of_error(problem))
        return None

    def _reuse(self, step: Step, decision: StepPlan, record: StepRecord) -> StepOutcome:
        assert self._runner is not None
        known = self._shelf.all()
        lost = find_lost_change(self.bench.pipeline, step.name, record, known)
        if lost is not None and not self.limits.lenient and self._runner.must_fail(step, lost, known):
            return self._report(step.name, outcome_of_error(lost))
        if self.bench.records.adopt(record):
            what = f"the stored result of {step.name} was made by somebody else; now it counts as yours"
            self.log.emit("run-warning", step.name, message=what)
        self.bench.records.use(step.name, record)
        self._shelf.put(step.name, record)
        mine = self._executed.get(step.name)
        if mine is not None and mine[0] is record:
            return self._report(step.name, mine[1])
        outcome = StepOutcome(
            status=StepStatus.CACHED,
            reason=decision.reason,
            seconds=0.0,
            outputs={name: ref.digest for name, ref in record.outputs.items()},
            notebook=self.folder.executed_notebook_of(record.run_id, record.step),
            metrics=record.metrics,
            cached_from=record.run_id,
        )
        return self._report(step.name, outcome)

    def _contradicted(self, step: Step, found: Contradiction, *, replan: bool) -> StepOutcome:
        """Remember what the step taught us; without anything new, or any patience left, it failed."""
        new = self.bench.facts.remember(found.facts)
        if new and replan:
            for record in found.withdrawn:
                self._withdraw(record)
            self._learn(new)
            return _REPLANNED
        what = "; ".join(fact.message or fact.kind.value for fact in found.facts)
        why = "the analysis does not take it into account" if not new else f"after {MAX_REPLANS} new plans"
        error = StepFailed(
            f"step {step.name!r} contradicts the analysis of the notebook: {what} ({why})",
            hint="say it in the %%step line (--inputs, --outputs, --after), or run with --lenient",
            cell=step.cells[0],
            step=step.name,
        )
        return self._report(
            step.name, outcome_of_error(error, seconds=found.seconds, notebook=found.notebook)
        )

    def _learn_from_missing_files(self) -> None:
        """Order a step that failed for want of a file after the step that has written it meanwhile."""
        files = {name: record.files for name, record in self._shelf.all().items()}
        for name, outcome in self._done.items():
            error = outcome.error or {}
            if error.get("ename") == "FileNotFoundError":
                missed = missed_files(self.bench.pipeline, name, str(error.get("evalue")), files)
                self._learn(self.bench.facts.remember(m.as_fact(self.bench.pipeline) for m in missed))

    def _learn(self, new: Iterable[Fact]) -> None:
        for fact in new:
            self._found.append(fact)
            self._again.append(fact.message or f"{fact.step}: {fact.kind.value}")

    def _recompute(
        self, step: Step, lost: InputLost, records: Mapping[str, StepRecord], *, replan: bool
    ) -> StepOutcome:
        """Have damaged inputs made again by their producers."""
        if not replan:
            return self._report(step.name, outcome_of_error(lost.error))
        for name in lost.producers:
            self._withdraw(records[name], "what is stored of its result is damaged")
        self._again.append(
            f"stored inputs of {step.name} are damaged, {', '.join(lost.producers)} runs again"
        )
        return _REPLANNED

    def _withdraw(self, record: StepRecord, why: str = "") -> None:
        self.bench.records.withdraw(record, why)
        self._executed.pop(record.step, None)

    def _report(self, name: str, outcome: StepOutcome) -> StepOutcome:
        self._done[name] = outcome
        self.log.emit("step-finished", name, **_plain(outcome))
        self.tracking.step_finished(name, outcome)
        return outcome

    def _status(self) -> RunStatus:
        if self.cancel.is_set():
            return RunStatus.CANCELLED
        good = all(outcome.status.is_good for outcome in self._done.values())
        return RunStatus.SUCCEEDED if good else RunStatus.FAILED

    def _summary(self, status: RunStatus, started_s: float, seconds: float | None) -> RunSummary:
        order = [step.name for step in self.bench.pipeline.steps]
        return RunSummary(
            run_id=self.folder.run_id,
            status=status,
            pipeline=self.bench.pipeline.name,
            notebook_source=str(self.bench.path.resolve()),
            started_s=started_s,
            seconds=seconds,
            parameters=masked(self.bench.values),
            steps={name: self._done[name] for name in order if name in self._done},
            metrics={
                k: v for name in order if name in self._done for k, v in self._done[name].metrics.items()
            },
        )

    def _finish(self, summary: RunSummary) -> RunSummary:
        """Put the whole notebook together, deliver to tracking, write the summary, say that it is over."""
        records = self._shelf.all()
        executed = self.folder.write_executed_copy(
            self.bench.loaded.document, self.bench.pipeline, self.bench.store, records, summary.steps
        )
        for name, record in records.items():  # damaged ones were removed when they were read
            if record.cells and not self.bench.store.has_blob(record.cells):
                what = f"what the cells of {name} printed is damaged in the store, so the notebook lacks it"
                self.log.emit("run-warning", name, message=f"{what}; --refresh {name} makes it again")
        self.folder.write_references(records)
        self.folder.write_records(records)
        summary = replace(summary, notebook=str(executed))
        self.folder.write_summary(summary)
        same = list(self.folder.same_runs(summary)) if summary.is_all_cached else []
        if same:
            summary = replace(summary, same_as=same[0].same_as or same[0].run_id)
        tracked = self.tracking.run_finished(summary, self.log, same=same)
        summary = replace(summary, mlflow_run_id=tracked)
        self.folder.write_summary(summary)
        self.bench.world.files.save()
        self.bench.list_written()
        self.log.emit(FINISHED, schema=SCHEMA, **to_json(summary))
        return summary


def _blocked(decision: StepPlan) -> StepOutcome:
    error = StepFailed(f"step {decision.step!r} is blocked: {decision.reason}", step=decision.step)
    return replace(outcome_of_error(error), reason=decision.reason)


def _plain(outcome: StepOutcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "seconds": outcome.seconds,
        "outputs": dict(outcome.outputs),
        "notebook": outcome.notebook,
        "error": outcome.error,
        "metrics": dict(outcome.metrics),
        "cached_from": outcome.cached_from,
    }


def _expected(plan: Plan) -> dict[str, float]:
    """Return how long steps will take, as far as that is known: what is cached takes no time."""
    known = {s.step: 0.0 if s.status is PlanStatus.CACHED else s.expected_seconds for s in plan.steps}
    return {name: seconds for name, seconds in known.items() if seconds is not None}


def _needs(step: Step) -> Resources:
    options = step.options
    return Resources(
        cpus=USUAL.cpus if options.cpus is None else options.cpus,
        gpus=options.gpus or 0.0,
        memory_bytes=options.memory_bytes or 0.0,
    )
