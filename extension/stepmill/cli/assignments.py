"""`-p NAME=VALUE` to values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill import api
from stepmill.compiler.parameters import parse_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def typed_parameters(assignments: Sequence[str], notebook: Path, project: Path | None) -> dict[str, Any]:
    """Return name -> value, read as the notebook's types; it is analysed only if there are assignments.

    Raises
    ------
    ParameterError
        Something is not NAME=VALUE, the notebook has no such parameter, or VALUE is not of its type.
    """
    return parse_parameters(api.analyze(notebook, project=project), assignments) if assignments else {}
