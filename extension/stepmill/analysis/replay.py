"""Which statements can be executed again in every step that needs them, with the same result."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.effects import Effects, is_pseudo
from stepmill.analysis.purity import function_entry, is_literal_call
from stepmill.analysis.values import CLASS_FACTORIES, Value, dotted_name

if TYPE_CHECKING:
    from stepmill.analysis.interpreter import Observed

LITERAL_NODES = (
    ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Set, ast.Dict,
    ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.FormattedValue,
    ast.Starred, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.keyword,
    ast.Load, ast.Store,
    ast.Lambda, ast.arguments, ast.arg, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip

IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_definition(node: ast.stmt) -> bool:
    """Tell whether the statement defines a function or class under its own name."""
    return isinstance(node, DEFINITIONS)


def is_class_factory(node: ast.stmt, env: dict[str, Value]) -> bool:
    """Tell whether the statement makes a class by a call: `Row = namedtuple("Row", "a b")`."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.value, ast.Call):
        return False
    known = dotted_name(node.value.func, env) in CLASS_FACTORIES
    return known and all(is_literal_like(c, env) for c in (*node.value.args, *node.value.keywords))


def shape_of(observed: Observed, env: dict[str, Value]) -> str:
    """Return how the statement could be replayed, looking at it alone.

    "import", "definition", "constant", "session", "patch" (of a definition), or "" if it cannot.
    Whether the names that it reads can be replayed too is for the caller to see.
    """
    node, effects = observed.unit.node, observed.effects
    if isinstance(node, IMPORTS):
        return "import"
    if effects.volatile or effects.unseeded or effects.deletes or _bad_pseudo(effects):
        return ""
    if effects.session:
        return "session" if not effects.changes and not _has_findings(effects) else ""
    if effects.changes:
        return "patch" if _is_patch(node, effects, env) else ""
    if _has_findings(effects):
        return ""
    if is_definition(node):
        return "definition"
    if is_class_factory(node, env):
        return "definition"
    if isinstance(node, (ast.If, ast.Try)) and _only_replayable(node) and _imports_or_defines(node, effects):
        return "import"
    value = getattr(node, "value", None)
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and value is not None and is_literal_like(value, env):
        if isinstance(value, ast.Lambda):
            return "definition"
        return "constant"
    return ""


def is_literal_like(node: ast.AST, env: dict[str, Value]) -> bool:
    """Tell whether an expression is built of literals, names and calls that are as good as literals."""
    if isinstance(node, ast.Lambda):
        return all(is_literal_like(d, env) for d in (*node.args.defaults, *node.args.kw_defaults) if d)
    if isinstance(node, ast.Call):
        return _is_cheap(node.func, env) and all(
            is_literal_like(c, env) for c in (*node.args, *node.keywords)
        )
    if not isinstance(node, LITERAL_NODES):
        return False
    return all(is_literal_like(child, env) for child in ast.iter_child_nodes(node))


def _is_cheap(function: ast.expr, env: dict[str, Value]) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, (ast.Constant, ast.JoinedStr)):
        return True  # "a b".split()
    dotted = dotted_name(function, env)
    if dotted is None:
        return False
    entry = function_entry(dotted)
    math = dotted.startswith("math.") and entry is not None and entry.has("immutable")
    return is_literal_call(dotted) or math


def _is_patch(node: ast.stmt, effects: Effects, env: dict[str, Value]) -> bool:
    """`K.total = 0` below `class K`: replayed together with the class."""
    if not isinstance(node, ast.Assign) or effects.binds:
        return False
    if not all(isinstance(target, ast.Attribute) for target in node.targets):
        return False
    known = [env.get(name) for name in effects.changes]
    return is_literal_like(node.value, env) and all(
        v is not None and v.is_callable_of_notebook for v in known
    )


def _only_replayable(node: ast.stmt) -> bool:
    """Tell whether a conditional holds only imports, definitions and literal assignments."""
    bodies: list[ast.stmt] = []
    if isinstance(node, ast.If):
        if any(isinstance(child, ast.Call) for child in ast.walk(node.test)):
            return False
        bodies = [*node.body, *node.orelse]
    elif isinstance(node, ast.Try):
        bodies = [*node.body, *node.orelse, *node.finalbody]
        bodies += [statement for handler in node.handlers for statement in handler.body]
    return all(_is_plain(statement) for statement in bodies)


def _imports_or_defines(node: ast.stmt, effects: Effects) -> bool:
    """`try: import x` with `x = None` or a flag beside it: about code, and binding no older name."""
    about_code = any(isinstance(child, (*IMPORTS, *DEFINITIONS)) for child in ast.walk(node))
    return about_code and effects.binds.keys() <= effects.new


def _is_plain(node: ast.stmt) -> bool:
    if isinstance(node, (ast.If, ast.Try)):
        return _only_replayable(node)
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return not any(isinstance(child, ast.Call) for child in ast.walk(node))
    if isinstance(node, ast.Raise):
        return True
    return isinstance(node, (*IMPORTS, *DEFINITIONS, ast.Pass))


def _bad_pseudo(effects: Effects) -> bool:
    """What writes files or draws is never replayed."""
    return any(is_pseudo(name) for name in (*effects.binds, *effects.changes))


def _has_findings(effects: Effects) -> bool:
    return any(finding.code.startswith("SM33") for finding in effects.findings)
