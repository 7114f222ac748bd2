"""Parameter values: from the command line or the API, checked against the notebook, and as source."""

from __future__ import annotations

import ast
import datetime as dt
import difflib
import json
import math
import re
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from stepmill.errors import ParameterError
from stepmill.syntax import parse_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stepmill.model.pipeline import Parameter, Pipeline

_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "none": (type(None),),
    "list": (list,),
    "dict": (dict,),
}


def parse_parameters(pipeline: Pipeline, texts: Sequence[str]) -> dict[str, Any]:
    """Return name -> value for texts such as "alpha=0.3", as `-p` takes them.

    The notebook's type decides how a text is read: a `str` parameter takes it as it stands, lists
    and dicts are JSON or Python literals, dates are ISO 8601. The last of several wins.

    Raises
    ------
    ParameterError
        A text without `=`, an unknown name, or a text that is no value of the parameter's type.
    """
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise ParameterError(f"-p {text!r} has no value", hint="write -p NAME=VALUE")
        values[name] = _parse(_known(pipeline, name), value)
    return values


def check_parameters(pipeline: Pipeline, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` as JSON values of the notebook's types.

    An int is taken for a float, a date or path object for its text, an Enum member for its name;
    nothing else is converted.

    Raises
    ------
    ParameterError
        An unknown name, or a value of another type.
    """
    return {name: _check(_known(pipeline, name), value) for name, value in values.items()}


def render(parameter: Parameter, value: Any) -> str:
    """Return Python source that evaluates to the value of `parameter` that the JSON `value` stands for."""
    if value is None:
        return "None"
    if parameter.enum:
        return f"{parameter.enum}.{value}"
    if parameter.type == "date":
        day = dt.date.fromisoformat(value)
        return f'__import__("datetime").date({day.year}, {day.month}, {day.day})'
    if parameter.type == "path":
        return f'__import__("pathlib").Path({value!r})'
    if parameter.type == "float" and isinstance(value, int) and not isinstance(value, bool):
        return literal(float(value))
    return literal(value)


def literal(value: Any) -> str:
    """Return a Python expression equal to `value`: plain data, lists, tuples, sets, dicts, dates, paths.

    Raises
    ------
    TypeError
        `value` holds something else.
    """
    if value is None or type(value) in (bool, int, str, bytes):
        return repr(value)
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if type(value) is list:
        return f"[{_joined(value)}]"
    if type(value) is tuple:
        return f"({_joined(value)}{',' if len(value) == 1 else ''})"
    if type(value) in (set, frozenset):
        return _set_literal(value)
    if type(value) is dict:
        return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"
    if type(value) is dt.date:
        return f'__import__("datetime").date({value.year}, {value.month}, {value.day})'
    if isinstance(value, PurePath):
        return f'__import__("pathlib").{_path_class(value)}({str(value)!r})'
    raise TypeError(f"a value of type {type(value).__name__} has no literal")


def _joined(values: Sequence[Any]) -> str:
    return ", ".join(literal(value) for value in values)


def _set_literal(value: Any) -> str:
    items = ", ".join(sorted(literal(item) for item in value))
    if isinstance(value, frozenset):
        return f"frozenset([{items}])"
    return f"{{{items}}}" if value else "set()"


def _path_class(value: PurePath) -> str:
    name = type(value).__name__
    return "Path" if name in ("PosixPath", "WindowsPath") else name


# Reading text ------------------------------------------------------------------------------------


def _parse(parameter: Parameter, text: str) -> Any:
    if parameter.optional and text == "None":
        return None
    if parameter.choices:
        return _choice(parameter, text)
    if parameter.type in ("str", "path"):
        return text
    if parameter.type == "date":
        return _check(parameter, text)
    reader = _READERS.get(parameter.type, _read_literal)
    try:
        value = reader(text.strip())
    except ValueError:
        raise _wrong(parameter, f"{text!r}") from None
    return _check(parameter, value)


def _choice(parameter: Parameter, text: str) -> Any:
    """A choice is named by its text, an Enum member also as `Mode.FAST`."""
    bare = text.removeprefix(f"{parameter.enum}.") if parameter.enum else text
    for choice in parameter.choices:
        if bare == str(choice) or bare == repr(choice):
            return choice
    raise _wrong(parameter, f"{text!r}")


def _read_bool(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _read_int(text: str) -> int:
    return int(text, 0) if re.fullmatch(r"[+-]?0[xXoObB]\w+", text) else int(text)


def _read_none(text: str) -> None:
    if text not in ("None", "null"):
        raise ValueError(text)


def _read_literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(parse_expression(text))
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(text) from error


_READERS: Mapping[str, Callable[[str], Any]] = {
    "bool": _read_bool,
    "int": _read_int,
    "float": float,
    "none": _read_none,
}


# Checking values ---------------------------------------------------------------------------------


def _check(parameter: Parameter, value: Any) -> Any:
    if value is None and (parameter.optional or parameter.type == "none"):
        return None
    if isinstance(value, Enum):
        value = value.name if parameter.enum else value.value
    if parameter.choices:
        return _check_choice(parameter, value)
    if parameter.type == "date":
        return _check_date(parameter, value)
    if parameter.type == "path":
        return _check_path(parameter, value)
    return _check_plain(parameter, value)


def _check_choice(parameter: Parameter, value: Any) -> Any:
    for choice in parameter.choices:
        if type(choice) is type(value) and choice == value:
            return choice
    raise _wrong(parameter, _shown(value))


def _check_date(parameter: Parameter, value: Any) -> str:
    if type(value) is dt.date:
        return value.isoformat()
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            pass
    raise _wrong(parameter, _shown(value))


def _check_path(parameter: Parameter, value: Any) -> str:
    if isinstance(value, (str, PurePath)):
        return str(PurePath(value))  # one spelling: no code can tell `Path("./a")` from `Path("a")`
    raise _wrong(parameter, _shown(value))


def _check_plain(parameter: Parameter, value: Any) -> Any:
    kinds = _TYPES.get(parameter.type)
    if kinds is None:
        raise ParameterError(
            f"parameter {parameter.name!r} has the type {parameter.type!r}, which cannot be set"
        )
    if type(value) not in kinds:  # not isinstance: True is an int, numpy.float64 a float
        raise _wrong(parameter, _shown(value))
    _check_members(parameter, value)
    return float(value) if parameter.type == "float" else value


def _check_members(parameter: Parameter, value: Any) -> None:
    """Lists and dicts hold what JSON can hold, or the notebook would get another value."""
    if type(value) is list:
        members: Sequence[Any] = value
    elif type(value) is dict:
        if not all(type(key) is str for key in value):
            raise _wrong(parameter, f"{_shown(value)} with keys that are not strings")
        members = tuple(value.values())
    elif value is None or type(value) in (bool, int, float, str):
        return
    else:
        raise _wrong(parameter, f"a {type(value).__name__} inside")
    for member in members:
        _check_members(parameter, member)


def _known(pipeline: Pipeline, name: str) -> Parameter:
    for parameter in pipeline.parameters:
        if parameter.name == name:
            return parameter
    names = [parameter.name for parameter in pipeline.parameters]
    close = difflib.get_close_matches(name, names, n=1)
    have = f"the notebook has {', '.join(names)}" if names else "the notebook has no parameters cell"
    raise ParameterError(
        f"there is no parameter {name!r}", hint=f"did you mean {close[0]!r}? {have}" if close else have
    )


def _wrong(parameter: Parameter, given: str) -> ParameterError:
    return ParameterError(
        f"parameter {parameter.name!r} takes {_expected(parameter)}, given {given}",
        hint=_EXAMPLES.get(parameter.type, "") if not parameter.choices else "",
        cell=parameter.place.cell,
        line=parameter.place.line,
    )


def _expected(parameter: Parameter) -> str:
    if parameter.choices:
        words = f"one of {', '.join(map(str, parameter.choices))}"
    else:
        words = {"int": "an int", "date": "a date (YYYY-MM-DD)"}.get(parameter.type, f"a {parameter.type}")
    return f"{words} or None" if parameter.optional else words


_EXAMPLES = {
    "bool": "write true or false",
    "list": "write it as JSON or Python: '[1, 2]'",
    "dict": "write it as JSON or Python: '{\"a\": 1}'",
    "date": "for example 2026-01-31",
}


def _shown(value: Any) -> str:
    return f"{_clipped(repr(value))} ({type(value).__name__})"


def _clipped(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
