"""Run it, reuse it, or ask first: the decision for one step, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.model.artifact import ABSENT, StepRecord
from stepmill.model.pipeline import EdgeKind
from stepmill.model.plan import Cause, PlanStatus, Reason, StepPlan
from stepmill.planning.explain import differences
from stepmill.planning.file_history import FileHistory
from stepmill.planning.kept_files import files_to_put_back
from stepmill.planning.keys import artifact_digest, static_key
from stepmill.planning.observations import World, failures, written_elsewhere
from stepmill.planning.quantities import duration
from stepmill.planning.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.model.pipeline import Step
    from stepmill.planning.records import Last, Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What all decisions about one notebook share.

    `parameters` are the values in force as text for reading; `later` maps for each step paths to the
    digests that the last runs of itself and the steps after it gave them; `history` says what they did one
    after the other. `now_s` are seconds since the epoch.
    """

    records: Records
    world: World
    now_s: float
    parameters: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    wishes: Wishes = field(default_factory=Wishes)
    history: FileHistory = field(default_factory=FileHistory)


def decide_step(step: Step, made: Mapping[str, str], about: Circumstances) -> StepPlan:
    """Decide about a step whose inputs are all known; `made` are the components of its key."""
    key = static_key(made)
    last = about.records.last(step.name)
    candidates = about.records.find(key)
    reasons = _wanted_anyway(step, about)
    if not reasons:
        broken: tuple[Reason, ...] = ()
        for record in candidates:
            found = _why_not(step, record, about)
            if not found:
                return _cached(step, made, record, about)
            if not broken or record == last.record:  # what changed since it was used, rather than ever
                broken = found
        reasons = _foreign(key, about) or broken or _why_no_record(step, made, last, about)
    return _to_run(step, reasons, about, last, candidates, key=key, made=made)


def decide_waiting(
    step: Step, made: Mapping[str, str], about: Circumstances, *, running: Iterable[str]
) -> StepPlan:
    """Decide, before a run, about a step that comes after the steps `running`, which will run.

    `made` are the components known by now. The step is stale for what is known already, or because
    its inputs may change; whether they did is found out when the others have run.
    """
    last = about.records.last(step.name)
    reasons = _wanted_anyway(step, about)
    if not reasons:
        own = _why_no_record(step, made, last, about, partial=True)
        who = _enumerated(sorted(running))
        verb = "runs" if len(set(running)) == 1 else "run"
        message = f"{who} {verb}"
        if not own:
            message += f"; if what it takes stays equal, {step.name} is reused"
        reasons = (*own, Reason(cause=Cause.UPSTREAM, message=message, subject=who))
    return _to_run(step, reasons, about, last, (), key="", made=made)


def blocked_by(step: Step, blockers: Iterable[str]) -> StepPlan:
    """Return the decision for a step that cannot run before blocked steps are released."""
    who = _enumerated(sorted(blockers))
    reason = Reason(cause=Cause.UPSTREAM, message=f"it comes after {who}, which is blocked", subject=who)
    return StepPlan(step=step.name, status=PlanStatus.BLOCKED, reasons=(reason,))


def _wanted_anyway(step: Step, about: Circumstances) -> tuple[Reason, ...]:
    """Return why the step runs whatever is stored."""
    if step.name in about.wishes.requested:
        return (Reason(cause=Cause.REQUESTED, message=about.wishes.requested[step.name]),)
    if not step.options.cache:
        return (Reason(cause=Cause.NO_CACHE, message="it is marked --no-cache"),)
    if step.volatile and _limit_s(step, about, volatile=True) is None:
        return tuple(
            Reason(
                cause=Cause.VOLATILE,
                message=f"it asks {v.told} (cell [{v.place.cell}], line {v.place.line})",
                subject=v.what,
            )
            for v in step.volatile[:1]
        )
    return ()


def _why_not(step: Step, record: StepRecord, about: Circumstances) -> tuple[Reason, ...]:
    """Return why `record`, found under the step's key, cannot be reused now."""
    age_s = about.now_s - record.created_s
    volatile = record.extra.get("volatile", ())
    limit_s = _limit_s(step, about, volatile=bool(volatile or step.volatile))
    if limit_s is not None and not 0 <= age_s <= limit_s:
        message = f"its result is {duration(age_s)} old, it is kept for {duration(limit_s)}"
        if age_s < 0:
            message = "its result is of a later time than now, so nobody can tell how old it is"
        return (Reason(cause=Cause.EXPIRED, message=message),)
    if volatile and limit_s is None:
        return (Reason(cause=Cause.VOLATILE, message=f"it used {volatile[0]}", subject=volatile[0]),)
    changed = _changed_unseen(step, record)
    if changed:
        message = f"where this code ran as step {record.step}, it changed its input {changed[0]}"
        return (Reason(cause=Cause.FIRST_RUN, message=message, subject=changed[0]),)
    required = [o.name for o in step.outputs if o.required and o.kind is EdgeKind.DATA]
    states = [o.name for o in step.outputs if o.required and o.kind is EdgeKind.RANDOM]
    later = about.later.get(step.name)
    return failures(record, about.world, required=required, states=states, later=later, history=about.history)


def _changed_unseen(step: Step, record: StepRecord) -> list[str]:
    """Return the inputs that the record's step changed and that `step` is held to only read.

    Two steps may have the same code and inputs, and only one of them has shown what it does: the other
    has to run to show it, too.
    """
    given = {output.name for output in step.outputs}
    known = ((name, record.components.get(f"input:{name}")) for name in record.outputs.keys() - given)
    return sorted(name for name, was in known if was not in (None, artifact_digest(record.outputs[name])))


def _foreign(key: str, about: Circumstances) -> tuple[Reason, ...]:
    """Return why a result that would fit is not loaded: it is not known to be this user's."""
    if not about.records.is_foreign(key):
        return ()
    message = "its stored result was made by somebody else or an older stepmill (--trust would take it)"
    return (Reason(cause=Cause.UNTRUSTED, message=message),)


def _limit_s(step: Step, about: Circumstances, *, volatile: bool) -> float | None:
    """Return how old a result of the step may be: what its line says, else what the user asked for."""
    own = step.options.cache_for_s
    return about.wishes.cache_for_s if own is None and volatile else own


def _why_no_record(
    step: Step, made: Mapping[str, str], last: Last, about: Circumstances, *, partial: bool = False
) -> tuple[Reason, ...]:
    if last.lost:
        return (Reason(cause=Cause.OUTPUT_MISSING, message=last.lost),)
    if last.record is None:
        what = last.ended or "its last run did not finish"
        message = what if last.unfinished else "no earlier result is stored"
        return (Reason(cause=Cause.FIRST_RUN, message=message),)
    found = differences(last.record, made, step, about.parameters, about.world, partial=partial)
    if found or partial:
        return found
    return (Reason(cause=Cause.FIRST_RUN, message="no result is stored for this combination"),)


def _cached(step: Step, made: Mapping[str, str], record: StepRecord, about: Circumstances) -> StepPlan:
    message = f"nothing changed since run {record.run_id}"
    limit_s = _limit_s(step, about, volatile=bool(step.volatile or record.extra.get("volatile")))
    if limit_s is not None:
        left_s = limit_s - (about.now_s - record.created_s)
        message += f", kept for {duration(left_s)} more"
    gone = [access.path for access in files_to_put_back(record, about.world)]
    if gone:
        message += f"; {_enumerated(gone)} {'is' if len(gone) == 1 else 'are'} put back"
    return StepPlan(
        step=step.name,
        status=PlanStatus.CACHED,
        reasons=(Reason(cause=Cause.UNCHANGED, message=message, subject=record.run_id),),
        key=record.key,
        components=dict(made),
        record=record,
        expected_seconds=record.seconds,
    )


def _to_run(
    step: Step,
    reasons: tuple[Reason, ...],
    about: Circumstances,
    last: Last,
    candidates: tuple[StepRecord, ...],
    *,
    key: str,
    made: Mapping[str, str],
) -> StepPlan:
    """Return the decision to run, or to ask first, where running would overwrite a user's work."""
    expected = last.record.seconds if last.record else None
    status = PlanStatus.STALE
    edited = () if about.wishes.overwrite or last.unfinished else _edited_files(last, candidates, about)
    if edited:
        status = PlanStatus.BLOCKED
        reasons = _ask_first(step, edited)
    return StepPlan(
        step=step.name,
        status=status,
        reasons=reasons,
        key=key,
        components=dict(made),
        expected_seconds=expected,
    )


def _ask_first(step: Step, edited: tuple[str, ...]) -> tuple[Reason, ...]:
    """Return one reason per file; what can be done about them stands once, at the end."""
    it = "it" if len(edited) == 1 else "them"
    ways = f"; remove {it} or run with --overwrite to have {it} written again"
    return tuple(
        Reason(
            cause=Cause.FILE_EDITED,
            message=f"{path} was changed since {step.name} wrote it{ways if path == edited[-1] else ''}",
            subject=path,
        )
        for path in edited
    )


def _edited_files(last: Last, candidates: tuple[StepRecord, ...], about: Circumstances) -> tuple[str, ...]:
    ours: dict[str, set[str]] = {}
    earlier = [record for record in (last.record, *candidates) if record is not None]
    for access in (access for record in earlier for access in record.files):
        if access.mode == "write" and access.digest != ABSENT:
            ours.setdefault(access.path, set()).add(access.digest)
    known = {path: frozenset(digests) for path, digests in ours.items()}
    return () if last.record is None else written_elsewhere(last.record, about.world, known)


def _enumerated(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
