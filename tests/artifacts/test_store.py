from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stepmill.artifacts.hashing import digest_bytes
from stepmill.artifacts.store import Store, open_store
from stepmill.artifacts.values import load_values, save_values
from stepmill.errors import DamagedArtifact

if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.model.artifact import ArtifactRef

VALUES: dict[str, Any] = {"n": 3, "text": ["a" * 9] * 9_000, "array": np.arange(300_000.0)}


@pytest.fixture(params=["local", "memory"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return open_store(tmp_path / "s" if request.param == "local" else f"memory://{tmp_path.name}/s")


def _save(store: Store, values: dict[str, Any]) -> dict[str, ArtifactRef]:
    return dict(save_values(store, values, definitions={}, namespace={}).refs)


def _load(store: Store, refs: dict[str, ArtifactRef]) -> dict[str, Any]:
    return load_values(store, refs, definitions={}, namespace={})


def test_blobs_are_named_by_their_content(any_store: Store) -> None:
    digest = any_store.put_blob([b"ab", bytearray(b"c"), memoryview(b"")])
    assert digest == digest_bytes(b"abc")
    assert bytes(any_store.get_blob(digest)) == b"abc"
    assert any_store.has(digest)
    assert not any_store.has(digest_bytes(b"other"))


@pytest.mark.parametrize("damaged", [b"[[X]]", b"[[", b"", b"x" * 300_000])
def test_bytes_that_are_stored_again_replace_what_is_damaged(tmp_path: Path, damaged: bytes) -> None:
    store = open_store(tmp_path)
    kept = b"[[ ]]" if len(damaged) < 300_000 else b"y" * 200_000
    digest = store.put_blob(kept)
    path = store.path_of_blob(digest)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(damaged)
    assert store.put_blob(kept) == digest
    assert bytes(store.get_blob(digest)) == kept


def test_json_blobs_are_canonical(any_store: Store) -> None:
    digest = any_store.put_json({"b": [1, None], "a": "é"})
    assert digest == any_store.put_json({"a": "é", "b": [1, None]})
    assert any_store.get_json(digest) == {"a": "é", "b": [1, None]}


def test_documents_are_named_by_path(any_store: Store) -> None:
    assert any_store.read_document("records/k/1.json") is None
    assert any_store.list_documents("records") == []
    any_store.write_document("records/k/2.json", {"x": 2})
    any_store.write_document("records/k/1.json", {"x": 1})
    any_store.write_document("records/k/1.json", {"x": "new"})
    assert any_store.list_documents("records") == ["records/k/1.json", "records/k/2.json"]
    assert any_store.list_documents("records/k") == ["records/k/1.json", "records/k/2.json"]
    assert any_store.read_document("records/k/1.json") == {"x": "new"}
    any_store.delete_document("records/k/1.json")
    any_store.delete_document("records/k/1.json")
    assert any_store.list_documents("records") == ["records/k/2.json"]


def test_values_live_in_any_store(any_store: Store) -> None:
    refs = _save(any_store, VALUES)
    loaded = _load(any_store, refs)
    assert loaded["n"] == 3
    assert loaded["text"] == VALUES["text"]
    assert loaded["array"].tolist() == VALUES["array"].tolist()
    assert all(any_store.has(ref.digest) for ref in refs.values())
    assert set(any_store.artifacts()) == {ref.digest for ref in refs.values()}


def _files(store: Store, folder: str) -> list[Path]:
    from pathlib import Path

    return sorted(path for path in (Path(store.url) / folder).rglob("*") if path.is_file())


DAMAGES = {
    "cut short": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "one bit": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "one bit at the end": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "one bit in the middle": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("folder", ["objects", "artifacts"])
def test_damage_is_found_and_healed_by_saving_again(store: Store, folder: str, damage: str) -> None:
    refs = _save(store, VALUES)
    for path in _files(store, folder):
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    fresh = open_store(store.url)
    for name, ref in refs.items():
        if folder == "artifacts" or name != "n":
            with pytest.raises(DamagedArtifact, match=f"{name}: ") as raised:
                _load(fresh, {name: ref})
            assert "again" in raised.value.hint
            assert not fresh.has(ref.digest)
    again = _save(fresh, VALUES)
    assert {n: r.digest for n, r in again.items()} == {n: r.digest for n, r in refs.items()}
    loaded = _load(fresh, again)
    assert all(np.array_equal(loaded[name], VALUES[name]) for name in VALUES)


def test_a_missing_blob_is_said(store: Store) -> None:
    refs = _save(store, VALUES)
    for path in _files(store, "objects"):
        path.unlink()
    with pytest.raises(DamagedArtifact, match=r"array: stored bytes .* are missing"):
        _load(store, {"array": refs["array"]})
    assert not store.has(refs["array"].digest)
    assert store.has(refs["n"].digest)


def test_a_damaged_document_is_said_and_kept(store: Store) -> None:
    from pathlib import Path

    store.write_document("facts/a.json", {})
    path = Path(store.url) / "facts" / "a.json"
    path.write_text("{")
    with pytest.raises(DamagedArtifact, match=r"facts/a\.json"):
        store.read_document("facts/a.json")
    assert path.exists()


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    def chunks() -> Any:
        yield b"half"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store._files.write("objects/ab/x", chunks())
    assert _files(store, "") == []


def test_leftovers_of_killed_writers_are_removed(store: Store) -> None:
    store.put_blob(b"x")
    from pathlib import Path

    old = Path(store.url) / "tmp" / "1-dead"
    old.write_bytes(b"half")
    os.utime(old, (0, 0))
    (old.parent / "2-alive").write_bytes(b"half")
    assert store.remove_leftovers() == 1
    assert [path.name for path in _files(store, "tmp")] == ["2-alive"]


def test_many_threads_may_write_the_same_values(tmp_path: Path) -> None:
    def work(_: int) -> dict[str, ArtifactRef]:
        return _save(open_store(tmp_path), VALUES)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(24)))
    assert all(result == results[0] for result in results)
    assert _load(open_store(tmp_path), results[0])["n"] == 3


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="there space is not asked for")
def test_a_file_system_that_reserves_no_space_keeps_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", unknown)
    store = open_store(tmp_path)
    refs = _save(store, {"array": VALUES["array"]})
    assert _load(store, refs)["array"].tolist() == VALUES["array"].tolist()
