"""What IPython puts in for `{expression}` and `$name` in the text of a magic or a shell command."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

from stepmill.syntax import FAILURES, parse_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOLLAR = re.compile(r"(.*?)\$(\$?[\w\.]+)(?=([^']*'[^']*')*[^']*$)")  # IPython's DollarFormatter


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that the notebook binds somewhere. `complete` is False if a star import hides some."""

    names: frozenset[str]
    complete: bool = True

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def may_hold(self, name: str) -> bool:
        """Tell whether `name` may be bound; what looks like `$HOME` is not, unless the notebook binds it."""
        return name in self.names or (not self.complete and not name.isupper())


def expanded(text: str, known: KnownNames | None) -> tuple[str, ...]:
    """Return the expressions that IPython evaluates for `text`, as source.

    It is all or nothing, as in IPython: if one cannot be evaluated, because it is no expression or
    its name exists nowhere (`$HOME`, awk's `{print}`), then `text` is left as it is.
    """
    return tuple(expression for _, expression in pieces(text, known) if expression)


def pieces(text: str, known: KnownNames | None) -> list[tuple[str, str]]:
    """Return `text` as (literal, expression source or "") pairs, expanded as a whole or not at all."""
    try:
        found = list(_fields(text))
    except ValueError:
        return [(text, "")]
    if not all(_evaluates(expression, known) for _, expression in found if expression is not None):
        return [(text, "")]
    return [(literal, (expression or "").strip()) for literal, expression in found]


def _fields(text: str) -> Iterator[tuple[str, str | None]]:
    for literal, name, spec, _conversion in Formatter().parse(text):
        continue_from, kept = 0, ""
        for match in _DOLLAR.finditer(literal):
            if match[2].startswith("$"):
                kept += match[1] + match[2]
            else:
                yield kept + match[1], match[2]
                kept = ""
            continue_from = match.end()
        expression = f"{name}:{spec}" if name is not None and spec else name
        yield kept + literal[continue_from:], expression


def _evaluates(expression: str, known: KnownNames | None) -> bool:
    try:
        tree = parse_expression(expression)
    except FAILURES:
        return False
    if known is None:
        return True
    inner = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inner |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - inner
    return all(known.may_hold(name) or hasattr(builtins, name) for name in read)
