from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from planning.pipelines import access, chain, circumstances, record, step, world
from stepmill.errors import DamagedArtifact
from stepmill.model.artifact import StepRecord
from stepmill.model.pipeline import Edge, EdgeKind
from stepmill.planning import kept_files
from stepmill.planning.decide import decide_step
from stepmill.planning.kept_files import files_to_put_back, keep_files, put_back
from stepmill.planning.keys import static_key
from stepmill.planning.pipeline_plan import plan_pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.planning.decide import Circumstances

LOAD = step("load")
MADE = {"code": "c1"}


@pytest.fixture
def about(tmp_path: Path) -> Circumstances:
    return circumstances(tmp_path)


def wrote(about: Circumstances, folder: Path, path: str, content: str = "made") -> StepRecord:
    """Publish the record of a step that wrote a file, and keep the file."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(content, encoding="utf-8")
    files = (access(folder, path, "write"),)
    keep_files(files, about.world)
    made = record("load", static_key(MADE), components=MADE, files=files)
    about.records.add(made)
    return made


def test_a_gone_file_is_put_back_with_its_folder(tmp_path: Path, about: Circumstances) -> None:
    made = wrote(about, tmp_path, "out/table.csv")
    (tmp_path / "out" / "table.csv").unlink()
    (tmp_path / "out").rmdir()
    assert decide_step(LOAD, MADE, about).reason == (
        "nothing changed since run r1; out/table.csv is put back"
    )
    put_back(made, about.world)
    assert (tmp_path / "out" / "table.csv").read_text(encoding="utf-8") == "made"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["table.csv"]
    assert files_to_put_back(made, about.world) == ()


def test_what_is_there_is_not_touched(tmp_path: Path, about: Circumstances) -> None:
    made = wrote(about, tmp_path, "out.txt")
    (tmp_path / "out.txt").write_text("by hand", encoding="utf-8")
    put_back(made, about.world)
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "by hand"
    assert decide_step(LOAD, MADE, about).status.value == "blocked"


def test_what_the_step_wrote_in_another_run_makes_way(tmp_path: Path, about: Circumstances) -> None:
    old = wrote(about, tmp_path, "out.txt", "old")
    (tmp_path / "out.txt").write_text("new", encoding="utf-8")
    new = access(tmp_path, "out.txt", "write")
    now = replace(about, world=replace(about.world, written={"out.txt": frozenset({new.digest})}))
    assert decide_step(LOAD, MADE, now).reason == "nothing changed since run r1; out.txt is put back"
    (tmp_path / "out.txt").chmod(0o640)
    put_back(old, now.world)
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == "old"
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


def test_a_file_that_the_step_goes_on_with_must_be_as_it_found_it(
    tmp_path: Path, about: Circumstances
) -> None:
    log = tmp_path / "log.txt"
    log.write_text("found", encoding="utf-8")
    found = access(tmp_path, "log.txt")
    old = wrote(about, tmp_path, "log.txt", "found and more")
    going_on = replace(old, files=(*old.files, found))
    log.write_text("of another run", encoding="utf-8")
    other = access(tmp_path, "log.txt", "write")
    world = replace(about.world, written={"log.txt": frozenset({other.digest})})
    assert files_to_put_back(old, world) == old.files
    assert files_to_put_back(going_on, world) == ()
    log.write_text("found", encoding="utf-8")
    put_back(going_on, world)
    assert log.read_text(encoding="utf-8") == "found and more"


def test_a_damaged_copy_is_said(tmp_path: Path, about: Circumstances) -> None:
    made = wrote(about, tmp_path, "out.txt")
    place = world(tmp_path).store.path_of_blob(made.files[0].digest)
    assert place is not None
    place.chmod(0o600)
    place.write_bytes(b"rots")
    (tmp_path / "out.txt").unlink()
    with pytest.raises(DamagedArtifact):
        put_back(made, world(tmp_path))
    assert not (tmp_path / "out.txt").exists()


def test_big_files_make_their_step_run(
    tmp_path: Path, about: Circumstances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_files, "KEPT_AT_MOST_BYTES", 3)
    wrote(about, tmp_path, "out.txt")
    (tmp_path / "out.txt").unlink()
    assert decide_step(LOAD, MADE, about).reason == "its file out.txt is gone"


def test_who_reads_a_file_that_is_put_back_is_reused_too(tmp_path: Path, about: Circumstances) -> None:
    wrote(about, tmp_path, "out.txt")
    reader = step("read", 1)
    files = (access(tmp_path, "out.txt"),)
    about.records.add(record("read", static_key({"code": "c2"}), components={"code": "c2"}, files=files))
    (tmp_path / "out.txt").unlink()
    pipeline = chain(LOAD, reader, order=(("load", "read"),))
    assert pipeline.edges == (Edge(producer="load", consumer="read", name="--after", kind=EdgeKind.ORDER),)
    plan = plan_pipeline(pipeline, about, lambda one, _: {"code": "c1" if one is LOAD else "c2"})
    assert [entry.status.value for entry in plan.steps] == ["cached", "cached"]
