from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from planning.pipelines import NOW_S, record
from stepmill.artifacts.store import open_store
from stepmill.model.artifact import ArtifactRef
from stepmill.planning.records import KEPT_OBSERVATIONS, Last, Records

if TYPE_CHECKING:
    from pathlib import Path


def open_records(folder: Path, notebook: str = "n.ipynb") -> Records:
    return Records(open_store(folder), notebook)


def test_records_come_back_newest_first(tmp_path: Path) -> None:
    old, new = record(created_s=NOW_S - 10), record(created_s=NOW_S)
    records = open_records(tmp_path)
    records.add(new)
    records.add(old)
    assert open_records(tmp_path).find("k" * 64) == (new, old)


def test_an_unknown_key_has_no_records(tmp_path: Path) -> None:
    assert open_records(tmp_path).find("x" * 64) == ()


def test_adding_makes_it_the_last_of_its_step(tmp_path: Path) -> None:
    made = record()
    open_records(tmp_path).add(made)
    assert open_records(tmp_path).last("load") == Last(made)
    assert open_records(tmp_path, "other.ipynb").last("load") == Last()


def test_a_reused_record_is_the_last_one(tmp_path: Path) -> None:
    first, second = record(key="a" * 64), record(key="b" * 64)
    records = open_records(tmp_path)
    records.add(first)
    records.add(second)
    records.use("load", first)
    assert open_records(tmp_path).last("load").record == first


def test_a_step_that_began_is_unfinished_until_it_is_published(tmp_path: Path) -> None:
    records = open_records(tmp_path)
    records.add(record())
    records.begin("load")
    assert open_records(tmp_path).last("load") == Last(record(), unfinished=True)
    records.add(record(created_s=NOW_S))
    assert not open_records(tmp_path).last("load").unfinished


def test_a_withdrawn_record_is_gone(tmp_path: Path) -> None:
    records = open_records(tmp_path)
    records.add(record())
    records.withdraw(record())
    for seen in (records, open_records(tmp_path)):
        assert seen.find("k" * 64) == ()
        assert seen.last("load").record is None


def test_damaged_records_do_not_count(tmp_path: Path) -> None:
    open_records(tmp_path).add(record())
    (kept,), (last,) = (list(tmp_path.rglob(f"{folder}/**/*.json")) for folder in ("records", "latest"))
    for path in (kept, last):
        path.write_text("{ torn")
    assert open_records(tmp_path).find("k" * 64) == ()
    assert open_records(tmp_path).last("load") == Last()


def test_records_of_another_version_do_not_count(tmp_path: Path) -> None:
    open_records(tmp_path).add(record())
    (path,) = tmp_path.glob("records/*/*/*.json")
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 99'))
    assert open_records(tmp_path).find("k" * 64) == ()


def test_only_so_many_observations_are_kept_under_a_key(tmp_path: Path) -> None:
    records = open_records(tmp_path)
    for second in range(KEPT_OBSERVATIONS + 3):
        records.add(record(created_s=NOW_S + second))
    found = records.find("k" * 64)
    assert len(found) == KEPT_OBSERVATIONS
    assert found[0].created_s == NOW_S + KEPT_OBSERVATIONS + 2


def test_odd_step_names_stay_apart(tmp_path: Path) -> None:
    records = open_records(tmp_path)
    names = ("a/b", "a:b", "a b", "評価", "..")
    for index, name in enumerate(names):
        records.add(replace(record(name), seconds=float(index)))
    assert [records.last(name).record.seconds for name in names] == [0, 1, 2, 3, 4]


DAMAGES = {
    "flipped": lambda data, at: data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :],
    "cut": lambda data, at: data[:at],
    "zeroed": lambda data, at: data[:at] + b"\0" * (len(data) - at),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_record_damaged_anywhere_is_never_taken_for_another(tmp_path: Path, kind: str) -> None:
    made = record(outputs={"df": ArtifactRef(digest="d" * 64)}, metrics={"f1": 0.5})
    open_records(tmp_path).add(made)
    for path in (*tmp_path.glob("records/*/*/*.json"), *tmp_path.glob("latest/*/*.json")):
        whole = path.read_bytes()
        for at in range(0, len(whole), 7):
            path.write_bytes(DAMAGES[kind](whole, at))
            records = open_records(tmp_path)
            assert records.find("k" * 64) in ((), (made,))
            assert records.last("load").record in (None, made)
            path.write_bytes(whole)
        assert open_records(tmp_path).find("k" * 64) == (made,)


def test_foreign_records_are_known_but_not_reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as other:
        other.setenv("STEPMILL_SIGNING_KEY", str(tmp_path / "key"))
        open_records(tmp_path).add(record())
    records = open_records(tmp_path)
    assert (records.find("k" * 64), records.is_foreign("k" * 64)) == ((), True)
    assert records.last("load").record == record()
    trusting = Records(open_store(tmp_path, trusts_all=True), "n.ipynb")
    (found,) = trusting.find("k" * 64)
    assert not trusting.is_foreign("k" * 64)
    assert [trusting.adopt(found), trusting.adopt(found)] == [True, False]
    assert open_records(tmp_path).find("k" * 64) == (record(),)
