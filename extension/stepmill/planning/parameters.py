"""Parameter values in force, the text they are shown as, and the expression they have in the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.model.secrets import MASK, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Parameter

_SHOWN_CHARACTERS = 200


def in_force(parameters: Iterable[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON value of every parameter: the given one (checked before), else the notebook's."""
    return {parameter.name: given.get(parameter.name, parameter.default) for parameter in parameters}


def shown(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the values as text for records and reasons: cut at 200 characters, secrets masked."""
    return {name: MASK if is_secret_name(name) else _clipped(repr(value)) for name, value in values.items()}


def masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as they may stand in events and summaries."""
    return {name: MASK if is_secret_name(name) and value else value for name, value in values.items()}


def own_expression(parameter: Parameter, notebook: Notebook) -> str:
    """Return the right-hand side as the notebook has it, in parentheses if it spans lines."""
    cell = next(cell for cell in notebook.cells if cell.index == parameter.place.cell)
    first, start, last, end = parameter.span
    lines = [line.encode() for line in cell.python.split("\n")[first - 1 : last]]
    lines[-1] = lines[-1][:end]  # columns count UTF-8 bytes, as `ast` does
    lines[0] = lines[0][start:]
    text = b"\n".join(lines).decode()
    return f"({text})" if len(lines) > 1 else text


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
