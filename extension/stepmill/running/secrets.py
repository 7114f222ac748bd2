"""Secret parameters on their way to a step's kernel: by its environment, so that no file has them."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass

from stepmill.syntax import parse_expression


@dataclass(frozen=True, slots=True)
class Secret:
    """An environment variable, what it holds, and the source that makes the parameter's value of it."""

    variable: str
    content: str
    expression: str


def hidden(name: str, expression: str) -> Secret:
    """Return the parameter `name`, whose value in force is `expression`, without that in its source.

    The names that the expression reads stay in the source: the notebook's code binds them first.
    """
    variable = _variable(name)
    found = f'__import__("os").environ["{variable}"]'
    tree = parse_expression(expression)
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return Secret(variable, tree.value, found)
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - vars(builtins).keys()
    names = f", {{{', '.join(f'{one!r}: {one}' for one in sorted(read))}}}" if read else ""
    return Secret(variable, expression, f"eval({found}{names})")


def _variable(name: str) -> str:
    """Return an environment variable: another one for each name, also where case does not count (Windows)."""
    spelt = "" if name == name.lower() else f"_{name.encode().hex()}"
    return f"STEPMILL_PARAMETER_{name.upper()}{spelt}"
