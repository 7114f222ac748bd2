"""What the sub-commands share: examples in their help, errors as text, common options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from stepmill.cli.present import present_error
from stepmill.errors import StepmillError

F = TypeVar("F", bound=Callable[..., Any])


class StepmillCommand(click.Command):
    """A command that teaches by example and reports expected errors without a Python traceback.

    `examples` are pairs (what it does, the line to type). The callback returns its exit code.
    """

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(formatter, self.examples)
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StepmillError as error:
            as_json = bool(ctx.params.get("as_json")) or ctx.params.get("output_format") == "json"
            return present_error(error, notebook=ctx.params.get("notebook"), as_json=as_json)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[tuple[str, str]]) -> None:
    """Write (what it does, the line to type) so that the lines can be copied; never wrapped."""
    if examples:
        with formatter.section("Examples"):
            margin = " " * formatter.current_indent
            for purpose, line in examples:
                formatter.write(f"{margin}# {purpose}\n{margin}{line}\n")


def notebook_argument(function: F) -> F:
    """Add the argument NOTEBOOK, passed as `notebook: Path`; whether it exists is the reader's to say."""
    return click.argument("notebook", type=click.Path(path_type=Path))(function)


def json_option(function: F) -> F:
    """Add `--json`, passed as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON to standard output.")(function)


def project_option(function: F) -> F:
    """Add `--project`, passed as `project: Path | None`."""
    return click.option(
        "--project",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="Folder whose .stepmill holds runs and cache. Default: the nearest folder above the "
        "notebook with .stepmill, pyproject.toml or .git, else the notebook's own.",
    )(function)


def parameter_option(function: F) -> F:
    """Add `-p NAME=VALUE`, passed as `assignments: tuple[str, ...]`."""
    return click.option(
        "-p",
        "--parameter",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        help="Replace the value of a notebook parameter; may be given several times.",
    )(function)
