"""What the exported module prints and returns is what its cells print and leave, run in order.

Where that is impossible the export is refused. The cases are in `export_cases`, the way they run in `linear`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from compiler.export_cases import REFUSED, TABLE, Case
from compiler.linear import linear_cells, run_linear, run_module, write_cells
from stepmill import api
from stepmill.errors import ExportRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_the_module_does_what_its_cells_do(case: Case, tmp_path: Path) -> None:
    here, there = tmp_path / "linear", tmp_path / "module"
    here.mkdir()
    there.mkdir()
    notebook = write_cells(there / "book.ipynb", case.cells)
    api.export(notebook, target=there / "exported.py", project=there, formatted=False)
    cells = linear_cells(case.cells, case.instead, case.silent)
    cells[0]["source"] = with_arguments(cells[0]["source"], case.arguments)
    linear = run_linear(cells, here)
    module = run_module(there / "exported.py", case.arguments)
    assert (module.printed, module.error) == (linear.printed, linear.error)
    assert module.values == {name: linear.values.get(name) for name in module.values}
    assert case.prints in (None, linear.printed)


def with_arguments(source: str, arguments: Mapping[str, Any]) -> str:
    """Return the parameters cell with these values in the place of its literals."""
    if not arguments:
        return source
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in arguments:
            node.value = ast.Constant(arguments[ast.unparse(node.targets[0])])
    return ast.unparse(tree)


@pytest.mark.parametrize(("cells", "code", "cell", "line"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_where_it_stands(cells: Any, code: str, cell: int, line: int, tmp_path: Path) -> None:
    notebook = write_cells(tmp_path / "book.ipynb", cells)
    with pytest.raises(ExportRefused) as caught:
        api.export(notebook, target=tmp_path / "exported.py", project=tmp_path)
    assert (caught.value.code, caught.value.cell, caught.value.line) == (code, cell, line)
    assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["book.ipynb"]
