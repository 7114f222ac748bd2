"""The plan of a whole pipeline before it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from stepmill.model.artifact import StepRecord
from stepmill.model.pipeline import Pipeline, Step
from stepmill.model.plan import Plan, PlanStatus, StepPlan
from stepmill.planning.decide import Circumstances, blocked_by, decide_step, decide_waiting
from stepmill.planning.file_history import FileHistory, used_paths
from stepmill.planning.kept_files import files_to_put_back

Components = Callable[[Step, Mapping[str, StepRecord]], dict[str, str]]
"""Gives the components of a step's key from the records of the steps before it, as far as there are any."""


def settled_plan(
    pipeline: Pipeline, about: Circumstances, components: Components
) -> tuple[Plan, FileHistory]:
    """Return the plan, and the history of files that holds as long as it is carried out.

    Steps that run are found one round after the other: each may take the explanation away from files
    that other steps used.
    """
    history = about.history
    changed = history.changed_after_use()
    while True:
        plan = plan_pipeline(pipeline, replace(about, history=history), components)
        runs = {step.step for step in plan.steps if step.status is not PlanStatus.CACHED}
        used = {path for one in history.records if one.step in runs for path in used_paths(one)} & changed
        if used <= history.moving:
            return plan, history
        history = replace(history, moving=history.moving | used)


def plan_pipeline(pipeline: Pipeline, about: Circumstances, components_of: Components) -> Plan:
    """Decide about all steps as things are now.

    What comes after a step that will run is decided when that step has run; here it is stale, with
    the reasons that are known already.
    """
    decided: dict[str, StepPlan] = {}
    records: dict[str, StepRecord] = {}
    for step in pipeline.steps:
        upstream = pipeline.upstream(step.name) & decided.keys()
        blockers = [name for name in upstream if decided[name].status is PlanStatus.BLOCKED]
        running = [name for name in upstream if decided[name].status is PlanStatus.STALE]
        made = components_of(step, records)
        if blockers:
            decision = blocked_by(step, blockers)
        elif running:
            decision = decide_waiting(step, made, about, running=running)
        else:
            decision = decide_step(step, made, about)
        decided[step.name] = decision
        if decision.record is not None:
            records[step.name] = decision.record
            about = _with_promises(about, decision.record)
    return Plan(steps=tuple(decided.values()))


def _with_promises(about: Circumstances, record: StepRecord) -> Circumstances:
    """Return the circumstances in which the files of a reused step are as it left them: they are put back."""
    back = files_to_put_back(record, about.world)
    if not back:
        return about
    promised = {str(about.world.path_of(access)): access.digest for access in back}
    world = replace(about.world, promised={**about.world.promised, **promised})
    return replace(about, world=world)
