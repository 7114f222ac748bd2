"""What of the project's own modules a step can come to run: told by names, and never too little.

A function can only be called by code that says its name, as a word in the source or within a string, or that
was given it by such code. So what a step reaches are the functions and classes of which code that it reaches
says the name. What a module does when it is imported always counts. Whoever holds a module as an object, asks
for names that are computed, or uses a library of which nobody knows what it looks up, reaches everything; so
does a step that loads functions and classes by a pickle, which only its run can tell (`StepResult.by_name`).
"""

from __future__ import annotations

import ast
import builtins
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from stepmill.notebook.known_libraries import leaves_names_alone
from stepmill.notebook.words import Imports, Words, imports_of, words_of
from stepmill.syntax import FAILURES, compile_tree, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Function = ast.FunctionDef | ast.AsyncFunctionDef
    Definition = Function | ast.ClassDef

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_CALLED_BY_PYTHON = ("load_ipython_extension", "unload_ipython_extension")


class OwnModule(NamedTuple):
    """One of the project's own modules: its dotted name, what relative imports start from, its source."""

    name: str
    package: str
    content: bytes


class Reached(NamedTuple):
    """What of one module a step reaches.

    `digest` is that of the normalised AST; `hidden` are the first and last lines of the definitions that
    it does not reach.
    """

    digest: str
    hidden: tuple[tuple[int, int], ...] = ()


def reached_parts(code: Sequence[str], modules: Mapping[str, OwnModule]) -> dict[str, Reached] | None:
    """Return for each of `modules`, which may have any keys, what the Python in `code` reaches of it.

    None: it may reach everything.
    """
    step = _piece_of_step("\n".join(code))
    read = {
        key: _outline(module.content, module.package, is_package=module.package == module.name)
        for key, module in modules.items()
    }
    outlines = {key: outline for key, outline in read.items() if outline is not None}
    if step is None or len(outlines) < len(read):
        return None
    own = _OwnNames({module.name: outlines[key] for key, module in modules.items()}, step)
    pieces = [step, *(piece for outline in outlines.values() for piece in outline.always)]
    named: dict[str, list[_Part]] = {}
    for part in (part for outline in outlines.values() for part in outline.parts):
        named.setdefault(part.name, []).append(part)
    imported: set[str] = set()
    taken: set[int] = set()
    while pieces:
        piece = pieces.pop()
        if own.may_reach_all(piece):
            return None
        imported |= piece.imported
        for name in piece.said & named.keys():
            found = named.pop(name)
            taken |= set(map(id, found))
            pieces += [part.piece for part in found]
    return {key: outline.reached(taken, imported) for key, outline in outlines.items()}


class _OwnNames:
    """The names of the project's modules, and those that stand for one of them somewhere."""

    def __init__(self, outlines: Mapping[str, _Outline], step: Words) -> None:
        self._outlines = outlines
        self._roots = {name.partition(".")[0] for name in outlines}
        self._last = {name.rpartition(".")[2] for name in outlines}
        files = [step.imports, *(outline.imports for outline in outlines.values())]
        self._modules = self._last | {
            name for file in files for name, meant in file.bound.items() if meant & outlines.keys()
        }

    def may_reach_all(self, piece: Words) -> bool:
        """Tell whether some code may reach what it does not name."""
        unknown = (one for one in piece.libraries if not (self._is_own(one) or leaves_names_alone(one)))
        return (
            piece.computes
            or any(unknown)
            or not piece.held.isdisjoint(self._modules)
            or any(
                self._may_be_module(meant) for one in piece.loose for meant in self._meant(one, piece.imports)
            )
        )

    def _is_own(self, dotted: str) -> bool:
        return dotted.partition(".")[0] in self._roots

    def _meant(self, dotted: str, imports: Imports) -> Iterator[str]:
        """Yield what a dotted name may stand for."""
        first, _, rest = dotted.partition(".")
        found = imports.bound.get(first) or {f"{one}.{first}" for one in imports.starred}
        yield from (f"{one}.{rest}" if rest else one for one in found)

    def _may_be_module(self, dotted: str) -> bool:
        home, _, name = dotted.rpartition(".")
        if dotted in self._outlines or not self._is_own(dotted):
            return dotted in self._outlines
        outline = self._outlines.get(home)
        is_plain = outline is not None and not outline.is_package and not outline.imports.starred
        defined = is_plain and outline is not None and name in outline.defined
        return name in self._modules and not (
            defined and outline is not None and name not in outline.imports.bound
        )


class _Part:
    """A definition that counts only where it is reached."""

    def __init__(self, node: Definition, piece: Words, *, is_delayed: bool) -> None:
        self.name = node.name
        self.piece = piece
        self.lines = (node.lineno, node.end_lineno or node.lineno)
        self.digest = _digest(node)
        looked_up = tuple(_looked_up(node, is_delayed=is_delayed))
        self.header = [_digest(one) for one in looked_up]
        inner = (node for one in looked_up for node in ast.walk(one))
        self.names_in_header = {node.id for node in inner if isinstance(node, ast.Name)}


class _Outline:
    """A module, taken apart: what its import runs, and definitions that only their names reach."""

    def __init__(self, tree: ast.Module, package: str, *, is_package: bool) -> None:
        self.is_package = is_package
        self.imports = imports_of(tree, package)
        self.defined = frozenset(node.name for node in tree.body if isinstance(node, _DEFINITIONS))
        self.order: list[str | _Part] = []
        self.always: list[Words] = []
        is_delayed = any(
            isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body
        )
        for node in tree.body:
            if _is_main_guard(node):
                continue
            piece = words_of(node, self.imports, package)
            if isinstance(node, _DEFINITIONS) and _can_be_left_out(node, is_delayed=is_delayed):
                self.order.append(_Part(node, piece, is_delayed=is_delayed))
            else:
                self.order.append(_digest(node))
                self.always.append(piece)
        self.parts = [one for one in self.order if isinstance(one, _Part)]

    def reached(self, taken: set[int], imported: set[str]) -> Reached:
        from blake3 import blake3

        left_out = [part for part in self.parts if id(part) not in taken]
        wanted = {name for part in left_out for name in part.names_in_header}
        shown: list[str] = []
        for one in self.order:
            if isinstance(one, str) or id(one) in taken:
                shown.append(one if isinstance(one, str) else one.digest)
                continue
            shown += one.header  # where it stands: what a header names must have been defined above it
            shown += [one.name] if one.name in wanted else []
        shown += sorted({part.name for part in left_out} & imported)
        digest = blake3("\n".join(shown).encode()).hexdigest()
        return Reached(digest, tuple(part.lines for part in left_out))


def _digest(node: ast.AST) -> str:
    from blake3 import blake3

    return str(blake3(ast.dump(node).encode("utf-8", "surrogatepass")).hexdigest())


@lru_cache(maxsize=512)
def _outline(content: bytes, package: str, *, is_package: bool) -> _Outline | None:
    """Return a module taken apart, None if its import fails already where it is compiled."""
    try:
        tree = parse(content)
        compile_tree(tree, "<module>")
    except FAILURES:
        return None
    return _Outline(tree, package, is_package=is_package)


@lru_cache(maxsize=2048)
def _piece_of_step(source: str) -> Words | None:
    try:
        tree = parse(source, top_level_await=True)
    except FAILURES:
        return None
    return words_of(tree, imports_of(tree, ""), "")


# -- what counts only where it is reached -----------------------------------------------------------------


def _can_be_left_out(node: Definition, *, is_delayed: bool) -> bool:
    """Tell whether running the definition does nothing but bind a name that nobody asks for unasked."""
    if node.decorator_list or node.name.startswith("__") or node.name in _CALLED_BY_PYTHON:
        return False
    if isinstance(node, ast.ClassDef):
        plain = all(map(_is_plain_member, node.body)) and not node.bases and not node.keywords
        methods = [one for one in node.body if isinstance(one, _FUNCTIONS)]
        return plain and all(_has_plain_header(one, is_delayed=is_delayed) for one in methods)
    return _has_plain_header(node, is_delayed=is_delayed)


def _is_plain_member(node: ast.stmt) -> bool:
    """Tell whether a statement of a class body does nothing but give the class a method or a constant."""
    if isinstance(node, _FUNCTIONS):
        return all(isinstance(one, ast.Name) and one.id in _OF_METHODS for one in node.decorator_list)
    value = node.value if isinstance(node, (ast.Expr, ast.Assign)) else None
    return isinstance(node, ast.Pass) or isinstance(value, ast.Constant)


_OF_METHODS = ("property", "staticmethod", "classmethod")
_PLAIN = (ast.Name, ast.Attribute, ast.Constant, ast.Tuple, ast.expr_context)
_IN_ANNOTATIONS = (ast.Subscript, ast.List, ast.BinOp, ast.BitOr)
_IN_DEFAULTS = (ast.UnaryOp, ast.USub)


def _has_plain_header(node: Function, *, is_delayed: bool) -> bool:
    """Tell whether the expressions above the body only look up names, if they are there."""
    defaults = (inner for one in _defaults(node) for inner in ast.walk(one))
    annotations = (inner for one in _annotations(node, is_delayed=is_delayed) for inner in ast.walk(one))
    return all(isinstance(one, (*_PLAIN, *_IN_DEFAULTS)) for one in defaults) and all(
        isinstance(one, (*_PLAIN, *_IN_ANNOTATIONS)) for one in annotations
    )


def _looked_up(node: Definition, *, is_delayed: bool) -> Iterator[ast.expr]:
    """Yield the expressions that making the definition evaluates: where one fails, so does the import."""
    inner = node.body if isinstance(node, ast.ClassDef) else [node]
    for one in (one for one in inner if isinstance(one, _FUNCTIONS)):
        for found in (*_defaults(one), *_annotations(one, is_delayed=is_delayed)):
            if not isinstance(found, ast.Constant) and not (
                isinstance(found, ast.Name) and found.id in _BUILTIN
            ):
                yield found


_BUILTIN = frozenset(dir(builtins))


def _defaults(node: Function) -> list[ast.expr]:
    return [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]


def _annotations(node: Function, *, is_delayed: bool) -> list[ast.expr]:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    arguments += [one for one in (node.args.vararg, node.args.kwarg) if one is not None]
    found = [] if is_delayed else [*(one.annotation for one in arguments), node.returns]
    return [one for one in found if one is not None]


def _is_main_guard(node: ast.stmt) -> bool:
    """Tell whether a statement does nothing in a module that is imported."""
    return (
        isinstance(node, ast.If)
        and not node.orelse
        and ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")
    )


def without(text: str, hidden: Iterable[tuple[int, int]]) -> str:
    """Return source whose `hidden` lines are empty; the others keep their numbers."""
    lines = text.split("\n")
    for first, last in hidden:
        lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(lines)
