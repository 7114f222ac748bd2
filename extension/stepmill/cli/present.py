"""How everything that goes wrong reaches the user. Each function returns the exit code."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from stepmill.cli.json_output import print_json
from stepmill.cli.render.console import open_console
from stepmill.cli.render.errors import render_error
from stepmill.cli.sources import cell_sources
from stepmill.errors import StepmillError, told_by_system
from stepmill.model.documents import error_document

INTERRUPTED = 130
BUG = 1


def present_error(error: StepmillError, *, notebook: Path | None = None, as_json: bool = False) -> int:
    """Print an expected error: text to standard error, or JSON to standard output."""
    if as_json:
        print_json(error_document(error), indent=None)
        return error.exit_code
    console = open_console(stderr=True)
    sources = cell_sources(notebook) if notebook is not None else {}
    console.write(*render_error(error, notebook=notebook, sources=sources, width=console.width))
    return error.exit_code


def present_interrupt(*, as_json: bool = False) -> int:
    """Say that the user interrupted us."""
    if as_json:
        message = {"code": "SM051", "message": "interrupted", "hint": "", "cell": None}
        print_json({"schema": 1, "error": {**message, "line": None, "column": None}}, indent=None)
    else:
        sys.stderr.write("interrupted\n")
    return INTERRUPTED


def present_bug(error: Exception, *, as_json: bool = False, debug: bool = False) -> int:
    """Own up to an error that nobody foresaw, without spilling a traceback unless `debug`."""
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    told = told_by_system(error) if isinstance(error, OSError) else None
    if told is not None:
        return present_error(told, as_json=as_json)
    message = f"this is a bug in stepmill: {type(error).__name__}: {error}"
    hint = "" if debug else "set STEPMILL_DEBUG=1 and run again for the traceback; please report it"
    if as_json:
        print_json(error_document(StepmillError(message, hint=hint)), indent=None)
        return BUG
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "unknown place"
    console = open_console(stderr=True)
    console.write(*render_error(StepmillError(message, hint=hint), place=where, width=console.width))
    return BUG
