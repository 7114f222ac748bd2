"""One stale step: its notebook is written and run, what came of it is read, checked and published."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stepmill.compiler.step_notebook import compile_step
from stepmill.errors import DamagedArtifact, StepFailed, StepmillError
from stepmill.execution.executors.base import BEFORE_ALL, Ending, Executor, StepExit, StepTask
from stepmill.execution.failures import plain
from stepmill.execution.forking.servers import ForkServers
from stepmill.execution.forking.warming import warm
from stepmill.model.codec import CodecError, from_json, to_json
from stepmill.model.exchange import StepManifest, StepResult
from stepmill.model.facts import Fact, FactKind
from stepmill.model.run import StepOutcome, StepStatus, outcome_of_error
from stepmill.model.secrets import is_secret_name
from stepmill.notebook.writing import write_document
from stepmill.planning.conflicts import find_conflicts
from stepmill.planning.kept_files import keep_files
from stepmill.planning.keys import static_key
from stepmill.planning.left_settings import LeftSettings, left_settings
from stepmill.planning.manifest import bound_elsewhere, build_manifest, taken_values
from stepmill.planning.open_figures import FIGURES, uses_open_figures
from stepmill.planning.parameters import shown
from stepmill.planning.process_state import find_lost_change, find_unsteady
from stepmill.planning.publication import body_outputs, make_record
from stepmill.planning.shared_memory import find_lost_write
from stepmill.plugins import Registry
from stepmill.running.advice import advice
from stepmill.running.bench import RUN_SEED
from stepmill.running.inspecting import text_digest
from stepmill.running.outcomes import of_exit, of_problem
from stepmill.running.secrets import Secret, hidden

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.execution.events import EventLog
    from stepmill.model.artifact import ArtifactRef, StepRecord
    from stepmill.model.pipeline import Step
    from stepmill.model.plan import StepPlan
    from stepmill.running.bench import Workbench
    from stepmill.running.folder import RunFolder, StepFiles
    from stepmill.running.shelf import Shelf
    from stepmill.running.tracking_link import TrackingLink


class Contradiction(Exception):  # noqa: N818 - a turn of the loop, no error of anybody
    """The step showed that the analysis was wrong: `facts` say how, the records `withdrawn` fall with it."""

    def __init__(
        self,
        facts: tuple[Fact, ...],
        *,
        seconds: float,
        notebook: Path | None = None,
        withdrawn: tuple[StepRecord, ...] = (),
    ) -> None:
        super().__init__("; ".join(fact.message for fact in facts))
        self.facts = facts
        self.seconds = seconds
        self.notebook = notebook
        self.withdrawn = withdrawn


class InputLost(Exception):  # noqa: N818 - handled by the loop
    """Stored inputs of the step are damaged: the records of `producers` cannot be used."""

    def __init__(self, producers: tuple[str, ...], error: StepmillError) -> None:
        super().__init__(", ".join(producers))
        self.producers = producers
        self.error = error


_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0
"""Before a step is tried again: twice as long each time, for what it waits for to come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLimits:
    """What holds for every step of a run."""

    jobs: int = 1
    lenient: bool = False
    start_timeout_s: float = 60.0
    threads: int | None = None
    forked: bool = False
    keep_s: float = 0.0


@dataclass(slots=True)
class StepRunner:
    """Executes steps of one run; `execute` is called from several threads at a time.

    `lost` has the steps that gave their results before an earlier one was found to change what they
    use. `is_final`: the run cannot be planned anew.
    """

    bench: Workbench
    folder: RunFolder
    limits: StepLimits
    tracking: TrackingLink
    log: EventLog
    cancel: threading.Event
    is_final: bool = False
    lost: dict[str, StepFailed] = field(default_factory=dict)
    _executor: Executor | None = None
    _servers: ForkServers | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def execute(self, step: Step, decision: StepPlan, shelf: Shelf) -> tuple[StepRecord | None, StepOutcome]:
        """Run `step`; return its record and its outcome.

        The record is published then and stands on the shelf, from which the step takes what the
        steps before it gave. There is none if the step failed or was cancelled.

        Raises
        ------
        Contradiction
            The run has to be planned anew; nothing of this step was published.
        InputLost
            The run has to be planned anew without the records of some producers.
        """
        records = shelf.all()
        files = self.folder.step_files(step.name)
        self.bench.records.begin(step.name)
        own_code = self.bench.own_code.of(step)
        ended = self._run_notebook(step, records, files)
        if not ended.is_good:
            self._look_for_damage(step, ended, records)
            known = bound_elsewhere(step, self.bench.loaded.notebook)
            hint = advice(step, ended.error, self.bench.pipeline, self.bench.kernel, RUN_SEED)
            return None, of_exit(step, ended, files.executed, known, hint)
        result = _read_result(step, files)
        if result.problems:
            return None, of_problem(step, result.problems[0], seconds=ended.seconds, notebook=files.executed)
        self._refuse_contradictions(step, result, ended, files)
        left = left_settings(step, self.bench.pipeline, result.session)
        self._refuse_settings(step, left, ended, files)
        if self.bench.own_code.of(step, again=True) != own_code:
            return None, _changed_meanwhile(step, ended, files)
        record = self._record(step, decision, records, result, left, ended, files)
        error = self._publish(step, record, shelf, keep=not result.contradictions)
        if error is not None:
            return None, outcome_of_error(error, seconds=ended.seconds, notebook=files.executed)
        if result.learned:
            self.bench.facts.remember(_dated(fact, step) for fact in result.learned)
        return record, StepOutcome(
            status=StepStatus.EXECUTED,
            reason=self._reason(step, decision),
            seconds=ended.seconds,
            outputs={name: ref.digest for name, ref in record.outputs.items()},
            notebook=str(files.executed),
            metrics=record.metrics,
        )

    def must_fail(self, step: Step, lost: StepFailed, known: Mapping[str, StepRecord]) -> bool:
        """Tell whether `step` is to fail for `lost`; else the later step is, in the next round."""
        if self.is_final or lost.step is None or lost.step == step.name:
            return True
        self.lost[lost.step] = lost
        record = known[lost.step]
        if record.run_id == self.folder.run_id:
            self.bench.records.withdraw(record)
        return False

    def warm(self) -> None:
        """Let the fork server load what the steps will import; the first of them is about to start."""
        self._the_executor()
        if self._servers is not None:
            warm(
                self._servers,
                self.bench.kernel.name,
                self.bench.world.folder,
                cpus=self.limits.threads,
                jobs=self.limits.jobs,
            )

    def close(self) -> None:
        """Wait for kernels that still exit."""
        if self._executor is not None:
            self._executor.close()

    def _run_notebook(self, step: Step, records: Mapping[str, StepRecord], files: StepFiles) -> StepExit:
        """Write the step notebook and run it, again as often as `--retries` says."""
        self._write_inputs(step, records, files)
        for attempt in range(step.options.retries + 1):
            files.result.unlink(missing_ok=True)
            ended = self._run_once(step, files)
            again = attempt < step.options.retries and not self.cancel.is_set()
            if ended.is_good or ended.ending is Ending.CANCELLED or not again:
                return ended
            pause_s = min(_FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S)
            what = f"attempt {attempt + 1} failed, trying again in {pause_s:g} s: {ended.message}"
            self.log.emit("run-warning", step.name, message=what, attempt=attempt + 1)
            if self.cancel.wait(pause_s):
                return ended
        raise AssertionError("unreachable")

    def _run_once(self, step: Step, files: StepFiles) -> StepExit:
        environment = dict(self.tracking.step_environment(step, self.log))
        environment |= {one.variable: one.content for one in self._secrets(step).values()}
        task = StepTask(
            step=step.name,
            notebook=files.notebook,
            executed=files.executed,
            log=files.log,
            folder=self.bench.world.folder,
            kernel_name=self.bench.kernel.name,
            environment=environment,
            timeout_s=step.options.timeout_s,
            start_timeout_s=self.limits.start_timeout_s,
            cpus=step.options.cpus or self.limits.threads,
            asides={BEFORE_ALL: _watch(self.bench.world.folder, files.workers)},
            imports=step.imports,
        )

        def progress(cell: int, cells: int) -> None:
            self.log.emit("step-progress", step.name, cell=cell, cells=cells)

        ended = self._the_executor().run(task, self.cancel, progress)
        if ended.cold_reason:
            self.log.emit("step-kernel", step.name, forked=False, reason=ended.cold_reason)
        for message in ended.cut:
            self.log.emit("run-warning", step.name, message=message)
        return ended

    def _the_executor(self) -> Executor:
        with self._lock:
            if self._executor is None:
                kind: Callable[..., Executor] = Registry[Callable[..., Executor]]("stepmill.executors").load(
                    "local"
                )
                self._servers = self._fork_servers() if self.limits.forked else None
                options = {} if self._servers is None else {"servers": self._servers}
                self._executor = kind(jobs=self.limits.jobs, **options)
            return self._executor

    def _fork_servers(self) -> ForkServers:
        modules = dict.fromkeys(name for step in self.bench.pipeline.steps for name in step.imports)
        return ForkServers(
            preload=tuple(modules),
            memory=self.bench.project.cache / "forking.json",
            keep_s=self.limits.keep_s,
        )

    def _write_inputs(self, step: Step, records: Mapping[str, StepRecord], files: StepFiles) -> None:
        files.folder.mkdir(parents=True, exist_ok=True)
        files.manifest.write_text(json.dumps(to_json(self._manifest(step, records, files))), encoding="utf-8")
        document = compile_step(
            step,
            parameters=self._parameters(step),
            manifest_path=str(files.manifest),
            kernel_name=self.bench.kernel.name,
            notebook=self.bench.path.name,
            may_raise=frozenset(c.index for c in self.bench.loaded.notebook.cells if c.may_raise),
        )
        write_document(document, files.notebook, durable=False)  # made anew by the next run

    def _manifest(self, step: Step, records: Mapping[str, StepRecord], files: StepFiles) -> StepManifest:
        inputs, random = taken_values(step, records)
        return build_manifest(
            step,
            self.bench.pipeline,
            self.bench.loaded.notebook,
            run_id=self.folder.run_id,
            store=self.bench.store.url,
            result=files.result,
            folder=self.bench.world.folder,
            inputs=inputs,
            random=random,
            seed=self.bench.seed(step),
            lenient=self.limits.lenient,
        )

    def _parameters(self, step: Step) -> dict[str, tuple[str, Any]]:
        secrets = self._secrets(step)
        return {
            name: (
                secrets[name].expression if name in secrets else self.bench.expression(name),
                self.bench.values[name],
            )
            for name in step.parameters
        }

    def _secrets(self, step: Step) -> dict[str, Secret]:
        """Return the parameters whose values go to the kernel by its environment."""
        names = [name for name in step.parameters if is_secret_name(name)]
        return {name: hidden(name, self.bench.expression(name)) for name in names}

    def _record(
        self,
        step: Step,
        decision: StepPlan,
        records: Mapping[str, StepRecord],
        result: StepResult,
        left: LeftSettings,
        ended: StepExit,
        files: StepFiles,
    ) -> StepRecord:
        executed = json.loads(files.executed.read_text(encoding="utf-8"))
        outputs = body_outputs(executed)
        made = decision.components or self.bench.components(step, records)
        texts = shown({name: self.bench.values[name] for name in step.parameters})
        return make_record(
            step,
            result,
            self.bench.world,
            key=decision.key or static_key(made),
            components=made,
            own_code=self.bench.own_code.of(step),
            run_id=self.folder.run_id,
            created_s=time.time(),
            seconds=ended.seconds,
            # not `put_json`: outputs of other libraries may hold NaN, which canonical JSON refuses
            cells=self.bench.store.put_blob(
                json.dumps([outputs.get(f.cell, []) for f in step.body]).encode()
            ),
            parameters=texts,
            seed=self.bench.seed(step),
            memory=self.bench.project.cache,
            left=left.seen_later,
            uses=[s for s in result.uses if s != FIGURES or uses_open_figures(step)],
        )

    def _publish(self, step: Step, record: StepRecord, shelf: Shelf, *, keep: bool) -> StepFailed | None:
        """Write the record, unless another step used the same files in an order left to chance.

        Nor if one of two steps would not see what the other changed in its process, or an array not what
        was written into its memory: that is returned.

        One step at a time, so that of two in conflict the one that ends last finds out: where that is
        the one whose change the other lacks, the other is put into `lost`. `keep`: a later run may
        reuse it; not what a lenient run let pass.
        """
        with self._lock:
            known = shelf.all()
            files = {name: other.files for name, other in known.items()}
            conflicts = find_conflicts(self.bench.pipeline, step.name, record.files, files)
            if conflicts:
                concerned = {name for c in conflicts for name in (c.earlier, c.later)} - {step.name}
                mine = (known[name] for name in concerned if known[name].run_id == self.folder.run_id)
                raise Contradiction(
                    tuple(conflict.as_fact(self.bench.pipeline) for conflict in conflicts),
                    seconds=record.seconds,
                    withdrawn=tuple(mine),
                )
            self._refuse_differing(step, record, known)
            lost = find_lost_write(step, record)
            lost = lost or find_lost_change(self.bench.pipeline, step.name, record, known)
            if lost is not None and not self.limits.lenient:
                if self.must_fail(step, lost, known):
                    return lost
                lost = None
            if lost is not None:
                self.log.emit("run-warning", step.name, message=lost.message)
            if keep and lost is None:
                keep_files(record.files, self.bench.world)
                self.bench.records.add(record)
            shelf.put(step.name, record)
            return None

    def _refuse_differing(self, step: Step, record: StepRecord, known: Mapping[str, StepRecord]) -> None:
        """Let the run be planned anew if the data of an own module differ from those in another step.

        Whether that matters, the analysis tells: by who uses the name.
        """
        facts = []
        for module, name, other in find_unsteady(self.bench.pipeline, step.name, record, known):
            text = text_digest(module, self.bench.own_sources())
            message = (
                f"`{name}` of your module `{module}` is another one in step {step.name!r} than in {other!r}"
            )
            fact = Fact(kind=FactKind.UNSTEADY, step=step.name, names=(module, name, text), message=message)
            facts.append(_dated(fact, step))
        if facts and not self.limits.lenient:
            raise Contradiction(tuple(facts), seconds=record.seconds)
        for fact in facts:
            self.log.emit("run-warning", step.name, message=fact.message, fact=fact)

    def _refuse_contradictions(
        self, step: Step, result: StepResult, ended: StepExit, files: StepFiles
    ) -> None:
        if not result.contradictions:
            return
        facts = tuple(_dated(fact, step) for fact in result.contradictions)
        if not self.limits.lenient:
            raise Contradiction(facts, seconds=ended.seconds, notebook=files.executed)
        for fact in facts:
            self.log.emit("run-warning", step.name, message=fact.message or fact.kind.value, fact=fact)

    def _refuse_settings(self, step: Step, left: LeftSettings, ended: StepExit, files: StepFiles) -> None:
        """Refuse a step after which later ones would run in another process state than in Run All."""
        if not left.lost:
            return
        what = ", ".join(setting.replace(":", " ", 1) for setting in left.lost)
        message = (
            f"step {step.name!r} changes the state of its process ({what}): later steps would not see it"
        )
        if self.limits.lenient or not left.grave:
            self.log.emit("run-warning", step.name, message=message, settings=list(left.lost))
            return
        fact = Fact(kind=FactKind.SESSION, step=step.name, names=left.grave, message=message)
        raise Contradiction((_dated(fact, step),), seconds=ended.seconds, notebook=files.executed)

    def _look_for_damage(self, step: Step, ended: StepExit, records: Mapping[str, StepRecord]) -> None:
        """Find out whether the step failed because what it takes is damaged in the store."""
        if ended.error is None or ended.error.ename != DamagedArtifact.__name__:
            return
        store = self.bench.store
        lost = {
            taken.producer
            for taken in step.inputs
            for ref in _values_of(records[taken.producer])
            if not ref.is_absent and not store.has(ref.digest)
        }
        producers = lost or {taken.producer for taken in step.inputs}
        raise InputLost(tuple(sorted(producers)), DamagedArtifact(plain(ended.error.evalue)))

    def _reason(self, step: Step, decision: StepPlan) -> str:
        seed = self.bench.seed(step)
        if seed is None:
            return decision.reason
        return f"{decision.reason}; nothing seeds its random numbers, so seed {seed} was set"


def _read_result(step: Step, files: StepFiles) -> StepResult:
    try:
        return from_json(StepResult, json.loads(files.result.read_text(encoding="utf-8")))
    except (OSError, ValueError, CodecError) as error:
        raise StepFailed(
            f"step {step.name!r} ran to its end but left no readable result: {error}",
            hint=f"its executed notebook is {files.executed}",
            cell=step.cells[-1],
            step=step.name,
        ) from error


def _changed_meanwhile(step: Step, ended: StepExit, files: StepFiles) -> StepOutcome:
    error = StepFailed(
        f"a module that step {step.name!r} imports was changed while it ran",
        hint="which version ran cannot be told, so nothing was kept; run again",
        step=step.name,
    )
    return outcome_of_error(error, seconds=ended.seconds, notebook=files.executed)


def _dated(fact: Fact, step: Step) -> Fact:
    """Return the fact as valid while the step's cells have their present code."""
    return replace(fact, step=fact.step or step.name, code_digest=step.body_digest)


def _values_of(record: StepRecord) -> tuple[ArtifactRef, ...]:
    return (*record.outputs.values(), *record.random.values())


def _watch(folder: Path, report: Path) -> str:
    """Return the code by which a kernel begins to observe, before the step's setup imports anything."""
    runtime = "__import__('stepmill_magics.runtime', fromlist=['watch'])"
    return f"{runtime}.watch({str(folder)!r}, {str(report)!r})"
