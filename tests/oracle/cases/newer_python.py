"""Grammar that came after Python 3.11, where this Python has it."""

from __future__ import annotations

import sys

from oracle.case import Category

newer_python = Category("newer-python")

if sys.version_info >= (3, 12):
    newer_python.add(
        "type-alias",
        """
%%step a
type Pair[T] = tuple[T, T]
type Tree = list[Tree] | int
tree: Tree = [1]
def first[T](p: Pair[T]) -> T:
    found: T = p[0]
    return found
---
%%step b
tree.append(first((5, 6)))
---
%%step c
print(tree, Pair.__value__, Tree.__value__)
""",
        why="an alias is no data: it is defined again where it is used",
    )
    newer_python.add(
        "generic-class",
        """
%%step a
class Box[T]:
    def __init__(self, v: T) -> None:
        self.v = v
    def get(self) -> T:
        return self.v
class Pile[T: (list, tuple)](Box[T]):
    def push(self, x) -> None:
        self.v += type(self.v)([x])
b = Pile([1])
---
%%step b
b.push(2)
b.get().append(3)
---
%%step c
print(b.v, Pile.__name__)
""",
    )
    newer_python.add(
        "quotes-in-f-strings",
        """
%%step a
d = {"k": [1]}
---
%%step b
text = f"{d["k"].append(2) or d["k"]!r:>10} {'\\n'.join("ab")}"
---
%%step c
print(text, d)
""",
        why="the change is inside the f-string",
    )
if sys.version_info >= (3, 14):
    newer_python.add(
        "template-strings-keep-values",
        """
%%step a
rows = [1]
t = t"rows: {rows} {len(rows):03d}"
---
%%step b
rows.append(2)
---
%%step c
print(t.values, t.strings, rows)
""",
        expect="either",
        why="the template has the list itself",
    )
    newer_python.add(
        "exceptions-without-parentheses",
        """
%%step a
try:
    int("x")
except ValueError, TypeError:
    y = [3]
---
%%step b
y.append(4)
---
%%step c
print(y)
""",
    )
    newer_python.add(
        "annotations-are-read-late",
        """
%%step a
from dataclasses import dataclass
@dataclass
class Node:
    v: int
    nxt: Node | None = None
def length(n: Node) -> int:
    return 1 + (length(n.nxt) if n.nxt else 0)
n = Node(1, Node(2))
---
%%step b
n.nxt.nxt = Node(3)
---
%%step c
print(length(n), n)
""",
    )
