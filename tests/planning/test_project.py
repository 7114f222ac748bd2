from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from stepmill.errors import ConfigError
from stepmill.planning.project import Project, find_root

if TYPE_CHECKING:
    from pathlib import Path

MARKS = [
    pytest.param(".stepmill", id="a-state-folder"),
    pytest.param("pyproject.toml", id="a-project-file"),
    pytest.param(".git", id="a-repository"),
]


@pytest.mark.parametrize("mark", MARKS)
def test_the_root_is_the_nearest_parent_with(tmp_path: Path, mark: str) -> None:
    notebook = tmp_path / "proj" / "deep" / "n.ipynb"
    notebook.parent.mkdir(parents=True)
    (tmp_path / "proj" / mark).mkdir()
    (tmp_path / ".git").mkdir(exist_ok=True)
    assert find_root(notebook) == tmp_path / "proj"


def test_without_marks_the_root_is_the_notebooks_folder(tmp_path: Path) -> None:
    assert find_root(tmp_path / "n.ipynb") == tmp_path


def test_an_override_wins_and_must_exist(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "elsewhere").mkdir()
    assert find_root(tmp_path / "n.ipynb", tmp_path / "elsewhere") == tmp_path / "elsewhere"
    with pytest.raises(ConfigError, match="does not exist"):
        find_root(tmp_path / "n.ipynb", tmp_path / "missing")


def test_preparing_hides_the_state_from_git(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.prepare()
    project.prepare()
    assert (tmp_path / ".stepmill" / ".gitignore").read_text() == "*\n"


def test_a_state_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / ".stepmill").write_text("a file")
    with pytest.raises(ConfigError, match="cannot keep its state") as caught:
        Project(tmp_path).prepare()
    assert "--project" in caught.value.hint


def test_the_secret_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.prepare()
    secret = project.secret()
    assert len(secret) == 32
    assert Project(tmp_path).secret() == secret
    assert stat.S_IMODE((tmp_path / ".stepmill" / "secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / ".stepmill").glob("secret*")] == ["secret"]


def test_without_a_state_folder_nothing_is_written(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.secret() != project.secret()
    assert list(tmp_path.iterdir()) == []


def test_notebooks_are_named_from_the_root(tmp_path: Path) -> None:
    root = tmp_path / "proj"
    root.mkdir()
    project = Project(root)
    assert project.relative(root / "données" / "mein notebook.ipynb") == "données/mein notebook.ipynb"
    assert project.relative(tmp_path / "n.ipynb") == (tmp_path / "n.ipynb").as_posix()
