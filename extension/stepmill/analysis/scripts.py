"""Scripts that a cell executes as if they stood in it: `%run f.py`, `exec(open("f.py").read())`.

Their statements take the place of the one that executes them, so that all is known of them that is known of
code in cells, and functions of theirs are defined again where later steps need them.

`%run` without `-i` gives the script names of its own, which are then copied. That is the same as long as
nobody gives another value to a name that the script's functions look up; where somebody does, the script is
left unread, and refused.
"""

from __future__ import annotations

import ast
import posixpath
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stepmill.analysis.frames import local_names
from stepmill.analysis.units import MOST_IN_A_CELL, Unit, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stepmill.model.cell import Cell

    Scripts = Callable[[str], str | None]
    Expanded = dict[int, tuple[list[Unit], tuple[str, ...], list[Unit]]]

_ARGUMENTS = ("argv", "__file__")
"""What a script knows only while it is run."""


@dataclass(frozen=True, slots=True)
class _Execution:
    """A statement that executes the script at `path`. `reading` is what it does besides that.

    `apart`: in a namespace of the script's own.
    """

    unit: Unit
    path: str
    reading: ast.stmt
    apart: bool


def expanded(
    cells: Iterable[tuple[Cell, list[Unit]]], scripts: Scripts, known: Expanded
) -> Iterator[list[Unit]]:
    """Yield the units of each cell, those of the scripts that it executes among them.

    `known` is brought up to date: what it has of cells and scripts that are the same is given again.
    """
    cells = list(cells)
    for gone in known.keys() - {cell.index for cell, _ in cells} if known else ():
        del known[gone]
    whole = "\n".join([cell.python for cell, _ in cells])
    runners = [word for word in ("exec", "run_line_magic") if word in whole]
    may_run = (
        [units for cell, units in cells if any(word in cell.python for word in runners)] if runners else []
    )
    runs = {unit.index: run for units in may_run for unit in units if (run := _execution(unit)) is not None}
    if not runs:
        yield from (units for _, units in cells)
        return
    every = [unit for _, units in cells for unit in units]
    texts = {index: _text(run, every, scripts) for index, run in runs.items()}
    for index, run in runs.items():
        if run.apart and not _may_be_copied(texts[index], run.unit, every, texts):
            texts[index] = ""
    for cell, units in cells:
        found = tuple(texts.get(unit.index, "") for unit in units)
        old = known.get(cell.index)
        if not any(found):
            yield units
        elif old is not None and old[0] is units and old[1] == found:
            yield old[2]
        else:
            made = _inlined(units, found, runs)
            known[cell.index] = (units, found, made)
            yield made


def executed_script(unit: Unit) -> str | None:
    """Return the path of the script that the statement executes, None if it executes none."""
    run = _execution(unit)
    return None if run is None else run.path


def _inlined(units: list[Unit], texts: tuple[str, ...], runs: dict[int, _Execution]) -> list[Unit]:
    found: list[Unit] = []
    for unit, text in zip(units, texts, strict=True):
        if not text:
            found.append(unit)
            continue
        found.append(replace(unit, node=runs[unit.index].reading, origin=unit.node))
        found += [replace(unit, node=node, origin=unit.node, script=text) for node in parse(text).body]
    first = units[0].cell.index * MOST_IN_A_CELL
    return [replace(unit, index=first + number) for number, unit in enumerate(found)]


# -- what executes a script ----------------------------------------------------------------------------


def _execution(unit: Unit) -> _Execution | None:
    node = unit.node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _run_magic(unit, node.value) or _exec(unit, node, node.value)
    if isinstance(node, ast.With) and len(node.items) == len(node.body) == 1:
        return _exec_of_handle(unit, node)
    return None


def _run_magic(unit: Unit, call: ast.Call) -> _Execution | None:
    match call:
        case ast.Call(
            func=ast.Attribute(attr="run_line_magic", value=ast.Call(func=ast.Name(id="get_ipython"))),
            args=[ast.Constant(value="run"), ast.Constant(value=str(line))],
        ):
            words = _words(line)
        case _:
            return None
    shared = words[:1] == ["-i"]
    if len(words) != 1 + shared:
        return None
    path = words[-1]
    if not path.endswith((".py", ".ipynb")):
        path += ".py"
    reading = ast.copy_location(parse(f"open({path!r}).read()").body[0], unit.node)
    return _Execution(unit, path, reading, not shared and not path.endswith(".ipynb"))


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def executed_path(call: ast.Call) -> str | None:
    """Return the path of the file that `exec(open("f.py").read(), …)` executes; None for other code."""
    return _path_read(_code(call.args[0])) if call.args else None


def _path_read(reading: ast.expr | None) -> str | None:
    match reading:
        case ast.Call(func=ast.Attribute(attr="read", value=ast.Call() as opened), args=[]):
            return _opened(opened)
        case ast.Call(func=ast.Attribute(attr="read_text", value=ast.Call() as made)):
            return _path_made(made)
    return None


def _exec(unit: Unit, node: ast.Expr, call: ast.Call) -> _Execution | None:
    reading = _executed(call)
    path = _path_read(reading)
    if path is None or reading is None:
        return None
    return _Execution(unit, path, ast.copy_location(ast.Expr(reading), node), apart=False)


def _exec_of_handle(unit: Unit, node: ast.With) -> _Execution | None:
    """`with open("f.py") as f: exec(f.read())`."""
    item, statement = node.items[0], node.body[0]
    if not (isinstance(item.optional_vars, ast.Name) and isinstance(item.context_expr, ast.Call)):
        return None
    path = _opened(item.context_expr)
    if path is None or not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return None
    match _executed(statement.value):
        case ast.Call(func=ast.Attribute(attr="read", value=ast.Name(id=name)), args=[]) as reading:
            if name != item.optional_vars.id:
                return None
            body: list[ast.stmt] = [ast.copy_location(ast.Expr(reading), statement)]
            made = ast.With(items=node.items, body=body, type_comment=None)
            return _Execution(unit, path, ast.copy_location(made, node), apart=False)
    return None


def _executed(call: ast.Call) -> ast.expr | None:
    """Return what `exec(…)`, `exec(compile(…, "f.py", "exec"))` or `exec(…, globals())` executes here."""
    match call:
        case ast.Call(func=ast.Name(id="exec"), args=[code, *rest], keywords=[]):
            own = [ast.unparse(argument) for argument in rest]
            if own not in ([], ["globals()"], ["globals()", "globals()"]):
                return None
            return _code(code)
    return None


def _code(code: ast.expr) -> ast.expr:
    """Return what `compile(…, "f.py", "exec")` compiles."""
    match code:
        case ast.Call(func=ast.Name(id="compile"), args=[source, _, ast.Constant(value="exec")]):
            return source
    return code


def _opened(call: ast.Call) -> str | None:
    match call:
        case ast.Call(func=ast.Name(id="open"), args=[ast.Constant(value=str(path)), *mode]):
            return path if [ast.unparse(word) for word in mode] in ([], ["'r'"], ["'rb'"]) else None
    return None


def _path_made(call: ast.Call) -> str | None:
    match call:
        case ast.Call(
            func=ast.Name(id="Path") | ast.Attribute(attr="Path"), args=[ast.Constant(value=str(path))]
        ):
            return path
    return None


# -- the text of a script ------------------------------------------------------------------------------


def _text(run: _Execution, units: list[Unit], scripts: Scripts) -> str:
    """Return what the script holds when it is executed; "" if that cannot be known, or need not be."""
    text = None
    for unit in units:
        if unit is run.unit:
            break
        if _changes_folder(unit.node):
            return ""
        written = _written(unit.node)
        if written is not None and posixpath.normpath(written[0]) == posixpath.normpath(run.path):
            text = written[2] if written[1] == "w" else None if text is None else text + written[2]
    text = scripts(run.path) if text is None else text
    if not text or not parse(text).body or any(word in text for word in _ARGUMENTS):
        return ""
    return text


def _written(node: ast.stmt) -> tuple[str, str, str] | None:
    """Return (path, mode, content) of `%%writefile`, as it is read: `open(path, "w").write(content)`."""
    match node:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(
                    attr="write",
                    value=ast.Call(
                        func=ast.Name(id="open"),
                        args=[ast.Constant(value=str(path)), ast.Constant(value=("w" | "a") as mode)],
                    ),
                ),
                args=[ast.Constant(value=str(content))],
            )
        ):
            return path, mode, content
    return None


def _changes_folder(node: ast.stmt) -> bool:
    for inner in ast.walk(node):
        match inner:
            case ast.Attribute(attr="chdir") | ast.Name(id="chdir"):
                return True
            case ast.Call(func=ast.Attribute(attr="run_line_magic"), args=[ast.Constant(value="cd"), *_]):
                return True
    return False


def _may_be_copied(text: str, unit: Unit, units: list[Unit], texts: dict[int, str]) -> bool:
    """Tell whether names of its own are, for the script's functions, as good as those of the notebook."""
    body = parse(text).body if text else []
    looked_up: set[str] = set()
    for node in body:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global):
                return False
            if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
                looked_up |= _names(inner, ast.Load)
    ours = looked_up & _bound(body)
    others = [other.node for other in units if other is not unit]
    others += [
        node for index, other in texts.items() if other not in ("", text) for node in parse(other).body
    ]
    return ours.isdisjoint(_bound(others))


def _names(node: ast.AST, kind: type[ast.expr_context]) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, kind)}


def _bound(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements bind or delete, at the top or by `global`."""
    found: set[str] = set()
    for node in body:
        wrapped = ast.FunctionDef(
            name="", args=ast.arguments([], [], None, [], [], None, []), body=[node], decorator_list=[]
        )
        found |= local_names(wrapped)[0] | _names(node, ast.Del)
        found.update(
            name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names
        )
    return found
