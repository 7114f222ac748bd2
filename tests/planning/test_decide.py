from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from planning.pipelines import FIT, LOAD, NOW_S, access, chain, circumstances, record, stored, world
from stepmill.model.cell import StepOptions
from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import Input, Output, Step, Volatile
from stepmill.model.plan import Cause, PlanStatus, StepPlan
from stepmill.planning.decide import Circumstances, decide_step
from stepmill.planning.keys import static_key
from stepmill.planning.pipeline_plan import plan_pipeline
from stepmill.planning.records import KEPT_OBSERVATIONS, Records
from stepmill.planning.wishes import ONE, Wishes

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.model.artifact import ArtifactRef, StepRecord

MADE = {
    "code": "c1",
    "python": "3.11.7",
    "parameter:alpha": "p1",
    "input:df": "d1",
    "module:helpers.py": "m1",
    "definition:scale": "s1",
}


def told(plan: StepPlan) -> tuple[PlanStatus, list[tuple[Cause, str]]]:
    return plan.status, [(reason.cause, reason.message) for reason in plan.reasons]


def known(about: Circumstances, made: dict[str, str] = MADE, **fields: Any) -> StepRecord:
    """Publish a record of the step `fit` for these components."""
    kept = record("fit", static_key(made), **{"components": made, **fields})
    about.records.add(kept)
    return kept


def test_what_has_a_record_that_holds_is_cached(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    kept = known(about)
    plan = decide_step(FIT, MADE, about)
    assert told(plan) == (PlanStatus.CACHED, [(Cause.UNCHANGED, "nothing changed since run r1")])
    assert (plan.record, plan.key, plan.expected_seconds) == (kept, static_key(MADE), 2.0)


def test_a_record_of_the_same_code_that_changed_its_input_is_not_taken(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    known(about, step="other", outputs={"df": stored(about.world, b"changed")})
    message = "where this code ran as step other, it changed its input df"
    assert told(decide_step(FIT, MADE, about)) == (PlanStatus.STALE, [(Cause.FIRST_RUN, message)])
    gives = replace(FIT, outputs=(Output(name="df"),))
    assert decide_step(gives, MADE, about).status is PlanStatus.CACHED


def test_what_never_ran_is_stale(tmp_path: Path) -> None:
    plan = decide_step(FIT, MADE, circumstances(tmp_path))
    assert told(plan) == (PlanStatus.STALE, [(Cause.FIRST_RUN, "no earlier result is stored")])


CHANGES = [
    pytest.param({"code": "c2"}, Cause.CODE, "its code changed", id="code"),
    pytest.param(
        {"code": "c2", "definition:scale": "s2"},
        Cause.DEFINITION,
        "definition scale() changed",
        id="a-definition-says-more-than-the-code-it-is-part-of",
    ),
    pytest.param({"parameter:alpha": "p2"}, Cause.PARAMETER, "alpha changed from 0.1 to 0.3", id="parameter"),
    pytest.param({"input:df": "d2"}, Cause.INPUT, "input df (from load) has other content", id="input"),
    pytest.param(
        {"input:df": "absent"}, Cause.INPUT, "input df (from load) is not bound any more", id="unbound-input"
    ),
    pytest.param({"module:helpers.py": "m2"}, Cause.MODULE, "helpers.py changed", id="module"),
    pytest.param({"module:new.py": "m9"}, Cause.MODULE, "new.py is imported now", id="new-module"),
    pytest.param({"python": "3.12.1"}, Cause.PYTHON, "Python 3.11.7 → 3.12.1", id="python"),
    pytest.param({"random:numpy": "r1"}, Cause.INPUT, "the random state of numpy is another", id="random"),
]


@pytest.mark.parametrize(("changes", "cause", "message"), CHANGES)
def test_a_changed_component_is_the_reason(
    tmp_path: Path, changes: dict[str, str], cause: Cause, message: str
) -> None:
    about = circumstances(tmp_path, parameters={"alpha": "0.3"})
    known(about, extra={"parameters": {"alpha": "0.1"}})
    plan = decide_step(FIT, {**MADE, **changes}, about)
    assert told(plan) == (PlanStatus.STALE, [(cause, message)])


def test_several_changes_are_one_sentence(tmp_path: Path) -> None:
    about = circumstances(tmp_path, parameters={"alpha": "0.3"})
    known(about, extra={"parameters": {"alpha": "0.1"}})
    plan = decide_step(FIT, {**MADE, "code": "c2", "parameter:alpha": "p2"}, about)
    assert plan.reason == "its code changed; alpha changed from 0.1 to 0.3"


def test_the_newest_record_that_holds_is_taken(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    (tmp_path / "x.csv").write_text("old")
    old = known(about, files=(access(tmp_path, "x.csv"),), created_s=NOW_S - 100)
    (tmp_path / "x.csv").write_text("new")
    known(about, files=(access(tmp_path, "x.csv"),), created_s=NOW_S - 50)
    (tmp_path / "x.csv").write_text("old")
    assert decide_step(FIT, MADE, about).record == old


def test_an_observation_that_does_not_hold_is_the_reason(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    (tmp_path / "x.csv").write_text("old")
    known(about, files=(access(tmp_path, "x.csv"),))
    (tmp_path / "x.csv").write_text("new")
    assert told(decide_step(FIT, MADE, about)) == (PlanStatus.STALE, [(Cause.FILE, "file x.csv changed")])


CLOCK = Volatile(what="the clock", place=Place(cell=3, line=2))
POLICIES = [
    pytest.param(FIT, Wishes(requested={"fit": ONE}), Cause.REQUESTED, id="the-user-asked"),
    pytest.param(replace(FIT, options=StepOptions(cache=False)), Wishes(), Cause.NO_CACHE, id="no-cache"),
    pytest.param(replace(FIT, volatile=(CLOCK,)), Wishes(), Cause.VOLATILE, id="reads-the-clock"),
    pytest.param(replace(FIT, options=StepOptions(cache_for_s=30)), Wishes(), Cause.EXPIRED, id="too-old"),
    pytest.param(
        replace(FIT, volatile=(CLOCK,), options=StepOptions(cache_for_s=30)),
        Wishes(),
        Cause.EXPIRED,
        id="clock-old",
    ),
    pytest.param(replace(FIT, outputs=(Output(name="m"),)), Wishes(), Cause.OUTPUT_MISSING, id="new-output"),
]


@pytest.mark.parametrize(("step", "wishes", "cause"), POLICIES)
def test_a_step_runs_although_nothing_changed(
    tmp_path: Path, step: Step, wishes: Wishes, cause: Cause
) -> None:
    about = circumstances(tmp_path, wishes=wishes)
    known(about)
    plan = decide_step(step, MADE, about)
    assert (plan.status, [reason.cause for reason in plan.reasons]) == (PlanStatus.STALE, [cause])


def test_cache_for_keeps_what_reads_the_clock(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    known(about)
    step = replace(FIT, volatile=(CLOCK,), options=StepOptions(cache_for_s=3660))
    plan = decide_step(step, MADE, about)
    assert plan.reason == "nothing changed since run r1, kept for 1 h more"


def test_the_user_may_say_how_old_an_answer_may_be(tmp_path: Path) -> None:
    wishes = Wishes(cache_for_s=3660)
    about = circumstances(tmp_path, wishes=wishes)
    known(about)
    step = replace(FIT, volatile=(CLOCK,))
    assert decide_step(step, MADE, about).reason == "nothing changed since run r1, kept for 1 h more"
    short = replace(about, wishes=Wishes(cache_for_s=30))
    assert decide_step(step, MADE, short).reason == "its result is 1 min old, it is kept for 30 s"
    assert decide_step(FIT, MADE, short).reason == "nothing changed since run r1"  # it asks nobody
    own = replace(step, options=StepOptions(cache_for_s=30))
    assert decide_step(own, MADE, about).reason == "its result is 1 min old, it is kept for 30 s"


def test_a_result_of_a_later_time_than_now_has_no_age(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    known(about, created_s=NOW_S + 60)
    step = replace(FIT, volatile=(CLOCK,), options=StepOptions(cache_for_s=3600))
    message = "its result is of a later time than now, so nobody can tell how old it is"
    assert told(decide_step(step, MADE, about)) == (PlanStatus.STALE, [(Cause.EXPIRED, message)])
    assert decide_step(FIT, MADE, about).status is PlanStatus.CACHED  # content has no age


def test_a_clock_that_was_set_back_loses_no_record(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    for number in range(KEPT_OBSERVATIONS + 1):
        known(about, created_s=NOW_S + number)
    newest = known(about, created_s=NOW_S - 1000)
    assert Records(about.world.store, "n.ipynb").last("fit").record == newest


def test_what_was_seen_to_be_volatile_runs_again(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    known(about, extra={"volatile": ["network: example.org"]})
    plan = decide_step(FIT, MADE, about)
    assert told(plan) == (PlanStatus.STALE, [(Cause.VOLATILE, "it used network: example.org")])
    kept = replace(FIT, options=StepOptions(cache_for_s=3600))
    assert decide_step(kept, MADE, about).status is PlanStatus.CACHED


def edited(folder: Path, about: Circumstances) -> None:
    (folder / "out.csv").write_text("written")
    known(about, files=(access(folder, "out.csv", "write"),))
    (folder / "out.csv").write_text("by hand")


def test_a_file_edited_by_hand_blocks_the_step(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    edited(tmp_path, about)
    plan = decide_step(FIT, {**MADE, "code": "c2"}, about)
    message = (
        "out.csv was changed since fit wrote it; remove it or run with --overwrite to have it written again"
    )
    assert told(plan) == (PlanStatus.BLOCKED, [(Cause.FILE_EDITED, message)])


def test_what_to_do_about_edited_files_is_said_once(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    paths = ("a.csv", "b.csv")
    for path in paths:
        (tmp_path / path).write_text("written")
    known(about, files=tuple(access(tmp_path, path, "write") for path in paths))
    for path in paths:
        (tmp_path / path).write_text("by hand")
    assert decide_step(FIT, {**MADE, "code": "c2"}, about).reason == (
        "a.csv was changed since fit wrote it; b.csv was changed since fit wrote it; "
        "remove them or run with --overwrite to have them written again"
    )


def test_overwrite_releases_the_step(tmp_path: Path) -> None:
    about = circumstances(tmp_path, wishes=Wishes(overwrite=True))
    edited(tmp_path, about)
    assert decide_step(FIT, MADE, about).status is PlanStatus.STALE


def test_what_a_failed_attempt_wrote_is_nobodys_edit(tmp_path: Path) -> None:
    about = circumstances(tmp_path)
    edited(tmp_path, about)
    about.records.begin("fit")
    assert decide_step(FIT, MADE, about).status is PlanStatus.STALE


def publish(about: Circumstances, step: Step, made: dict[str, str], ref: ArtifactRef) -> None:
    about.records.add(record(step.name, static_key(made), components=made, outputs={"df": ref}))


def components_of(step: Step, records: Any) -> dict[str, str]:
    made = {"code": step.code_digest}
    for taken in step.inputs:
        if taken.producer in records:
            made[f"input:{taken.name}"] = records[taken.producer].outputs[taken.name].digest
    return made


@pytest.fixture
def finished(tmp_path: Path) -> Circumstances:
    """The pipeline load -> fit -> report, through which a run went."""
    around = world(tmp_path)
    about = circumstances(tmp_path, world=around)
    ref = stored(around)
    publish(about, LOAD, {"code": LOAD.code_digest}, ref)
    for step in (FIT, REPORT):
        publish(about, step, {"code": step.code_digest, "input:df": ref.digest}, ref)
    return about


REPORT = replace(
    LOAD, name="report", cells=(2,), code_digest="report", inputs=(Input(name="df", producer="fit"),)
)


def test_a_pipeline_that_ran_is_cached(finished: Circumstances) -> None:
    plan = plan_pipeline(chain(LOAD, FIT, REPORT), finished, components_of)
    assert [step.status for step in plan.steps] == [PlanStatus.CACHED] * 3


def test_what_follows_a_stale_step_may_be_reused(finished: Circumstances) -> None:
    plan = plan_pipeline(chain(replace(LOAD, code_digest="new"), FIT, REPORT), finished, components_of)
    assert [step.reason for step in plan.steps] == [
        "its code changed",
        "load runs; if what it takes stays equal, fit is reused",
        "fit runs; if what it takes stays equal, report is reused",
    ]


def test_own_changes_are_said_first(finished: Circumstances) -> None:
    pipeline = chain(replace(LOAD, code_digest="new"), replace(FIT, code_digest="new"), REPORT)
    plan = plan_pipeline(pipeline, finished, components_of)
    assert plan.step("fit").reason == "its code changed; load runs"


def test_what_follows_a_blocked_step_is_blocked(tmp_path: Path, finished: Circumstances) -> None:
    (tmp_path / "out.csv").write_text("written")
    made = {"code": LOAD.code_digest}
    kept = record("load", static_key(made), components=made, files=(access(tmp_path, "out.csv", "write"),))
    finished.records.add(kept)
    (tmp_path / "out.csv").write_text("by hand")
    plan = plan_pipeline(chain(replace(LOAD, code_digest="new"), FIT), finished, components_of)
    assert [step.status for step in plan.steps] == [PlanStatus.BLOCKED] * 2
    assert plan.step("fit").reason == "it comes after load, which is blocked"
