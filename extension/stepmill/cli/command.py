"""What the sub-commands share: examples in their help, errors as text, common options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from stepmill.cli.present import present_error
from stepmill.errors import StepmillError, UsageError
from stepmill.notebook.quantities import parse_duration_s

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


def wish_options(function: F) -> F:
    """Add the options about which steps run; `wishes_in` makes arguments of `api.plan` of them."""
    options = (
        click.option("--no-cache", is_flag=True, help="Run every step, whatever is cached."),
        click.option("--refresh", multiple=True, metavar="STEP", help="Run this step, whatever is cached."),
        click.option(
            "--from",
            "start",
            multiple=True,
            metavar="STEP",
            help="Run this step and all that come after it, whatever is cached.",
        ),
        click.option("--only", multiple=True, metavar="STEP", help="Run only this step and what it needs."),
        click.option(
            "--cache-for",
            metavar="DURATION",
            help="Reuse results of steps that ask the clock, the network or a program if they are not "
            "older than this (30m, 12h, 1d).",
        ),
        click.option(
            "--overwrite",
            is_flag=True,
            help="Replace files that were changed by hand since a step wrote them.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def wishes_in(options: dict[str, Any]) -> dict[str, Any]:
    """Take what `wish_options` added out of `options`, and return it as arguments.

    Raises
    ------
    UsageError
        The duration is none.
    """
    text = options.pop("cache_for")
    cache_for_s = None if text is None else parse_duration_s(text)
    if text is not None and not cache_for_s:
        raise UsageError(f"--cache-for: {text!r} is no duration", hint="for example 90s, 10m, 1h30m, 1d")
    everything, named = options.pop("no_cache"), options.pop("refresh")
    return {
        "refresh": everything or named,
        "start": options.pop("start"),
        "steps": options.pop("only") or None,
        "cache_for_s": cache_for_s,
        "overwrite": options.pop("overwrite"),
    }


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
