"""The `stepmill` command: its sub-commands are imported only when they are asked for."""

from __future__ import annotations

import difflib
import os
import sys
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click

from stepmill.cli.command import write_examples
from stepmill.cli.present import present_bug, present_error, present_interrupt
from stepmill.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: dict[str, dict[str, str]] = {
    "Begin": {
        "suggest": "Propose steps for a notebook that has none, in a copy.",
        "tag": "Tag cells, take tags out, or change how they are written, in a copy.",
    },
    "Look": {
        "check": "Say what stands in the way of running a notebook as a pipeline.",
        "graph": "Draw the steps and what flows between them.",
        "step": "Tell all about one step: what it takes, gives, and why.",
        "explain": "Say what the code of a message means, and what to do.",
    },
    "Run": {
        "plan": "Say what a run would do with each step, and why.",
        "why": "Say why one step would run, or be reused.",
        "run": "Run the steps whose results are not there yet.",
        "verify": "Compare the pipeline with Run All, value by value.",
    },
    "Leave": {
        "export": "Write the pipeline as a plain Python module.",
    },
    "Results": {
        "runs": "List past runs.",
        "show": "Show one past run: its steps, reasons and results.",
        "compare": "Say what distinguishes runs, the cause before the effect.",
        "artifacts": "List what a run's steps gave, and look at a value.",
        "ui": "Open MLflow's pages on this project's runs.",
        "sync": "Deliver runs that did not reach MLflow.",
        "delete": "Take past runs out of all lists, or put them back.",
        "gc": "Free disk space: remove stored values that nothing needs.",
    },
    "Machine": {
        "kernels": "List what waits for the next run, or end it.",
        "doctor": "Check that this machine has what stepmill needs.",
    },
}
"""Section -> command -> the sentence that `stepmill --help` shows; kept here so that it imports none."""
HIDDEN = ("restorable",)
"""Commands for programs of ours: not in the help."""


class StepmillGroup(click.Group):
    """Loads commands lazily, and turns everything that can go wrong into text and an exit code."""

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(formatter, self.examples)
        super().format_epilog(ctx, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in (*self.list_commands(ctx), *HIDDEN):
            return None
        return cast("click.Command", import_module(f"stepmill.cli.commands.{cmd_name}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise UsageError(f"there is no command {name!r}", hint=_hint_for(name, self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, self.list_commands(ctx)))
        for section, commands in COMMANDS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(widest), text) for name, text in commands.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002  click's signature
        **extra: Any,
    ) -> NoReturn:
        """Run one command and leave by SystemExit; `standalone_mode` is ignored."""
        arguments = list(sys.argv[1:] if args is None else args)
        sys.exit(self._exit_code(arguments, prog_name, complete_var, extra))

    def _exit_code(
        self, arguments: list[str], prog_name: str | None, complete_var: str | None, extra: dict[str, Any]
    ) -> int:
        as_json = _wants_json(arguments)
        try:
            code = super().main(arguments, prog_name, complete_var, standalone_mode=False, **extra)
        except click.Abort:
            return present_interrupt(as_json=as_json)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            return error.exit_code
        except click.ClickException as error:
            return present_error(_as_usage_error(error), as_json=as_json)
        except UsageError as error:
            return present_error(error, as_json=as_json)
        except Exception as error:  # noqa: BLE001  the last door: whatever gets here is a bug of ours
            return present_bug(error, as_json=as_json, debug=bool(os.environ.get("STEPMILL_DEBUG")))
        return code if isinstance(code, int) else 0


def _wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether errors of the command line itself, found before it is parsed, go out as JSON."""
    pairs = set(pairwise(arguments))
    return "--json" in arguments or "--format=json" in arguments or ("--format", "json") in pairs


def _as_usage_error(error: click.ClickException) -> UsageError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context is not None else "stepmill"
    message = error.format_message().rstrip(".")
    return UsageError(message[:1].lower() + message[1:], hint=f"`{command} --help` shows how it is used")


def _hint_for(name: str, known: Sequence[str]) -> str:
    if name.endswith(".ipynb"):
        return f"to run that notebook: stepmill run {name}"
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `stepmill {close[0]}`?" if close else "`stepmill --help` lists the commands"
