"""Stored values of a past run, loaded into the calling process."""

from __future__ import annotations

import ast
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from stepmill.analysis.digests import code_digest
from stepmill.errors import DefinitionMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import ArtifactRef
    from stepmill.model.pipeline import Definition, Step


def load_output(store: Store, name: str, ref: ArtifactRef, step: Step, parameters: Mapping[str, Any]) -> Any:
    """Return a stored value that `step` gave.

    Most values need nothing of the notebook. Instances of its classes find them in the caller's
    `__main__` where that holds the same definitions; else in a module made of the step's recorded
    setup code, which is run for it, once per process.
    """
    from stepmill.artifacts.values import load_values

    def load(definitions: Mapping[str, str], namespace: dict[str, Any]) -> Any:
        return load_values(store, {name: ref}, definitions=definitions, namespace=namespace)[name]

    main = vars(sys.modules["__main__"])
    try:
        return load(_held_by(main, step.definitions), main)
    except DefinitionMismatch:
        module = _module_of(step, parameters)
        known = {d.name: d.digest for d in step.definitions if d.name in vars(module)}
        return load(known, vars(module))


def _held_by(namespace: Mapping[str, Any], definitions: tuple[Definition, ...]) -> dict[str, str]:
    """Return name -> digest of those definitions that `namespace` holds with the same source."""
    found = {}
    for definition in definitions:
        value = namespace.get(definition.name)
        if value is not None and _source_digest(value) == definition.digest:
            found[definition.name] = definition.digest
    return found


def _source_digest(value: Any) -> str | None:
    """Return the digest of a live definition's source, as the analysis makes it; None without source."""
    import inspect
    from textwrap import dedent

    try:
        tree = ast.parse(dedent(inspect.getsource(value)))
    except (OSError, TypeError, SyntaxError):
        return None
    return code_digest(tree.body)


def _module_of(step: Step, parameters: Mapping[str, Any]) -> ModuleType:
    """Return the module in which the step's setup code was run; the same one for the same code."""
    sources = [fragment.source for fragment in step.setup]
    name = f"stepmill_definitions_{blake3(repr(sources).encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name, "Definitions of a notebook, for loading what it stored.")
    vars(module).update(parameters)
    sys.modules[name] = module
    try:
        for source in filter(_is_python, sources):
            exec(compile(source, f"<{name}>", "exec"), vars(module))  # noqa: S102 - the user's own code
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_python(source: str) -> bool:
    """Return whether a fragment is plain Python; a line magic is none, and defines nothing."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
