"""Functions with a cache: `functools.cache` and `lru_cache`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from stepmill.analysis.summaries import Summaries
from stepmill.analysis.values import UNKNOWN, Kind, Value, all_of, library

if TYPE_CHECKING:
    from stepmill.analysis.frames import Frame, FunctionInfo

CACHES = frozenset({"cache", "lru_cache"})
"""Decorators with which a function remembers what it returned."""


class Caches(Summaries):
    """What is kept in caches from step to step, and what would be lost there."""

    def note_cached(self, info: FunctionInfo, given: list[Value], node: ast.AST) -> None:
        """A cache knows objects by their identity: what it has given for one holds until the one changes."""
        owner = owner_of_cache(info)
        roots = all_of(v.roots for v in given if v.kind in (Kind.INSTANCE, Kind.OBJECT) or v.carries)
        if not owner or not roots:
            return
        names = self.heap.names(self.heap.named(self.heap.inside(roots)))
        known = [name for name, value in self.env.known(names) if not value.is_callable_of_notebook]
        for name in (owner, *known):
            self.need(name, self.place(node))
        self.effects.cached.setdefault(owner, set())
        self.effects.cached_of.setdefault(owner, set()).update(known)

    def follow(self, info: FunctionInfo, frame: Frame, everything: list[Value], node: ast.AST) -> Value:
        """Go through the body of a notebook function.

        One with a cache does not do again what it did for another step: then it has changed.
        """
        owner = owner_of_cache(info)
        if not owner:
            return self.go_through(info, frame, everything, node)
        before, known = self._done_so_far(), set(self.effects.reads)
        result = self.go_through(info, frame, everything, node)
        if self._done_so_far() != before:
            self.change(Value(roots=self.heap.node(owner)), node)
        words = {child.id for child in ast.walk(info.node) if isinstance(child, ast.Name)}
        read = {name for name in self.effects.reads if name in words or name not in known}
        self.effects.cached.setdefault(owner, set()).update(read)
        return result

    def _done_so_far(self) -> tuple[object, ...]:
        effects = self.effects
        counts = len(effects.volatile), len(effects.unseeded), len(effects.session), effects.shows
        return (set(effects.changes), set(effects.binds), *counts)

    def go_through(self, info: FunctionInfo, frame: Frame, everything: list[Value], node: ast.AST) -> Value:
        raise NotImplementedError

    def look_into_cache(self, function: Value, name: str, node: ast.AST) -> Value:
        """`f.cache_info`: what it tells depends on all calls so far."""
        info = self.functions[function.what]
        owner = owner_of_cache(info)
        if not owner:
            self.effects.find("SM314", self.place(node), name)
            return UNKNOWN
        self.need(owner, self.place(node))
        self.effects.cache_looks.setdefault(owner, (name, self.place(node)))
        return library(f"functools.{name}")


def is_cached(info: FunctionInfo) -> bool:
    """Tell whether a function remembers what it returned."""
    return not CACHES.isdisjoint(info.decorators)


def owner_of_cache(info: FunctionInfo) -> str:
    """Return the top-level function or class that a call's result is kept in, "" if it is kept in none."""
    top = info.unit.node
    if not is_cached(info):
        return ""
    if isinstance(top, ast.ClassDef):
        return top.name if info.node in top.body else ""
    return info.name if info.node is top else ""
