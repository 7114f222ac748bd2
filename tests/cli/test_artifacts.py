"""`stepmill artifacts`: what a run gave, without loading anything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from cli.past_runs import past_run
from stepmill.api import open_run
from stepmill.cli.main import app
from stepmill.cli.render.artifact_text import artifacts_table


class Mine:
    """A value whose unpickling writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (self.path, "unpickled")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    frame = pd.DataFrame({"age": [1.0, None, 3.0], "who": ["a", "b", "a"]})
    past_run(tmp_path, "20260101-000000-aaaa", {"load": {"df": frame}})
    past_run(
        tmp_path,
        "20260102-000000-bbbb",
        {"load": {"df": frame}, "fit": {"trap": Mine(tmp_path / "proof"), "a": np.arange(3)}},
    )
    return tmp_path


def artifacts(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["artifacts", *arguments, "--project", str(project)])


def test_nothing_is_unpickled(project: Path) -> None:
    for arguments in ((), ("latest", "fit"), ("latest", "fit", "trap"), ("latest", "fit", "trap", "--json")):
        result = artifacts(project, *arguments)
        assert result.exit_code == 0, result.output
        assert "Mine" in result.stdout
    assert not (project / "proof").exists()
    from stepmill.artifacts.values import load_values

    run = open_run("latest", project)
    load_values(run.store, run.folder.read_references("fit"), definitions={}, namespace={})
    assert (project / "proof").exists(), "the trap is none"


def test_the_list_is_plain_when_piped(project: Path) -> None:
    lines = artifacts(project).stdout.splitlines()
    assert lines[0].split() == ["step", "name", "digest", "shape", "size", "type"]
    assert [line.split()[:2] for line in lines[1:4]] == [["load", "df"], ["fit", "trap"], ["fit", "a"]]
    assert "\x1b" not in "".join(lines)


def test_on_a_narrow_terminal_the_digest_makes_room(project: Path) -> None:
    values = open_run("latest", project=project).artifacts()
    wide, narrow = (artifacts_table(values, width=width) for width in (120, 60))
    assert ("digest" in wide[0].plain, "digest" in narrow[0].plain) == (True, False)
    assert max(line.cell_len for line in narrow) <= 60
    assert [line.plain.split()[-1] for line in narrow] == [line.plain.split()[-1] for line in wide]


def test_one_value_shows_statistics_and_rows(project: Path) -> None:
    text = artifacts(project, "latest", "load", "df").stdout
    assert "1 to 3, mean 2, deviation 1" in text
    assert "a (2), b (1)" in text
    assert text.splitlines()[-1].split() == ["2", "3.0", "a"]


def test_json_has_what_a_script_needs(project: Path) -> None:
    document = json.loads(artifacts(project, "20260101", "--json").stdout)
    assert (document["schema"], document["run_id"]) == (1, "20260101-000000-aaaa")
    [value] = document["artifacts"]
    assert (value["step"], value["name"], value["type"]) == ("load", "df", "pandas.DataFrame")
    assert (value["shape"], value["is_stored"], value["picture"]) == ([3, 2], True, None)
    assert value["preview"]["statistics"][0]["missing"] == 1


def test_removed_values_are_said_to_be(project: Path) -> None:
    shutil.rmtree(project / ".stepmill" / "artifacts")
    assert "removed from the store" in artifacts(project).stdout
    result = artifacts(project, "latest", "load", "df")
    assert (result.exit_code, "run again to have it" in result.stdout) == (0, True)


def test_runs_are_named_from_the_newest_back(project: Path) -> None:
    assert json.loads(artifacts(project, "latest~1", "--json").stdout)["run_id"] == "20260101-000000-aaaa"
    result = artifacts(project, "latest~2")
    assert (result.exit_code, "there is no run 'latest~2'" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(("latest", "nope"), "its steps: load, fit"), (("latest", "load", "nope"), "it gave: df")],
    ids=["step", "name"],
)
def test_what_is_not_there_is_said(project: Path, arguments: tuple[str, ...], hint: str) -> None:
    result = artifacts(project, *arguments)
    assert (result.exit_code, hint in result.stderr) == (2, True)
