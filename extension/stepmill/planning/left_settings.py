"""What a step leaves changed in its process, and later steps, in processes of their own, do not find so."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stepmill.notebook.ipython import to_python
from stepmill.planning.open_figures import FIGURES
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.model.pipeline import Fragment, Pipeline, Step

_MODULE = "module:"
"""How the settings begin that are the data of a module of the project."""

_LOGGER = "logging:"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_USED_WITH = {
    "matplotlib": frozenset({"matplotlib", "seaborn", "pandas"}),
    "logging": frozenset({"logging"}),
}
"""Settings that only steps notice which use one of these modules."""

_SEEN_LATER = (_MODULE, FIGURES)


@dataclass(frozen=True, slots=True)
class LeftSettings:
    """Settings that later steps do not find as the step left them.

    `seen_later` matter only if a later step uses them, which is known when that has run. Of the others,
    which are `lost` where there is a later step, the `grave` ones are seen to be used.
    """

    seen_later: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    grave: tuple[str, ...] = ()


def left_settings(step: Step, pipeline: Pipeline, session: Iterable[str]) -> LeftSettings:
    """Return those of the settings in `session`, which the step has changed, that are not repeated later.

    An environment variable that nobody is seen to read is not grave: libraries set some. Nor is a setting of
    a library that no later step imports.
    """
    later = [other for other in pipeline.steps if max(other.cells) > max(step.cells)]
    unrepeated = _unrepeated(step, later[0].setup if later else (), tuple(session))
    seen_later = tuple(s for s in unrepeated if s.startswith(_SEEN_LATER))
    lost = tuple(s for s in unrepeated if not s.startswith(_SEEN_LATER)) if later else ()
    read = {f"environment:{name}" for other in later for name in other.environment}
    used = {module.partition(".")[0] for other in later for module in other.imports}
    return LeftSettings(seen_later, lost, tuple(s for s in lost if _matters(s, read, used)))


def _unrepeated(step: Step, setup: tuple[Fragment, ...], session: tuple[str, ...]) -> list[str]:
    """Return the settings that the next step's `setup` does not make like this step."""
    repeated = "\n".join(f.source for f in setup if f.cell in step.cells)
    unspoken = {s for s in session if s.startswith(_LOGGER) and not _sets_logger(s, setup)}
    return [s for s in session if s in unspoken or not _is_repeated(s, step, repeated)]


def _matters(setting: str, read: set[str], used: set[str]) -> bool:
    """Tell whether steps that read these environment variables and use these modules notice a change."""
    kind = setting.partition(":")[0]
    if kind == "environment":
        return setting in read
    return kind not in _USED_WITH or not used.isdisjoint(_USED_WITH[kind])


def _is_repeated(setting: str, step: Step, repeated: str) -> bool:
    """Tell whether the setup code of later steps makes the same change: the source `repeated`.

    A setting that nobody below can notice is not repeated. For a module of the project the source has
    to use what it imports from the module as often as the step does.
    """
    if setting == FIGURES:
        return False
    if not setting.startswith(_MODULE):
        return bool(repeated) or step.settings
    setup, own = (
        "\n".join(to_python(fragment.source).code for fragment in part) for part in (step.setup, step.body)
    )
    names = _imported_from(setting.removeprefix(_MODULE), parse_or_empty(f"{setup}\n{own}"))
    return 0 < _reads(own, names) == _reads(repeated, names)


def _sets_logger(setting: str, setup: Iterable[Fragment]) -> bool:
    """Tell whether what is repeated, or a function that it calls, speaks of that logger.

    What an object does with a logger of its own is not seen to be a setting.
    """
    name = setting.removeprefix(_LOGGER)
    body = [node for fragment in setup for node in _tree(fragment.source).body]
    nodes = [n for top in body if not isinstance(top, _DEFINITIONS) for n in ast.walk(top)]
    called = {node.id for node in nodes if isinstance(node, ast.Name)}
    functions = (top for top in body if isinstance(top, ast.FunctionDef) and top.name in called)
    nodes += [node for function in functions for node in ast.walk(function)]
    return name in ("root", "__main__") or any(isinstance(n, ast.Constant) and n.value == name for n in nodes)


def _tree(source: str) -> ast.Module:
    return parse_or_empty(to_python(source).code)


def _imported_from(module: str, tree: ast.Module) -> set[str]:
    """Return the names that imports bind to `module`, or to something of it."""
    last = module.rpartition(".")[2]
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            own = (node.module or "").rpartition(".")[2] == last
            names |= {a.asname or a.name for a in node.names if own or a.name == last}
        elif isinstance(node, ast.Import):
            found = (a for a in node.names if last in a.name.split("."))
            names |= {a.asname or a.name.partition(".")[0] for a in found}
    return names


def _reads(source: str, names: set[str]) -> int:
    """Count the places in `source` that read one of these names."""
    nodes = ast.walk(parse_or_empty(source))
    return sum(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in names for n in nodes)
