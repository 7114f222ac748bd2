"""State that no variable of the notebook holds, and that runs have to watch."""

from __future__ import annotations

from oracle.case import Category

unseen = Category("unseen state")
add = unseen.add

COUNTING = "n = 0\ndef count():\n    global n\n    n += 1\n    return n\n"

# -- modules of the project ------------------------------------------------------------------------------

add(
    "module-imported-inside-a-function",
    """
def tick():
    import counting
    return counting.count()
---
%%step a
x = tick()
---
%%step b
print(x, tick())
""",
    "refused",
    files={"counting.py": COUNTING},
)
add(
    "module-that-another-one-changes",
    """
%%step a
import front
front.go()
---
%%step b
import counting
print(counting.n)
""",
    "refused",
    files={"counting.py": COUNTING, "front.py": "import counting\ndef go():\n    counting.count()\n"},
)
add(
    "module-that-registers-itself-with-another",
    """
%%step a
import shapes
import squares
x = shapes.make("square")
---
%%step b
import squares
print(x, squares.shapes.KINDS)
""",
    "either",
    files={
        "shapes.py": "KINDS = {}\ndef make(kind):\n    return KINDS[kind]()\n",
        "squares.py": "import shapes\nshapes.KINDS['square'] = lambda: 4\n",
    },
    why="what a module does to others while it is imported, the later import does again",
)
add(
    "module-with-state-that-no-later-step-uses",
    """
%%step a
import counting
counting.count()
x = counting.count()
---
%%step b
print(x)
""",
    files={"counting.py": COUNTING},
)
add(
    "function-of-a-module-with-an-attribute",
    """
%%step a
import calls
calls.f()
---
%%step b
print(calls.f())
""",
    "refused",
    files={"calls.py": "def f():\n    f.calls += 1\n    return f.calls\nf.calls = 0\n"},
)
add(
    "function-of-a-module-with-a-mutable-default",
    """
%%step a
import calls
calls.f(1)
---
%%step b
print(calls.f(2))
""",
    "refused",
    files={"calls.py": "def f(x, seen=[]):\n    seen.append(x)\n    return list(seen)\n"},
)
add(
    "closure-of-a-module",
    """
%%step a
import ids
ids.next_id()
---
%%step b
print(ids.next_id())
""",
    "refused",
    files={
        "ids.py": "def counter():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n"
        "        return n\n    return up\nnext_id = counter()\n"
    },
)
add(
    "itertools-count-of-a-module",
    """
%%step a
import ids
ids.new()
---
%%step b
print(ids.new())
""",
    "refused",
    files={"ids.py": "import itertools\n_ids = itertools.count()\ndef new():\n    return next(_ids)\n"},
)
add(
    "class-counter-of-a-module",
    """
%%step a
from things import Thing
t = Thing()
---
%%step b
u = Thing()
print(t.id, u.id)
""",
    "refused",
    files={
        "things.py": "class Thing:\n    made = 0\n    def __init__(self):\n        Thing.made += 1\n"
        "        self.id = Thing.made\n"
    },
)
add(
    "package-whose-submodule-counts",
    """
%%step a
from shop.cart import put
put(1)
---
%%step b
print(put(2))
""",
    files={
        "shop/__init__.py": "",
        "shop/cart.py": "items = []\ndef put(x):\n    items.append(x)\n    return len(items)\n",
    },
)
add(
    "module-with-an-lru-cache",
    """
%%step a
import slow
x = slow.square(3)
---
%%step b
print(x, slow.square(3))
""",
    files={"slow.py": "from functools import lru_cache\n@lru_cache\ndef square(x):\n    return x * x\n"},
)
add(
    "module-that-is-reloaded",
    """
%%step a
import counting, importlib
counting.count()
counting = importlib.reload(counting)
---
%%step b
print(counting.count())
""",
    "either",
    files={"counting.py": COUNTING},
)
add(
    "import-that-fails-and-is-caught",
    """
%%step a
try:
    import broken
except ImportError:
    broken = None
---
%%step b
print(broken)
""",
    files={"broken.py": "import no_such_module_at_all\n"},
)
add(
    "state-of-a-module-set-anew-by-each-step",
    """
import counting
---
%%step a
counting.n = 10
x = counting.count()
---
%%step b
print(x, counting.count())
""",
    "either",
    files={"counting.py": COUNTING},
)

# -- definitions reached through other objects ---------------------------------------------------------

add(
    "class-in-a-list-changed-by-a-helper",
    """
class A: n = 0
class B: n = 0
def bump(classes):
    for c in classes: c.n += 1
kinds = [A, B]
---
%%step a
bump(kinds)
---
%%step b
print(A.n, B.n, [k.n for k in kinds])
""",
    "either",
)
add(
    "function-attribute-through-a-list",
    """
def f(): return 1
def g(): return 2
steps = [f, g]
---
%%step a
for s in steps: s.calls = s()
---
%%step b
print(f.calls, g.calls)
""",
    "either",
)
add(
    "mutable-default-through-a-dict",
    """
def f(x, seen=[]):
    seen.append(x); return list(seen)
table = {"f": f}
---
%%step a
table["f"](1)
---
%%step b
print(f(2))
""",
    "either",
)
add(
    "enum-member-through-values",
    """
from enum import Enum
class E(Enum):
    A = 1
    B = 2
---
%%step a
for m in E: m.seen = True
---
%%step b
print([getattr(m, "seen", False) for m in E])
""",
    "either",
)
add(
    "flag-combinations-are-no-state",
    """
from enum import Flag
class P(Flag):
    R = 1
    W = 2
---
%%step a
x = P.R | P.W
names = [p.name for p in P]
---
%%step b
print(x, P.R in x, names)
""",
    why="an Enum remembers combinations that were asked for",
)
add(
    "object-in-a-class-attribute",
    """
class Config:
    def __init__(self): self.level = 1
class App: config = Config()
apps = [App]
---
%%step a
apps[0].config.level = 5
---
%%step b
print(App.config.level)
""",
    "either",
)
add(
    "closure-state-of-a-decorated-function",
    """
def counted(f):
    n = 0
    def inner():
        nonlocal n
        n += 1
        return f(), n
    return inner
@counted
def one(): return 1
todo = [one]
---
%%step a
print(todo[0]())
---
%%step b
print(one())
""",
    "either",
)
add(
    "single-dispatch-is-no-state",
    """
from functools import singledispatch
@singledispatch
def kind(x): return "any"
@kind.register
def _(x: int): return "int"
---
%%step a
a = kind(1)
---
%%step b
print(a, kind("x"), kind(2))
""",
)
add(
    "abstract-classes-are-no-state",
    """
from abc import ABC, abstractmethod
class Base(ABC):
    @abstractmethod
    def f(self): ...
class One(Base):
    def f(self): return 1
kinds = [Base, One]
---
%%step a
ok = isinstance(One(), Base), issubclass(int, Base)
---
%%step b
print(ok, [k.__name__ for k in kinds], One().f())
""",
)

# -- methods that looking up calls ----------------------------------------------------------------------

_LOGGING = """
log = []
class K:
    def __init__(self, v): self.v = v
    def __eq__(self, o): log.append("eq"); return self.v == o.v
    def __hash__(self): log.append("hash"); return 1
"""
for _name, _use in {
    "in-a-list": "found = K(1) in [K(2)]",
    "key-of-a-dict": "d = {K(1): 1}; n = d[K(1)]; del d",
    "set-comprehension": "n = len({K(i) for i in range(2)})",
    "added-to-a-set": "s = set(); s.add(K(1)); s.discard(K(2)); n = len(s); del s",
    "index-in-a-list": "n = [K(3)].index(K(3))",
    "made-a-set": "n = len(set([K(1), K(2)]))",
}.items():
    add(
        f"hash-and-eq-that-log-{_name}",
        f"{_LOGGING}---\n%%step a\n{_use}\n---\n%%step b\nprint(log)\n",
    )

add(
    "hash-that-counts-on-its-class",
    """
class K:
    hashed = 0
    def __hash__(self): K.hashed += 1; return 1
    def __eq__(self, other): return True
---
%%step a
s = {K(), K()}
---
%%step b
n = K.hashed
---
%%step c
print(len(s), n, K.hashed)
""",
    "either",
)

# -- random generators under other names ---------------------------------------------------------------

add(
    "numpy-seeded-through-mtrand",
    """
import numpy as np
from numpy.random import mtrand
---
%%step a
mtrand.seed(1)
x = np.random.rand()
---
%%step b
print(x, np.random.rand())
""",
)
add(
    "random-seeded-through-its-instance",
    """
import random
---
%%step a
random._inst.seed(1)
x = random.random()
---
%%step b
print(x, random.random())
""",
)
add(
    "state-taken-in-a-later-step",
    """
import numpy as np, random
---
%%step a
np.random.seed(1); random.seed(1)
x = np.random.rand(), random.random()
---
%%step b
kept = np.random.get_state(), random.getstate()
---
%%step c
y = np.random.rand(), random.random()
np.random.set_state(kept[0]); random.setstate(kept[1])
print(y == (np.random.rand(), random.random()), x, y)
""",
    observe=("x", "y"),
)

# -- one Index of several frames -------------------------------------------------------------------------

_FRAME = """
import pandas as pd
---
%%step a
df = pd.DataFrame({"v": [1, 2]}, index=[5, 6])
other = df * 2
---
"""
for _name, _use in {
    "named-through-a-variable": 'idx = other.index; idx.name = "x"; del idx',
    "named-by-rename": 'other.index.rename("x", inplace=True)',
    "named-in-a-helper": "def name(d): d.index.names = ['x']\nname(other)",
    "replaced": 'other.index = other.index.rename("x")',
    "its-columns": 'other.columns.name = "c"',
}.items():
    add(
        f"index-of-two-frames-{_name}",
        f"{_FRAME}%%step b\n{_use}\n---\n%%step c\n"
        "print(df.index.name, other.index.name, df.columns.name, other.columns.name)\n",
    )

# -- memory under an array -----------------------------------------------------------------------------

add(
    "array-over-array-array",
    """
import array, numpy as np
---
%%step a
raw = array.array("d", [1.0, 2.0])
view = np.frombuffer(raw)
---
%%step b
raw[0] = 5.0
---
%%step c
print(view.tolist())
""",
    "either",
)
add(
    "array-over-a-bytearray-inside-one-object",
    """
import numpy as np
---
%%step a
raw = bytearray(4)
box = {"raw": raw, "view": np.frombuffer(raw, "u1")}
del raw
---
%%step b
box["raw"][0] = 7
print(box["view"].tolist())
""",
    "refused",
)
add(
    "array-over-a-bytearray-that-stays-behind",
    """
import numpy as np
---
%%step a
def read():
    raw = bytearray(b"abcd")
    return np.frombuffer(raw, "u1")
view = read()
---
%%step b
view[0] = 0
---
%%step c
print(view.tolist())
""",
)
add(
    "two-arrays-over-one-bytearray",
    """
import numpy as np
---
%%step a
def read():
    raw = bytearray(4)
    return np.frombuffer(raw, "u1"), np.frombuffer(raw, "u2")
a, b = read()
---
%%step b
a[0] = 1
---
%%step c
print(b.tolist())
""",
    observe=(),
    why="that the two share is not seen by the oracle, but by what is printed",
)
add(
    "array-over-bytes",
    """
import numpy as np
---
%%step a
raw = b"abcd"
view = np.frombuffer(raw, "u1")
---
%%step b
print(raw, view.tolist())
""",
)

# -- pyplot's open figures -------------------------------------------------------------------------------

add(
    "drawing-on-the-figure-of-an-earlier-step",
    """
import matplotlib.pyplot as plt
plt.ioff()
---
%%step a
plt.plot([1, 2]); n = 1
---
%%step b
plt.plot([3, 4])
print(len(plt.gca().lines), n)
""",
    "refused",
)
add(
    "figures-left-open-and-made-anew",
    """
import matplotlib.pyplot as plt
plt.ioff()
---
%%step a
plt.figure(); plt.plot([1, 2]); n = 1
---
%%step b
plt.figure(figsize=(3, 3)); plt.plot([3, 4])
print(len(plt.gca().lines), n)
""",
)
add(
    "figure-handed-on-and-drawn-on-as-the-current-one",
    """
import matplotlib.pyplot as plt
plt.ioff()
---
%%step a
fig, ax = plt.subplots(); ax.plot([1, 2])
---
%%step b
ax.plot([3, 4]); plt.title("both")
print(len(plt.gca().lines), ax.get_title(), len(fig.axes))
""",
    observe=(),
)
add(
    "figures-closed-before-the-step-ends",
    """
import matplotlib.pyplot as plt
plt.ioff()
---
%%step a
plt.plot([1, 2]); n = len(plt.gca().lines); plt.close()
---
%%step b
plt.plot([3, 4])
print(len(plt.gca().lines), n, plt.get_fignums())
""",
)

# -- files that the notebook changes in place ----------------------------------------------------------

add(
    "input-file-changed-by-a-later-step-under-a-computed-name",
    """
name = "".join(["in", ".t", "xt"])
---
%%step a
t = open(name).read()
---
%%step b
with open(name, "a") as f: f.write("more")
---
%%step c
print(t, open(name).read())
""",
    "either",
    files={"in.txt": "base"},
)
add(
    "input-file-overwritten-with-its-clean-version",
    """
import pandas as pd
---
%%step read
df = pd.read_csv("data.csv")
---
%%step clean
df = df[df.v > 1]
df.to_csv("data.csv", index=False)
---
%%step look
print(len(df), len(pd.read_csv("data.csv")))
""",
    files={"data.csv": "v\n1\n2\n3\n"},
)
add(
    "file-appended-to-by-its-own-step",
    """
%%step a
with open("n.txt", "r+") as f:
    n = int(f.read()) + 1
    f.seek(0); f.write(str(n))
---
%%step b
print(n, open("n.txt").read())
""",
    files={"n.txt": "4"},
)
add(
    "folder-listed-and-written-into-later",
    """
from pathlib import Path
---
%%step a
found = sorted(p.name for p in Path("data").iterdir())
---
%%step b
Path("data/sum.txt").write_text(str(len(found)))
---
%%step c
print(found, sorted(p.name for p in Path("data").iterdir()))
""",
    files={"data/x.txt": "x", "data/y.txt": "y"},
)
add(
    "folder-listed-and-written-into-by-one-step",
    """
from pathlib import Path
---
%%step a
found = sorted(p.name for p in Path("data").iterdir())
Path("data/sum.txt").write_text(str(len(found)))
---
%%step b
print(found)
""",
    files={"data/x.txt": "x"},
)
add(
    "file-renamed-away-after-it-was-read",
    """
import os
---
%%step a
t = open("in.txt").read()
---
%%step b
os.rename("in.txt", "done.txt")
---
%%step c
print(t, os.path.exists("in.txt"), open("done.txt").read())
""",
    "either",
    files={"in.txt": "x"},
)
add(
    "file-written-then-appended-to-twice",
    """
%%step a
open("log.txt", "w").write("a")
---
%%step b
with open("log.txt", "a") as f: f.write("b")
---
%%step c
with open("log.txt", "a") as f: f.write("c")
---
%%step d
print(open("log.txt").read())
""",
)
add(
    "decimal-context-by-setattr",
    """
import decimal
---
%%step a
for rule, value in [("prec", 3)]:
    setattr(decimal.getcontext(), rule, value)
---
%%step b
print(decimal.Decimal(1) / 3)
""",
    "refused",
)
add(
    "decimal-flags-are-no-rule",
    """
import decimal
---
%%step a
third = decimal.Decimal(1) / 3
---
%%step b
print(third, decimal.Decimal(2) / 3)
""",
)
