"""What the code that is replayed before a step contributes to its digest: what the step can notice of it.

`from m import f, g` is two imports, of which a step may need one; and where nothing depends on the order
of the statements it is none of the step's affairs, so that imports and functions can be moved about.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from stepmill.analysis.bringing import brought
from stepmill.analysis.digests import normal_text
from stepmill.analysis.effects import is_pseudo
from stepmill.analysis.replay import IMPORTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from stepmill.analysis.effects import Effects
    from stepmill.analysis.flow import Flow

_BUILTIN = frozenset(dir(builtins))
_IN_ANY_ORDER = frozenset({"import", "definition", "constant"})


def noticed(flow: Flow, replayed: Collection[int], readers: Iterable[int]) -> list[ast.stmt]:
    """Return the statements of the units `replayed`, without what none of `readers` can have come to use.

    They are in an order of their own if theirs cannot matter.
    """
    reading = [unit for unit in readers if unit in flow.observed]
    found: list[ast.stmt] = []
    for unit in replayed:
        node = flow.observed[unit].unit.node
        if isinstance(node, IMPORTS) and len(node.names) > 1:
            found += _used_parts(flow, unit, node, reading)
        else:
            found.append(node)
    return found if _order_matters(flow, replayed) else sorted(found, key=normal_text)


def _used_parts(
    flow: Flow, unit: int, node: ast.Import | ast.ImportFrom, readers: list[int]
) -> Iterable[ast.stmt]:
    if any(is_pseudo(name) for name in _taken_from(flow, unit, readers)):
        return (node,)  # the import itself does something
    words: set[str] = set(brought(flow, unit))
    for reader in readers:
        if reader != unit:
            seen = flow.observed[reader]
            words |= _words(seen.unit.node) | seen.effects.reads.keys()
    parts = _parts(node)
    return [part for part in parts if not words.isdisjoint(_names_of(part.names[0]))] or parts


def _taken_from(flow: Flow, unit: int, readers: list[int]) -> Iterator[str]:
    return (name for reader in readers for name, made in flow.taken[reader].items() if unit in made)


@lru_cache(maxsize=4096)
def _words(node: ast.stmt) -> frozenset[str]:
    """Return all words of a statement, those in its texts, too: a name may be looked up by its text."""
    return frozenset(re.findall(r"\w+", normal_text(node)))


@lru_cache(maxsize=4096)
def _parts(node: ast.Import | ast.ImportFrom) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Return an import of several names as imports of one."""
    if isinstance(node, ast.Import):
        return tuple(ast.Import(names=[alias]) for alias in node.names)
    return tuple(ast.ImportFrom(module=node.module, names=[alias], level=node.level) for alias in node.names)


def _names_of(alias: ast.alias) -> frozenset[str]:
    """Return the words by which an import may be meant: what it binds, and the parts of the module's name."""
    return frozenset({*alias.name.split("."), alias.asname or "*"})


def _order_matters(flow: Flow, units: Collection[int]) -> bool:
    """Tell whether the units could do anything else in another order.

    They cannot if each binds names of its own, and what they read at once is there already. Modules of the
    project that do more than define, or import each other in a circle, bind a name that is no variable.
    """
    effects = {unit: flow.observed[unit].effects for unit in units}
    bound = Counter(name for each in effects.values() for name in each.binds)
    if any(count > 1 or name in _BUILTIN for name, count in bound.items()):
        return True
    return any(
        flow.shapes[unit] not in _IN_ANY_ORDER
        or any(is_pseudo(name) for name in (*each.binds, *each.changes))
        or _reads_too_early(flow, unit, each, effects)
        for unit, each in effects.items()
    )


def _reads_too_early(flow: Flow, unit: int, own: Effects, effects: dict[int, Effects]) -> bool:
    """Tell whether `unit` reads when it is executed what only another unit binds, below it."""
    if _is_read_later(flow.observed[unit].unit.node):
        return False
    taken = flow.taken[unit]
    return any(
        name in each.binds and other not in taken.get(name, ())
        for name in own.reads
        for other, each in effects.items()
        if other != unit
    )


def _is_read_later(node: ast.stmt) -> bool:
    """Tell whether all that a statement reads is read when its function is called."""
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    given = node.args
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    annotated = any(one is not None and one.annotation is not None for one in every)
    evaluated = (*node.decorator_list, *given.defaults, *given.kw_defaults, node.returns)
    return not annotated and not any(each is not None for each in evaluated)
