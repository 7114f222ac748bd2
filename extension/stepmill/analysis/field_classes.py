"""Classes made out of annotated attributes: dataclasses, those of attrs, and models of pydantic."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.values import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from stepmill.analysis.frames import ClassInfo
    from stepmill.analysis.values import Value

_ATTRS = ("attr", "attrs")
_FIELDS = ("attrib", "field", "ib")
_MODEL_FIELDS = ("Field", "PrivateAttr")
_ANEW = (ast.Constant, ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_MODELS = frozenset({"pydantic.BaseModel", "pydantic_settings.BaseSettings", "sqlmodel.SQLModel"})


def own_fields(
    node: ast.ClassDef, bases: Iterable[Value], env: Mapping[str, Value], classes: Mapping[str, ClassInfo]
) -> Collection[str]:
    """Return the attributes in the body of a class that are no state of the class.

    Each object has them for itself, however they begin; or a library made them out of methods.
    """
    if _is_model(bases, classes):
        own = frozenset(_copied(node, env, classes))
    elif any(_makes_fields(each, env) for each in node.decorator_list):
        own = frozenset(_made(node, env))
    else:
        return ()
    return own.union(_methods(node, env))


def is_of_attrs(decorator: ast.expr, env: Mapping[str, Value]) -> bool:
    """Tell whether a decorator is attrs', which gives back the class, as `dataclass` does."""
    known = _root(decorator, env)
    if known is None or known.kind not in (Kind.MODULE, Kind.LIBRARY):
        return False
    return known.what.partition(".")[0] in _ATTRS


def _makes_fields(decorator: ast.expr, env: Mapping[str, Value]) -> bool:
    return is_of_attrs(decorator, env) or _called(decorator) == "dataclass"


def _root(decorator: ast.expr, env: Mapping[str, Value]) -> Value | None:
    inner = decorator.func if isinstance(decorator, ast.Call) else decorator
    root = inner.value if isinstance(inner, ast.Attribute) else inner
    return env.get(root.id) if isinstance(root, ast.Name) else None


def _called(node: ast.expr) -> str:
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")


def _made(node: ast.ClassDef, env: Mapping[str, Value]) -> Iterator[str]:
    """Yield the fields that begin with nothing that objects share: `field(factory=list)`, `attr.ib(1)`."""
    for inner in node.body:
        if isinstance(inner, (ast.Assign, ast.AnnAssign)) and isinstance(inner.value, ast.Call):
            begins = _begins(inner.value, env, _FIELDS)
            if begins is not None and all(isinstance(value, ast.Constant) for value in begins):
                targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def _begins(node: ast.expr, env: Mapping[str, Value], makers: Collection[str]) -> list[ast.expr] | None:
    """Return the defaults that a library's `field(…)` is given; None if the expression is another one."""
    if not isinstance(node, ast.Call) or _called(node) not in makers or _is_own(_root(node, env)):
        return None
    return [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "default")]


def _methods(node: ast.ClassDef, env: Mapping[str, Value]) -> Iterator[str]:
    for inner in node.body:
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            roots = [_root(decorator, env) for decorator in inner.decorator_list]
            if not any(map(_is_own, roots)):
                yield inner.name


def _is_own(value: Value | None) -> bool:
    return value is not None and value.is_callable_of_notebook


def _is_model(bases: Iterable[Value], classes: Mapping[str, ClassInfo]) -> bool:
    """Tell whether a class with these bases is a model of pydantic."""
    for base in bases:
        info = classes.get(base.what) if base.kind is Kind.CLASS else None
        if base.what in _MODELS or (info is not None and _is_model(info.bases, classes)):
            return True
    return False


def _copied(node: ast.ClassDef, env: Mapping[str, Value], classes: Mapping[str, ClassInfo]) -> Iterator[str]:
    """Yield the fields of a model of whose default each object has a copy.

    pydantic copies what has no hash, as lists and models; objects of other classes have one, and are shared.
    """
    yield "model_config"
    for inner in node.body:
        if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
            begins = [inner.value] if inner.value is not None else []
            made = _begins(begins[0], env, _MODEL_FIELDS) if begins else None
            is_copied = all(
                _is_made_anew(value, env, classes) for value in (begins if made is None else made)
            )
            if is_copied and "ClassVar" not in ast.unparse(inner.annotation):
                yield inner.target.id


def _is_made_anew(node: ast.expr, env: Mapping[str, Value], classes: Mapping[str, ClassInfo]) -> bool:
    if isinstance(node, ast.Call):
        made = _root(node, env)
        info = classes.get(made.what) if made is not None and made.kind is Kind.CLASS else None
        if info is not None:
            return _is_model(info.bases, classes) and "frozen" not in ast.unparse(info.node)
        return made is None and _called(node) in ("dict", "list", "set")
    return isinstance(node, _ANEW)
