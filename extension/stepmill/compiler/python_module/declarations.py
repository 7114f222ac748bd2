"""The parameters as their author wrote them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.units import parse
from stepmill.compiler.python_module.command_line import Declared
from stepmill.compiler.python_module.edits import Edits, tokens_of

if TYPE_CHECKING:
    from stepmill.model.cell import Cell, Notebook
    from stepmill.model.pipeline import Parameter, Pipeline


def declared_parameters(notebook: Notebook, pipeline: Pipeline) -> list[Declared]:
    """Return the parameters in notebook order, with the source of annotation and default, and comment."""
    return [_declared(notebook.cells[p.place.cell], p) for p in pipeline.parameters]


def _declared(cell: Cell, parameter: Parameter) -> Declared:
    edits = Edits(cell.python)
    line, column, end_line, end_column = parameter.span
    default = edits.text[edits.offset(line, column) : edits.offset(end_line, end_column)]
    annotation = ""
    for node in parse(cell.python).body:
        if isinstance(node, ast.AnnAssign) and node.value is not None and node.value.lineno == line:
            annotation = edits.source(node.annotation)
    return Declared(
        parameter=parameter,
        annotation=annotation,
        default=default,
        comment=_comment_on(cell.python, end_line),
    )


def _comment_on(python: str, line: int) -> str:
    import tokenize

    for token in tokens_of(python):
        if token.type == tokenize.COMMENT and token.start[0] == line:
            return token.string
    return ""
