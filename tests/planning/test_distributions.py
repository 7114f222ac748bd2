from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.planning.distributions import (
    distributions_by_module,
    installed_versions,
    normalised,
    used_distributions,
)

if TYPE_CHECKING:
    from pathlib import Path


def install(site: Path, name: str, *files: str) -> None:
    """Lay out an installed distribution, `name` as in its folder's name."""
    folder = site / name
    folder.mkdir(parents=True)
    (folder / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))


@pytest.mark.parametrize("name", ["scikit-learn", "Scikit_Learn", "scikit.learn", "scikit--learn"])
def test_names_are_normalised(name: str) -> None:
    assert normalised(name) == "scikit-learn"


def test_versions_are_those_of_the_interpreter_itself() -> None:
    found = installed_versions(sys.path)
    assert {name: found[name] for name in ("numpy", "pytest-timeout")} == {
        "numpy": version("numpy"),
        "pytest-timeout": version("pytest-timeout"),
    }


def test_earlier_folders_win(tmp_path: Path) -> None:
    install(tmp_path / "a", "lib-1.0.dist-info")
    install(tmp_path / "b", "lib-2.0.dist-info")
    install(tmp_path / "b", "other-3.0.dist-info")
    folders = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "missing"), ""]
    assert installed_versions(folders) == {"lib": "1.0", "other": "3.0"}


def test_an_upgrade_is_seen_in_the_same_process(tmp_path: Path) -> None:
    install(tmp_path, "lib-1.0.dist-info")
    assert installed_versions([str(tmp_path)]) == {"lib": "1.0"}
    (tmp_path / "lib-1.0.dist-info").rename(tmp_path / "lib-1.1.dist-info")
    os.utime(tmp_path)
    assert installed_versions([str(tmp_path)]) == {"lib": "1.1"}


def test_metadata_says_what_the_folder_name_does_not(tmp_path: Path) -> None:
    (tmp_path / "old_lib.egg-info").mkdir()
    (tmp_path / "old_lib.egg-info" / "PKG-INFO").write_text("Name: Old-Lib\nVersion: 0.9\n")
    assert installed_versions([str(tmp_path)]) == {"old-lib": "0.9"}


def test_modules_lead_to_their_distributions(tmp_path: Path) -> None:
    install(tmp_path, "scikit_learn-1.9.dist-info", "sklearn/__init__.py", "../../bin/tool")
    install(tmp_path, "six-1.0.dist-info", "six.py", "__pycache__/six.pyc", "six-1.0.dist-info/RECORD")
    install(tmp_path, "google_a-1.dist-info", "google/a.py")
    install(tmp_path, "google_b-2.dist-info", "google/b.py")
    by_module = distributions_by_module([str(tmp_path)], {})
    versions = installed_versions([str(tmp_path)])
    assert used_distributions(["sklearn", "google", "os"], by_module, versions) == {
        "google-a": "1",
        "google-b": "2",
        "scikit-learn": "1.9",
    }
    assert set(by_module) == {"sklearn", "six", "google"}


def test_installed_files_are_listed_again_only_after_a_change(tmp_path: Path) -> None:
    remembered: dict[str, Any] = {}
    install(tmp_path, "lib-1.dist-info", "lib/__init__.py")
    distributions_by_module([str(tmp_path)], remembered)
    remembered[str(tmp_path)]["modules"] = {"from": ["memory"]}
    assert distributions_by_module([str(tmp_path)], remembered) == {"from": {"memory"}}
    os.utime(tmp_path, (1, 1))
    assert distributions_by_module([str(tmp_path)], remembered) == {"lib": {"lib"}}
