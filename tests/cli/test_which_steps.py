"""The options that say which steps run, and how they arrive; a server's request goes the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from cli.notebooks import GOOD, write_notebook
from stepmill import api
from stepmill.cli.main import app
from stepmill.model.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

NONE = {"refresh": (), "start": (), "steps": None, "cache_for_s": None, "overwrite": False}
GIVEN = [
    pytest.param("", {}, id="nothing"),
    pytest.param("--from order", {"start": ("order",)}, id="from"),
    pytest.param("--from order --from scale", {"start": ("order", "scale")}, id="from-twice"),
    pytest.param("--cache-for 1h30m", {"cache_for_s": 5400.0}, id="cache-for"),
    pytest.param("--cache-for 1d --from load", {"cache_for_s": 86400.0, "start": ("load",)}, id="both"),
    pytest.param("--refresh load --only scale", {"refresh": ("load",), "steps": ("scale",)}, id="refresh"),
    pytest.param("--no-cache --refresh load", {"refresh": True}, id="no-cache-is-all"),
    pytest.param("--overwrite", {"overwrite": True}, id="overwrite"),
]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "n.ipynb", GOOD)


@pytest.mark.parametrize(("line", "expected"), GIVEN)
def test_wishes_arrive(
    line: str, expected: dict[str, Any], notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def plan(*_: Any, **options: Any) -> Plan:
        seen.update(options)
        return Plan(steps=())

    monkeypatch.setattr(api, "plan", plan)
    result = CliRunner().invoke(app, ["plan", str(notebook), "--trust", *line.split()])
    assert (result.exit_code, result.stderr) == (0, "")
    assert {name: seen[name] for name in NONE} == NONE | expected
    assert seen["trust"] is True


WRONG = [
    pytest.param("plan --cache-for soon", "'soon' is no duration", id="no-duration"),
    pytest.param("plan --cache-for 0s", "'0s' is no duration", id="no-time-at-all"),
    pytest.param("plan --from ordr", "order", id="from-an-unknown-step-names-the-nearest"),
    pytest.param("step scale -o x.ipynb", "-o and -p go with --open", id="output-without-open"),
    pytest.param("step scale -p alpha=1", "-o and -p go with --open", id="parameter-without-open"),
    pytest.param("step scal --open", "scale", id="open-an-unknown-step-names-the-nearest"),
]


@pytest.mark.parametrize(("line", "said"), WRONG)
def test_what_cannot_be_meant_is_refused(line: str, said: str, notebook: Path) -> None:
    command, *rest = line.split()
    result = CliRunner().invoke(app, [command, str(notebook), *rest])
    assert result.exit_code == 2
    assert said in result.stderr
    assert list(notebook.parent.glob("*.ipynb")) == [notebook]


def test_open_writes_beside_the_notebook_or_where_it_is_told(notebook: Path) -> None:
    target = notebook.parent / "own.ipynb"
    for arguments, written in (
        (["load", "--open"], notebook.parent / "n-load.ipynb"),
        (["load", "--open", "-o", str(target)], target),
    ):
        result = CliRunner().invoke(app, ["step", str(notebook), *arguments])
        assert (result.exit_code, result.stderr) == (0, "")
        assert str(written.name) in result.stdout
        assert "values = [3, 1, 2]" in written.read_text("utf-8")
        again = CliRunner().invoke(app, ["step", str(notebook), *arguments])
        assert again.exit_code == 2  # no file is overwritten
