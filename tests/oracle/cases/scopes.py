"""Python's scoping and binding forms."""

from __future__ import annotations

from oracle.case import Category

scopes = Category("scope")
scopes.add(
    "walrus-leaks-from-comprehension",
    """
%%step a
found = [last := v for v in range(4)]
---
%%step b
print(last, found)
""",
)
scopes.add(
    "comprehension-variable-stays-in",
    """
%%step a
v = "outer"
x = [v for v in range(3)]
---
%%step b
print(v, x)
""",
)
scopes.add(
    "loop-variable-outlives-loop",
    """
%%step a
for i in range(3):
    pass
---
%%step b
print(i)
""",
)
scopes.add(
    "unpacking-and-star",
    """
%%step a
first, *middle, (last, tail) = [1, 2, 3, ("l", "t")]
---
%%step b
print(first, middle, last, tail)
""",
)
scopes.add(
    "del-then-redefine",
    """
%%step a
x = 1; y = 2
---
%%step b
del x
---
%%step c
x = 3
print(x, y)
""",
)
scopes.add(
    "del-makes-absent",
    """
%%step a
x = 1
---
%%step b
del x
---
%%step c
try:
    print(x)
except NameError as e:
    print("absent", e)
""",
)
scopes.add(
    "absent-name-raises-at-users-line",
    """
%%step a
x = 1
---
%%step b
y = x + undefined_name
""",
    "either",
    why="Run All raises NameError; a diagnostic before the run is as good",
)
scopes.add(
    "except-as-unbinds",
    """
%%step a
e = "outer"
try:
    1 / 0
except ZeroDivisionError as e:
    text = str(e)
---
%%step b
print(text)
try:
    e
except NameError:
    print("e is gone")
""",
)
scopes.add(
    "global-statement-at-module-level",
    """
%%step a
global g
g = 4
---
%%step b
print(g)
""",
)
scopes.add(
    "nonlocal",
    """
def outer():
    n = 0
    def inner():
        nonlocal n
        n += 2
        return n
    inner()
    return inner()
---
%%step a
x = outer()
---
%%step b
print(x)
""",
)
scopes.add(
    "shadowed-builtin",
    """
%%step a
list = [1, 2]
sum = 10
---
%%step b
print(list, sum)
""",
)
scopes.add(
    "unshadowed-builtin",
    """
%%step a
len = lambda v: 42
x = len([])
---
%%step b
del len
---
%%step c
print(x, len([1]))
""",
    "either",
)
scopes.add(
    "shadowed-builtin-in-helper",
    """
def size(v): return len(v)
---
%%step a
x = size([1, 2])
---
%%step b
len = lambda v: -1
---
%%step c
print(x, size([1]))
""",
    "either",
    why="len becomes a global after size was written",
)
scopes.add(
    "unicode-names",
    """
%%step a
größe = 3
ﬁx = 1  # NFKC-normalised to "fix"
数 = [größe]
---
%%step b
print(größe, fix, 数)
""",
)
scopes.add(
    "f-strings",
    """
%%step a
name, width, value = "n", 8, 3.14159
---
%%step b
print(f"{name!r:>{width}} {value:.2f} {name=}")
""",
)
scopes.add(
    "class-scope-not-seen-by-methods",
    """
n = 1
class C:
    n = 2
    def get(self): return n
    own = n
---
%%step a
x = C().get(), C.own
---
%%step b
print(x)
""",
)
scopes.add(
    "star-import",
    """
from math import *
---
%%step a
x = floor(pi * 100)
---
%%step b
print(x, sqrt(16))
""",
)
scopes.add(
    "star-import-local-module",
    """
from helpers import *
---
%%step a
x = visible(2)
---
%%step b
print(x, CONST)
""",
    files={"helpers.py": "CONST = 5\n_hidden = 1\ndef visible(v):\n    return v * CONST\n"},
)
scopes.add(
    "conditional-import",
    """
try:
    import missing_module_xyz as fast
except ImportError:
    fast = None
---
%%step a
x = "slow" if fast is None else "fast"
---
%%step b
print(x, fast)
""",
)
scopes.add(
    "import-inside-step-used-later",
    """
%%step a
import collections
c = collections.Counter("aab")
---
%%step b
print(collections.Counter("b"), c)
""",
)
scopes.add(
    "dotted-import",
    """
%%step a
import os.path
import xml.etree.ElementTree as ET
name = os.path.join("a", "b")
---
%%step b
print(name, os.sep, ET.fromstring("<r><c/></r>").tag)
""",
)
scopes.add(
    "import-rebound",
    """
import json
---
%%step a
text = json.dumps({"a": 1})
---
%%step b
json = "not a module"
---
%%step c
print(text, json)
""",
)
scopes.add(
    "local-module-with-state",
    """
import state
---
%%step a
state.items.append(1)
---
%%step b
print(state.items)
""",
    "either",
    files={"state.py": "items = []\n"},
    why="module state is per process",
)
scopes.add(
    "match-statement",
    """
%%step a
data = {"kind": "pair", "v": [1, 2]}
match data:
    case {"kind": "pair", "v": [left, right]}:
        total = left + right
    case _:
        total = None
---
%%step b
print(left, right, total)
""",
)
scopes.add(
    "with-statement-targets",
    """
from contextlib import nullcontext
---
%%step a
with nullcontext([1]) as a, nullcontext((2, 3)) as (b, c):
    a.append(b + c)
---
%%step d
print(a, b, c)
""",
)
scopes.add(
    "annotated-assignment",
    """
%%step a
x: int = 3
y: "list[int]"
---
%%step b
print(x, "y" in globals())
""",
    "either",
)
scopes.add(
    "name-mangling-global",
    """
_private = 1
__dunder = 2
---
%%step a
x = _private + __dunder
---
%%step b
print(x, __dunder)
""",
)
scopes.add(
    "nested-function-shadow",
    """
x = "global"
def outer():
    x = "local"
    def inner(): return x
    return inner()
---
%%step a
r = outer(), x
---
%%step b
print(r)
""",
)
scopes.add(
    "type-alias-and-generics",
    """
from typing import TypeVar, Generic
T = TypeVar("T")
class Stack(Generic[T]):
    def __init__(self): self.items: list[T] = []
---
%%step a
s = Stack[int]()
s.items.append(1)
---
%%step b
print(s.items, isinstance(s, Stack))
""",
)
