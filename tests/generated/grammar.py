"""What generated programs are made of: objects of some types, and rules that do something to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAKES: dict[str, tuple[str, ...]] = {}
"""Type -> expressions that make one. `{list}` stands for a name of that type, `{#}` for a digit."""

PROBES: dict[str, str] = {}
"""Type -> a statement that prints all that can be seen of the object `{0}`, and changes nothing."""

RULES: dict[str, list[Rule]] = {}
"""Effect kind -> rules."""

PRELUDE = {
    "Box": (
        "class Box:\n"
        "    made = 0\n"
        "    def __init__(self, items):\n"
        "        self.items = items\n"
        "        self.n = len(items)\n"
        "    def add(self, value):\n"
        "        self.items.append(value)\n"
        "        return self\n"
        "    def look(self):\n"
        "        return sum(self.items)\n"
        "    def give(self):\n"
        "        return self.items\n"
        "    @property\n"
        "    def total(self):\n"
        "        return sum(self.items)\n"
        "    @property\n"
        "    def popped(self):\n"
        "        return self.items.pop() if self.items else -1\n"
        "    def __call__(self, value):\n"
        "        self.n += value\n"
        "        return self.n\n"
        "    def __len__(self):\n"
        "        return len(self.items)\n"
        "    def __iadd__(self, value):\n"
        "        self.items.append(value)\n"
        "        return self\n"
        "    def __getitem__(self, key):\n"
        "        self.n += 1\n"
        "        return self.items[key]"
    ),
    "Pair": (
        "@dataclasses.dataclass\n"
        "class Pair:\n"
        "    left: int\n"
        "    right: list = dataclasses.field(default_factory=list)"
    ),
    "collections": "import collections",
    "copy": "import copy",
    "dataclasses": "import dataclasses",
    "functools": "import functools",
    "itertools": "import itertools",
    "json": "import json",
    "np": "import numpy as np",
    "operator": "import operator",
    "os": "import os",
    "pathlib": "import pathlib",
    "pd": "import pandas as pd",
    "random": "import random",
    "LinearRegression": "from sklearn.linear_model import LinearRegression",
    "StandardScaler": "from sklearn.preprocessing import StandardScaler",
}
"""What a program that uses the name begins with."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to have an effect.

    `code` is a template: `{a:list}` is a live name of type list, called `a` below (`{a}`); `{new:list}` a
    name that is bound to a list by it; `{def:f1}` the same for a definition; `{#}` a digit.
    `wrap`: the code may stand in a conditional, a loop, a function's body.
    """

    kind: str
    code: str
    wrap: bool = True
    needs: tuple[tuple[str, str], ...] = field(default=())
    gives: tuple[tuple[str, str], ...] = field(default=())


_SLOT = re.compile(r"\{(new|def|again)?(\w*):(\w+)\}")


def add(kind: str, *codes: str, wrap: bool = True) -> None:
    """Add rules of one kind; the slots are read off the code."""
    for code in codes:
        needs: list[tuple[str, str]] = []
        gives: list[tuple[str, str]] = []
        for how, key, kind_of in _SLOT.findall(code):
            (gives if how else needs).append((how + key, kind_of))
        plain = _SLOT.sub(lambda found: "{" + (found[1] or "") + found[2] + "}", code)
        RULES.setdefault(kind, []).append(Rule(kind, plain, wrap, tuple(needs), tuple(gives)))
