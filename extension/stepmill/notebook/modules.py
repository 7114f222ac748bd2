"""The modules that a notebook imports, known by their source."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.notebook.exports import absolute_name, exported_names
from stepmill.notebook.finding import Module, SearchPath, find_module, is_local
from stepmill.notebook.reached import OwnModule, Reached, reached_parts
from stepmill.syntax import FAILURES, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["exported_names", "is_project_module", "local_modules", "reached_sources", "source_digest"]


def is_project_module(name: str, search: SearchPath) -> bool:
    """Tell whether a top-level module (or "", for a relative import) is the project's own.

    Files beside the notebook, in folders that it puts on its path, and editable installs are; what is
    installed, or not found, is not.
    """
    if not name:
        return True
    return any(not module.compiled and _is_local(module) for module in search.candidates(name))


def local_modules(dotted_names: Iterable[str], folder: Path) -> dict[str, OwnModule]:
    """Return the project's own modules behind these imports, and behind theirs, by the paths of their files.

    Files of the notebook's folder and editable installs count, installed packages do not. Paths are
    relative to `folder` where they lie below it, else absolute. Names that are no module of the project are
    left out.
    """
    folder = folder.resolve()
    found: dict[Path, OwnModule] = {}
    seen: set[str] = set()
    waiting = list(dotted_names)
    while waiting:
        dotted = waiting.pop()
        for name in _with_parents(dotted):
            if name in seen:
                continue
            seen.add(name)
            module = find_module(name, [folder])
            if module is None or not _is_local(module):
                break  # what is installed brings in nothing of the project
            if module.source is not None:
                content = module.source.read_bytes()  # always read: it can change under the same time stamp
                found[module.source] = OwnModule(name, module.package, content)
                waiting += _source(content).imports_from(module.package)
    return {_shown(path, folder): module for path, module in sorted(found.items())}


def reached_sources(code: Sequence[str], modules: Mapping[str, OwnModule]) -> dict[str, Reached]:
    """Return what the Python in `code` reaches of `modules`, with digests of the normalised AST.

    Comments and formatting do not count in them.
    """
    found = reached_parts(code, modules) if modules else {}
    return (
        {path: Reached(_source(one.content).digest) for path, one in modules.items()}
        if found is None
        else found
    )


class _Source:
    """One file: its digest, and what it imports."""

    def __init__(self, content: bytes) -> None:
        from blake3 import blake3

        self._imports: list[ast.Import | ast.ImportFrom | str] = []
        tree = _parse(content)
        normal = content if tree is None else ast.dump(tree).encode("utf-8", "surrogatepass")
        self.digest = str(blake3(normal).hexdigest())
        if tree is not None:
            self._imports = list(_imports(tree))

    def imports_from(self, package: str) -> Iterator[str]:
        """Yield the dotted names it imports; those of `from m import n` as `m` and as `m.n`."""
        for node in self._imports:
            if isinstance(node, str):
                yield node
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            else:
                base = absolute_name(node, package)
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def source_digest(path: Path) -> str:
    """Return the digest of a source file's normalised AST, of its bytes if it is no Python.

    Raises
    ------
    OSError
        The file is missing or may not be read.
    """
    return _source(path.read_bytes()).digest


@lru_cache(maxsize=512)
def _source(content: bytes) -> _Source:
    return _Source(content)


def _parse(content: bytes) -> ast.Module | None:
    try:
        return parse(content)
    except FAILURES:
        return None


def _imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom | str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom():
                yield node
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ) if not name.startswith("."):
                yield name


def _with_parents(dotted: str) -> Iterator[str]:
    """`a.b.c` runs `a`, `a.b` and `a.b.c`."""
    parts = dotted.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1) if parts[0])


def _is_local(module: Module) -> bool:
    if module.source is not None:
        return is_local(module.source.resolve())
    return bool(module.locations) and all(is_local(Path(folder).resolve()) for folder in module.locations)


def _shown(path: Path, folder: Path) -> str:
    path = path.resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
