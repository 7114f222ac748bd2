"""One special line (`%magic`, `!command`, `name?`) as Python that shows its data flow."""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.notebook.expansion import KnownNames, expanded
from stepmill.syntax import is_expression, parse_expression

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEIT_NAME = "__stepmill_timeit__"
"""The function that stands for the timed body of `%timeit`: its names do not leak."""

_CODE_MAGICS = frozenset({"time", "timeit", "prun"})
_ARGUMENTS = {"timeit": ("nrpv", "tcqo"), "prun": ("lsTD", "rq"), "time": ("", "")}
_INSPECTING = frozenset({"pinfo", "pinfo2", "pdoc", "pdef", "psource", "pfile", "psearch"})
_SHELL = frozenset({"sx", "system"})


@dataclass(frozen=True, slots=True)
class Call:
    """What IPython makes of a special line: a call of the shell's `method`, or any other `code`."""

    method: str = ""
    arguments: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What rewriting needs: how to convert a nested piece of IPython code, and the known names.

    `convert` takes source and gives plain Python of as many lines, or None if it is not valid.
    """

    convert: Callable[[str], str | None]
    known: KnownNames | None


def read_call(code: str) -> Call:
    """Read the Python that IPython's transformer wrote for one special line."""
    node = parse_expression(code)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Call)
        and ast.unparse(node.func.value) == "get_ipython()"
    ):
        arguments = tuple(str(ast.literal_eval(argument)) for argument in node.args)
        return Call(node.func.attr, arguments)
    return Call(code=code.strip())


def rewrite(prefix: str, call: Call, context: Context) -> list[str]:
    """Return the lines of Python that stand for `prefix` + `call`.

    `prefix` is indentation, or all up to and with `=` of an assignment.
    """
    if call.code:
        return [prefix + call.code]
    if call.method in ("system", "getoutput"):
        return [prefix + shell_call(call.method, call.arguments[0], context.known)]
    if call.method != "run_line_magic":
        return [f"{prefix}get_ipython().{call.method}({', '.join(map(repr, call.arguments))})"]
    name, line = call.arguments
    if name in _INSPECTING:
        return [prefix + _inspected(line, context.known)]
    if name in _SHELL:
        return [prefix + shell_call("getoutput", line, context.known)]
    if name in _CODE_MAGICS and (lines := _code_magic(prefix, name, line, context)):
        return lines
    return [prefix + magic_call("run_line_magic", (name, line), expanded(line, context.known))]


def shell_call(method: str, command: str, known: KnownNames | None) -> str:
    """Return `get_ipython().system('…', reads…)`, or `getoutput`."""
    return magic_call(method, (command,), expanded(command, known))


def magic_call(method: str, arguments: tuple[str, ...], reads: tuple[str, ...]) -> str:
    """Return a call of the shell; what IPython reads while it expands the text is added as arguments."""
    return f"get_ipython().{method}({', '.join([*map(repr, arguments), *(f'({r})' for r in reads)])})"


def split_code(name: str, line: str) -> tuple[str, dict[str, str]]:
    """Split the line of `%time`, `%timeit` or `%prun` into (code, options)."""
    with_value, flags = _ARGUMENTS[name]
    options: dict[str, str] = {}
    rest = line.strip()
    if name == "time":
        match = re.match(r"--no-raise-error(?:\s+|$)", rest)
        return (rest[match.end() :], {"no-raise-error": ""}) if match else (rest, options)
    while match := re.match(rf"-([{flags}]*)(?:([{with_value}])\s*(\S+)|(?=\s|$))\s*", rest):
        if match.end() < 2:
            break
        options |= dict.fromkeys(match[1], "")
        if match[2]:
            options[match[2]] = match[3]
        rest = rest[match.end() :]
    return rest, options


def timeit_function(indent: str, body: list[str]) -> list[str]:
    """Return a function around `body` (already indented by one blank more) and its call."""
    return [f"{indent}def {TIMEIT_NAME}():", *body, f"{indent}{TIMEIT_NAME}()"]


def _inspected(target: str, known: KnownNames | None) -> str:
    """`df.head?` evaluates nothing but looks at `df`; a missing name is no error."""
    match = re.match(r"[^\W\d]\w*(?![\w*])", target.strip())
    if match is None or "*" in target or keyword.iskeyword(match[0]):
        return "None"
    if known is not None and not known.may_hold(match[0]):
        return "None"
    return match[0]


def _code_magic(prefix: str, name: str, line: str, context: Context) -> list[str] | None:
    """`%time`, `%timeit`, `%prun`: the code itself. None if there is none, or it is no code."""
    code, options = split_code(name, line)
    python = context.convert(code) if code.strip() else None
    if python is None:
        return None
    indent = prefix[: len(prefix) - len(prefix.lstrip())]
    target = prefix[len(indent) :]
    result = f"get_ipython().run_line_magic({name!r}, '')"
    if name == "timeit":
        lines = timeit_function(indent, [f"{indent} {text}" for text in python.splitlines()])
        if "v" in options:
            lines.append(f"{indent}{options['v']} = {result}")
        return [*lines, f"{indent}{target}{result if 'o' in options else None}"] if target else lines
    if not target:
        return [indent + text for text in python.splitlines()]
    if name == "time" and is_expression(python):
        return [prefix + python.strip().rstrip(";")]
    value = result if name == "prun" and "r" in options else "None"
    return [*(indent + text for text in python.splitlines()), prefix + value]
