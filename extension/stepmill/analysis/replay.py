"""Which statements can be executed again in every step that needs them, with the same result."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from stepmill.analysis.effects import RANDOM, Effects, is_pseudo
from stepmill.analysis.purity import function_entry, is_literal_call
from stepmill.analysis.values import CLASS_FACTORIES, Kind, Value, dotted_name

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


def is_type_alias(node: ast.stmt) -> bool:
    """Tell whether the statement is `type A = …`, Python 3.12."""
    return type(node).__name__ == "TypeAlias"


def is_class_factory(node: ast.stmt, env: dict[str, Value]) -> bool:
    """Tell whether the statement makes a class by a call: `Row = namedtuple("Row", "a b")`."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.value, ast.Call):
        return False
    known = dotted_name(node.value.func, env) in CLASS_FACTORIES
    return known and all(is_literal_like(c, env) for c in (*node.value.args, *node.value.keywords))


def is_storable(node: ast.stmt, env: dict[str, Value]) -> bool:
    """Tell whether what a statement defines can be stored with its state, instead of defined again.

    Not so what a library has wrapped or given a metaclass: a cached function, an Enum.
    """
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return all(_is_ours(decorator, env) for decorator in node.decorator_list)
    if isinstance(node, ast.ClassDef):
        keywords = [keyword.value for keyword in node.keywords]
        plain = (d for d in node.decorator_list if dotted_name(_called(d), env) not in CLASS_DECORATORS)
        return (
            all(_is_ours(decorator, env) for decorator in plain)
            and all(_is_ours(value, env) or dotted_name(value, env) == "abc.ABCMeta" for value in keywords)
            and all(_is_ours(base, env) or _is_plain_base(base, env) for base in node.bases)
        )
    return may_have_state(node)


def is_kept_by_nobody(node: ast.ClassDef, bases: tuple[Value, ...], env: dict[str, Value]) -> bool:
    """Tell whether a class has only bases and decorators that keep nothing about it."""
    names = [base.what for base in bases if base.kind is not Kind.CLASS]
    known = all(name.startswith(_QUIET) or isinstance(getattr(builtins, name, None), type) for name in names)
    decorators = {dotted_name(_called(decorator), env) for decorator in node.decorator_list}
    return known and decorators <= CLASS_DECORATORS and not node.keywords


def may_have_state(node: ast.stmt) -> bool:
    """Tell whether the statement defines a function or class, a lambda too."""
    return is_definition(node) or (isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda))


def _is_ours(node: ast.expr, env: dict[str, Value]) -> bool:
    """Tell whether an expression is a function or class of the notebook, or a call of one."""
    inner = _called(node)
    known = env.get(inner.id) if isinstance(inner, ast.Name) else None
    return known is not None and known.is_callable_of_notebook


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _is_plain_base(node: ast.expr, env: dict[str, Value]) -> bool:
    inner = node.value if isinstance(node, ast.Subscript) else node
    name = dotted_name(inner, env)
    if name is None:
        return False
    return name in PLAIN_BASES or isinstance(getattr(builtins, name, None), type)


CLASS_DECORATORS = frozenset({"dataclasses.dataclass", "functools.total_ordering"})
PLAIN_BASES = frozenset({"abc.ABC", "typing.Generic", "collections.UserDict", "collections.UserList"})
_QUIET = (*PLAIN_BASES, "sklearn.base.")


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
        free = not effects.changes and not effects.is_told and not _has_findings(effects)
        return "session" if free else ""
    if effects.changes:
        return "patch" if _is_patch(node, effects, env) else ""
    if _has_findings(effects):
        return ""
    if is_definition(node):
        return "definition"
    if is_class_factory(node, env) or is_type_alias(node):
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


def is_flat_dict(node: ast.stmt) -> bool:
    """Tell whether the statement assigns a dict whose values are written out as constants."""
    value = getattr(node, "value", None)
    return isinstance(value, ast.Dict) and all(isinstance(v, ast.Constant) for v in value.values)


def is_update(node: ast.stmt) -> bool:
    """Tell whether the statement is a call of the method `update`, which takes over the items of a dict."""
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "update"


def _is_patch(node: ast.stmt, effects: Effects, env: dict[str, Value]) -> bool:
    """`K.total = 0` below `class K`, `@show.register` below `show`: replayed together with it."""
    if isinstance(node, ast.FunctionDef) and node.decorator_list:
        registers = all(_registers(decorator, env) for decorator in node.decorator_list)
        changed = (env.get(name) for name in effects.changes)
        return registers and all(v is not None and v.is_callable_of_notebook for v in changed)
    if not isinstance(node, ast.Assign) or effects.binds:
        return False
    if not all(isinstance(target, ast.Attribute) for target in node.targets):
        return False
    known = [env.get(name) for name in effects.changes]
    return is_literal_like(node.value, env) and all(
        v is not None and v.is_callable_of_notebook for v in known
    )


def _registers(decorator: ast.expr, env: dict[str, Value]) -> bool:
    inner = _called(decorator)
    return isinstance(inner, ast.Attribute) and inner.attr == "register" and _is_ours(inner.value, env)


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
    """What writes files, draws or seeds is never replayed.

    What also changes settings may seed: a step that draws is given the state of the generator after it.
    It may make a folder, too, if it does not mind that the folder is there.
    """
    seeds = {name for name in effects.binds if name.startswith(RANDOM)}
    harmless = seeds | effects.made if effects.session else set[str]()
    return any(is_pseudo(name) for name in (*(effects.binds.keys() - harmless), *effects.changes))


def _has_findings(effects: Effects) -> bool:
    return any(finding.code.startswith("SM33") for finding in effects.findings)
