"""Two names, one object; identities across steps."""

from __future__ import annotations

from oracle.case import Category

aliases = Category("alias")
aliases.add(
    "within-step",
    """
%%step a
x = [1]
y = x
---
%%step b
y.append(2)
---
%%step c
print(x, y, x is y)
""",
)
aliases.add(
    "across-steps",
    """
%%step a
x = [1]
---
%%step b
y = x
---
%%step c
y.append(2)
---
%%step d
print(x, x is y)
""",
)
aliases.add(
    "read-only-identity",
    """
%%step a
x = [1]
---
%%step b
y = x
---
%%step c
print(x is y)
""",
)
aliases.add(
    "container-of-aliases",
    """
%%step a
x = [1]; y = [2]
---
%%step b
both = [x, y]
---
%%step c
both[0].append("c")
---
%%step d
print(x, y, both, both[1] is y)
""",
)
aliases.add(
    "dict-of-frames",
    """
%%step a
import pandas as pd
train = pd.DataFrame({"v": [1, 2]}); test = pd.DataFrame({"v": [3]})
---
%%step b
frames = {"train": train, "test": test}
---
%%step c
for name, frame in frames.items():
    frame["w"] = frame["v"] * 2
---
%%step d
print(train.to_csv(), test.to_csv())
""",
    why="the loop changes train and test through the dict",
)
aliases.add(
    "list-multiplied",
    """
%%step a
grid = [[0] * 2] * 3
---
%%step b
grid[0][0] = 7
---
%%step c
print(grid)
""",
)
aliases.add(
    "self-referential",
    """
%%step a
node = {"next": None}
node["next"] = node
---
%%step b
print(node["next"] is node)
---
%%step c
node["next"]["v"] = 1
print(node["next"]["next"]["v"])
""",
)
aliases.add(
    "default-argument-object",
    """
%%step a
cache = {}
def remember(key, value, store=cache):
    store[key] = value
---
%%step b
remember("a", 1)
---
%%step c
print(cache)
""",
    "either",
    why="the default is the very dict that cache names",
)
aliases.add(
    "returned-argument",
    """
%%step a
def same(v):
    return v
x = [1]
---
%%step b
y = same(x)
---
%%step c
y.append(2)
---
%%step d
print(x)
""",
)
aliases.add(
    "attribute-holds-input",
    """
%%step a
class Holder:
    def __init__(self, items):
        self.items = items
x = [1]
---
%%step b
h = Holder(x)
---
%%step c
h.items.append(2)
---
%%step d
print(x, h.items is x)
""",
)
aliases.add(
    "element-taken-out",
    """
%%step a
rows = [[1], [2]]
---
%%step b
first = rows[0]
---
%%step c
first.append("c")
---
%%step d
print(rows, rows[0] is first)
""",
)
aliases.add(
    "conditional-alias",
    """
%%step a
x = [1]; y = [2]
flag = True
---
%%step b
z = x if flag else y
---
%%step c
z.append(0)
---
%%step d
print(x, y)
""",
)
aliases.add(
    "zip-and-comprehension",
    """
%%step a
xs = [[1], [2]]
---
%%step b
ys = [v for v in xs]
---
%%step c
for left, right in zip(xs, ys):
    left.append(right is left)
---
%%step d
print(xs, ys)
""",
)
aliases.add(
    "numpy-view",
    """
%%step a
import numpy as np
base = np.zeros((2, 3))
---
%%step b
row = base[0]
---
%%step c
row[:] = 5
---
%%step d
print(base, np.shares_memory(base, row))
""",
    "either",
    why="a view shares memory, not identity",
)
aliases.add(
    "numpy-transpose-view",
    """
%%step a
import numpy as np
m = np.arange(4.0).reshape(2, 2)
t = m.T
---
%%step b
t[0, 1] = -1
---
%%step c
print(m)
""",
    "either",
)
aliases.add(
    "numpy-copy-is-apart",
    """
%%step a
import numpy as np
m = np.arange(4)
c = m.copy()
---
%%step b
c[0] = 9
---
%%step d
print(m, c)
""",
)
aliases.add(
    "frame-to-numpy-read-only",
    """
%%step a
import pandas as pd
df = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
---
%%step b
values = df.to_numpy()
print(values.sum())
---
%%step c
print(df["a"].sum(), values.mean())
""",
    why="memory shared read-only must not be refused for nothing",
    expect="either",
)
aliases.add(
    "none-is-singleton",
    """
%%step a
x = None; y = NotImplemented; z = ...
---
%%step b
print(x is None, y is NotImplemented, z is ...)
""",
)
aliases.add(
    "class-attribute-is-shared",
    """
%%step a
class Registry:
    items = []
---
%%step b
Registry.items.append(1)
---
%%step c
print(Registry.items)
""",
    "either",
    why="a class attribute mutated after the definition is data",
)
aliases.add(
    "swap",
    """
%%step a
x = [1]; y = [2]
---
%%step b
x, y = y, x
---
%%step c
x.append("x")
print(x, y)
""",
)
aliases.add(
    "chain-assignment",
    """
%%step a
x = y = []
---
%%step b
x.append(1)
---
%%step c
print(y)
""",
)
aliases.add(
    "tuple-holds-list",
    """
%%step a
items = []
pair = (items, 1)
---
%%step b
items.append(2)
---
%%step c
print(pair)
""",
)
aliases.add(
    "three-name-group",
    """
%%step a
a = []; b = [a]
---
%%step s
c = b[0]
---
%%step t
c.append(1)
---
%%step u
b.append("u")
---
%%step v
print(a, b, c)
""",
)
aliases.add(
    "columns-of-an-array-of-objects",
    """
%%step load
import pandas as pd

table = pd.DataFrame({"kind": ["a", "b", "c"], "size": [1, 2, 3], "price": [0.5, 1.5, 2.5]})
array = table.values
X = array[:, 1:]
y = array[:, 0]
---
%%step change
X[0, 0] = 10
y[1] = "changed"
---
%%step show
print(X.tolist(), y.tolist(), X.strides, y.strides)
---
%%step whole
print(array.tolist())
""",
    why="X and y are views of one array of objects",
)
aliases.add(
    "row-of-a-structured-array",
    """
%%step load
import numpy as np
table = np.array([(1, 2.0), (3, 4.0)], dtype=[("x", int), ("y", float)])
row = table[1]
---
%%step change
row["y"] = 9.0
---
%%step pick
first = table[0]
---
%%step change-more
first["x"] = 7
---
%%step show
print(table, row, first)
""",
    "equal",
    why="a row is memory of its array",
)
aliases.add(
    "view-or-copy",
    """
%%step a
import numpy as np
x = np.arange(10)
v = x[2:5]
c = x[2:5].copy()
---
%%step b
v[0] = 99
---
%%step c
print(x, v.base is x, x.base is None, c.base is None, x.flags.owndata, v.flags["OWNDATA"])
""",
    why="whose memory an array shows can be asked",
)
aliases.add(
    "view-of-an-array-without-a-name",
    """
%%step a
import numpy as np
m = np.arange(6).reshape(2, 3)
head, tail = np.arange(8.0)[:3], np.arange(8.0)[5:]
---
%%step b
print(m.base, head.base, tail.base is None, m.T.base is m.base)
""",
)
aliases.add(
    "views-in-a-list",
    """
%%step a
import numpy as np
x = np.arange(6)
parts = np.split(x, 2)
---
%%step b
parts[0][0] = 5
---
%%step c
print(x, parts, [part.base is x for part in parts])
""",
)
aliases.add(
    "objects-in-a-view-without-a-name",
    """
%%step a
import numpy as np
v = np.array([1, None, "x", 2.0], dtype=object).reshape(2, 2)
---
%%step b
print(v.base, v)
""",
)
aliases.add(
    "untagged-list-by-identity",
    """
OPTIONS = ["a", "b"]
---
%%step a
conf = {"options": OPTIONS}
---
%%step b
print(conf["options"] is OPTIONS)
""",
    why="made again in each step it would be another list",
)
aliases.add(
    "untagged-list-by-address",
    """
OPTIONS = ["a", "b"]
def same(x, y):
    return id(x) == id(y)
---
%%step a
conf = {"options": OPTIONS}
---
%%step b
print(same(conf["options"], OPTIONS))
""",
)
aliases.add(
    "lambda-by-identity",
    """
double = lambda x: 2 * x
---
%%step a
table = {double: "double"}
---
%%step b
print([f is double for f in table], table[double])
""",
)
