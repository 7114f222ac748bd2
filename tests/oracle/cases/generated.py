"""What generated programs found (`tests/generated`), cut down by hand."""

from __future__ import annotations

from oracle.case import Category

GENERATED = Category("generated")
case = GENERATED.add

case(
    "pandas-eval-reads-plain-names",
    """
import pandas as pd
---
%%step a
x = 3
ys = [1, 2]
---
%%step b
print(pd.eval("x + 4"))
def inside():
    x = 10
    return pd.eval("x * 2")
print(inside())
---
%%step c
x = pd.eval("x + 1")
print(x)
""",
    why="the names in the text are read, without any @",
)

case(
    "class-of-a-value-that-comes-along",
    """
class Box:
    def __init__(self, items):
        self.items = items
---
xs = [3, 7]
rows = [[7], [8, 1]]
box = Box(list(xs))
---
%%step a
match rows:
    case [xs, *_]:
        xs.append(1)
    case _:
        xs = []
---
%%step b
print(box.items, xs, rows)
""",
    why="`box` goes through step a for what it may share; a has to know its class to load it",
)

case(
    "untagged-sharing-that-a-step-ends",
    """
xs = [7, 7]
rows = [row for row in ([6], xs)]
---
%%step a
rows[1].append(7)
---
%%step b
rows = list([[5], [8]])
xs[:] = [6]
---
%%step c
print(xs, rows)
""",
    why="when the implicit step ends, `rows` holds `xs`, though later it does not",
)

case(
    "shared-through-a-name-that-is-rebound",
    """
%%step a
xs = [5, 2]
table = dict(k=xs)
rows = [[6], xs]
inside = list(table.values())
---
%%step b
xs = [1]
table = {}
---
%%step c
rows[1].append(9)
---
%%step d
print(rows, inside, xs, table)
""",
    why="`rows` and `inside` have a list in common, whose name is gone when one of them changes",
)

case(
    "swapped-in-a-function",
    """
%%step a
xs = [1]
ys = [2]
rows = [xs, [8]]
---
%%step b
def swap():
    global xs, ys
    xs, ys = ys, xs
swap()
---
%%step c
ys.append(3)
---
%%step d
def swap_slowly():
    global xs, ys
    kept = xs
    xs = ys
    ys = kept
swap_slowly()
---
%%step e
xs.append(4)
---
%%step f
print(xs, ys, rows)
""",
    why="what was `xs` is still in `rows`, by whatever name it goes",
)

case(
    "constant-changed-by-another-name",
    """
class Box:
    def __init__(self, items):
        self.items = items
---
xs = [5, 1]
ys = [6]
box = Box(xs)
other = Box(ys)
---
%%step a
print((xs := xs))
box.items += [7]
kept = ys
ys = 0
kept.append(8)
---
%%step b
print(xs, box.items, kept, other.items)
""",
    why="`xs` and `ys` are no constants: what they were bound to is changed by other names",
)
