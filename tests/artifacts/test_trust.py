"""Whose values are loaded: those that this user's key signed."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.artifacts import signing
from stepmill.artifacts.signing import KEY_VARIABLE, Signer
from stepmill.artifacts.store import Store, open_store
from stepmill.artifacts.values import describe, load_values, save_values
from stepmill.errors import ConfigError, DamagedArtifact, UntrustedArtifact

if TYPE_CHECKING:
    from stepmill.model.artifact import ArtifactRef

ran: list[str] = []


def mischief() -> str:
    ran.append("mischief")
    return "done"


class Bomb:
    """Its pickle runs code when it is loaded."""

    def __reduce__(self) -> Any:
        return mischief, ()


@pytest.fixture
def foreign(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ArtifactRef:
    """A value that was stored with another key."""
    with monkeypatch.context() as other:
        other.setenv(KEY_VARIABLE, str(tmp_path / "other key"))
        saved = save_values(open_store(store.url), {"x": Bomb()}, definitions={}, namespace={})
    ran.clear()
    return saved.refs["x"]


def _load(store: Store, ref: ArtifactRef) -> Any:
    return load_values(store, {"x": ref}, definitions={}, namespace={})["x"]


def test_a_foreign_pickle_is_not_loaded(store: Store, foreign: ArtifactRef) -> None:
    with pytest.raises(UntrustedArtifact, match=r"x: stored value .* by somebody else") as raised:
        _load(store, foreign)
    assert "--trust" in raised.value.hint
    assert ran == []
    assert not store.has(foreign.digest)
    assert describe(store, foreign)["materializer"] == "pickle"


def test_a_store_that_trusts_all_loads_it(store: Store, foreign: ArtifactRef) -> None:
    trusting = open_store(store.url, trusts_all=True)
    assert trusting.has(foreign.digest)
    assert _load(trusting, foreign) == "done"
    assert not store.has(foreign.digest)
    trusting.adopt_artifact(foreign.digest)
    assert store.has(foreign.digest)
    assert _load(store, foreign) == "done"


def test_storing_the_value_anew_makes_it_ours(store: Store, foreign: ArtifactRef) -> None:
    again = save_values(store, {"x": Bomb()}, definitions={}, namespace={}).refs["x"]
    assert again.digest == foreign.digest
    assert _load(store, again) == "done"


@pytest.mark.parametrize("field", ["signature", "blake3"])
def test_values_of_earlier_versions_are_nobodys(store: Store, field: str) -> None:
    ref = save_values(store, {"x": [1, 2]}, definitions={}, namespace={}).refs["x"]
    path = Path(store.url) / "artifacts" / ref.digest[:2] / f"{ref.digest}.json"
    document = json.loads(path.read_text())
    del document[field]
    path.write_text(json.dumps(document))
    with pytest.raises(UntrustedArtifact):
        _load(store, ref)


def test_other_bytes_under_a_trusted_name_are_refused(store: Store) -> None:
    """The name is of what a pickle says, where that is cheap: its very bytes have to be signed as well."""
    ref = save_values(store, {"x": [object, 1]}, definitions={}, namespace={}).refs["x"]
    bomb = save_values(store, {"x": Bomb()}, definitions={}, namespace={}).refs["x"]
    ran.clear()
    path, other = (
        Path(store.url) / "artifacts" / one.digest[:2] / f"{one.digest}.json" for one in (ref, bomb)
    )
    document, source = json.loads(path.read_text()), json.loads(other.read_text())
    document.update({name: source[name] for name in ("blobs", "inline")})
    path.write_text(json.dumps(document))
    with pytest.raises(DamagedArtifact):
        _load(store, ref)
    assert ran == []


def test_the_key_is_its_users_alone(tmp_path: Path) -> None:
    place = tmp_path / "a" / "key"
    Signer((place,)).close({})
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert len(place.read_bytes()) == 32
    assert Signer((place,)).open(Signer((place,)).close({"a": 1})).is_ours


def test_a_damaged_key_is_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "key"
    place.write_bytes(b"short")
    Signer((place,)).close({})
    assert len(place.read_bytes()) == 32


def test_where_home_cannot_be_written_the_key_lies_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere, somewhere = tmp_path / "file" / "key", tmp_path / "b" / "key"
    text = Signer((nowhere, somewhere)).close({"a": 1})
    assert Signer((nowhere, somewhere)).open(text).is_ours
    with pytest.raises(ConfigError, match="file") as raised:
        Signer((nowhere,)).close({})
    assert KEY_VARIABLE in raised.value.hint


def test_it_lies_beside_jupyters_own_data(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_core.paths import jupyter_data_dir

    monkeypatch.delenv(KEY_VARIABLE)
    assert signing.key_places()[0] == Path(jupyter_data_dir()) / "stepmill" / "signing_key"
    monkeypatch.setenv("JUPYTER_DATA_DIR", os.path.join(os.sep, "data"))  # noqa: PTH118
    assert signing.key_places()[0] == Path(os.sep, "data", "stepmill", "signing_key")


def test_many_processes_make_one_key(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from stepmill.atomic import secret_bytes
print(secret_bytes(Path(sys.argv[1]), 32).hex())
"""
    command = [sys.executable, "-c", script, str(tmp_path / "key")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {process.communicate()[0].strip() for process in started}
    assert keys == {(tmp_path / "key").read_bytes().hex()}
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_changed_environment_does_not_change_the_key(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A step may set anything before its outputs are stored."""
    opened = open_store(store.url)
    with monkeypatch.context() as changed:
        changed.setenv(KEY_VARIABLE, str(tmp_path / "key of the step"))
        ref = save_values(opened, {"x": 1}, definitions={}, namespace={}).refs["x"]
    assert _load(store, ref) == 1


@pytest.mark.parametrize(
    "value", [{"b": 1, "a": [(1, 2)]}, {10: 1, 9: 2}, {"x": float("nan")}, {"é": "\ud800"}]
)
def test_documents_come_back_as_json_has_them(value: Any, tmp_path: Path) -> None:
    signer = Signer((tmp_path / "key",))
    opened = signer.open(signer.close(value))
    assert (json.dumps(opened.document), opened.is_ours) == (json.dumps(json.loads(json.dumps(value))), True)


@pytest.mark.parametrize(
    "signature",
    ["é" * 64, "\ud800", None, ["a"]],
    ids=["not-ascii", "half-a-character", "none", "a-list"],
)
def test_a_signature_that_cannot_be_one_is_nobodys(signature: Any, tmp_path: Path) -> None:
    signer = Signer((tmp_path / "key",))
    document = json.loads(signer.close({"x": 1}))
    opened = signer.open(json.dumps({**document, "signature": signature}).encode())
    assert (opened.document, opened.is_ours) == ({"x": 1}, False)
