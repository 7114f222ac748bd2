"""Files appear whole, whoever else writes them at the same moment."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from stepmill import atomic

if TYPE_CHECKING:
    from pathlib import Path


def test_threads_may_write_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "distributions.json"
    texts = [str(number) * 10_000 for number in range(8)]
    together = threading.Barrier(len(texts))
    errors: list[BaseException] = []

    def write(text: str) -> None:
        together.wait()
        try:
            for _ in range(50):
                atomic.write_text(path, text)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert path.read_text(encoding="utf-8") in texts
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_cannot_be_written_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        atomic.write_text(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_durable_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    synced: list[tuple[int, bool]] = []
    monkeypatch.setattr(
        atomic.os, "fsync", lambda descriptor: synced.append((os.fstat(descriptor).st_size, path.exists()))
    )
    atomic.write_text(path, "plain")
    assert synced == []
    path.unlink()
    atomic.write_text(path, "x" * 100_000, durable=True)
    assert synced == [(100_000, False)]
    assert path.read_text(encoding="utf-8") == "x" * 100_000
