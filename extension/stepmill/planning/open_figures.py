"""Does a step draw on a figure that another one left open? pyplot keeps those for the whole process."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.notebook.ipython import to_python
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.model.pipeline import Step

FIGURES = "figures:pyplot"
"""The setting of a process that the open figures are."""

_PYPLOT = "matplotlib.pyplot"
_NEW = frozenset({"figure", "subplots", "subplot_mosaic"})
_OPEN_ONES = frozenset({"get_fignums", "get_figlabels", "fignum_exists"})
_INDIFFERENT = frozenset(
    {
        *("ion", "ioff", "isinteractive", "switch_backend", "rc", "rcdefaults", "rc_context", "get_cmap"),
        *("close", "imread", "imsave", "setp", "getp", "Circle", "Rectangle", "Normalize", "Figure"),
    }
)
"""Functions that have nothing to do with the figure at hand."""


def uses_open_figures(step: Step) -> bool:
    """Tell whether the step's source asks pyplot for its open figures, or draws before it makes one.

    Its functions count as called where they stand. What libraries draw on the current figure is not seen.
    """
    sources = [to_python(fragment.source).code for fragment in (*step.setup, *step.body)]
    made = False
    for name, call in _pyplot_calls(parse_or_empty("\n".join(sources))):
        if name == "close" and any(isinstance(a, ast.Constant) and a.value == "all" for a in call.args):
            return False
        by_name = any(k.arg == "num" for k in call.keywords) or (name == "figure" and bool(call.args))
        if name in _OPEN_ONES or (name in _NEW and by_name):
            return True
        made = made or name in _NEW
        if not made and name not in _INDIFFERENT:
            return True
    return False


def _pyplot_calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of pyplot's functions by the function's name, as they stand in the source."""
    names, functions = _imported(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        match call.func:
            case ast.Attribute(value=owner, attr=name) if ast.unparse(owner) in names:
                yield name, call
            case ast.Name(id=name) if name in functions:
                yield functions[name], call


def _imported(tree: ast.Module) -> tuple[set[str], dict[str, str]]:
    """Return what pyplot is called, and name -> function for what is imported from it."""
    names = {_PYPLOT}
    functions: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {one.asname for one in node.names if one.name == _PYPLOT and one.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "matplotlib":
            names |= {one.asname or one.name for one in node.names if one.name == "pyplot"}
        elif isinstance(node, ast.ImportFrom) and node.module == _PYPLOT:
            functions |= {one.asname or one.name: one.name for one in node.names}
    return names, functions
