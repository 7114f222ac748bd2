"""Notebooks as people write them, and channels that a first reading overlooks."""

from __future__ import annotations

from oracle.case import Category

CHANNELS = Category("hidden channel two")
FOLDERS = Category("working folder")
NOTEBOOKS = Category("whole notebook")

CHANNELS.add(
    "format-with-the-namespace",
    """
%%step a
who = "you"
n = 3
---
%%step b
print("{who}".format_map(globals()), "%(who)s %(n)d" % globals(), "{who:>{n}}-{x}".format(x=1, **locals()))
""",
)
CHANNELS.add(
    "attributes-of-main",
    """
%%step a
x = [3]
---
%%step b
import sys, __main__
__main__.x.append(4)
setattr(sys.modules[__name__], "q", len(__main__.x))
---
%%step c
print(x, q)
""",
)
CHANNELS.add(
    "namespace-methods",
    """
%%step a
globals().update({"p": 1, "q": [2]})
made = globals().setdefault("r", [0])
---
%%step b
q.append(globals().pop("p"))
r.append(5)
---
%%step c
print(q, made, r, "p" in globals())
""",
)
CHANNELS.add(
    "names-by-pattern",
    """
%%step a
for i in range(3):
    globals()[f"part_{i}"] = [i]
for n in ["left", "right"]:
    globals()[n] = n * 2
---
%%step b
part_1.append(7)
---
%%step c
print(part_0, part_1, left, right)
""",
    why="the names are not written where they are bound",
)
CHANNELS.add(
    "names-by-pattern-read",
    """
%%step a
df_0 = [1]
df_1 = [2]
other = 0
---
%%step b
df_1.append(3)
---
%%step c
print([globals()[f"df_{i}"] for i in range(2)])
""",
)
CHANNELS.add(
    "cached-function-with-effect",
    """
from functools import lru_cache
seen = []
@lru_cache
def f(x):
    seen.append(x)
    return x
---
%%step a
f(1)
---
%%step b
f(1)
print(seen)
""",
    "refused",
    why="the second call does nothing in one kernel",
)
CHANNELS.add(
    "cached-function-that-prints",
    """
from functools import cache
@cache
def load(n):
    print("loading")
    return n
---
%%step a
x = load(1)
---
%%step b
print(load(1), x)
""",
    "refused",
)
CHANNELS.add(
    "cached-function-of-a-changed-global",
    """
from functools import lru_cache
K = 2
@lru_cache
def f(x):
    return x * K
---
%%step a
x = f(1)
---
%%step b
K = 5
---
%%step c
print(f(1), x)
""",
    "refused",
    why="one kernel remembers what the old value gave",
)
CHANNELS.add(
    "cached-function-that-only-computes",
    """
from functools import lru_cache
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
---
%%step a
x = fib(20)
---
%%step b
print(fib(21), x)
""",
)
CHANNELS.add(
    "subclasses-found-by-their-base",
    """
class Base:
    pass
---
%%step a
class A(Base):
    pass
---
%%step b
class B(A):
    pass
---
%%step c
print([c.__name__ for c in Base.__subclasses__()], len(A.__subclasses__()))
""",
)
CHANNELS.add(
    "instances-with-one-dict",
    """
class Shared:
    state = {}
    def __init__(self):
        self.__dict__ = Shared.state
---
%%step a
Shared().x = 1
---
%%step b
Shared().y = 2
---
%%step c
print(Shared().x, Shared().y)
""",
)
CHANNELS.add(
    "exception-kept",
    """
class Rejected(Exception):
    def __init__(self, message, rows):
        super().__init__(message)
        self.rows = rows
    def __reduce__(self):
        return (Rejected, (self.args[0], self.rows))
def check(v):
    if v > 1:
        raise Rejected("big", [v])
---
%%step a
problems = []
for v in (1, 2):
    try:
        check(v)
    except Exception as error:
        problems.append(error)
---
%%step b
problems[0].rows.append(9)
---
%%step c
print(problems[0], problems[0].rows)
""",
    why="the class of the exception is named nowhere",
)
CHANNELS.add(
    "statements-on-one-line",
    """
import os; memo = {}; default = []; k = 2
---
%%step a
t = memo.get("k") or default
t.append(k)
---
%%step b
print(default, memo)
""",
    why="only one of the statements runs in the implicit step",
)
CHANNELS.add(
    "adapter-of-a-database",
    """
%%step a
import sqlite3
sqlite3.register_adapter(complex, str)
---
%%step b
import sqlite3
print(sqlite3.connect(":memory:").execute("select ?", (1j,)).fetchall())
""",
)
FOLDERS.add(
    "made-and-entered",
    """
import os
---
%%step a
os.makedirs("work", exist_ok=True)
os.chdir("work")
---
%%step b
with open("f.txt", "w") as f:
    f.write("hi")
---
%%step c
os.chdir("..")
print(os.path.exists("work/f.txt"))
---
%%step d
print(open("work/f.txt").read(), os.path.basename(os.getcwd()) == "work")
""",
)
FOLDERS.add(
    "there-and-back",
    """
import os
---
%%step a
old = os.getcwd()
os.makedirs("sub", exist_ok=True)
os.chdir("sub")
open("y.txt", "w").write("2")
os.chdir(old)
---
%%step b
print(open("sub/y.txt").read(), os.path.exists("y.txt"))
""",
)
FOLDERS.add(
    "entered-in-a-helper",
    """
import os
def enter(name):
    os.makedirs(name, exist_ok=True)
    os.chdir(name)
---
%%step a
enter("deep")
open("z.txt", "w").write("3")
---
%%step b
print(open("z.txt").read(), os.path.basename(os.getcwd()))
""",
)
FOLDERS.add(
    "absolute-paths-of-relative-files",
    """
import os
from pathlib import Path
BASE = os.environ.get("NO_SUCH_FOLDER", ".")
ROOT = Path(".").resolve()
---
%%step a
open("one.txt", "w").write("1")
---
%%step b
open(os.path.join(os.getcwd(), "two.txt"), "w").write("2")
(ROOT / "three.txt").write_text("3")
---
%%step c
print(open(os.path.join(BASE, "one.txt")).read(), open("two.txt").read(), open("three.txt").read())
""",
    why="one file goes by several names",
)
FOLDERS.add(
    "files-of-a-loop",
    """
%%step a
for name in ["m.csv", "k.csv"]:
    open(name, "w").write(name)
---
%%step b
open("other.csv", "w").write("1")
---
%%step c
print([open(name).read() for name in ("m.csv", "k.csv")])
---
%%step d
print(open("other.csv").read())
""",
)
NOTEBOOKS.add(
    "out-of-fold-predictions",
    """
import numpy as np, pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold
FEATS = ["a", "b"]
---
%%step data
rng = np.random.default_rng(1)
df = pd.DataFrame(rng.normal(size=(30, 2)), columns=FEATS)
df["y"] = df.a * 2 - df.b
---
%%step cv
oof = np.zeros(len(df))
models, scores = [], []
for fold, (tr, va) in enumerate(KFold(3, shuffle=True, random_state=0).split(df)):
    m = Ridge(alpha=0.1)
    m.fit(df.loc[tr, FEATS], df.loc[tr, "y"])
    oof[va] = m.predict(df.loc[va, FEATS])
    scores.append(mean_squared_error(df.loc[va, "y"], oof[va]))
    models.append(m)
---
print(np.mean(scores))
---
%%step ensemble
df["oof"] = oof
df["pred"] = np.mean([m.predict(df[FEATS]) for m in models], axis=0)
---
%%step report
print(df[["oof", "pred"]].round(4).head(2), np.round(scores, 6), fold)
""",
)
NOTEBOOKS.add(
    "train-and-test-encoded-together",
    """
import pandas as pd
from sklearn.preprocessing import LabelEncoder
---
%%step load
train = pd.DataFrame({"c": list("abca"), "v": [1.0, None, 3.0, 4.0]})
test = pd.DataFrame({"c": list("ab"), "v": [None, 5.0]})
encoders = {}
---
%%step fill
for d in [train, test]:
    d["v"] = d["v"].fillna(d["v"].mean())
    d["sq"] = d.v ** 2
---
%%step encode
le = LabelEncoder()
train["c"] = le.fit_transform(train["c"])
test["c"] = le.transform(test["c"])
encoders["c"] = le
---
test.head()
---
%%step show
print(train, test, encoders["c"].inverse_transform(test["c"]).tolist(), le is encoders["c"])
""",
)
NOTEBOOKS.add(
    "network-by-hand",
    """
import numpy as np
class Layer:
    def __init__(self, i, o, rng): self.W = rng.normal(size=(i, o)); self.g = None
    def __call__(self, x): self.x = x; return x @ self.W
    def backward(self, d): self.g = self.x.T @ d; return d @ self.W.T
class SGD:
    def __init__(self, layers, lr): self.layers, self.lr = layers, lr
    def step(self):
        for l in self.layers: l.W -= self.lr * l.g
---
%%step data
rng = np.random.default_rng(0)
X = rng.normal(size=(16, 2)); Y = X.sum(1, keepdims=True)
---
%%step model
net = [Layer(2, 3, rng), Layer(3, 1, rng)]
opt = SGD(net, 0.05)
losses = []
---
def forward(x):
    for l in net: x = l(x)
    return x
---
%%step train
for _ in range(5):
    p = forward(X)
    losses.append(float(((p - Y) ** 2).mean()))
    d = 2 * (p - Y) / len(X)
    for l in reversed(net): d = l.backward(d)
    opt.step()
---
%%step more
opt.lr = 0.01
opt.step()
---
%%step show
print(np.round(losses, 4), round(float(forward(X).sum()), 5), opt.layers[0] is net[0])
""",
)
NOTEBOOKS.add(
    "looks-between-steps",
    """
import numpy as np
import pandas as pd
def show(title, obj):
    print("=" * 5, title)
    print(obj)
---
%%step a
df = pd.DataFrame({"x": [1, 2, 3]})
lst = [1, [2, 3]]
---
show("df", df)
for i, row in df.iterrows():
    print(i, row.x)
---
tmp = df.copy()
tmp["y"] = 5
tmp.groupby("y").x.agg(["mean", "max"])
---
print([type(v) for v in lst], sorted(lst, key=str), max(map(str, lst)))
assert np.corrcoef(df["x"].values, np.sqrt(df["x"]))[0, 1] > 0.9
---
%%step b
df["x"] += 1
lst[1].append(4)
print(df, lst)
""",
)
