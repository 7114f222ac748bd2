"""Adversarial: aliases that run through containers, literals and returns."""

from __future__ import annotations

from oracle.case import Category

red_alias = Category("red-alias")
red_alias.add(
    "untagged-time-cell",
    """
%%time
x = [1]
x.append(2)
---
%%step a
x.append(3)
---
%%step b
print(x)
""",
    "either",
)
red_alias.add(
    "untagged-bash-cell",
    """
%%bash
mkdir -p d
echo hi > d/b.txt
---
%%step a
print(open("d/b.txt").read())
""",
    "either",
)
red_alias.add(
    "untagged-capture-cell",
    """
%%capture cap
x = [1]
print("hi")
---
%%step a
x.append(2)
---
%%step b
print(x)
""",
    "either",
)
red_alias.add(
    "untagged-shell-line",
    """
!printf 'a,b\\n1,2\\n' > s.csv
import pandas as pd
---
%%step a
df = pd.read_csv("s.csv")
---
%%step b
print(df.a.tolist())
""",
    "either",
)
red_alias.add(
    "untagged-alias-closed-empty-list",
    """
import functools
xs = []
---
%%step a
ys = functools.reduce(lambda p, q: p, [xs])
zs = max([xs], key=len)
---
%%step b
ys.append(1); zs.append(2)
---
%%step c
print(xs)
""",
)
red_alias.add(
    "closed-list-through-unknown",
    """
from redmodx import same
---
%%step a
xs = []
ys = same(xs)
---
%%step b
ys.append(1)
---
%%step c
print(xs)
""",
    files={"redmodx.py": "def same(x): return x\n"},
)
red_alias.add(
    "closed-dict-through-helper-star",
    """
def pick(*a, **k): return a[0]
---
%%step a
xs = {}
ys = pick(*[xs])
---
%%step b
ys["a"] = 1
---
%%step c
print(xs)
""",
)
red_alias.add(
    "next-iter-of-closed",
    """
%%step a
xs = []
it = iter([xs])
ys = next(it)
del it
---
%%step b
ys.append(1)
---
%%step c
print(xs)
""",
)
red_alias.add(
    "closed-nested-get",
    """
%%step a
d = {"k": []}
k = d["k"]
e = d.get("k")
---
%%step b
e.append(1)
---
%%step c
print(d, k)
""",
)
red_alias.add(
    "closed-list-later-filled",
    """
%%step a
d = []
inner = [0]
---
%%step b
d.append(inner)
---
%%step c
got = d[0]
---
%%step e
got.append(1)
---
%%step f
print(inner, d)
""",
)
red_alias.add(
    "closed-list-filled-by-helper-extend",
    """
def fill(d, *xs): d += xs
---
%%step a
d, inner = [], [0]
fill(d, inner)
---
%%step c
d[0].append(1)
---
%%step f
print(inner, d)
""",
)
red_alias.add(
    "closed-filled-slice-and-setitem",
    """
%%step a
d, e, inner = [], {}, [0]
d[:] = [inner]; e["k"] = inner
---
%%step c
d[0].append(1); e["k"].append(2)
---
%%step f
print(inner, d)
""",
)
red_alias.add(
    "closed-filled-through-alias",
    """
%%step a
d = []
same = d
inner = [0]
same.append(inner)
---
%%step c
x = d[0]
---
%%step e
x.append(1)
---
%%step f
print(inner, d, same)
""",
)
red_alias.add(
    "closed-comprehension-shares",
    """
%%step a
rows = [[] for _ in range(2)]
first, second = rows
---
%%step c
first.append(1)
---
%%step f
print(rows)
""",
)
red_alias.add(
    "closed-list-times",
    """
%%step a
rows = [[]] * 2
---
%%step c
rows[0].append(1)
---
%%step f
print(rows)
""",
)
red_alias.add(
    "closed-tuple-return",
    """
def two():
    a = []
    return a, {"a": a}
---
%%step a
l, d = two()
---
%%step c
l.append(1)
---
%%step f
print(d)
""",
)
red_alias.add(
    "closed-class-attr-init",
    """
class S:
    def __init__(self):
        self.rows = []
        self.view = self.rows
---
%%step a
s = S(); rows = s.rows
---
%%step c
rows.append(1)
---
%%step f
print(s.view)
""",
)
red_alias.add(
    "closed-dict-fromkeys",
    """
%%step a
d = dict.fromkeys("ab", [])
---
%%step c
d["a"].append(1)
---
%%step f
print(d)
""",
)
red_alias.add(
    "closed-zip-dict-list",
    """
%%step a
vals = [[], []]
d = dict(zip("ab", vals))
---
%%step c
d["a"].append(1)
---
%%step f
print(vals)
""",
)
red_alias.add(
    "closed-sorted-holds",
    """
%%step a
vals = [[], []]
s = sorted(vals, key=len)
r = list(reversed(vals))
---
%%step c
s[0].append(1); r[0].append(2)
---
%%step f
print(vals)
""",
)
