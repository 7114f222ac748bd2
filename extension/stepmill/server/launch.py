"""Starting a run as a process of its own, which nothing that happens to the server ends."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stepmill.errors import StepmillError, UsageError
from stepmill.server.base import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LOOK_S = 0.02
_SHOWN_CHARACTERS = 2000
_KEEP_S = 300
"""For so long the process that kernels are forked from waits for the next run, unless configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to run. `refresh` names steps to run even if they are cached; True: all.

    `start` names steps to run with all that follow; `cache_for` is a duration as one types it.
    """

    notebook: Path
    project: Path
    parameters: Mapping[str, Any]
    steps: tuple[str, ...] = ()
    refresh: tuple[str, ...] | bool = False
    start: tuple[str, ...] = ()
    cache_for: str = ""
    overwrite: bool = False

    def command(self) -> list[str]:
        """Return the command line. No name in it can be taken for an option, and no shell reads it.

        Values go to standard input, as they are typed and where no list of processes shows them.
        """
        again = ["--no-cache"] if self.refresh is True else [f"--refresh={s}" for s in self.refresh or ()]
        return [
            *(
                sys.executable,
                "-P",
                "-m",
                "stepmill",
                "run",
                "--json",
                "--parameters=-",
                f"--keep-s={_KEEP_S}",
            ),
            f"--project={self.project}",
            *(f"--only={step}" for step in self.steps),
            *again,
            *(f"--from={step}" for step in self.start),
            *([f"--cache-for={self.cache_for}"] if self.cache_for else []),
            *(["--overwrite"] if self.overwrite else []),
            "--",
            str(self.notebook),
        ]


def start_run(request: RunRequest) -> str:
    """Start a run and return its id once it has begun; blocks for about as long as imports take.

    Its output goes to a file: a pipe would break when the server stops, and the run with it.

    Raises
    ------
    RefusedError
        It was refused before anything ran: the notebook has errors, a value does not fit, the
        project is in use.
    UsageError, StepmillError
        It cannot be started; it ended without a word.
    """
    with _output_file() as (writing, reading):
        try:
            process = subprocess.Popen(
                request.command(),
                stdin=subprocess.PIPE,
                stdout=writing,
                stderr=subprocess.STDOUT,
                cwd=request.notebook.parent,
                start_new_session=True,
            )
        except ValueError as error:  # a NUL in a name
            raise UsageError(f"the run cannot be started: {error}") from error
        threading.Thread(target=process.wait, name="stepmill-run", daemon=True).start()
        _feed(process, json.dumps(dict(request.parameters)))
        return _first_word(process, reading)


@contextlib.contextmanager
def _output_file() -> Iterator[tuple[Any, Any]]:
    """Give a nameless file twice, to append to and to read from; it goes with the last who has it open."""
    descriptor, name = tempfile.mkstemp(prefix="stepmill-run-")
    os.close(descriptor)
    with open(name, "ab") as writing, open(name, "rb") as reading:  # noqa: PTH123
        with contextlib.suppress(PermissionError):  # Windows
            os.unlink(name)  # noqa: PTH108
        yield writing, reading


def _feed(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it says itself why it ended
        process.stdin.write(text.encode())
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def _first_word(process: subprocess.Popen[bytes], reading: Any) -> str:
    """Wait for the first event or the error; return the run's id."""
    said = b""
    while True:
        has_ended = process.poll() is not None
        said += reading.read()
        for line in said.split(b"\n")[:-1]:
            document = _parsed(line)
            if "error" in document:
                raise RefusedError(document)
            if "run_id" in document:
                return str(document["run_id"])
        if has_ended:
            last = said.decode(errors="replace").strip()[-_SHOWN_CHARACTERS:]
            raise StepmillError(
                f"the run ended before it began (exit code {process.returncode}): {last}",
                hint="`stepmill run` in a terminal shows more; please report it",
            )
        time.sleep(_LOOK_S)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}  # a warning of some library
    return document if isinstance(document, dict) else {}
