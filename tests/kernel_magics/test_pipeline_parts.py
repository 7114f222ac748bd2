"""The parts of `%pipeline` that need no kernel: its line, unsaved changes, which servers are asked."""

from __future__ import annotations

import json
import os
import random
import re
import socket
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kernel_magics.notebooks import write_cells
from stepmill.errors import StepmillError, UsageError
from stepmill.model.artifact import ArtifactRef
from stepmill.model.restoration import Restoration
from stepmill_magics.executed import Executed
from stepmill_magics.pipeline import child, restoring, servers
from stepmill_magics.pipeline.arguments import COMMANDS, Request, complete, help_text, parse
from stepmill_magics.pipeline.unsaved import saved_cells, unsaved_changes

if TYPE_CHECKING:
    from pathlib import Path

LINES = [
    pytest.param("", Request(command="graph"), id="alone it draws"),
    pytest.param("a.ipynb", Request(command="graph", notebook="a.ipynb"), id="only a notebook"),
    pytest.param("run", Request(command="run"), id="run"),
    pytest.param(
        "run a.ipynb -p x=1", Request(command="run", notebook="a.ipynb", rest=("-p", "x=1")), id="options"
    ),
    pytest.param(
        "run -p x=1 'with blank ü.ipynb'",
        Request(command="run", notebook="with blank ü.ipynb", rest=("-p", "x=1")),
        id="a name with blanks, behind options",
    ),
    pytest.param(
        "run -p path=a.ipynb",
        Request(command="run", rest=("-p", "path=a.ipynb")),
        id="a value is no notebook",
    ),
    pytest.param(
        "export -o b.ipynb", Request(command="export", rest=("-o", "b.ipynb")), id="an output is no notebook"
    ),
    pytest.param("run --saved", Request(command="run", saved=True), id="saved"),
    pytest.param("why train", Request(command="why", rest=("train",)), id="a step"),
    pytest.param(
        'run -p "title=two words" -p cfg=\'{"a": 1}\'',
        Request(command="run", rest=("-p", "title=two words", "-p", 'cfg={"a": 1}')),
        id="quotation marks",
    ),
    pytest.param("run --help", Request(command="run", help=True), id="help of a command"),
    pytest.param("--help", Request(command="", help=True), id="help"),
    pytest.param("--explain", Request(command="graph", rest=("--explain",)), id="options of the graph"),
]


@pytest.mark.skipif(os.name == "nt", reason="quoting differs")
@pytest.mark.parametrize(("line", "request_"), LINES)
def test_the_line_is_read(line: str, request_: Request) -> None:
    assert parse(line) == request_


def test_an_unknown_command_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="no command 'runn'") as caught:
        parse("runn")
    assert "%pipeline run" in caught.value.hint
    with pytest.raises(UsageError, match="quotation"):
        parse("run -p 'x")


def test_help_names_every_command() -> None:
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", help_text(), re.MULTILINE)


def test_commands_complete_and_nothing_else() -> None:
    assert complete("r", "%pipeline r") == ["run", "restore", "runs"]
    assert complete("", "%pipeline ") == list(COMMANDS)
    assert complete("x", "%pipeline why x") == []


# Unsaved changes

SAVED_S = 1_700_000_000.0
SAVED = ("# text", "import os", "%%step load\nx = 1", "%%step train\ny = x")


def _executed(source: str, cell_id: str | None = None, *, ago_s: float = 0.0) -> Executed:
    return Executed(source, SAVED_S + 5 - ago_s, cell_id)


CHANGES = [
    pytest.param([], (), id="nothing was executed"),
    pytest.param([_executed("%%step load\nx = 1", "c2")], (), id="executed as saved"),
    pytest.param([_executed("%%step load\r\nx = 1\n", "c2")], (), id="line ends do not matter"),
    pytest.param([_executed("%%step load\nx = 2", "c2")], ("cell 2",), id="changed"),
    pytest.param([_executed("%%step load\nx = 2", "c2", ago_s=3600)], (), id="changed, and again, and saved"),
    pytest.param(
        [_executed("import os", "c1"), _executed("%%step load\nz = 3", "new")],
        ("a new cell (%%step load)",),
        id="a new cell with the tag of an old one",
    ),
    pytest.param(
        [_executed("%%step load\nx = 2", "vscode-notebook-cell:/x#1")], ("cell 2",), id="ids that are no ids"
    ),
    pytest.param(
        [_executed("import os, re", "vscode-notebook-cell:/x#2")], ("cell 1",), id="the most similar cell"
    ),
    pytest.param([_executed("print(1)")], (), id="a console's line is no cell"),
    pytest.param([_executed("%%step load\nx = 2")], ("cell 2",), id="a tagged cell without id"),
    pytest.param(
        [_executed("import os", "c1"), _executed("# look\n%pipeline run -p x=1\n", "new")],
        (),
        id="%pipeline itself need not be saved",
    ),
    pytest.param([_executed("%load_ext stepmill", "new")], (), id="nor loading us"),
    pytest.param(
        [_executed("import os", "c1"), _executed("%pipeline\nx = 9", "new")],
        ("a new cell (%pipeline)",),
        id="unless other code stands beside it",
    ),
    pytest.param(
        [_executed("x", "c1"), _executed("y", "c2")], ("cell 1", "cell 2"), id="all of them are named"
    ),
]


@pytest.mark.parametrize(("executed", "changes"), CHANGES)
def test_what_is_not_saved_is_named(
    tmp_path: Path, executed: list[Executed], changes: tuple[str, ...]
) -> None:
    notebook = write_cells(tmp_path / "n.ipynb", *SAVED)
    os.utime(notebook, (SAVED_S, SAVED_S))
    assert unsaved_changes(notebook, executed) == changes


def test_a_file_that_is_no_notebook_is_left_to_others(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"cells": 3}', '{"cells": [1]}'):
        (tmp_path / "n.ipynb").write_text(text)
        assert saved_cells(tmp_path / "n.ipynb") == ()
    assert unsaved_changes(tmp_path / "gone.ipynb", [_executed("x", "c1")]) == ()


# Servers


def test_only_servers_of_this_machine_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    good = {
        "hostname": "localhost",
        "port": 1,
        "pid": os.getpid(),
        "base_url": "/",
        "token": "t",
        "root_dir": "/",
    }
    others: list[dict[str, Any]] = [
        {"hostname": "example.org"},
        {"secure": True},
        {"port": None},
        {"pid": 2**22 + 1},
        {"sock": "/tmp/socket"},
    ]
    for number, change in enumerate([{}, *others]):
        (tmp_path / f"jpserver-{number}.json").write_text(json.dumps(good | change))
    (tmp_path / "jpserver-bad.json").write_text("{")
    assert [server["hostname"] for server in servers.running_servers()] == ["localhost"]
    assert servers.notebooks_of_kernel("k") == []  # nobody answers on that port


# The child process


def test_a_kernel_without_the_command_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_NEEDED", ("stepmill.cli.main", "no_such_package.inside"))
    with pytest.raises(StepmillError, match="no_such_package is not installed") as caught:
        child.ask(("graph", "x.ipynb"))
    assert sys.executable in caught.value.hint


def test_files_beside_the_notebook_do_not_hide_modules(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise SystemExit(7)")
    assert child.ask(("--version",), folder=tmp_path).code == 0


def test_an_error_document_becomes_the_error_that_it_is() -> None:
    told = {"error": {"code": "SM002", "message": "no", "hint": "h", "cell": 1, "line": 2, "column": None}}
    with pytest.raises(UsageError) as caught:
        child.raise_for(child.Answer(2, json.dumps(told), ""))
    assert (caught.value.message, caught.value.cell, caught.value.line) == ("no", 1, 2)
    with pytest.raises(StepmillError, match="Traceback"):
        child.raise_for(child.Answer(1, "", "Traceback ..."))


def test_a_server_that_is_none_any_more_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of a server that was killed names a port that something else has by now."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as other:
        about = {"hostname": "localhost", "port": other.getsockname()[1], "pid": os.getpid()}
        (tmp_path / "jpserver-1.json").write_text(json.dumps(about))

        def greet() -> None:
            asker, _ = other.accept()
            with asker:
                asker.recv(1024)
                asker.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        greeting = threading.Thread(target=greet)
        greeting.start()
        try:
            assert servers.notebooks_of_kernel("k") == []
        finally:
            greeting.join()


def test_a_damaged_state_of_a_generator_is_said_and_nothing_else_is_lost(tmp_path: Path) -> None:
    ref = ArtifactRef(digest="d" * 64)
    found = Restoration(folder="", store=str(tmp_path), restored=("fit",), random={"random": ref})
    report, before = restoring._Report(), random.getstate()
    restoring._set_generators(found, SimpleNamespace(user_ns={}), report)
    assert random.getstate() == before
    (note,) = report.notes
    assert note.startswith("the random state of random is not known")
