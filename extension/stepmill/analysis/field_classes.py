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
_MODELS = frozenset({"pydantic.BaseModel", "pydantic_settings.BaseSettings", "sqlmodel.SQLModel"})


def own_fields(
    node: ast.ClassDef, bases: Iterable[Value], env: Mapping[str, Value], classes: Mapping[str, ClassInfo]
) -> Collection[str]:
    """Return the attributes in the body of a class that are no state of the class.

    Each object has them for itself, however they begin; or a library made them out of methods.
    """
    if _is_model(bases, classes):
        own = _annotated(node)  # pydantic copies the defaults
    elif any(_makes_fields(each, env) for each in node.decorator_list):
        own = frozenset(_made(node))
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


def _made(node: ast.ClassDef) -> Iterator[str]:
    """Yield the fields that begin with nothing that objects share: `field(factory=list)`, `attr.ib(1)`."""
    for inner in node.body:
        if isinstance(inner, (ast.Assign, ast.AnnAssign)) and isinstance(inner.value, ast.Call):
            call = inner.value
            begins = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "default")]
            if _called(call) in _FIELDS and all(isinstance(value, ast.Constant) for value in begins):
                targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def _methods(node: ast.ClassDef, env: Mapping[str, Value]) -> Iterator[str]:
    for inner in node.body:
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            roots = [_root(decorator, env) for decorator in inner.decorator_list]
            if not any(root is not None and root.is_callable_of_notebook for root in roots):
                yield inner.name


def _is_model(bases: Iterable[Value], classes: Mapping[str, ClassInfo]) -> bool:
    """Tell whether a class with these bases is a model of pydantic."""
    for base in bases:
        info = classes.get(base.what) if base.kind is Kind.CLASS else None
        if base.what in _MODELS or (info is not None and _is_model(info.bases, classes)):
            return True
    return False


def _annotated(node: ast.ClassDef) -> frozenset[str]:
    names = frozenset(
        inner.target.id
        for inner in node.body
        if isinstance(inner, ast.AnnAssign)
        and isinstance(inner.target, ast.Name)
        and "ClassVar" not in ast.unparse(inner.annotation)
    )
    return names | {"model_config"}
