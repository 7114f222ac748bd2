"""Stored values of a past run, loaded into the calling process."""

from __future__ import annotations
import __future__

import ast
import sys
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from stepmill import syntax
from stepmill.analysis.digests import code_digest
from stepmill.analysis.units import parse
from stepmill.errors import ArtifactError, DefinitionMismatch
from stepmill.model.secrets import is_secret_name
from stepmill.notebook.ipython import to_python
from stepmill.syntax import compile_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.artifacts.store import Store
    from stepmill.model.artifact import ArtifactRef
    from stepmill.model.pipeline import Definition, Step


def load_output(
    store: Store, name: str, ref: ArtifactRef, step: Step, *, run_id: str, parameters: Mapping[str, str]
) -> Any:
    """Return a stored value that `step` gave in a run. `parameters`: the source of each, but of secrets.

    Most values need nothing of the notebook. Instances of its classes find them in the caller's
    `__main__` where that holds the same definitions; else in a module made of the run's recorded
    setup code, which is run for it, once per process.
    """
    from stepmill.artifacts.values import load_values

    def load(definitions: Mapping[str, str], namespace: dict[str, Any]) -> Any:
        return load_values(store, {name: ref}, definitions=definitions, namespace=namespace)[name]

    main = vars(sys.modules["__main__"])
    try:
        return load(_held_by(main, step.definitions), main)
    except DefinitionMismatch:
        module = _module_for(step, run_id, parameters)
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
        tree = syntax.parse(dedent(inspect.getsource(value)))
    except (OSError, TypeError, SyntaxError):
        return None
    return code_digest(tree.body)


def _module_for(step: Step, run_id: str, parameters: Mapping[str, str]) -> ModuleType:
    """Return a module in which the step's setup code was run.

    The steps of a run share one, so that their values have the same classes, unless the notebook
    gives one name to several definitions.
    """
    wanted = {definition.name: definition.digest for definition in step.definitions}
    module = _module(f"stepmill_run_{run_id}", parameters)
    held: dict[str, str] = vars(module)["__definitions__"]
    if any(held.get(known, digest) != digest for known, digest in wanted.items()):
        module = _module(f"stepmill_run_{run_id}_{step.name}", parameters)
    _run_setup(step, module)
    vars(module)["__definitions__"].update(wanted)
    return module


def _module(name: str, parameters: Mapping[str, str]) -> ModuleType:
    """Return the module called `name`, made if need be; dataclasses and pickle look it up by name."""
    module = sys.modules.get(name)
    if module is None:
        module = ModuleType(name, "Definitions of a notebook, for loading what it stored.")
        vars(module).update(__parameters__=dict(parameters), __definitions__={}, __done__=set())
        sys.modules[name] = module
    return module


def _run_setup(step: Step, module: ModuleType) -> None:
    """Run those pieces of the setup code that the module has not seen yet."""
    done: set[str] = vars(module)["__done__"]
    lazy = any(fragment.source.startswith("from __future__ import annotations") for fragment in step.setup)
    flags = __future__.annotations.compiler_flag if lazy else 0
    for fragment in step.setup:
        if fragment.source not in done and _is_python(fragment.source):
            _bind_parameters(module)
            code = compile(fragment.source, f"<cell {fragment.cell}>", "exec", flags, dont_inherit=True)
            _execute(code, module)
            done.add(fragment.source)
    _bind_parameters(module)
    for fragment in step.body:  # what the step itself imports and defines
        names = {definition.name for definition in step.definitions}
        nodes = parse(to_python(fragment.source).code).body  # shared with the analysis: left as it is
        kept = [node for node in nodes if isinstance(node, _IMPORTS) or _defines(node) in names]
        tree = ast.Module(body=kept, type_ignores=[])
        if tree.body and ast.dump(tree) not in done:
            _execute(compile_tree(tree, f"<cell {fragment.cell}>", flags), module)
            done.add(ast.dump(tree))


def _bind_parameters(module: ModuleType) -> None:
    """Give the module those parameters of which it has the classes: an Enum's follows its definition."""
    waiting: dict[str, str] = vars(module)["__parameters__"]
    for name, source in list(waiting.items()):
        try:
            vars(module)[name] = eval(source, vars(module))  # noqa: S307 - our own rendering
        except NameError:
            continue
        del waiting[name]


def _execute(code: CodeType, module: ModuleType) -> None:
    """Run the user's own code, as the run recorded it.

    Raises
    ------
    ArtifactError
        It needs a name that no run records, as that of a secret parameter.
    """
    try:
        exec(code, vars(module))  # noqa: S102
    except NameError as error:
        if not is_secret_name(error.name or ""):
            raise
        raise ArtifactError(
            f"what the value needs is made with the secret parameter {error.name}, which no run records",
            hint="load it where they are defined: in the notebook, or after running them",
        ) from error


_IMPORTS = (ast.Import, ast.ImportFrom)


def _defines(node: ast.stmt) -> str:
    """Return the name of the class or function that a statement defines, or ""."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id  # a namedtuple
    return str(getattr(node, "name", ""))


def _is_python(source: str) -> bool:
    """Return whether a fragment is plain Python; a line magic is none, and defines nothing."""
    try:
        syntax.parse(source)
    except SyntaxError:
        return False
    return True
