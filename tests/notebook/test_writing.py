"""Notebooks out: whole or not at all, and never into the source."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from stepmill.errors import NotebookError
from stepmill.notebook.reading import read_notebook
from stepmill.notebook.writing import executed_copy, write_document

if TYPE_CHECKING:
    from pathlib import Path

STREAM = {"output_type": "stream", "name": "stdout", "text": "a\nb\n"}
RESULT = {
    "output_type": "execute_result",
    "execution_count": 77,
    "metadata": {},
    "data": {"text/plain": "1\n2", "application/json": {"a": "x\ny"}},
}


def document() -> dict[str, Any]:
    def code(source: str) -> dict[str, Any]:
        return {
            "cell_type": "code",
            "metadata": {"tags": ["t"]},
            "source": source,
            "outputs": [copy.deepcopy(STREAM)],
            "execution_count": 9,
        }

    cells = [
        code("x = 1\ny = 2"),
        {"cell_type": "markdown", "metadata": {}, "source": "ü"},
        code("z"),
        code("w"),
    ]
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {"k": {"v": 1}}, "cells": cells}


def test_the_copy_has_the_given_outputs_and_no_others() -> None:
    new = executed_copy(document(), {0: [STREAM, RESULT], 3: []})
    assert [cell.get("outputs") for cell in new["cells"]] == [
        [STREAM, {**RESULT, "execution_count": 1}], None, [], [],
    ]  # fmt: skip
    assert [cell.get("execution_count") for cell in new["cells"]] == [1, None, None, 2]


def test_the_copy_shares_nothing_with_the_source() -> None:
    source = document()
    before = copy.deepcopy(source)
    new = executed_copy(source, {0: [RESULT]})
    new["metadata"]["k"]["v"] = 2
    new["cells"][0]["metadata"]["tags"].append("u")
    new["cells"][0]["outputs"].clear()
    assert source == before
    assert RESULT["execution_count"] == 77


def test_what_is_written_is_a_valid_notebook_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "out ü.ipynb"
    new = executed_copy(document(), {0: [STREAM, RESULT]})
    write_document(new, path)
    nbformat.validate(json.loads(path.read_text(encoding="utf-8")))
    assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "a\nb\n"
    assert nbformat.read(path, as_version=4).cells[0].outputs[1].data["application/json"] == {"a": "x\ny"}
    assert [cell.source for cell in read_notebook(path).notebook.cells] == ["x = 1\ny = 2", "ü", "z", "w"]


def test_the_layout_is_jupyters_own(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.ipynb", tmp_path / "theirs.ipynb"
    write_document(document(), ours)
    nbformat.write(nbformat.from_dict(document()), theirs)
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text("old")
    broken = document()
    broken["cells"][0]["source"] = "\ud800"
    with pytest.raises(NotebookError, match="half of a character"):
        write_document(broken, path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.ipynb"]


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="cannot write") as caught:
        write_document(document(), tmp_path / "no" / "a.ipynb")
    assert "folder" in caught.value.hint


def test_a_folder_in_the_way_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").mkdir()
    with pytest.raises(NotebookError, match="cannot write"):
        write_document(document(), tmp_path / "a.ipynb")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.ipynb"]


@pytest.mark.skipif(os.name != "posix", reason="file modes and links of POSIX")
def test_mode_and_link_are_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real.ipynb", tmp_path / "link.ipynb"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_document(document(), link)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_text() != "old"


@pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")
def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "any").touch()

    def changed(_: int) -> int:
        raise AssertionError("the umask is of the whole process: a kernel started just then would keep it")

    monkeypatch.setattr(os, "umask", changed)
    write_document(document(), tmp_path / "new.ipynb")
    assert (tmp_path / "new.ipynb").stat().st_mode == (tmp_path / "any").stat().st_mode
