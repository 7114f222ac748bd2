"""The last changes to the user's statements: what a notebook shows, what a function would change."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.compiler.python_module.borrowed import imported
from stepmill.compiler.python_module.edits import Edits, indented
from stepmill.compiler.python_module.refusals import refuse
from stepmill.compiler.python_module.scopes import Access
from stepmill.compiler.python_module.walk import AT_NAME
from stepmill.syntax import is_expression

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from stepmill.compiler.python_module.borrowed import Names
    from stepmill.compiler.python_module.scopes import Use
    from stepmill.compiler.python_module.segments import Segment
    from stepmill.compiler.python_module.statements import Statement

MODULE_NAMES = frozenset(
    {
        "__file__",
        "__doc__",
        "__spec__",
        "__package__",
        "__loader__",
        "__path__",
        "__annotations__",
        "__builtins__",
    }
)
SHELL_NAMES = frozenset(
    {"get_ipython", "In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_dh", "_oh", "_ih", "_exit_code"}
)
_ALL_NAMES = frozenset({"globals()", "locals()", "vars()"})
LOOKUPS = frozenset({"globals", "locals", "vars", "dir", "exec", "eval"})
_DISPLAY_MODULES = ("IPython.display", "IPython.core.display", "IPython.core.display_functions")
_VALUES = frozenset(
    [
        "head",
        "tail",
        "describe",
        "sample",
        "value_counts",
        "nlargest",
        "nsmallest",
        "corr",
        "cov",
        "groupby",
        "aggregate",
        "agg",
        "mean",
        "median",
        "std",
        "var",
        "sum",
        "min",
        "max",
        "count",
        "nunique",
        "unique",
        "round",
        "sort_values",
        "sort_index",
        "pivot_table",
        "pivot",
        "crosstab",
        "merge",
        "assign",
        "reset_index",
        "set_index",
        "to_frame",
        "isna",
        "isnull",
        "notna",
        "dtypes",
        "get_params",
        "score",
        "predict",
        "predict_proba",
        "items",
        "keys",
        "values",
        "copy",
        "astype",
        "tolist",
        "to_dict",
        "to_string",
        "upper",
        "lower",
        "split",
        "strip",
        "quantile",
        "idxmax",
        "idxmin",
        "transpose",
        "stack",
        "unstack",
        "filter",
        "apply",
        "map",
        "all",
        "any",
        "cumsum",
        "diff",
        "rank",
        "nonzero",
        "ravel",
        "reshape",
    ]
)
_VALUE_FUNCTIONS = frozenset(
    [
        "len",
        "sum",
        "min",
        "max",
        "round",
        "sorted",
        "abs",
        "list",
        "tuple",
        "dict",
        "set",
        "frozenset",
        "str",
        "int",
        "float",
        "bool",
        "type",
        "repr",
        "range",
        "zip",
        "enumerate",
        "any",
        "all",
        "divmod",
        "pow",
        "isinstance",
        "issubclass",
        "hash",
        "id",
        "format",
        "reversed",
        "complex",
        "bytes",
    ]
)


def refuse_strangers(statement: Statement, bound: Collection[str]) -> None:
    """Refuse code that means something else in a module, or nothing."""
    for use in statement.walk.uses:
        if use.access is not Access.READ or use.name in bound:
            continue
        if use.name in MODULE_NAMES:
            refuse("SM503", use.name, statement.cell, _line(statement, use.node))
        if use.name in SHELL_NAMES:
            refuse("SM502", use.name, statement.cell, _line(statement, use.node))
        if use.name == "dir" and use.call is not None and not use.call.args:
            refuse("SM508", "dir()", statement.cell, _line(statement, use.node))
    node = statement.node
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in _PROFILERS:
            refuse("SM508", f"{ast.unparse(call.func)}()", statement.cell, _line(statement, call))
    for part in ast.walk(node):
        if _is_main(part):
            refuse("SM508", "__main__", statement.cell, _line(statement, part))
        if isinstance(part, ast.Assign) and ast.unparse(part.value) in _ALL_NAMES:
            refuse("SM508", ast.unparse(part.value), statement.cell, _line(statement, part))
        if _gives_shell(part):
            refuse("SM502", "get_ipython", statement.cell, _line(statement, node))
    if isinstance(node, ast.AnnAssign) and any(
        isinstance(part, ast.Call) for part in ast.walk(node.annotation)
    ):
        refuse("SM509", "an annotation that calls something", statement.cell, statement.line)
    for stray in statement.walk.strays:
        place = _STRAYS.get(type(stray), "`yield` outside of a function")
        refuse("SM504", place, statement.cell, _line(statement, stray))


def _is_main(node: ast.AST) -> bool:
    """Tell whether the node gets hold of the notebook's own module, whose names functions do not have."""
    if isinstance(node, ast.Import):
        return any(alias.name == "__main__" for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module == "__main__"
    if not isinstance(node, ast.Subscript) or ast.unparse(node.value) != "sys.modules":
        return False
    return ast.unparse(node.slice) in ("__name__", "'__main__'")


_PROFILERS = ("cProfile.run", "profile.run")
"""Functions that execute a text in the module `__main__`."""

_STRAYS = {
    ast.Return: "`return` outside of a function",
    ast.Break: "`break` outside of a loop",
    ast.Continue: "`continue` outside of a loop",
}


def _line(statement: Statement, node: ast.AST) -> int:
    """Return the user's line of a node; that of the statement where lines were changed."""
    return statement.line + getattr(node, "lineno", 1) - 1


def names_in_queries(statements: Collection[Statement]) -> set[str]:
    """Return all `@name` of the notebook's texts, if some query is not written where it is used."""
    nodes = [node for statement in statements for node in ast.walk(statement.node)]
    calls = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.args]
    queries = [
        n.args[0] for n in calls if isinstance(n.func, ast.Attribute) and n.func.attr in ("query", "eval")
    ]
    if all(isinstance(query, ast.Constant) for query in queries):
        return set()
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return {name for text in texts for name in AT_NAME.findall(text)}


def _gives_shell(node: ast.AST) -> bool:
    """Tell whether the node is IPython's shell by another name, such as `InteractiveShell.instance`."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "get_ipython" for alias in node.names)
    if not isinstance(node, ast.Attribute):
        return False
    is_class = ast.unparse(node.value).rpartition(".")[2] == "InteractiveShell"
    return node.attr == "get_ipython" or (node.attr == "instance" and is_class)


def looks_up(statement: Statement, bound: Collection[str]) -> bool:
    """Tell whether the statement looks names up as text."""
    return any(u.name in LOOKUPS and u.name not in bound and _is_lookup(u) for u in statement.walk.uses)


def looked_up(statements: Collection[Statement], bound: Collection[str]) -> set[str]:
    """Return the words in texts of statements that look up names as text; {""} at least if any does."""
    found: set[str] = set()
    for statement in statements:
        if looks_up(statement, bound):
            found.add("")
            for node in ast.walk(statement.node):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= set(_words(node.value))
                elif isinstance(node, ast.keyword) and node.arg:
                    found.add(node.arg)
    return found


def _is_lookup(use: Use) -> bool:
    if use.name in ("vars", "locals", "dir"):
        return (use.call is None or not use.call.args) and (use.name != "locals" or not use.later)
    return True


def _words(text: str) -> list[str]:
    return [
        w
        for w in "".join(c if c.isidentifier() or c.isdigit() else " " for c in text).split()
        if w.isidentifier()
    ]


# What the notebook shows -------------------------------------------------------------------------


def show(
    statement: Statement, *, is_figure: bool, returns_value: Collection[str], may_be_none: Collection[str]
) -> None:
    """Let a value that the notebook shows below the cell be printed; drop it if it has no other use.

    `returns_value` are functions that give one, `may_be_none` methods of which nobody knows that.
    """
    if not statement.shown or not isinstance(statement.node, ast.Expr):
        return
    value = statement.node.value
    if is_figure or not _has_value(value, returns_value, may_be_none):
        if isinstance(value, ast.Name | ast.Constant):
            statement.text = ""
        return
    text = statement.text
    if text.startswith("(") and text.endswith(")") and "\n" not in text and not isinstance(value, ast.Tuple):
        text = text[1:-1] if is_expression(text[1:-1]) else text
    if "\n" in text:
        statement.text = f"print(\n{indented(text)}\n)"
    else:
        statement.text = f"print(({text}))" if _is_bare_tuple(value, text) else f"print({text})"


def _is_bare_tuple(value: ast.expr, text: str) -> bool:
    return (
        isinstance(value, ast.Tuple)
        and value.col_offset == 0
        and not (text.startswith("(") and _one_pair(text))
    )


def _one_pair(text: str) -> bool:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return index == len(text) - 1
    return False


def _has_value(node: ast.expr, returns_value: Collection[str], may_be_none: Collection[str]) -> bool:
    """Tell whether an expression surely is something to show: a call may give None."""
    if isinstance(node, ast.Constant):
        return node.value is not None and node.value is not Ellipsis
    if isinstance(node, ast.Await | ast.NamedExpr | ast.Yield | ast.IfExp | ast.BoolOp):
        return False
    if not isinstance(node, ast.Call):
        return True
    function = node.func
    if any(keyword.arg == "inplace" for keyword in node.keywords):
        return False
    if isinstance(function, ast.Name):
        return function.id in _VALUE_FUNCTIONS or function.id in returns_value or function.id[:1].isupper()
    if isinstance(function, ast.Attribute):
        if function.attr in may_be_none:
            return False
        return function.attr in _VALUES or (function.attr[:1].isupper() and len(function.attr) > 1)
    return False


def functions_with_value(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names of the functions that give a value wherever they end, as far as their text says."""
    functions = {
        node.name: node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found = {name for name, node in functions.items() if always_returns(node)}
    while without := {
        name for name in found if _returned_calls(functions[name]) & (functions.keys() - found)
    }:
        found -= without
    return frozenset(found)


def always_returns(node: ast.AST) -> bool:
    """Tell whether a function gives a value wherever it ends, or what another function gives."""
    if not isinstance(node, ast.FunctionDef) or not isinstance(node.body[-1], ast.Return):
        return False
    found = [part for part in ast.walk(node) if isinstance(part, ast.Return)]
    return all(part.value is not None and not _is_none(part.value) for part in found)


def _returned_calls(node: ast.AST) -> set[str]:
    values = (part.value for part in ast.walk(node) if isinstance(part, ast.Return))
    called = (value.func for value in values if isinstance(value, ast.Call))
    return {function.id for function in called if isinstance(function, ast.Name)}


def methods_without_value(trees: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names of methods that the user's own classes define, and that may give None."""
    classes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return frozenset(
        node.name
        for one in classes
        for node in one.body
        if isinstance(node, ast.FunctionDef) and not always_returns(node)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


# What a function would change --------------------------------------------------------------------


def displays(statement: Statement, names: Names, bound: Collection[str]) -> None:
    """`display(x)` becomes `print(x)`."""
    edits = Edits(statement.text)
    for use in statement.walk.uses:
        if use.name != "display" or use.access is not Access.READ or "display" in bound:
            continue
        if "print" in names.shadowed:
            refuse("SM507", "print", statement.cell, _line(statement, use.node))
        call = use.call
        if call is not None:
            if call.keywords or not isinstance(call.func, ast.Name):
                refuse("SM502", "display(…, …=…)", statement.cell, _line(statement, use.node))
            if len(call.args) > 1 or any(isinstance(a, ast.Starred) for a in call.args):
                edits.insert(edits.span(call)[1] - 1, ', sep="\\n"')
            edits.replace_node(call.func, "print")
        elif isinstance(use.node, ast.Name):
            edits.replace_node(use.node, "print")
    statement.text = edits.apply()


def is_display_import(statement: Statement) -> bool:
    """Tell whether the statement only imports `display` under its own name."""
    keys = imported(statement.node)
    return bool(keys) and all(
        key[0] in _DISPLAY_MODULES and key[1] == "display" and key[2] == "display" for key in keys
    )


def fit_into_function(statement: Statement, shared: Collection[str], bound: Collection[str]) -> None:
    """Change what a function would take another way: `global`, annotations, `locals()`, `exec`."""
    edits = Edits(statement.text)
    node = statement.node
    if isinstance(node, ast.Global):
        statement.text = ""
        return
    for part in _own_nodes(node):
        if isinstance(part, ast.Global):
            edits.replace_node(part, "pass")
        elif (
            isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and part.target.id in shared
        ):
            if part.value is None:
                edits.replace_node(part, "pass")
            else:
                edits.replace(edits.span(part.target)[1], edits.span(part.annotation)[1], "")
    for use in statement.walk.uses:
        if use.call is None or use.later or use.name in bound or use.scope.kind != "top":
            continue
        if use.name in ("locals", "vars") and not use.call.args:
            edits.replace_node(use.call.func, "globals")
        elif use.name in ("exec", "eval") and len(use.call.args) == 1 and not use.call.keywords:
            edits.insert(edits.span(use.call)[1] - 1, ", globals()")
    statement.text = edits.apply()
    if node.__class__ is ast.AnnAssign and statement.text.strip() == "pass":
        statement.text = ""


def _own_nodes(node: ast.AST) -> list[ast.AST]:
    """Return the nodes of a statement that are not inside of a function or class made by it."""
    found, waiting = [], [node]
    while waiting:
        part = waiting.pop()
        found.append(part)
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(part))
    return found


def drop_unused(segment: Segment, local: Collection[str]) -> set[str]:
    """Remove or mark what is assigned and never read, as no reviewer wants it; return these names.

    The target of a plain assignment goes; in `fig, ax = …` the unused part becomes `_fig`.
    """
    taken = {use.name for use in segment.walk.uses if use.access is not Access.BIND} | set(segment.outputs)
    dropped: set[str] = set()
    for statement in segment.statements:
        node = statement.node
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target = node.targets[0]
        edits = Edits(statement.text)
        if isinstance(target, ast.Name) and target.id in local and target.id not in taken:
            dropped.add(target.id)
            statement.text = _without_target(node, edits)
        elif isinstance(target, ast.Tuple):
            for part in target.elts:
                if isinstance(part, ast.Name) and part.id in local and part.id not in taken:
                    marked = f"_{part.id}"
                    if not part.id.startswith("_") and marked not in taken | segment.bound:
                        dropped.add(part.id)
                        edits.replace_node(part, marked)
            statement.text = edits.apply()
    return dropped


def _without_target(node: ast.Assign, edits: Edits) -> str:
    if isinstance(node.value, ast.Constant | ast.Name | ast.Lambda):
        return ""
    edits.replace(0, edits.span(node.value)[0], "")
    text = edits.apply()
    return text if is_expression(text) else edits.text
