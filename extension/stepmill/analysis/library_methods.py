"""Calls of methods of library objects, by the tables in `purity/`."""

from __future__ import annotations

import ast

from stepmill.analysis.channels import is_true
from stepmill.analysis.libraries import RESULT_KINDS, Libraries, is_uncopied, or_given
from stepmill.analysis.purity import NOTHING, Entry, method_entry
from stepmill.analysis.values import (
    CELLS,
    IMMUTABLE,
    OPEN_FILE,
    Kind,
    Value,
    definitions_of,
    join,
    replace,
)

METHOD_KINDS = {Kind.FRAME: "frame", Kind.ARRAY: "array", Kind.FIGURE: "figure", Kind.HANDLE: "handle"}
FITS = frozenset({"fit", "fit_transform", "fit_predict", "partial_fit", "split", "fit_resample"})
CELL_METHODS = frozenset(
    {
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "popleft",
        "remove",
        "reverse",
        "setdefault",
        "sort",
    }
)
"""Mutating methods that no pandas object has: what is changed is a list, dict or set in a cell."""
ACCESSORS = frozenset({"str", "dt", "cat"})
"""Attributes of a series that apply what is a method of one value to all."""


class LibraryMethods(Libraries):
    """What is known, or has to be supposed, about methods that we do not read."""

    def library_method(
        self, owner: Value, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call a method of an object that no class of the notebook explains."""
        if owner.is_immutable:
            return self._immutable_method(owner, name, args, keywords, node)
        self.call_own_method(owner, name, node)
        self.draw_elsewhere(owner.what, name, node)
        entry = method_entry(name, METHOD_KINDS.get(owner.kind, ""))
        everything = [*args, *keywords.values()]
        self._into(keywords, node)
        self._draws_from(keywords, node)
        if entry is None:
            return self._unlisted_method(owner, name, everything, node)
        inplace = entry.has("inplace") and is_true(keywords.get("inplace"))
        if entry.has("mutates") or inplace or (name == "sample" and owner.kind is Kind.OBJECT):
            renews = entry.has("renews") and owner.kind is Kind.FRAME and owner.owner is None
            self.change(owner, node, fits=entry.has("deep"), columns=renews)
            if owner.kind is Kind.FRAME and owner.owner is not None:
                whole, of_cell = replace(owner.owner, owner=None), name in CELL_METHODS
                if of_cell or owner.attribute != CELLS:
                    self.change(whole, node, doubtful=not of_cell)
        if entry.has("stores"):
            self.store(owner, everything)
            self._consume_all(args, node)
        for option in entry.options("mutates"):
            if int(option) < len(args):
                self.change(args[int(option)], node)
        if entry.has("consumes"):
            self._consume_all(args, node)
        self._method_state(owner, entry, name, args, keywords, node)
        given = None
        if entry.has("calls") or entry.has("fits") or entry.has("deep") or definitions_of(owner):
            given = self.escape([owner, *everything], node)
        if owner.kind in (Kind.ITERATOR, Kind.GENERATOR, Kind.HANDLE):
            self._go_on(owner, name, node)
        if entry.has("self"):
            if name in FITS:
                self.store(owner, [v for v in everything if v.kind is Kind.INSTANCE])
            return owner
        made = self._method_result(owner, entry, everything, keywords)
        made = join((made, self.alias([owner]))) if inplace else or_given(made, keywords)
        return replace(made, carries=made.carries | definitions_of(given)) if given is not None else made

    def _method_state(
        self,
        owner: Value,
        entry: Entry,
        name: str,
        args: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> None:
        state = entry
        other = name == "sample" and owner.kind not in (Kind.FRAME, Kind.UNKNOWN)
        if other or (name == "__enter__" and owner.kind in (Kind.HANDLE, Kind.INSTANCE)):
            state = NOTHING
        self.touch_state(state, args, keywords, node, f".{name}()")
        self.touch_files(entry, args, keywords, node, owner)
        if entry.has("fits") and owner.random:
            self.draw(owner.random, node)
        if entry.has("strings"):
            self.names_in_strings([*args, *keywords.values()], node)
        if entry.has("tables"):
            self.tables_in_query([*args, *keywords.values()], node)
        if entry.has("figure") or name in ("hist", "boxplot", "savefig", "show"):
            self.effects.plots = True

    def _method_result(
        self, owner: Value, entry: Entry, everything: list[Value], keywords: dict[str, Value]
    ) -> Value:
        of_frame = owner.kind is Kind.FRAME or owner.attribute in ACCESSORS
        if of_frame and entry.has("immutable"):
            return self.fresh(Kind.FRAME)  # df["name"].str.strip()
        if entry.has("immutable"):
            return IMMUTABLE
        kind = next((k for flag, k in RESULT_KINDS.items() if entry.has(flag)), None)
        if "copy" in keywords:
            uncopied = is_uncopied(keywords) and owner.kind is not Kind.FRAME
            return (
                self.alias([owner, *everything], kind or owner.kind)
                if uncopied
                else self.fresh(kind or owner.kind)
            )
        if owner.kind is Kind.OBJECT and entry is method_entry("sample"):  # of a `random.Random`
            return self.alias(everything)
        if owner.kind is Kind.FRAME and not entry.has("alias"):
            return self.fresh(kind or Kind.FRAME, holds=[owner, *everything] if entry.has("holds") else [])
        if owner.kind is Kind.FIGURE:
            return replace(self.alias([owner, *everything]), kind=Kind.FIGURE)
        if entry.has("part"):
            return self.alias([self.part(owner), *everything])
        if entry.has("alias"):
            return self.alias([owner, *everything], kind or Kind.UNKNOWN)
        if owner.kind is Kind.ARRAY and kind is None:
            kind = Kind.ARRAY
        copies = owner.kind is Kind.CONTAINER or (
            owner.kind is Kind.UNKNOWN and entry is method_entry("copy")
        )
        held = [owner, *everything] if entry.has("consumes") else [owner] if copies else []
        made = self.fresh(kind or Kind.UNKNOWN, holds=held)
        return replace(made, attribute="independent", random=owner.random)

    def _unlisted_method(self, owner: Value, name: str, everything: list[Value], node: ast.AST) -> Value:
        """An unknown method may change its object: that is doubtful until a run has shown it."""
        if owner.kind in (Kind.FRAME, Kind.ARRAY):
            self.escape([owner, *everything], node)
            return self.fresh(owner.kind)
        self.change(owner, node, deep=True, doubtful=not name.endswith("_"))
        given = self.escape([owner, *everything], node)
        if owner.kind is Kind.FIGURE:
            return replace(self.alias([owner, *everything]), kind=Kind.FIGURE)
        self.store(owner, everything)
        made = replace(self.alias([owner, *everything]), random=owner.random)
        return replace(made, carries=made.carries | definitions_of(given)) if given is not None else made

    def _immutable_method(
        self, owner: Value, name: str, args: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Strings, numbers, paths: nothing changes, but a path may stand for a file."""
        entry = method_entry(name, "path")
        if entry is not None and any(flag.startswith("path") for flag in entry.flags):
            self.path_method(owner, entry, args, keywords, node)
            if entry.has("handle"):
                return self.fresh(Kind.HANDLE, OPEN_FILE)
        for value in args:
            self.consume(value, node)
        self.escape([*args, *keywords.values()], node)
        if name in ("split", "splitlines", "rsplit", "findall"):
            return self.fresh(Kind.CONTAINER)
        if name == "finditer":
            return self.fresh(Kind.ITERATOR)
        if name in ("resolve", "absolute"):
            return self.absolute_path(owner)
        if name == "joinpath":
            return self.folded("os.path.join", [owner, *args]) or IMMUTABLE
        return IMMUTABLE

    def _go_on(self, owner: Value, name: str, node: ast.AST) -> None:
        """A method of an iterator or a handle changes it; a file may be closed after that."""
        self.change(owner, node)
        if name == "close" and owner.what == OPEN_FILE:
            self.close_file(owner)

    def _consume_all(self, values: list[Value], node: ast.AST) -> None:
        for value in values:
            self.consume(value, node)
