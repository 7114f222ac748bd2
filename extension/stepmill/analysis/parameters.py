"""Parameters: literals that a run may replace, in cells that say so."""

from __future__ import annotations

import ast
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from stepmill.model.cell import Role
from stepmill.model.pipeline import Parameter
from stepmill.syntax import parse_expression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.analysis.units import Unit

SIMPLE_TYPES = {
    "bool": "bool", "int": "int", "float": "float", "str": "str", "list": "list", "List": "list",
    "dict": "dict", "Dict": "dict", "date": "date", "Path": "path", "None": "none", "NoneType": "none",
    "Sequence": "list", "Mapping": "dict",
}  # fmt: skip


def parameter_of(unit: Unit, enums: dict[str, dict[str, Any]]) -> Parameter | None:
    """Return the parameter that the statement declares, or None if it declares none.

    `enums` maps the name of each Enum class seen so far to its members' literal values.
    """
    node = unit.node
    if unit.cell.role is not Role.PARAMETERS:
        return None
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        return _annotated(unit, node.target.id, node.annotation, node.value, enums)
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        default = literal(node.value)
        if default is not None or _is_none(node.value):
            return _parameter(unit, node.targets[0].id, _type_of(default), default, node.value)
        return _constructed(unit, node.targets[0].id, node.value, enums)
    return None


def literal(node: ast.expr) -> Any:
    """Return the JSON value of a literal expression, or None if it is no such literal (or None)."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if is_json(value) else None


def is_json(value: Any) -> bool:
    """Tell whether `value` is made of bool, int, float, str, None, lists and dicts of these."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return True
    if isinstance(value, list):
        return all(is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    return False


def enum_members(node: ast.stmt) -> dict[str, Any] | None:
    """Return member name -> literal value of an Enum class definition, or None if it is none."""
    if not isinstance(node, ast.ClassDef):
        return None
    bases = {b.attr if isinstance(b, ast.Attribute) else getattr(b, "id", "") for b in node.bases}
    if not bases & {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}:
        return None
    assigned = [s for s in node.body if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)]
    return {s.targets[0].id: literal(s.value) for s in assigned if isinstance(s.targets[0], ast.Name)}


def _parameter(
    unit: Unit, name: str, kind: str, default: Any, value: ast.expr, *, optional: bool = False,
    choices: Iterable[Any] = (), enum: str = "",
) -> Parameter:  # fmt: skip
    span = (value.lineno, value.col_offset, value.end_lineno or value.lineno, value.end_col_offset or 0)
    return Parameter(
        name=name, type=kind, default=default, place=unit.place(unit.node), span=span,
        optional=optional, choices=tuple(choices), enum=enum,
    )  # fmt: skip


def _annotated(
    unit: Unit, name: str, annotation: ast.expr, value: ast.expr, enums: dict[str, dict[str, Any]]
) -> Parameter | None:
    kinds, optional = _alternatives(annotation)
    default = literal(value)
    if len(kinds) != 1:
        return (
            None
            if default is None and not _is_none(value)
            else _parameter(unit, name, _type_of(default), default, value, optional=optional)
        )
    kind = kinds[0]
    if isinstance(kind, ast.Subscript) and _last(kind.value) == "Literal":
        elements = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        choices = [literal(element) for element in elements]
        return _parameter(unit, name, "literal", default, value, optional=optional, choices=choices)
    word = _last(kind.value if isinstance(kind, ast.Subscript) else kind)
    if word in enums:
        member = value.attr if isinstance(value, ast.Attribute) else None
        if member is None and not _is_none(value):
            return None
        return _parameter(
            unit, name, "enum", member, value, optional=optional, choices=enums[word], enum=word
        )
    known = SIMPLE_TYPES.get(word)
    if known in ("date", "path"):
        made = _constructed(unit, name, value, enums)
        if made is not None or not (optional and _is_none(value)):
            return made
    if default is None and not _is_none(value):
        return None
    if known is None or (known == "float" and isinstance(default, int) and not isinstance(default, bool)):
        known = known or _type_of(default)
    return _parameter(unit, name, known, default, value, optional=optional)


def _constructed(
    unit: Unit, name: str, value: ast.expr, enums: dict[str, dict[str, Any]]
) -> Parameter | None:
    """`Path("data")`, `date(2024, 1, 31)`, `Color.RED`."""
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id in enums:
        owner = value.value.id
        return _parameter(unit, name, "enum", value.attr, value, choices=enums[owner], enum=owner)
    if not isinstance(value, ast.Call) or value.keywords:
        return None
    arguments = [literal(argument) for argument in value.args]
    word = _last(value.func)
    if word == "Path" and len(arguments) == 1 and isinstance(arguments[0], str):
        return _parameter(unit, name, "path", str(PurePath(arguments[0])), value)
    if word == "date" and len(arguments) == 3 and all(isinstance(a, int) for a in arguments):
        return _parameter(unit, name, "date", "{:04d}-{:02d}-{:02d}".format(*arguments), value)
    if (
        word == "fromisoformat"
        and len(arguments) == 1
        and re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(arguments[0]))
    ):
        return _parameter(unit, name, "date", arguments[0], value)
    return None


def _alternatives(annotation: ast.expr) -> tuple[list[ast.expr], bool]:
    """Split `Optional[X]`, `Union[X, None]` and `X | None`; tell whether None is among them."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = parse_expression(annotation.value)
        except SyntaxError:
            return [], False
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        left, right = _alternatives(annotation.left), _alternatives(annotation.right)
        return left[0] + right[0], left[1] or right[1]
    if isinstance(annotation, ast.Subscript) and _last(annotation.value) in ("Optional", "Union"):
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        parts = [_alternatives(part) for part in inner]
        optional = _last(annotation.value) == "Optional" or any(part[1] for part in parts)
        return [kind for part in parts for kind in part[0]], optional
    if _is_none(annotation):
        return [], True
    return [annotation], False


def _type_of(default: Any) -> str:
    return "none" if default is None else type(default).__name__


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
