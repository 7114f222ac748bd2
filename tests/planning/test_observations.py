from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from planning.pipelines import access, record, stored, world
from stepmill.model.artifact import ABSENT, ArtifactRef, FileAccess
from stepmill.model.plan import Cause
from stepmill.planning.observations import failures, written_elsewhere

if TYPE_CHECKING:
    from pathlib import Path


def reasons(made: Any, around: Any, *required: str) -> list[tuple[Cause, str]]:
    return [(reason.cause, reason.message) for reason in failures(made, around, required=required)]


def test_a_record_of_nothing_holds(tmp_path: Path) -> None:
    assert reasons(record(), world(tmp_path)) == []


def test_a_file_read_holds_while_its_content_is_equal(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("1")
    made = record(files=(access(tmp_path, "x.csv"),))
    os.utime(tmp_path / "x.csv", (1, 1))
    assert reasons(made, world(tmp_path)) == []
    (tmp_path / "x.csv").write_text("2")
    assert reasons(made, world(tmp_path)) == [(Cause.FILE, "file x.csv changed")]
    (tmp_path / "x.csv").unlink()
    assert reasons(made, world(tmp_path)) == [(Cause.FILE, "file x.csv is gone")]


def test_an_absent_file_holds_until_it_appears(tmp_path: Path) -> None:
    made = record(files=(access(tmp_path, "cache.bin"),))
    assert reasons(made, world(tmp_path)) == []
    (tmp_path / "cache.bin").write_text("")
    assert reasons(made, world(tmp_path)) == [(Cause.FILE, "file cache.bin appeared")]


def test_a_listing_holds_while_the_names_are_equal(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1")
    made = record(files=(access(tmp_path, "data", "list"),))
    (tmp_path / "data" / "a.csv").write_text("2")
    assert reasons(made, world(tmp_path)) == []
    (tmp_path / "data" / "b.csv").write_text("")
    assert reasons(made, world(tmp_path)) == [(Cause.FILE, "folder data lists other files")]


def test_big_files_are_not_trusted_by_size_alone(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(1 << 20))
    os.utime(big, (1, 1))
    around = world(tmp_path)
    made = record(files=(access(tmp_path, "big.bin"),))
    assert reasons(made, around) == []
    big.write_bytes(b"\1" * (1 << 20))
    os.utime(big, (1, 1))
    assert reasons(made, around) == [(Cause.FILE, "file big.bin changed")]


def test_outputs_must_be_in_the_store(tmp_path: Path) -> None:
    around = world(tmp_path)
    made = record(outputs={"df": stored(around), "gone": ArtifactRef(digest=ABSENT)})
    assert reasons(made, around, "df", "gone") == []
    for blob in tmp_path.glob(".stepmill/objects/*/*"):
        blob.unlink()
    assert reasons(made, around) == [(Cause.OUTPUT_MISSING, "stored output df is gone from the store")]


def test_a_required_output_must_have_been_kept(tmp_path: Path) -> None:
    made = record(skipped={"conn": "a connection cannot be stored"})
    assert reasons(made, world(tmp_path), "conn") == [
        (Cause.OUTPUT_MISSING, "output conn is not stored: a connection cannot be stored")
    ]


def test_environment_variables_are_compared_by_keyed_hash(tmp_path: Path) -> None:
    before = world(tmp_path, environment={"MODE": "fast"})
    made = record(environment={"MODE": before.keyed_hash("fast"), "UNSET": before.keyed_hash(None)})
    assert "fast" not in str(made)
    assert reasons(made, before) == []
    after = world(tmp_path, environment={"MODE": "slow", "UNSET": ""})
    assert reasons(made, after) == [
        (Cause.ENVIRONMENT, "environment variable MODE changed"),
        (Cause.ENVIRONMENT, "environment variable UNSET is set now"),
    ]


def test_distributions_are_compared_by_version(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    (site / "Pandas-3.1.1.dist-info").mkdir(parents=True)
    made = record(distributions={"pandas": "3.0.1", "gone-lib": "1.0"}, extra={"sys_path": [str(site)]})
    assert reasons(made, world(tmp_path)) == [
        (Cause.LIBRARY, "pandas 3.0.1 → 3.1.1"),
        (Cause.LIBRARY, "gone-lib 1.0 is no longer installed"),
    ]


def test_written_files_must_be_as_written(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("1")
    made = record(files=(access(tmp_path, "out.csv", "write"),))
    assert reasons(made, world(tmp_path)) == []
    (tmp_path / "out.csv").write_text("2")
    assert reasons(made, world(tmp_path)) == [
        (Cause.OUTPUT_MISSING, "its file out.csv is not as it wrote it")
    ]
    (tmp_path / "out.csv").unlink()
    assert reasons(made, world(tmp_path)) == [(Cause.OUTPUT_MISSING, "its file out.csv is gone")]


def test_files_written_outside_of_the_project_are_nobodys_outputs(tmp_path: Path) -> None:
    outside = FileAccess(path="/somewhere/else.txt", mode="write", digest="d1")
    made = record(files=(outside,))
    assert reasons(made, world(tmp_path)) == []


def test_a_file_that_cannot_be_read_any_more_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.csv").write_text("1")
    made = record(files=(access(tmp_path, "x.csv"),))

    def refused(_: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("stepmill.planning.file_digests.file_digest", refused)
    assert reasons(made, world(tmp_path)) == [(Cause.FILE, "file x.csv cannot be read")]


def test_questions_were_asked_before_what_comes_later(tmp_path: Path) -> None:
    made = record(files=(FileAccess(path="out/x.txt", mode="kind", digest=ABSENT),))
    folder = record(files=(FileAccess(path="out", mode="kind", digest=ABSENT),))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.txt").write_text("of a later step")
    later = {"out/x.txt": frozenset({access(tmp_path, "out/x.txt").digest})}
    around = world(tmp_path)
    assert failures(made, around, later=later) == failures(folder, around, later=later) == ()
    assert [r.message for r in failures(made, around)] == ["file out/x.txt appeared"]
    assert [r.message for r in failures(folder, around)] == ["folder out appeared"]
    (tmp_path / "out" / "x.txt").write_text("of somebody else")
    assert [r.message for r in failures(made, around, later=later)] == ["file out/x.txt appeared"]


EDITED = [
    pytest.param("written", {}, (), id="as-the-step-wrote-it"),
    pytest.param(None, {}, (), id="removed"),
    pytest.param("mine", {}, ("out.csv",), id="edited-by-hand"),
    pytest.param("mine", {"out.csv": "mine"}, (), id="written-by-another-step-since"),
]


@pytest.mark.parametrize(("now", "ours", "expected"), EDITED)
def test_files_edited_by_hand_are_found(
    tmp_path: Path, now: str | None, ours: dict[str, str], expected: tuple[str, ...]
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("written")
    made = record(files=(access(tmp_path, "out.csv", "write"),))
    known = {}
    for path, content in ours.items():
        (tmp_path / path).write_text(content)
        known[path] = frozenset({access(tmp_path, path).digest})
    if now is None:
        out.unlink()
    else:
        out.write_text(now)
    assert written_elsewhere(made, world(tmp_path), known) == expected


def test_a_file_that_the_step_also_reads_is_its_input(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("1")
    read = access(tmp_path, "log.txt")
    (tmp_path / "log.txt").write_text("12")
    made = record(files=(read, access(tmp_path, "log.txt", "write")))
    (tmp_path / "log.txt").write_text("by hand")
    assert written_elsewhere(made, world(tmp_path), {}) == ()
