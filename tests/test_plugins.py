"""The plug-in door: who comes later is found, and who does not load is an error of its own."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.errors import PluginError
from stepmill.plugins import Registry, entry_points_of

if TYPE_CHECKING:
    from pathlib import Path

REGISTERED = """[stepmill.trackers]
gone = no_such_module_here:Tracker
renamed = stepmill.errors:NoSuchClass
"""


@pytest.fixture
def trackers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Any]:
    about = tmp_path / "strange-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(REGISTERED)
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("stepmill.trackers")


BROKEN = [
    pytest.param(
        "gone", "does not import: No module named 'no_such_module_here'", id="its-module-is-missing"
    ),
    pytest.param("renamed", "does not import: .*NoSuchClass", id="its-module-has-no-such-class"),
    pytest.param("unheard-of", "is called 'unheard-of'", id="nothing-has-its-name"),
]


@pytest.mark.parametrize(("name", "message"), BROKEN)
def test_what_does_not_load_is_said(trackers: Registry[Any], name: str, message: str) -> None:
    with pytest.raises(PluginError, match=message) as caught:
        trackers.load(name)
    assert caught.value.hint


def test_what_is_installed_is_listed(trackers: Registry[Any]) -> None:
    assert {"gone", "mlflow", "renamed"} <= set(trackers.names())


GROUP = "stepmill.test-things"


def install(folder: Path, name: str) -> None:
    """Write what an installer leaves of a package with one entry point; the folder looks changed for sure."""
    about = folder / f"{name}-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = json:dumps\n")
    later_ns = folder.stat().st_mtime_ns + 2_000_000_000
    os.utime(folder, ns=(later_ns, later_ns))


def test_packages_that_come_later_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert entry_points_of(GROUP) == ()
    install(tmp_path, "one")
    monkeypatch.syspath_prepend(tmp_path)
    assert [point.name for point in entry_points_of(GROUP)] == ["one"]
    install(tmp_path, "other")
    assert Registry[Any](GROUP).names() == ["one", "other"]
    assert Registry[Any](GROUP).load("other") is json.dumps
