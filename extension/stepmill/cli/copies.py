"""Commands that write a tagged copy of a notebook: where to, and what may be overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from stepmill.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def copy_options(default: str) -> Callable[[F], F]:
    """Add `-o` and `--force`, passed as `output: Path | None` and `force: bool`."""

    def decorated(function: F) -> F:
        function = click.option("--force", is_flag=True, help="Overwrite a file that is there.")(function)
        return click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path, dir_okay=False),
            help=f"The copy to write.  [default: {default}]",
        )(function)

    return decorated


def copy_path(notebook: Path, output: Path | None, suffix: str, *, force: bool) -> Path:
    """Return where the copy goes.

    Raises
    ------
    UsageError
        That is the notebook itself, or a file that is there, and not `force`.
    """
    target = output or notebook.with_name(f"{notebook.stem}-{suffix}.ipynb")
    if target.resolve() == notebook.resolve():
        raise UsageError(f"{target} is the notebook itself, which is never written", hint="give another -o")
    if target.exists() and not force:
        raise UsageError(
            f"{target} exists already", hint="choose another name with -o, or --force to overwrite it"
        )
    return target
