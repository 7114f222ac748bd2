"""What a data scientist's own classes, views and caches do in the sixth round of attacks."""

from __future__ import annotations

from oracle.case import Category

red = Category("red-sixth")
add = red.add

add(
    "subclasses-of-pythons-library-with-attributes",
    """
import collections, datetime, random
class Rng(random.Random):
    n = 0
    def __init__(self, name, seed):
        super().__init__(seed)
        self.name = name
    def random(self):
        self.n += 1
        return super().random()
class Bag(collections.Counter):
    def __init__(self, *items, tag="t"):
        super().__init__(*items)
        self.tag = tag
class Groups(collections.defaultdict):
    def __init__(self, tag):
        super().__init__(list)
        self.tag = tag
class Day(datetime.date):
    pass
---
%%step a
rng, bag, groups, day = Rng("r", 3), Bag("aab"), Groups("g"), Day(2020, 1, 2)
x = rng.random()
bag.more, day.note = [1], "n"
---
%%step b
y = rng.choice([1, 2, 3])
bag.more.append(2)
groups[day.note].append(3)
---
%%step c
print(x, y, rng.n, rng.name, rng.random(), bag, bag.tag, bag.more, groups, groups.tag, day, day.note)
""",
)
add(
    "classes-that-say-how-they-are-pickled",
    """
import copyreg, pickle
class Drops:
    def __init__(self): self.big, self.n = [1], 0
    def __getstate__(self): return {"n": self.n}
    def __setstate__(self, state): self.__dict__.update(state); self.big = None
class Makes:
    def __init__(self, n=0): self.n, self.log = n, []
    def __reduce__(self): return Makes, (self.n,)
class Table:
    __slots__ = ("v", "__w")
    def __init__(self, v): self.v, self.__w = v, [v]
    def w(self): return self.__w
def one_more(t): return Table, (t.v + 1,)
---
%%step a
copyreg.pickle(Table, one_more)
drops, makes, table = Drops(), Makes(1), Table(1)
makes.log.append(drops.big)
---
%%step b
drops.n += 1
makes.log.append("b")
table.w().append(2)
copied = pickle.loads(pickle.dumps(drops)).big
---
%%step c
print(drops.n, drops.big, makes.n, makes.log, makes.log[0] is drops.big, table.v, table.w(), copied)
""",
)
add(
    "state-without-the-connection-that-it-opens-again",
    """
import sqlite3
class Db:
    def __init__(self): self.n, self.con = 1, sqlite3.connect(":memory:")
    def __getstate__(self): return {"n": self.n}
    def __setstate__(self, state): self.__dict__.update(state); self.con = sqlite3.connect(":memory:")
---
%%step a
db = Db()
db.n = 5
---
%%step b
print(db.n, db.con.execute("select 1").fetchone())
""",
)
add(
    "labels-named-through-a-name-of-an-earlier-step",
    """
import pandas as pd
---
%%step a
df = pd.DataFrame({"a": [1, 2]})
rows, columns = df.index, df.columns
labels = df.columns
---
%%step b
rows.name = "id"
labels.name = "q"
x = df.columns is labels
---
%%step c
print(df.columns.name, x, df.index.name)
""",
)
add(
    "cached-method-that-logs",
    """
from functools import lru_cache
log = []
class A:
    @lru_cache
    def m(self, x):
        log.append("m")
        return x
---
%%step a
a = A()
---
%%step b
a.m(1)
---
%%step c
a.m(1)
print(log)
""",
    "refused",
)
add(
    "cached-method-whose-object-changes",
    """
from functools import lru_cache
class A:
    def __init__(self, k):
        self.k = k
    @lru_cache
    def m(self, x):
        return x * self.k
---
%%step a
a = A(2)
u = a.m(1)
---
%%step b
a.k = 5
---
%%step c
print(u, a.m(1))
""",
    "refused",
)
