from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from stepmill.artifacts.file_digests import file_digest, listing_digest
from stepmill.model.artifact import ABSENT
from stepmill.planning.file_digests import UNREADABLE, FileDigests

if TYPE_CHECKING:
    from pathlib import Path


def big_file(folder: Path, *, age_s: int = 100) -> Path:
    path = folder / "big.bin"
    path.write_bytes(bytes(1 << 19))
    settled = path.stat().st_mtime - age_s
    os.utime(path, (settled, settled))
    return path


def test_digests_are_those_that_a_kernel_reports(tmp_path: Path) -> None:
    path = big_file(tmp_path)
    (tmp_path / "small.txt").write_text("x")
    files = FileDigests()
    assert files.content(path) == file_digest(path)
    assert files.content(tmp_path / "small.txt") == file_digest(tmp_path / "small.txt")
    assert files.content(tmp_path) == files.listing(tmp_path) == listing_digest(tmp_path)
    assert files.content(tmp_path / "missing") == files.listing(tmp_path / "missing") == ABSENT


def test_memory_is_only_trusted_for_the_very_same_file(tmp_path: Path) -> None:
    path, memory = big_file(tmp_path), tmp_path / "cache" / "files.json"
    status = path.stat()
    stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    memory.parent.mkdir()
    memory.write_text(json.dumps({str(path): ["remembered", *stamp]}))
    assert FileDigests(memory).content(path) == "remembered"
    os.utime(path, (1, 1))
    assert FileDigests(memory).content(path) == file_digest(path)


def test_a_file_that_changed_just_now_is_not_remembered(tmp_path: Path) -> None:
    files = FileDigests(tmp_path / "files.json")
    files.content(big_file(tmp_path))  # its inode was changed now, whatever its time stamp says
    files.save()
    assert not (tmp_path / "files.json").exists()


def test_files_gone_or_changed_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepmill.planning.file_digests._SETTLED_NS", -(10**12))
    memory, path = tmp_path / "files.json", big_file(tmp_path)
    memory.write_text(json.dumps({str(tmp_path / "gone.bin"): ["d", 1, 2, 3, 4]}))
    files = FileDigests(memory)
    files.content(path)
    files.save()
    assert list(json.loads(memory.read_text())) == [str(path)]


def test_a_damaged_memory_is_forgotten(tmp_path: Path) -> None:
    memory = tmp_path / "files.json"
    memory.write_text("{ torn")
    path = big_file(tmp_path)
    assert FileDigests(memory).content(path) == file_digest(path)


def test_what_cannot_be_read_is_not_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small.txt").write_text("x")
    paths = (tmp_path / "small.txt", big_file(tmp_path))

    def refused(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("stepmill.planning.file_digests.file_digest", refused)
    assert [FileDigests().content(path) for path in paths] == [UNREADABLE, UNREADABLE]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_nobody_waits_for_a_pipe_in_the_place_of_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "was-a-file")
    assert FileDigests().content(tmp_path / "was-a-file") == "special file"
