"""`stepmill ui`: what becomes of a server that does not come up."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from stepmill.cli import page_server
from stepmill.cli.commands import ui
from stepmill.cli.main import app
from stepmill.errors import StepmillError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that is taken, and at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def served(code: str, port: int, log: Path) -> int:
    command, address = [sys.executable, "-c", code], f"http://127.0.0.1:{port}"
    return page_server.serve(command, os.environ, address, log=log, on_ready=lambda: None)


def test_the_last_words_of_a_server_that_ends_are_shown(tmp_path: Path, silent_port: int) -> None:
    with pytest.raises(StepmillError, match="ended by itself") as caught:
        served("raise SystemExit('no room')", silent_port, tmp_path / "log")
    assert "no room" in caught.value.hint


def test_of_a_server_that_does_not_answer_nobody_says_that_it_ended(
    tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_server, "START_TIMEOUT_S", 0.5)
    with pytest.raises(StepmillError, match=r"did not answer within 0\.5 s"):
        served("import time; time.sleep(600)", silent_port, tmp_path / "log")


def test_it_needs_no_run_where_runs_are_tracked_elsewhere(
    tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mine.db'}")
    server = [sys.executable, "-c", "raise SystemExit('no room')", "--port", str(silent_port)]
    monkeypatch.setattr(ui, "ui_command", lambda *_, **__: server)
    (tmp_path / "project").mkdir()
    left = CliRunner().invoke(app, ["ui", "--no-browser", "--project", str(tmp_path / "project")])
    assert left.exit_code == 1
    assert "MLflow's server ended by itself" in left.output
