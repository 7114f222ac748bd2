"""`-p NAME=VALUE` and `--parameters FILE` to values."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill import api
from stepmill.compiler.parameters import parse_parameters
from stepmill.errors import ParameterError
from stepmill.model.quantities import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def typed_parameters(
    assignments: Sequence[str],
    notebook: Path,
    project: Path | None,
    note: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Return name -> value, read as the notebook's types; it is analysed only if there are assignments.

    `note` is told of a value that changes nothing.

    Raises
    ------
    ParameterError
        Something is not NAME=VALUE, the notebook has no such parameter, or VALUE is not of its type.
    """
    if not assignments:
        return {}
    pipeline = api.analyze(notebook, project=project)
    values = parse_parameters(pipeline, assignments)
    unread = [name for name in values if name in pipeline.unread_parameters]
    if unread and note is not None and not pipeline.errors:
        note(f"note: no step reads {listed(unread, last=' or ')}")
    return values


def parameters_in(file: str | None) -> dict[str, Any]:
    """Return the values of a JSON file, or of standard input for "-"; types are checked by who uses them.

    Raises
    ------
    ParameterError
        It cannot be read, or holds no JSON object.
    """
    if file is None:
        return {}
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        values = json.loads(text)
    except OSError as error:
        raise ParameterError(f"--parameters {file}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"--parameters {file}: {error}") from error
    if not isinstance(values, dict):
        raise ParameterError(f"--parameters {file} holds no JSON object", hint='write {"name": value, …}')
    return values
