"""What the steps of a notebook did to a file is told from what somebody else did."""

from __future__ import annotations

from pathlib import Path

import pytest

from planning.pipelines import chain, circumstances, record, step
from stepmill.artifacts.file_digests import file_digest, listing_digest
from stepmill.model.artifact import ABSENT, FileAccess, StepRecord
from stepmill.model.pipeline import Step
from stepmill.model.plan import PlanStatus
from stepmill.planning.decide import Circumstances
from stepmill.planning.file_history import FileHistory, used_paths
from stepmill.planning.keys import static_key
from stepmill.planning.pipeline_plan import settled_plan


def read(digest: str, path: str = "x") -> FileAccess:
    return FileAccess(path=path, mode="read", digest=digest)


def write(digest: str, path: str = "x") -> FileAccess:
    return FileAccess(path=path, mode="write", digest=digest)


def did(name: str, *files: FileAccess) -> StepRecord:
    return record(name, files=files)


A_READS, B_APPENDS, C_APPENDS = (
    did("a", read("0")),
    did("b", read("0"), write("1")),
    did("c", read("1"), write("2")),
)

EXPLAINED = [
    pytest.param([A_READS, B_APPENDS], "1", True, id="a-later-step-appended"),
    pytest.param([A_READS, B_APPENDS, C_APPENDS], "2", True, id="two-later-steps-appended"),
    pytest.param([A_READS, B_APPENDS, C_APPENDS], "1", False, id="what-the-second-appended-is-gone"),
    pytest.param([A_READS, B_APPENDS], "9", False, id="somebody-else-changed-it"),
    pytest.param([A_READS, did("b", write("1"))], "1", True, id="a-later-step-wrote-it-anew"),
    pytest.param(
        [A_READS, did("b", read("8"), write("1"))], "1", False, id="the-later-step-went-on-from-another"
    ),
    pytest.param([A_READS, did("b", read("0"), write(ABSENT))], ABSENT, True, id="a-later-step-removed-it"),
    pytest.param([B_APPENDS, A_READS], "1", False, id="an-earlier-step-changed-it"),
    pytest.param([did("a", read("0"), write("1"))], "1", True, id="the-step-itself-changed-it"),
]


@pytest.mark.parametrize(("records", "now", "expected"), EXPLAINED)
def test_what_explains_that_a_read_file_is_another(
    records: list[StepRecord], now: str, expected: bool
) -> None:
    reader = next(one for one in records if one.step == "a")
    assert FileHistory(tuple(records)).explains(reader, reader.files[0], now) is expected


def test_a_file_written_without_being_read_is_written_again() -> None:
    writer = did("a", write("0"))
    history = FileHistory((writer, B_APPENDS))
    assert not history.explains(writer, writer.files[0], "1")


def test_a_file_changed_in_place_may_be_as_a_later_step_left_it() -> None:
    history = FileHistory((B_APPENDS, C_APPENDS))
    assert history.explains(B_APPENDS, B_APPENDS.files[1], "2")


def test_nothing_is_explained_of_a_file_that_a_step_to_run_uses() -> None:
    history = FileHistory((A_READS, B_APPENDS), frozenset({"x"}))
    assert not history.explains(A_READS, A_READS.files[0], "1")


def test_names_that_later_steps_wrote_into_a_folder() -> None:
    lister = did("a", FileAccess(path="d", mode="list", digest="l"))
    writer = did(
        "b",
        write("1", "d/new.txt"),
        write("1", "d/sub/deep.txt"),
        write("1", "e/other"),
        write(ABSENT, "d/gone"),
    )
    assert FileHistory((lister, writer)).names_written(lister, "d") == {"new.txt", "sub"}
    assert FileHistory((writer, lister)).names_written(lister, "d") == frozenset()
    assert FileHistory((lister, writer)).names_written(lister, ".") == {"d", "e"}


def test_a_step_uses_the_folders_that_it_writes_into() -> None:
    assert set(used_paths(did("a", write("1", "d/e/f"), read("1", "g/h")))) == {
        "d/e/f",
        "d/e",
        "d",
        ".",
        "g/h",
    }


# -- the plan ------------------------------------------------------------------------------------------

MADE = {"code": "c"}
BOTH = chain(step("load", 0), step("append", 1), order=(("load", "append"),))


def settled(folder: Path, *, changed: tuple[str, ...] = ()) -> tuple[dict[str, PlanStatus], Circumstances]:
    """Plan a step that read a file and one that appended to it; the steps `changed` have other code now."""
    path = folder / "x"
    path.write_text("0")
    before = file_digest(path)
    path.write_text("01")
    after = file_digest(path)
    about = circumstances(folder)
    records = (
        record("load", static_key(MADE), components=MADE, files=(read(before),)),
        record("append", static_key(MADE), components=MADE, files=(read(before), write(after))),
    )
    for one in records:
        about.records.add(one)
    about = circumstances(folder, records=about.records, history=FileHistory(records))

    def components(one: Step, _: object) -> dict[str, str]:
        return {"code": "new"} if one.name in changed else MADE

    plan, _ = settled_plan(BOTH, about, components)
    return {one.step: one.status for one in plan.steps}, about


def test_a_file_that_a_later_step_changed_makes_nothing_run(tmp_path: Path) -> None:
    statuses, _ = settled(tmp_path)
    assert statuses == {"load": PlanStatus.CACHED, "append": PlanStatus.CACHED}


def test_if_one_user_of_the_file_runs_all_start_from_what_is_there(tmp_path: Path) -> None:
    statuses, _ = settled(tmp_path, changed=("append",))
    assert statuses == {"load": PlanStatus.STALE, "append": PlanStatus.STALE}


def test_a_listing_may_be_told_without_some_names(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    before = listing_digest(tmp_path)
    (tmp_path / "b").touch()
    assert listing_digest(tmp_path) != before
    assert listing_digest(tmp_path, without={"b"}) == before
