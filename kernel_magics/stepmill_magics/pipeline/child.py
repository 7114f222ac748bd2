"""The command line as a child process: it shares no memory, no interrupt and no imports with the kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Any

from stepmill.errors import StepmillError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_NEEDED = ("stepmill.cli.main", "stepmill.running.loop", "click", "papermill", "nbformat")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def document(self) -> Mapping[str, Any]:
        """Return the JSON document that was printed, or an empty one."""
        try:
            found = json.loads(self.out)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def ask(arguments: Sequence[str], *, folder: Path | None = None, width: int | None = None) -> Answer:
    """Run a command to its end. With `width` it writes for people, in colour.

    An interrupt of the kernel ends the command as well.
    """
    process = subprocess.Popen(
        command_line(arguments),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(width),
        encoding="utf-8",
        errors="replace",
    )
    try:
        out, err = process.communicate()
    except KeyboardInterrupt:
        process.terminate()
        process.communicate()
        raise
    return Answer(process.returncode, out, err)


@dataclass(slots=True)
class Background:
    """A command that goes on whatever becomes of the kernel; it writes to files that we read from."""

    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes] = field(init=False)
    _out: IO[bytes] = field(init=False)
    _err: IO[bytes] = field(init=False)
    _position: int = 0

    def __post_init__(self) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - a file without a name: gone with its last user
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            command_line(self.arguments),
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            env=_environment(None),
            start_new_session=True,  # an interrupt of the kernel is not one of the run
        )

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def new_lines(self) -> Iterator[str]:
        """Yield the whole lines that it wrote since the last call."""
        data = _read_from(self._out, self._position)
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        yield from whole.decode("utf-8", errors="replace").splitlines()

    def errors(self) -> str:
        """Return what it wrote to standard error."""
        return _read_from(self._err, 0).decode("utf-8", errors="replace")


def command_line(arguments: Sequence[str]) -> list[str]:
    """Return the child's command line.

    Raises
    ------
    StepmillError
        The kernel's environment has only the light half of stepmill.
    """
    missing = [name for name in _NEEDED if not _is_there(name)]
    if missing:
        raise StepmillError(
            f"the environment of this kernel ({sys.prefix}) has no stepmill command line: "
            f"{missing[0].partition('.')[0]} is not installed there",
            hint=f"install it: {sys.executable} -m pip install stepmill; or use `stepmill` in a terminal",
        )
    # -P: files beside the notebook do not hide modules of the command line
    return [sys.executable, "-P", "-m", "stepmill", *arguments]


def raise_for(answer: Answer) -> None:
    """Raise what a failed command with `--json` said, as the error that it is."""
    told = answer.document().get("error")
    if isinstance(told, dict):
        raise error_of(told)
    if answer.code:
        raise StepmillError(answer.err.strip() or f"the command ended with exit code {answer.code}")


def error_of(told: Mapping[str, Any]) -> StepmillError:
    """Return the error that an error document of the command line says."""
    kind = _kinds(StepmillError).get(str(told.get("code")), StepmillError)
    return kind(
        str(told.get("message", "")),
        hint=str(told.get("hint") or ""),
        cell=told.get("cell"),
        line=told.get("line"),
        column=told.get("column"),
    )


def _kinds(base: type[StepmillError]) -> dict[str, type[StepmillError]]:
    """Return code -> class for `base` and all below it."""
    found = {base.code: base}
    for kind in base.__subclasses__():
        found |= _kinds(kind)
    return found


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is not there
        return False


def _environment(width: int | None) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JPY_")}
    if width is not None:
        environment |= {"COLUMNS": str(width), "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}
        environment |= {"PYTHONIOENCODING": "utf-8"}
    else:
        environment.pop("FORCE_COLOR", None)
    return environment


def _read_from(file: IO[bytes], position: int) -> bytes:
    """Read without moving the place at which the child writes: it is one for both."""
    size = os.fstat(file.fileno()).st_size
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), size - position, position)
    file.seek(position)
    data = file.read(size - position)
    file.seek(0, os.SEEK_END)
    return data
