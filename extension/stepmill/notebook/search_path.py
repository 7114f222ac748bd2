"""The folders that a notebook, or a module beside it, puts on `sys.path`, found by reading them."""

from __future__ import annotations

import ast
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.notebook.finding import SearchPath
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stepmill.model.cell import Notebook

_MOVES = ("chdir", "'cd'", "'pushd'")
_AS_IT_IS = ("str", "fspath", "as_posix")
_WHOLE = ("abspath", "realpath", "normpath")
_WHOLE_PATH = ("resolve", "absolute")
_MOST_BYTES = 1 << 20


def module_search(notebook: Notebook, folder: Path, kernel_path: Iterable[str]) -> SearchPath:
    """Return where the modules of a notebook in `folder` lie; `kernel_path` empty is this process's own."""
    known = (Path(entry) for entry in tuple(kernel_path) or sys.path if entry)
    return SearchPath((folder, *known), added_folders(notebook, folder))


def added_folders(notebook: Notebook, folder: Path) -> tuple[Path, ...]:
    """Return the folders that it adds, as far as literals tell; none if it changes its working directory.

    What modules beside it add when they are imported counts as well.
    """
    sources = [cell.python for cell in notebook.cells if cell.python]
    whole = "\n".join(sources)
    if any(word in whole for word in _MOVES):
        return ()
    reading = _Reading(folder.resolve())
    for source in [source for source in sources if "import" in source or "sys" in source]:
        reading.read_all(source)
    return tuple(dict.fromkeys(reading.found))


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        yield from _in_order(child)


class _Reading:
    """Paths that names hold, and what was added; texts are as the notebook has them, paths are absolute."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, str | Path] = {}
        self.found: list[Path] = []
        self._modules: set[Path] = set()

    def read_all(self, source: str) -> None:
        """Read a cell or module, and what it imports from the notebook's folder or those that were added."""
        if "path" in source and "sys" in source:
            for node in _in_order(parse_or_empty(source)):
                self.read(node)
                for dotted in _imported_by(node):
                    self._read_module(dotted)
        elif "import" in source:
            for dotted in _imports(source):
                self._read_module(dotted)

    def _read_module(self, dotted: str) -> None:
        for folder in (self.folder, *self.found):
            path = folder.joinpath(*dotted.split(".")).with_suffix(".py")
            if path in self._modules:
                continue
            self._modules.add(path)
            if path.is_file():
                known, self.names = self.names, {"__file__": str(path)}
                self.read_all(_text(path))
                self.names = known

    def read(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._bind(name, value)
            case ast.AugAssign(target=ast.Name(id=name)) | ast.For(target=ast.Name(id=name)):
                self.names.pop(name, None)
            case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
                if _is_path(target):
                    self._add_all(value)
                elif isinstance(target, ast.Subscript) and _is_path(target.value):
                    self._add_all(value if isinstance(target.slice, ast.Slice) else _listed(value))
            case ast.Call(func=ast.Attribute(value=where, attr="append"), args=[item]) if _is_path(where):
                self._add_all(_listed(item))
            case ast.Call(func=ast.Attribute(value=where, attr="insert"), args=[_, item]) if _is_path(where):
                self._add_all(_listed(item))
            case ast.Call(func=ast.Attribute(value=where, attr="extend"), args=[items]) if _is_path(where):
                self._add_all(items)

    def _bind(self, name: str, value: ast.expr) -> None:
        known = self._value(value)
        if known is None:
            self.names.pop(name, None)
        else:
            self.names[name] = known

    def _add_all(self, node: ast.expr) -> None:
        if isinstance(node, ast.List | ast.Tuple):
            values = (self._value(item) for item in node.elts)
            self.found += [Path(os.path.normpath(self.folder / value)) for value in values if value]
        elif isinstance(node, ast.BinOp):
            self._add_all(node.left)
            self._add_all(node.right)

    def _value(self, node: ast.expr) -> str | Path | None:
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Attribute(attr="pardir"):
                return os.pardir
            case ast.Attribute(attr="curdir"):
                return os.curdir
            case ast.Attribute(value=whole, attr="parent"):
                path = self._value(whole)
                return path.parent if isinstance(path, Path) else None
            case ast.Subscript(
                value=ast.Attribute(value=whole, attr="parents"), slice=ast.Constant(value=int(n))
            ):
                path = self._value(whole)
                return path.parents[n] if isinstance(path, Path) and n < len(path.parents) else None
            case ast.BinOp(left=left, op=op, right=right):
                return self._joined(left, op, right)
            case ast.Call(func=ast.Attribute(attr=called) | ast.Name(id=called)):
                return self._called(called, node)
        return None

    def _joined(self, left: ast.expr, op: ast.operator, right: ast.expr) -> str | Path | None:
        first, second = self._value(left), self._value(right)
        if isinstance(first, str) and isinstance(second, str) and isinstance(op, ast.Add):
            return first + second
        if isinstance(op, ast.Div) and second is not None and isinstance(first, Path):
            return first / second
        return None

    def _called(self, name: str, call: ast.Call) -> str | Path | None:
        if call.keywords:
            return None
        if name in ("getcwd", "cwd"):
            return str(self.folder) if name == "getcwd" else self.folder
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        on_value = name in (*_WHOLE_PATH, "as_posix") and owner is not None
        parts = [self._value(part) for part in ([owner] if on_value and owner else call.args)]
        known = [part for part in parts if part is not None]
        if len(known) != len(parts):
            return None
        return self._made(name, known)

    def _made(self, name: str, parts: list[str | Path]) -> str | Path | None:
        if name == "Path":
            return Path(*parts)
        if name == "join" and parts:
            return os.path.join(*parts)  # noqa: PTH118 - as the notebook has it
        if len(parts) != 1:
            return None
        part = parts[0]
        if name == "dirname":
            return os.path.dirname(part)  # noqa: PTH120 - as the notebook has it
        if name in _AS_IT_IS:
            return str(part)
        whole = os.path.normpath(self.folder / part)
        return whole if name in _WHOLE else Path(whole) if name in _WHOLE_PATH else None


@lru_cache(maxsize=4096)
def _imports(source: str) -> tuple[str, ...]:
    return tuple(dotted for node in _in_order(parse_or_empty(source)) for dotted in _imported_by(node))


def _imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig") if path.stat().st_size <= _MOST_BYTES else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _is_path(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "path"
        and (isinstance(node.value, ast.Name) and node.value.id == "sys")
    )


def _listed(item: ast.expr) -> ast.List:
    return ast.List(elts=[item], ctx=ast.Load())
