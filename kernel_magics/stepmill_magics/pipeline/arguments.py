"""What follows `%pipeline`: a command, perhaps the notebook, and what the command line gets."""

from __future__ import annotations

import difflib
import os
import shlex
from dataclasses import dataclass

from stepmill.errors import UsageError

COMMANDS = {
    "graph": "draw the steps and what flows between them",
    "suggest": "propose steps for a notebook that has none, in a copy beside it",
    "check": "what stands in the way of running it as a pipeline",
    "plan": "what a run would do with each step, and why",
    "why": "the reasons for one step: %pipeline why STEP",
    "run": "run what has no valid result yet; results are reused while they hold",
    "verify": "does the pipeline give what Run All gives?",
    "follow": "look on at a run that was detached by interrupting the kernel",
    "stop": "stop the run that this kernel started",
    "restore": "put cached results and definitions into this kernel: %pipeline restore [STEP...]",
    "runs": "past runs of this notebook",
    "show": "one past run",
    "step": "all about one step: %pipeline step STEP",
    "artifacts": "what a run gave, without loading it: %pipeline artifacts latest STEP NAME",
    "compare": "what distinguishes runs, and why: %pipeline compare latest~1 latest",
    "export": "write the pipeline as a plain Python file: %pipeline export -o churn.py",
}
"""Command -> what `%pipeline --help` says."""

_TAKES_VALUE = frozenset(
    {
        "-p",
        "--parameter",
        "-o",
        "--output",
        "-n",
        "--jobs",
        "--refresh",
        "--from",
        "--cache-for",
        "--only",
        "--link",
        "--project",
        "--format",
        "--html",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line. `rest` goes to the command line as it stands; `saved`: never mind unsaved changes."""

    command: str
    notebook: str | None = None
    rest: tuple[str, ...] = ()
    saved: bool = False
    help: bool = False


def parse(line: str) -> Request:
    """Read the line.

    Raises
    ------
    UsageError
        A quotation mark is open, or there is no such command.
    """
    words = _split(line)
    saved = "--saved" in words
    words = [word for word in words if word != "--saved"]
    wants_help = bool({"-h", "--help"} & set(words)) or words[:1] == ["help"]
    words = [word for word in words if word not in ("-h", "--help", "help")]
    command = words.pop(0) if words and not _is_notebook(words[0]) and not words[0].startswith("-") else None
    if command is not None and command not in COMMANDS:
        raise _unknown(command)
    place = _place_of_notebook(words)
    notebook = None if place is None else words.pop(place)
    return Request(
        command=command or ("" if wants_help else "graph"),
        notebook=notebook,
        rest=tuple(words),
        saved=saved,
        help=wants_help,
    )


def help_text() -> str:
    """Return what `%pipeline --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [
        "%pipeline [COMMAND] [NOTEBOOK] [options of `stepmill COMMAND`]",
        "",
        *(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()),
        "",
        "Without a command the graph is drawn. The notebook is the one that this kernel belongs to, as it is",
        "saved; --saved lets `run` and `restore` go on though the session has changes that are not saved.",
        "",
        "  %pipeline run -p alpha=0.3        with another value of a parameter",
        "  %pipeline why train               why would this step run?",
        "  %pipeline run --help              the options of a command",
    ]
    return "\n".join(lines)


def complete(text: str, line: str) -> list[str]:
    """Return the commands that the word `text` at the end of `line` may become."""
    words = line.split()
    if len(words) > 2 or (len(words) == 2 and not text):
        return []
    return [name for name in COMMANDS if name.startswith(text)]


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line, posix=os.name != "nt")
    except ValueError as error:
        raise UsageError(f"%pipeline {line}: {error}", hint="close the quotation mark") from None


def _unknown(command: str) -> UsageError:
    close = difflib.get_close_matches(command, COMMANDS, n=1)
    hint = f"did you mean `%pipeline {close[0]}`?" if close else "`%pipeline --help` lists the commands"
    return UsageError(f"%pipeline has no command {command!r}", hint=hint)


def _is_notebook(word: str) -> bool:
    return word.endswith(".ipynb")


def _place_of_notebook(words: list[str]) -> int | None:
    for index, word in enumerate(words):
        if _is_notebook(word) and (index == 0 or words[index - 1] not in _TAKES_VALUE):
            return index
    return None
