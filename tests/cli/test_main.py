"""The door: help, exit codes, errors as text and as JSON, and what is not imported."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner, Result

from stepmill.cli.command import StepmillCommand, json_option, notebook_argument
from stepmill.cli.group import COMMANDS, HIDDEN, StepmillGroup
from stepmill.cli.main import app
from stepmill.errors import NotebookError, RunCancelled

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = [name for section in COMMANDS.values() for name in section]
HEAVY = (
    "rich",
    "stepmill.api",
    "papermill",
    "mlflow",
    "pandas",
    "numpy",
    "IPython",
    "nbformat",
    "jupyter_client",
)


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def run_process(arguments: Sequence[str], **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stepmill", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, **options)


IMPORTS = """
import sys
sys.argv = ["stepmill", *{arguments!r}]
from stepmill.cli.main import main
try:
    main()
except SystemExit:
    pass
sys.stderr.write(" ".join(name for name in {heavy!r} if name in sys.modules))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["graph", "--help"]], ids=" ".join
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    heavy = HEAVY if len(arguments) == 1 else tuple(name for name in HEAVY if name != "stepmill.api")
    program = IMPORTS.format(arguments=arguments, heavy=heavy)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_command_teaches_by_example_and_speaks_json(name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert "--json" in result.output
    assert "--project" in result.output or name in ("explain", "kernels", "tag")  # which ask no project
    assert f"\n  stepmill {name}" in result.output.split("Examples:")[1]


def test_help_lists_every_command_that_exists() -> None:
    folder = Path(sys.modules["stepmill.cli"].__file__ or "") / ".." / "commands"
    assert {path.stem for path in folder.resolve().glob("[a-z]*.py")} == {*NAMES, *HIDDEN}
    output = invoke("--help").output
    assert all(f"\n  {name} " in output for name in NAMES)


WRONG = [
    pytest.param(["rnu"], "did you mean `stepmill run`?", id="a-typing-error-is-guessed"),
    pytest.param(["churn.ipynb"], "stepmill run churn.ipynb", id="a-notebook-instead-of-a-command"),
    pytest.param(["zzz"], "`stepmill --help` lists the commands", id="an-unknown-command"),
    pytest.param(["--bogus"], "--help", id="an-unknown-option"),
    pytest.param(["run"], "`stepmill run --help` shows how it is used", id="a-missing-argument"),
    pytest.param(["run", "x.ipynb", "--jobs", "0"], "stepmill run --help", id="an-option-out-of-range"),
    pytest.param(["runs", "--project", "/no/such/folder"], "stepmill runs --help", id="a-missing-project"),
]


@pytest.mark.parametrize(("arguments", "hint"), WRONG)
def test_wrong_usage_is_exit_code_two_with_a_hint(arguments: list[str], hint: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error[SM001]: ")
    assert hint in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(("arguments", "hint"), WRONG)
def test_wrong_usage_as_json(arguments: list[str], hint: str) -> None:
    result = invoke(*arguments, "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error.keys() == {"code", "message", "hint", "cell", "line", "column"}
    assert result.stderr == ""


def test_without_a_command_the_help_is_shown_and_the_usage_was_wrong() -> None:
    result = invoke()
    assert result.exit_code == 2
    assert "Examples:" in result.stderr


def group_with(error: BaseException) -> StepmillGroup:
    """A group whose one command raises `error`."""

    @click.command("fail", cls=StepmillCommand)
    @notebook_argument
    @json_option
    def fail(notebook: Path, as_json: bool) -> int:
        raise error

    class Group(StepmillGroup):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            return fail

    return Group("stepmill")


ENDINGS = [
    pytest.param(
        NotebookError("x.ipynb is no notebook", hint="save it"), 1, "SM010", id="the-notebook-is-wrong"
    ),
    pytest.param(RunCancelled("stopped"), 130, "SM051", id="cancelled"),
    pytest.param(KeyboardInterrupt(), 130, "SM051", id="interrupted"),
    pytest.param(OSError(errno.ENOSPC, "No space left on device"), 1, "SM052", id="the-disk-is-full"),
    pytest.param(ZeroDivisionError("division by zero"), 1, "SM000", id="a-bug-of-ours"),
]


@pytest.mark.parametrize(("error", "code", "sm"), ENDINGS)
def test_exit_codes(error: BaseException, code: int, sm: str) -> None:
    result = CliRunner().invoke(group_with(error), ["fail", "x.ipynb"])
    assert result.exit_code == code
    assert "Traceback" not in result.output
    assert result.stderr


@pytest.mark.parametrize(("error", "code", "sm"), ENDINGS)
def test_exit_codes_as_json(error: BaseException, code: int, sm: str) -> None:
    result = CliRunner().invoke(group_with(error), ["fail", "x.ipynb", "--json"])
    assert result.exit_code == code
    assert json.loads(result.stdout)["error"]["code"] == sm


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EMFILE, errno.EIO, errno.ENOMEM])
def test_what_the_machine_refuses_is_no_bug_of_ours(number: int) -> None:
    group = group_with(OSError(number, os.strerror(number), "/data/x.csv"))
    result = CliRunner().invoke(group, ["fail", "x.ipynb"])
    assert (result.exit_code, "bug" in result.stderr) == (1, False)
    assert os.strerror(number) in result.stderr
    assert "/data/x.csv" in result.stderr


def test_a_bug_says_so_and_keeps_its_traceback_for_those_who_ask() -> None:
    group = group_with(ZeroDivisionError("division by zero"))
    quiet = CliRunner().invoke(group, ["fail", "x.ipynb"])
    assert "this is a bug in stepmill: ZeroDivisionError: division by zero" in quiet.stderr
    assert "STEPMILL_DEBUG=1" in quiet.stderr
    loud = CliRunner(env={"STEPMILL_DEBUG": "1"}).invoke(group, ["fail", "x.ipynb", "--json"])
    assert "Traceback (most recent call last)" in loud.stderr
    assert json.loads(loud.stdout)["error"]["hint"] == ""


def test_the_place_of_an_error_is_shown_with_its_line(tmp_path: Path) -> None:
    notebook = tmp_path / "n.ipynb"
    cell = {"cell_type": "code", "source": ["x = 1\n", "y = $"], "metadata": {}, "outputs": []}
    notebook.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    error = NotebookError("a syntax error", cell=0, line=2, column=4)
    result = CliRunner().invoke(group_with(error), ["fail", str(notebook)])
    assert result.stderr.splitlines()[1:] == [
        f" --> {notebook}, cell [0], line 2",
        "  |",
        "2 | y = $",
        "  |     ^",
    ]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_no_encoding_of_the_terminal_breaks_the_output(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stepmill", "rnu\u2192評"],
        env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"error[SM001]" in done.stderr
    assert b"Traceback" not in done.stderr


def test_colours_only_where_they_are_wanted() -> None:
    plain = run_process(["rnu"])
    assert "\x1b" not in plain.stderr
