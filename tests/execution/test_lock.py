from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest

from stepmill.errors import ConfigError, ProjectLocked
from stepmill.execution.lock import hold_project, holder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_run_is_refused_and_told_who_holds_the_project(tmp_path: Path) -> None:
    with hold_project(tmp_path, "first"):
        refused = pytest.raises(ProjectLocked, match=f"run first is using.*process {os.getpid()}")
        with refused as caught, hold_project(tmp_path, "second"):
            pytest.fail("two runs at once")
        assert "--project" in caught.value.hint
        assert (holder(tmp_path) or {})["run_id"] == "first"
    with hold_project(tmp_path, "third"):
        pass
    assert holder(tmp_path) is None


def test_an_error_inside_releases(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold_project(tmp_path, "r"):
        raise KeyError
    assert holder(tmp_path) is None


def test_the_state_folder_is_made(tmp_path: Path) -> None:
    with hold_project(tmp_path / "a/.stepmill", "r"):
        assert (tmp_path / "a/.stepmill/lock").exists()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    program = f"""
        import time
        from pathlib import Path
        from stepmill.execution.lock import hold_project
        with hold_project(Path({str(tmp_path)!r}), "other"):
            print("held", flush=True)
            time.sleep(600)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(ProjectLocked, match=f"run other.*process {process.pid}"), hold_project(tmp_path, "r"):
        pass
    process.kill()
    process.communicate()
    with hold_project(tmp_path, "r"):
        pass


def test_a_state_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(ConfigError, match="cannot be written"),
        hold_project(tmp_path / "file/.stepmill", "r"),
    ):
        pass


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with hold_project(tmp_path, "elsewhere"):
        monkeypatch.setattr(fcntl, "flock", refused)
        assert holder(tmp_path) is None
        with pytest.raises(ConfigError, match="No locks available") as caught, hold_project(tmp_path, "r"):
            pass
        assert "--project" in caught.value.hint
        monkeypatch.undo()


def test_asking_who_holds_the_project_keeps_nobody_out(tmp_path: Path) -> None:
    with hold_project(tmp_path, "first"):
        pass
    over = threading.Event()
    askers = [threading.Thread(target=_ask_until, args=(tmp_path, over)) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        for number in range(50):
            with hold_project(tmp_path, f"r{number}"):
                assert (holder(tmp_path) or {})["run_id"] == f"r{number}"
    finally:
        over.set()
        for asker in askers:
            asker.join()


def _ask_until(state: Path, over: threading.Event) -> None:
    while not over.is_set():
        holder(state)
        over.wait(0.001)
