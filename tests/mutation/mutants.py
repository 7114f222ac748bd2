"""Mutants of the purity tables and of the analyzer's effect rules: one thing flipped at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from stepmill.analysis import purity
from stepmill.analysis.purity import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed entry: `flags` None means that it is gone."""

    table: str
    name: str
    change: str
    flags: frozenset[str] | None

    @property
    def title(self) -> str:
        return f"{self.table}: {self.name}: {self.change}"


def table_mutants() -> Iterator[Mutant]:
    """Yield, for each entry, its absence, each of its flags gone, and its purity turned round."""
    for table in ("functions", "methods"):
        for line in files(purity).joinpath(f"{table}.txt").read_text("utf-8").splitlines():
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            name, flags = words[0], frozenset(words[1:])
            yield Mutant(table, name, "gone", None)
            for flag in sorted(flags):
                if flag == "pure" and (len(flags) > 1 or table == "methods"):
                    continue  # says nothing beside others; of a method, nobody asks
                yield Mutant(table, name, f"without {flag}", flags - {flag})
            changing = any(re.fullmatch(r"mutates(:\d)?", flag) for flag in flags)
            if not changing:
                word = "mutates" if table == "methods" else "mutates:0"
                yield Mutant(table, name, f"with {word}", (flags - {"pure"}) | {word})
            if not flags & {"alias", "part", "element", "elements", "self", "immutable"}:
                yield Mutant(table, name, "with alias", flags | {"alias"})


class Applied:
    """The tables with one mutant in force; leaving puts the entry back."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.table = purity._table(mutant.table)

    def __enter__(self) -> None:
        self.before = dict(self.table)
        if self.mutant.flags is None:
            del self.table[self.mutant.name]
        else:
            self.table[self.mutant.name] = Entry(self.mutant.flags)
        _forget()

    def __exit__(self, *error: object) -> None:
        self.table.clear()
        self.table.update(self.before)
        _forget()


def _forget() -> None:
    for known in (purity.function_entry, purity.method_entry, purity.is_mutator):
        known.cache_clear()
