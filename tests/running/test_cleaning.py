"""What `stepmill gc` removes, over a store and runs that are made by hand."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from stepmill import api
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, save_values
from stepmill.errors import ProjectLocked
from stepmill.execution.lock import CLEANING, hold_project
from stepmill.model.artifact import StepRecord
from stepmill.model.run import RunStatus, RunSummary, StepOutcome, StepStatus
from stepmill.planning.project import Project
from stepmill.planning.records import Records
from stepmill.running import cleaning
from stepmill.running.cleaning import Limits
from stepmill.running.folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.artifacts.store import Store
    from stepmill.model.cleaning import Cleaning

DAY_S = 86_400.0
NOW_S = time.time()
BIG = 50_000  # bytes of a value, above what stays inside the record


@dataclass
class Place:
    """A project with runs of one step each."""

    folder: Path
    made: dict[str, StepRecord] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        return Project(self.folder)

    @property
    def store(self) -> Store:
        return open_store(self.project.state)

    def run(
        self,
        name: str,
        values: dict[str, Any],
        *,
        days: float = 0,
        seconds: float = 1.0,
        notebook: str = "n.ipynb",
        status: RunStatus = RunStatus.SUCCEEDED,
    ) -> StepRecord:
        """Store a run called `name` of the step `name`, so many days ago."""
        self.project.prepare()
        (self.folder / notebook).touch()
        moment_s = NOW_S - days * DAY_S
        run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(moment_s))}-{name}"
        refs = dict(save_values(self.store, values, definitions={}, namespace={}).refs)
        record = StepRecord(
            key=name.ljust(64, "0"),
            step=name,
            run_id=run_id,
            created_s=moment_s,
            seconds=seconds,
            outputs=refs,
            cells=self.store.put_blob(f"cells of {name}".encode()),
        )
        Records(self.store, notebook).add(record)
        folder = RunFolder(self.project.runs, run_id)
        folder.path.mkdir(parents=True)
        outcome = StepOutcome(status=StepStatus.EXECUTED, seconds=seconds)
        summary = RunSummary(
            run_id=run_id,
            status=status,
            pipeline="n",
            notebook_source=str(self.folder / notebook),
            started_s=moment_s,
            seconds=seconds,
            steps={name: outcome},
        )
        folder.write_references({name: record})
        folder.write_summary(summary)
        self.made[name] = record
        return record

    def folder_of(self, name: str) -> RunFolder:
        return RunFolder(self.project.runs, self.made[name].run_id)

    def clean(self, **limits: Any) -> Cleaning:
        return cleaning.clean(self.project, self.store, Limits(**{"grace_s": 0.0, **limits}))

    def there(self) -> set[str]:
        """The steps whose values can be loaded."""
        found = set()
        for name, record in self.made.items():
            if all(self.store.has(ref.digest) for ref in record.outputs.values()):
                load_values(self.store, record.outputs, definitions={}, namespace={})
                found.add(name)
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def big(mark: str) -> str:
    return mark * BIG


def removed(done: Cleaning) -> list[str]:
    return [result.step for result in done.removed]


def test_without_limits_only_what_nothing_names_goes(place: Place) -> None:
    place.run("a", {"x": big("a")}, days=50)
    place.run("b", {"x": big("b")})
    lost = save_values(place.store, {"x": big("c")}, definitions={}, namespace={}).refs["x"]
    (place.project.state / "tmp" / "1-dead").write_bytes(b"half")
    done = place.clean()
    assert (removed(done), done.unreferenced_files, done.leftover_files) == ([], 2, 1)
    assert done.freed_bytes > BIG
    assert place.there() == {"a", "b"}
    assert not place.store.has(lost.digest)
    assert place.clean().freed_files == 0


def test_what_is_being_written_is_left_alone(place: Place) -> None:
    place.run("a", {"x": 1})
    save_values(place.store, {"x": big("c")}, definitions={}, namespace={})
    (place.project.state / "tmp" / "1-alive").write_bytes(b"half")
    assert place.clean(grace_s=600.0).freed_files == 0


def test_a_dry_run_tells_the_same_and_removes_nothing(place: Place) -> None:
    place.run("a", {"x": big("a")}, days=50)
    place.run("b", {"x": big("b")})
    before = sorted(place.project.state.rglob("*"))
    limits = Limits(unused_s=DAY_S, grace_s=0.0)
    told = cleaning.clean(place.project, place.store, limits, dry_run=True)
    assert sorted(place.project.state.rglob("*")) == before
    done = place.clean(unused_s=DAY_S)
    assert (told.removed, told.freed_bytes, told.left_bytes) == (
        done.removed,
        done.freed_bytes,
        done.left_bytes,
    )
    assert removed(done) == ["a"]


def test_what_is_left_is_what_lies_there(place: Place) -> None:
    for number in range(4):
        place.run(f"s{number}", {"x": big(str(number)), "n": number}, days=number)
    place.clean(budget_bytes=3 * BIG)
    done = place.clean()
    folders = ("objects", "artifacts", "records", "latest", "facts")
    files = [f for name in folders for f in (place.project.state / name).rglob("*") if f.is_file()]
    assert done.left_bytes == sum(file.stat().st_size for file in files)


def test_old_results_go_unless_their_run_is_kept(place: Place) -> None:
    place.run("old", {"x": big("o")}, days=50)
    place.run("kept", {"x": big("k")}, days=40)
    place.run("new", {"x": big("n")})
    cleaning.keep_run(place.folder_of("kept"), keep=True)
    done = place.clean(unused_s=30 * DAY_S)
    assert (removed(done), done.kept_runs) == (
        ["old"],
        (place.made["kept"].run_id, place.made["new"].run_id),
    )
    assert place.there() == {"kept", "new"}
    cleaning.keep_run(place.folder_of("kept"), keep=False)
    assert removed(place.clean(unused_s=30 * DAY_S)) == ["kept"]


def test_the_newest_run_of_a_notebook_stays_as_long_as_the_notebook(place: Place) -> None:
    place.run("one", {"x": big("1")}, days=90, notebook="one.ipynb")
    place.run("two", {"x": big("2")}, days=90, notebook="two.ipynb")
    assert removed(place.clean(unused_s=DAY_S, budget_bytes=0)) == []
    (place.folder / "one.ipynb").unlink()
    assert removed(place.clean(unused_s=DAY_S)) == ["one"]
    assert place.there() == {"two"}


def test_a_run_that_failed_can_go_on_from_what_it_has(place: Place) -> None:
    place.run("before", {"x": big("b")}, days=90)
    place.run("good", {"x": big("g")}, days=80)
    place.run("failed", {"x": big("f")}, days=70, status=RunStatus.FAILED)
    assert removed(place.clean(unused_s=DAY_S)) == ["before"]
    assert place.there() == {"good", "failed"}


def test_what_a_newer_run_used_again_is_not_old(place: Place) -> None:
    place.run("a", {"x": big("a")}, days=50)
    place.run("other", {"x": big("o")}, days=1, notebook="other.ipynb")
    place.run("newest", {"x": big("n")})
    used = place.folder_of("other")
    used.write_references({"a": place.made["a"], "other": place.made["other"]})
    (place.folder / "other.ipynb").unlink()
    assert removed(place.clean(unused_s=30 * DAY_S)) == []
    assert set(removed(place.clean(unused_s=DAY_S / 2))) == {"a", "other"}


WORTH = [
    pytest.param({"seconds": 100.0}, {"seconds": 1.0}, id="what-took-long-stays"),
    pytest.param({"days": 2}, {"days": 60}, id="what-was-used-lately-stays"),
    pytest.param({"values": {"x": big("y")}}, {"values": {"x": big("z") * 9}}, id="what-is-small-stays"),
]


@pytest.mark.parametrize(("better", "worse"), WORTH)
def test_a_budget_takes_what_is_worth_least(place: Place, better: Any, worse: Any) -> None:
    common = {"days": 10, "values": {"x": big("v")}}
    place.run("worse", **{**common, "values": {"x": big("w")}, **worse})
    place.run("better", **{**common, **better})
    place.run("newest", {"x": 1})
    total = place.clean().left_bytes
    done = place.clean(budget_bytes=total - 1)
    assert removed(done) == ["worse"]
    assert place.there() == {"better", "newest"}
    assert (done.left_bytes < total, done.over_budget_bytes) == (True, 0)


def test_a_budget_that_cannot_be_kept_is_said(place: Place) -> None:
    place.run("old", {"x": big("o")}, days=3)
    place.run("a", {"x": big("a")})
    done = place.clean(budget_bytes=1000)
    assert (removed(done), place.there()) == (["old"], {"a"})
    assert done.over_budget_bytes == done.left_bytes - 1000


def test_a_value_goes_only_with_the_last_result_that_has_it(place: Place) -> None:
    both = {"x": big("x"), "y": big("y")}
    place.run("one", {"x": both["x"]}, days=50)
    place.run("two", both, days=20, seconds=100.0)
    place.run("newest", {"n": 1})
    done = place.clean(unused_s=30 * DAY_S)
    assert removed(done) == ["one"]
    assert place.there() >= {"two"}
    assert done.removed[0].size_bytes < BIG  # its cells alone


def test_a_result_whose_files_others_need_is_not_given_up_for_nothing(place: Place) -> None:
    place.run("cheap", {"x": big("x")}, days=50, seconds=0.1)
    place.run("dear", {"x": big("x"), "y": 1}, days=1, seconds=1000.0)
    place.run("other", {"z": big("z")}, days=50, seconds=0.2)
    place.run("newest", {"n": 1})
    cells = place.project.state / "objects" / place.made["cheap"].cells[:2] / place.made["cheap"].cells
    cells.unlink()
    total = place.clean().left_bytes
    assert removed(place.clean(budget_bytes=total - 100)) == ["other"]
    assert place.there() == {"cheap", "dear", "newest"}


def test_a_step_whose_values_went_still_knows_its_last_record(place: Place) -> None:
    place.run("a", {"x": big("a")}, days=50)
    place.run("b", {"x": big("b")})
    place.clean(unused_s=DAY_S)
    assert place.there() == {"b"}
    assert Records(place.store, "n.ipynb").last("a").record == place.made["a"]


def test_records_that_cannot_be_read_hold_what_they_name(place: Place) -> None:
    record = place.run("a", {"x": big("a")}, days=50)
    place.run("b", {"x": big("b")})
    (path,) = (place.project.state / "records" / record.key[:2] / record.key).glob("*.json")
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 99'))
    (place.folder_of("a").path / "run.json").unlink()
    assert place.clean(unused_s=DAY_S, budget_bytes=0).freed_files == 0
    assert place.there() == {"a", "b"}


def test_damaged_documents_do_not_stop_it(place: Place) -> None:
    place.run("a", {"x": big("a")}, days=50)
    place.run("b", {"x": big("b")})
    artifact = place.made["a"].outputs["x"].digest
    (place.project.state / "artifacts" / artifact[:2] / f"{artifact}.json").write_text("{ torn")
    (place.folder_of("a").path / "outputs.json").write_text("[1")
    place.clean(unused_s=DAY_S)
    assert place.there() == {"b"}


class Killed(BaseException):
    """What ends a process in the middle."""


@pytest.mark.parametrize("at", range(12))
def test_a_cleaning_killed_anywhere_leaves_a_usable_store(place: Place, at: int) -> None:
    for name in ("a", "b", "c"):
        place.run(name, {"x": big(name), "y": name}, days=50)
    place.run("kept", {"x": big("k")})
    store = place.store
    remove, count = store._files.remove, iter(range(1000))

    def dying(path: str) -> None:
        if next(count) == at:
            raise Killed
        remove(path)

    store._files.remove = dying  # type: ignore[method-assign]
    with pytest.raises(Killed):
        cleaning.clean(place.project, store, Limits(unused_s=DAY_S, grace_s=0.0))
    assert "kept" in place.there()
    for name in place.there() - {"kept"}:
        found = Records(place.store, "n.ipynb").find(name.ljust(64, "0"))
        assert all(place.store.has(ref.digest) for record in found for ref in record.outputs.values())
    place.clean(unused_s=DAY_S)
    assert place.there() == {"kept"}
    assert place.clean().freed_files == 0


def test_it_leaves_a_project_alone_that_a_run_uses(place: Place) -> None:
    place.run("a", {"x": big("a")}, days=50)
    with (
        hold_project(place.project.state, "20250101-000000-abcd"),
        pytest.raises(ProjectLocked, match="20250101"),
    ):
        api.clean(place.folder, unused_s=0.0)
    assert place.there() == {"a"}


def test_a_run_waits_until_the_cleaning_is_over(tmp_path: Path) -> None:
    inside, leave = threading.Event(), threading.Event()

    def cleaning_up() -> None:
        with hold_project(tmp_path, CLEANING):
            inside.set()
            leave.wait(30)

    cleaner = threading.Thread(target=cleaning_up)
    cleaner.start()
    assert inside.wait(30)
    threading.Timer(0.3, leave.set).start()
    with hold_project(tmp_path, "r1"):
        assert leave.is_set()
    cleaner.join()


def test_nothing_is_made_where_there_is_no_project(tmp_path: Path) -> None:
    assert api.clean(tmp_path).freed_files == 0
    assert not list(tmp_path.iterdir())
