"""Untagged code: setup, the implicit first step, scratch with effects."""

from __future__ import annotations

from oracle.case import Category

scratch = Category("untagged")
scratch.add(
    "imports-and-constants",
    """
import math
K = 3
---
%%step a
x = math.floor(K * 1.5)
---
%%step b
print(x, K)
""",
)
scratch.add(
    "data-read-untagged",
    """
import pandas as pd
df = pd.read_csv("in.csv")
---
%%step a
total = df["n"].sum()
---
%%step b
print(total, len(df))
""",
    files={"in.csv": "n\n1\n2\n"},
    why="evaluated once, in the implicit step setup",
)
scratch.add(
    "one-tagged-cell",
    """
data = [3, 1, 2]
data.sort()
---
%%step only
print(data, max(data))
""",
)
scratch.add(
    "chain-of-untagged",
    """
import random
random.seed(1)
a = [random.random() for _ in range(3)]
b = sorted(a)
---
%%step s
print(a, b)
""",
)
scratch.add(
    "mutates-what-later-step-reads",
    """
%%step a
x = [1]
---
x.append(2)
---
%%step b
print(x)
""",
    "refused",
)
scratch.add(
    "assigns-what-later-step-reads",
    """
%%step a
x = 1
---
x = x + 1
---
%%step b
print(x)
""",
    "refused",
)
scratch.add(
    "deletes-what-later-step-reads",
    """
%%step a
x = 1
---
del x
---
%%step b
try:
    print(x)
except NameError:
    print("gone")
""",
    "refused",
)
scratch.add(
    "harmless-look",
    """
%%step a
import pandas as pd
df = pd.DataFrame({"v": [1, 2]})
---
df.head()
---
print(df.shape, len(df))
---
%%step b
print(df["v"].sum())
""",
)
scratch.add(
    "declared-scratch",
    """
%%step a
x = [1]
---
%%scratch
tmp = list(x)
print(tmp)
---
%%step b
print(x)
""",
)
scratch.add(
    "scratch-draws-random",
    """
%%step a
import random
random.seed(1)
x = random.random()
---
random.random()
---
%%step b
print(x, random.random())
""",
    "refused",
    why="the scratch draw moves the generator that b draws from",
)
scratch.add(
    "scratch-after-everything",
    """
%%step a
x = 1
---
%%step b
print(x)
---
x = 99
boom = x / 3
""",
)
scratch.add(
    "redefinition-after-use",
    """
limit = 5
---
%%step a
x = min(10, limit)
---
limit = 7
---
%%step b
print(x, limit)
""",
    why="b sees the second value, a the first",
)
scratch.add(
    "untagged-reads-step-output",
    """
%%step a
n = 3
---
m = n * 2
---
%%step b
print(m)
""",
    "refused",
    why="untagged code between steps is not replayed and not a step",
)
scratch.add(
    "untagged-uses-helper-with-effect",
    """
log = []
def note(v):
    log.append(v)
---
%%step a
note("a")
---
note("scratch")
---
%%step b
print(log)
""",
    "refused",
)
scratch.add(
    "uuid-is-evaluated-once",
    """
import itertools
counter = itertools.count()
token = next(counter)
---
%%step a
x = token
---
%%step b
print(x == token)
""",
    "either",
)
scratch.add(
    "object-sentinel",
    """
MISSING = object()
def get(d, k): return d.get(k, MISSING)
---
%%step a
v = get({}, "k")
---
%%step b
print(v is MISSING)
""",
    "either",
    why="a sentinel's identity must hold across steps",
)
scratch.add(
    "mutable-constant-mutated-by-step",
    """
OPTIONS = {"n": 1}
---
%%step a
OPTIONS["n"] = 2
---
%%step b
print(OPTIONS)
""",
)
scratch.add(
    "mutable-constant-only-read",
    """
COLUMNS = ["a", "b"]
---
%%step a
x = [c.upper() for c in COLUMNS]
---
%%step b
print(x, COLUMNS)
""",
)
scratch.add(
    "untagged-print-between",
    """
x = 1
---
print("looking at", x)
---
%%step a
y = x + 1
---
print("y is", y)
---
%%step b
print(y)
""",
)
scratch.add(
    "setup-cell-in-the-middle",
    """
%%step a
x = [1, 2]
---
import statistics
def middle(v): return statistics.mean(v)
---
%%step b
print(middle(x))
""",
)
scratch.add(
    "try-import-with-fallback-def",
    """
try:
    from missing_fast_lib import norm
except ImportError:
    def norm(v): return sum(i * i for i in v)
---
%%step a
x = norm([1, 2])
---
%%step b
print(x, norm([3]))
""",
)
scratch.add(
    "failing-unused-cell",
    """
%%step a
x = 1
---
# tags: raises-exception
undefined_thing.plot()
---
%%step b
print(x)
""",
)
scratch.add(
    "skipped-cell",
    """
%%step a
x = 1
---
# tags: skip-execution
x = 100
---
%%step b
print(x)
""",
    why="Jupyter's runners skip it, and so does the linear run here",
)
scratch.add(
    "untagged-function-with-state",
    """
class Counter:
    def __init__(self): self.n = 0
    def tick(self):
        self.n += 1
        return self.n
counter = Counter()
---
%%step a
x = counter.tick()
---
%%step b
print(x, counter.tick())
""",
)
scratch.add(
    "list-in-a-cell-appended",
    """
import pandas as pd
---
%%step a
df = pd.DataFrame({"l": [[1], [2]]})
---
df["l"][0].append(0)
---
%%step b
print(df)
""",
    "refused",
    why="what is in a frame's cell is shared, and not copied as its rows are",
)
scratch.add(
    "partial-of-a-list-method",
    """
import functools
---
%%step a
xs = [1]
---
list(map(functools.partial(list.append, xs), [7]))
---
%%step b
print(xs)
""",
    "refused",
)
scratch.add(
    "rows-changed-in-a-callback",
    """
import pandas as pd
def longer(row):
    row["m"] = row["l"] + 1
    return row
---
%%step a
df = pd.DataFrame({"l": [1, 2]})
---
df.apply(longer, axis=1)
---
%%step b
print(df)
""",
    why="pandas hands out rows as copies: nothing is changed, and nothing refused",
)
