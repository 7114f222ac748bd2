from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.config import Settings, load_settings, traits
from stepmill.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter's configuration folder of a user who has no other."""
    folder = tmp_path / "jupyter"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))
    return folder


def write(folder: Path, text: str, suffix: str = ".py") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"stepmill_config{suffix}"
    path.write_text(text)
    return path


def test_without_files_everything_has_its_default(jupyter: Path) -> None:
    assert load_settings(environ={}) == Settings()


def test_nearer_settings_win(jupyter: Path, tmp_path: Path) -> None:
    root, folder = tmp_path / "root", tmp_path / "folder"
    write(jupyter, "c.Stepmill.jobs = 1\nc.Stepmill.tracker = 'jupyter'\nc.Stepmill.threads = 1\n")
    write(root, '{"Stepmill": {"jobs": 2, "tracking": false}}', ".json")
    write(folder, "c.Stepmill.jobs = 3\nc.Stepmill.start_timeout_s = 5\n")
    settings = load_settings((root, folder), environ={"STEPMILL_THREADS": "4"})
    assert settings == Settings(jobs=3, tracking=False, tracker="jupyter", start_timeout_s=5, threads=4)
    assert load_settings((root, folder), environ={"STEPMILL_JOBS": "5"}).jobs == 5
    assert load_settings((root, folder), environ={"STEPMILL_JOBS": "5"}, jobs=6).jobs == 6
    assert load_settings((root, folder), environ={"STEPMILL_JOBS": "5"}, jobs=None).jobs == 5


FILES = [
    pytest.param("c.Stepmill.jbos = 3", "jbos", id="unknown-setting"),
    pytest.param("c.Stepmill.jobs = 'many'", "jobs", id="wrong-type"),
    pytest.param("c.Stepmill.jobs = 0", "must be above 0", id="out-of-range"),
    pytest.param("1 / 0", "ZeroDivisionError", id="file-that-raises"),
    pytest.param("c.Stepmill.jobs = ", "SyntaxError", id="file-with-a-syntax-error"),
]


@pytest.mark.parametrize(("text", "words"), FILES)
def test_bad_files_are_named(jupyter: Path, text: str, words: str) -> None:
    path = write(jupyter, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={})
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


VARIABLES = [
    pytest.param({"STEPMILL_JOBS": "many"}, id="no-number"),
    pytest.param({"STEPMILL_JOBS": "-1"}, id="negative"),
    pytest.param({"STEPMILL_TRACKING": "perhaps"}, id="no-truth-value"),
    pytest.param({"STEPMILL_START_TIMEOUT_S": "soon"}, id="no-time"),
    pytest.param({"STEPMILL_START_TIMEOUT_S": "nan"}, id="not-a-number"),
    pytest.param({"STEPMILL_START_TIMEOUT_S": "inf"}, id="for-ever"),
    pytest.param({"STEPMILL_KEEP_S": "-1"}, id="negative-time"),
    pytest.param({"STEPMILL_KEEP_S": "nan"}, id="time-that-is-no-number"),
    pytest.param({"STEPMILL_KEEP_S": "90000"}, id="too-long"),
]


@pytest.mark.parametrize("environ", VARIABLES)
def test_bad_variables_are_named(jupyter: Path, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        load_settings(environ=environ)


WORDS = [("true", True), ("YES", True), ("1", True), ("false", False), ("Off", False), ("0", False)]


@pytest.mark.parametrize(("text", "value"), WORDS)
def test_truth_values(jupyter: Path, text: str, value: bool) -> None:
    assert load_settings(environ={"STEPMILL_TRACKING": text}).tracking is value


def test_files_and_settings_have_the_same_names_and_defaults() -> None:
    made: Any = traits()()
    assert {name: getattr(made, name) for name in traits().class_own_traits(config=True)} == {
        name: getattr(Settings(), name) for name in Settings.__dataclass_fields__
    }
    assert all(trait.help for trait in traits().class_own_traits(config=True).values())


def test_traitlets_is_not_imported_without_a_file(jupyter: Path) -> None:
    script = (
        "import sys; from stepmill.config import load_settings; load_settings(); "
        "print('traitlets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_projects_code_is_left_out_where_it_must_not_run(jupyter: Path, tmp_path: Path) -> None:
    """Looking at a notebook of somebody else's must not run what lies beside it."""
    write(jupyter, "c.Stepmill.jobs = 1\n")
    write(tmp_path / "root", "raise SystemExit\n")
    write(tmp_path / "root", '{"Stepmill": {"project": "elsewhere"}}', ".json")
    found = load_settings([tmp_path / "root"], environ={}, run_files=False)
    assert (found.jobs, found.project) == (1, "elsewhere")
