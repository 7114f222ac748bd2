"""What counts for the modules of a process: whether a process that starts now would load the same."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from stepmill.execution.forking import freshness
from stepmill.execution.forking.servers import is_possible

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not is_possible(), reason="only Linux can fork safely")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation with one package, and a folder in front of it on the path."""
    for name in (
        "site/pack/part.py",
        "site/pack/__init__.py",
        "site/one.pth",
        "site/data/x",
        "front/n.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("first")
    (tmp_path / "site/one.pth").write_text("../later\n\nimport sys")
    return tmp_path


def loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> freshness.Sources:
    time.sleep(0.02)  # coarse times of files
    sources = freshness.Sources([str(folder / "site")])
    package, part = ModuleType("pack"), ModuleType("pack.part")
    package.__file__, package.__path__ = str(folder / "site/pack/__init__.py"), [str(folder / "site/pack")]
    part.__file__ = str(folder / "site/pack/part.py")
    monkeypatch.setattr(sys, "modules", {"pack": package, "pack.part": part})
    sources.note_modules()
    sources.look(folder / "site/data/x")
    sources.look(os.fsencode(folder / "home/settings"))
    sources.look(3)
    sources.look(str(folder / "site/data"), deep=True)
    monkeypatch.undo()
    monkeypatch.setattr(sys, "path", [str(folder / "front"), str(folder / "site")])
    return sources


def write(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("other")

    return change


def put_back_the_time(folder: Path) -> None:
    path = folder / "site/pack/part.py"
    before = path.stat()
    path.write_text("other")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_the_package(folder: Path) -> None:
    (folder / "site/pack").rename(folder / "old")
    (folder / "old").rename(folder / "site/pack")
    (folder / "site/pack").rename(folder / "site/packed")


def remove(folder: Path) -> None:
    (folder / "site/data/x").unlink()


def link_elsewhere(folder: Path) -> None:
    (folder / "site/data/x").unlink()
    (folder / "site/data/x").symlink_to(folder / "older")


CHANGES = [
    pytest.param(write("site/pack/part.py"), "pack/part.py", id="a-module"),
    pytest.param(put_back_the_time, "pack/part.py", id="a-module-with-the-time-of-before"),
    pytest.param(write("site/pack/fast.py"), "site/pack", id="a-module-that-may-be-wanted-now"),
    pytest.param(write("site/data/x"), "data/x", id="data"),
    pytest.param(write("site/data/y"), "data", id="a-folder-that-was-listed"),
    pytest.param(write("home/settings"), "home/settings", id="a-file-that-was-not-there"),
    pytest.param(write("site/two.pth"), "site", id="a-path-file"),
    pytest.param(write("site/one.pth"), "one.pth", id="a-path-file-changed"),
    pytest.param(write("front/pack.py"), "", id="a-module-in-front"),
    pytest.param(write("front/sitecustomize.py"), "", id="sitecustomize"),
    pytest.param(write("front/pack.dist-info/METADATA"), "", id="a-distribution"),
    pytest.param(write("later/x"), "later", id="a-folder-that-a-path-file-names"),
    pytest.param(remove, "data/x", id="gone"),
    pytest.param(link_elsewhere, "data/x", id="a-link-to-another-file"),
    pytest.param(replace_the_package, "site", id="a-package-moved"),
]


@pytest.mark.parametrize(("change", "what"), CHANGES)
@pytest.mark.parametrize("is_settled", [True, False], ids=["while-it-waits", "before"])
def test_a_change_is_seen(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    what: str,
    is_settled: bool,
) -> None:
    monkeypatch.setattr(freshness, "_SKEW_NS", 0)
    sources = loaded(folder, monkeypatch)
    if is_settled:
        assert (sources.settle(), sources.changed()) == ("", "")
    time.sleep(0.02)
    change(folder)
    found = sources.changed() if is_settled else sources.settle()
    assert found
    assert what in found


@pytest.mark.parametrize("name", ["front/output.csv", "front/packing.py", "site/data/x.pyc", "else/pack.py"])
def test_what_does_not_matter(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(freshness, "_SKEW_NS", 0)
    sources = loaded(folder, monkeypatch)
    before = (folder / "site/data").stat()
    write(name)(folder)
    os.utime(folder / "site/data", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (sources.settle(), sources.changed()) == ("", "")


def test_what_changed_a_moment_before_may_have_changed_since(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clocks of file servers differ from ours, and some file systems count in seconds."""
    write("site/data/x")(folder)
    assert loaded(folder, monkeypatch).settle()
