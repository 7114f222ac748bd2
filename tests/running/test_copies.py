"""Copies of a project: whole where it matters, never huge, never the user's own files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stepmill.errors import UsageError
from stepmill.running.verifying import copies
from stepmill.running.verifying.copies import original_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in (
        "data/a.csv",
        "nb/n.ipynb",
        ".git/config",
        ".stepmill/runs/x",
        "env/pyvenv.cfg",
        "nb/__pycache__/m",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def test_files_are_copied_without_caches_and_environments(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    original_of(project, (), project / "nb").copy_to(copy)
    found = sorted(str(path.relative_to(copy)) for path in copy.rglob("*"))
    assert found == [".git", ".stepmill", "data", "data/a.csv", "nb", "nb/n.ipynb"]
    (copy / "data/a.csv").write_text("changed")
    assert (project / "data/a.csv").read_text() == "data/a.csv"


def test_links_into_the_project_lead_into_the_copy(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("far")
    (project / "nb/inside").symlink_to(project / "data")
    (project / "nb/near").symlink_to("../data/a.csv")
    (project / "nb/far").symlink_to(outside)
    copy = tmp_path / "copy"
    original_of(project, (), project / "nb").copy_to(copy)
    assert (copy / "nb/inside").resolve() == (copy / "data").resolve()
    assert (copy / "nb/near").resolve() == (copy / "data/a.csv").resolve()
    assert (copy / "nb/far").resolve() == outside.resolve()


def test_a_huge_project_is_refused_and_can_be_linked(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "LIMIT_BYTES", 1000)
    (project / "data/big.bin").write_bytes(b"x" * 5000)
    with pytest.raises(UsageError, match=r"data: 5\.0 kB") as refused:
        original_of(project, (), project / "nb").refuse_if_huge()
    assert "--link data" in refused.value.hint
    linked = original_of(project, ("../data",), project / "nb")
    linked.refuse_if_huge()
    linked.copy_to(tmp_path / "copy")
    assert os.path.samefile(tmp_path / "copy/data/big.bin", project / "data/big.bin")  # noqa: PTH121


def test_a_write_into_what_is_linked_is_noticed(project: Path, tmp_path: Path) -> None:
    linked = original_of(project, ("data",), project / "nb")
    assert linked.changed_links() == []
    linked.copy_to(tmp_path / "copy")
    (tmp_path / "copy/data/new.csv").write_text("oh")
    assert str(project / "data/new.csv") in linked.changed_links()


@pytest.mark.parametrize("link", ["nowhere", "/", ".."])
def test_a_link_must_be_something_in_the_project(project: Path, link: str) -> None:
    with pytest.raises(UsageError):
        original_of(project, (link,), project / "nb")
