"""`-p NAME=VALUE` and `--parameters FILE` to values."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill import api
from stepmill.compiler.parameters import parse_parameters
from stepmill.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence


def typed_parameters(assignments: Sequence[str], notebook: Path, project: Path | None) -> dict[str, Any]:
    """Return name -> value, read as the notebook's types; it is analysed only if there are assignments.

    Raises
    ------
    ParameterError
        Something is not NAME=VALUE, the notebook has no such parameter, or VALUE is not of its type.
    """
    return parse_parameters(api.analyze(notebook, project=project), assignments) if assignments else {}


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
    except (OSError, ValueError, RecursionError) as error:
        raise ParameterError(f"--parameters {file}: {error}") from error
    if not isinstance(values, dict):
        raise ParameterError(f"--parameters {file} holds no JSON object", hint='write {"name": value, …}')
    return values
