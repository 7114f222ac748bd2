"""Adversarial: longer notebooks as found in the wild, and code that hides its effects from the nets.

Where an effect is on a definition, a file or the process rather than on an input, no comparison at run
time can find it: the analysis alone stands between the user and a wrong number.
"""

# ruff: noqa: E501  (notebooks are written as users write them)
from __future__ import annotations

from oracle.case import Category

red_project = Category("red-project")
add = red_project.add

add(
    "training-loop-with-history",
    """
import numpy as np
from dataclasses import dataclass, field

@dataclass
class History:
    loss: list = field(default_factory=list)
    best: float = float("inf")
    def log(self, v):
        self.loss.append(round(v, 4)); self.best = min(self.best, v)

class Net:
    def __init__(self, rng, d): self.w = rng.normal(size=d)
    def grad(self, X, y): return X.T @ (X @ self.w - y) / len(y)
    def step(self, X, y, lr): self.w -= lr * self.grad(X, y)
---
%%parameters
lr = 0.1
epochs = 3
---
rng = np.random.default_rng(7)
---
%%step data
X = rng.normal(size=(20, 2)); y = X @ np.array([1.0, -2.0])
---
%%step init
net = Net(rng, 2); hist = History(); best_w = net.w
---
%%step train
for e in range(epochs):
    net.step(X, y, lr)
    hist.log(float(((X @ net.w - y) ** 2).mean()))
---
hist.loss[-1]
---
%%step more
for e in range(epochs, 2 * epochs):
    net.step(X, y, lr / 2)
    hist.log(float(((X @ net.w - y) ** 2).mean()))
---
%%step report
print(e, hist.loss, round(hist.best, 4), best_w is net.w, best_w.round(4).tolist())
""",
    parameters={"epochs": 2},
)
add(
    "eda-notebook",
    """
import numpy as np
import pandas as pd
pd.set_option("display.width", 80)
SEED = 3
np.random.seed(SEED)
---
%%step load
raw = pd.DataFrame({"id": range(8), "g": list("xxyyzzxy"), "amt": np.random.gamma(2, 2, 8).round(2)})
raw.loc[2, "amt"] = np.nan
---
raw.isna().sum()
---
%%step clean
df = raw.copy()
df["amt"] = df.groupby("g")["amt"].transform(lambda s: s.fillna(s.mean()))
df["log"] = np.log1p(df.amt)
---
def top(d, n=2, by="amt"):
    return d.nlargest(n, by)["id"].tolist()
---
%%step feats
agg = df.groupby("g").agg(total=("amt", "sum"), n=("id", "count")).reset_index()
df = df.merge(agg, on="g", how="left").rename(columns=str.upper)
df["BIN"] = pd.cut(df["AMT"], 3, labels=False)
---
df.head()
---
%%step split
mask = np.random.rand(len(df)) < 0.5
train, test = df[mask], df[~mask]
---
%%step report
print(agg.round(2).to_dict("records"), train.ID.tolist(), test.ID.tolist(), df.BIN.tolist(), raw.amt.isna().sum())
print(top(raw), top(df.rename(columns=str.lower), by="log"))
""",
)
add(
    "config-object-and-registry-of-steps",
    """
from types import SimpleNamespace
cfg = SimpleNamespace(steps=[], opts={"k": 2})
def stage(name):
    def deco(f):
        cfg.steps.append((name, f)); return f
    return deco
---
%%step define
@stage("double")
def double(x): return x * cfg.opts["k"]
@stage("inc")
def inc(x): return x + 1
---
%%step tune
cfg.opts["k"] = 5
---
%%step run
v = 1
for name, f in cfg.steps: v = f(v)
---
%%step show
print(v, [n for n, _ in cfg.steps])
""",
    "either",
)
add(
    "plugin-dict-of-classes",
    """
MODELS = {}
class Base:
    def fit(self, v): self.v = v * self.k; return self
def model(cls): MODELS[cls.__name__] = cls; return cls
@model
class A(Base): k = 1
@model
class B(Base): k = 2
---
%%step fit
fitted = {n: c().fit(10) for n, c in MODELS.items()}
---
%%step show
print({n: m.v for n, m in fitted.items()}, isinstance(fitted["A"], A))
""",
    "either",
)
add(
    "graph-of-nodes",
    """
class Node:
    def __init__(self, name): self.name, self.next, self.back = name, [], None
    def link(self, o): self.next.append(o); o.back = self; return o
---
%%step build
root = Node("r"); leaf = root.link(Node("a")).link(Node("b"))
---
%%step walk
n = leaf
while n.back is not None:
    n.name += "!"; n = n.back
---
%%step show
print(root.next[0].next[0].name, leaf.name, n is root, root.next[0].name)
""",
)
add(
    "simulation-with-own-generator",
    """
import random
class Sim:
    def __init__(self, seed): self.r = random.Random(seed); self.t = 0; self.log = []
    def tick(self, n=1):
        for _ in range(n): self.t += 1; self.log.append(round(self.r.random(), 3))
        return self
---
%%step start
s = Sim(4).tick(2)
---
%%step go
s.tick(2)
---
%%step branch
import copy
twin = copy.deepcopy(s).tick()
---
%%step end
s.tick(); print(s.log, twin.log, s.log == twin.log)
""",
)
add(
    "hidden-class-default-dict",
    """
class Cache:
    store = {}
    def get(self, k): return Cache.store.setdefault(k, len(Cache.store))
---
%%step a
x = Cache().get("a")
---
%%step b
y = Cache().get("b")
---
%%step c
print(x, y, Cache().get("a"))
""",
    "either",
)
add(
    "hidden-class-through-subclass",
    """
class Base:
    made = []
    def __init__(self): self.made.append(type(self).__name__)
class Child(Base): pass
---
%%step a
Child()
---
%%step b
Child(); print(Base.made)
""",
    "either",
)
add(
    "hidden-class-attr-in-loop-alias",
    """
class K: total = 0
T = K
---
%%step a
for i in range(3): T.total += i
---
%%step b
print(K.total)
""",
    "either",
)
add(
    "hidden-class-in-dict",
    """
class K: total = 0
reg = {"k": K}
---
%%step a
reg["k"].total = 5
---
%%step b
print(K.total)
""",
    "either",
)
add(
    "hidden-class-passed-to-helper",
    """
class K: total = 0
def bump(c): c.total += 1
---
%%step a
bump(K)
---
%%step b
print(K.total)
""",
    "either",
)
add(
    "hidden-class-by-vars-update",
    """
class K: opts = {"a": 1}
---
%%step a
K.opts["a"] = 2
---
%%step b
print(K.opts, K().opts)
""",
    "either",
)
add(
    "hidden-class-attr-object-aliased",
    """
shared = {"n": 0}
class K: opts = shared
---
%%step a
shared["n"] = 5
---
%%step b
print(K.opts)
""",
    "either",
)
add(
    "hidden-class-attr-taken-out",
    """
class K: opts = {"n": 0}
---
%%step a
o = K.opts
o["n"] = 5
---
%%step b
print(K.opts)
""",
    "either",
)
add(
    "hidden-class-attr-in-setup-alias",
    """
class K: opts = {"n": 0}
o = K.opts
---
%%step a
o["n"] = 5
---
%%step b
print(K.opts, o)
""",
    "either",
)
add(
    "hidden-decorator-closure-count",
    """
def counted(f):
    n = 0
    def inner(*a):
        nonlocal n
        n += 1
        return n, f(*a)
    return inner
@counted
def work(x): return x
---
%%step a
a = work(1)
---
%%step b
print(a, work(2))
""",
    "either",
)
add(
    "hidden-decorator-class-count",
    """
class Counted:
    def __init__(self, f): self.f, self.n = f, 0
    def __call__(self, *a): self.n += 1; return self.f(*a)
@Counted
def work(x): return x
---
%%step a
a = work(1)
---
%%step b
work(2); print(a, work.n)
""",
    "either",
)
add(
    "hidden-decorator-attribute-count",
    """
import functools
def counted(f):
    @functools.wraps(f)
    def inner(*a):
        inner.calls += 1
        return f(*a)
    inner.calls = 0
    return inner
@counted
def work(x): return x
---
%%step a
work(1)
---
%%step b
work(2); print(work.calls)
""",
    "either",
)
add(
    "hidden-decorator-memo-dict",
    """
def memo(f):
    cache = {}
    def inner(x):
        if x not in cache: cache[x] = f(x)
        return len(cache), cache[x]
    return inner
@memo
def sq(x): return x * x
---
%%step a
a = sq(2)
---
%%step b
print(a, sq(3))
""",
    "either",
)
add(
    "hidden-default-dict-argument",
    """
def count(k, seen={}):
    seen[k] = seen.get(k, 0) + 1
    return seen[k]
---
%%step a
a = count("x")
---
%%step b
print(a, count("x"))
""",
    "either",
)
add(
    "hidden-default-kwonly-list",
    """
def add_to(x, *, acc=[]):
    acc += [x]
    return len(acc)
---
%%step a
a = add_to(1)
---
%%step b
print(a, add_to(1))
""",
    "either",
)
add(
    "hidden-default-lambda",
    """
put = lambda x, box=[]: box.append(x) or len(box)
---
%%step a
a = put(1)
---
%%step b
print(a, put(1))
""",
    "either",
)
add(
    "hidden-default-method",
    """
class C:
    def put(self, x, box=[]): box.append(x); return len(box)
---
%%step a
a = C().put(1)
---
%%step b
print(a, C().put(1))
""",
    "either",
)
add(
    "hidden-default-instance",
    """
class Acc:
    def __init__(self): self.n = 0
def up(a=Acc()): a.n += 1; return a.n
---
%%step a
a = up()
---
%%step b
print(a, up())
""",
    "either",
)
add(
    "hidden-default-nested-list",
    """
def put(x, box=[[]]): box[0].append(x); return len(box[0])
---
%%step a
a = put(1)
---
%%step b
print(a, put(1))
""",
    "either",
)
add(
    "hidden-default-dict-of-list-get",
    """
def put(x, box={"l": []}): box.get("l").append(x); return len(box["l"])
---
%%step a
a = put(1)
---
%%step b
print(a, put(1))
""",
    "either",
)
add(
    "hidden-generator-in-closure",
    """
def maker():
    it = iter(range(100))
    return lambda: next(it)
nxt = maker()
---
%%step a
a = nxt()
---
%%step b
print(a, nxt())
""",
    "either",
)
add(
    "hidden-function-attribute-list",
    """
def f(x): f.log.append(x); return len(f.log)
f.log = []
---
%%step a
a = f(1)
---
%%step b
print(a, f(2))
""",
    "either",
)
add(
    "hidden-function-dict-attr",
    """
def f(): return 1
---
%%step a
f.__dict__["k"] = 3; f.__doc__ = "x"
---
%%step b
print(f.__dict__, f.__doc__)
""",
    "either",
)
add(
    "hidden-function-code-swapped",
    """
def f(): return 1
def g(): return 2
---
%%step a
f.__code__ = g.__code__; f.__defaults__ = ()
---
%%step b
print(f())
""",
    "either",
)
add(
    "hidden-enum-alias-extended",
    """
from enum import Enum
class C(Enum):
    A = 1
C.extra = {}
---
%%step a
C.extra["x"] = 1
---
%%step b
print(C.extra)
""",
    "either",
)
add(
    "hidden-namedtuple-default-list",
    """
from typing import NamedTuple
class P(NamedTuple):
    x: int
    tags: list = []
---
%%step a
P(1).tags.append("t")
---
%%step b
print(P(2).tags)
""",
    "either",
)
add(
    "hidden-singleton-new",
    """
class One:
    _it = None
    def __new__(cls):
        if cls._it is None: cls._it = super().__new__(cls); cls._it.n = 0
        return cls._it
---
%%step a
One().n += 1
---
%%step b
One().n += 1; print(One().n)
""",
    "either",
)
add(
    "hidden-singleton-getter",
    """
_inst = None
class Conf:
    def __init__(self): self.v = {}
def conf():
    global _inst
    if _inst is None: _inst = Conf()
    return _inst
---
%%step a
conf().v["a"] = 1
---
%%step b
conf().v["b"] = 2
---
%%step c
print(conf().v)
""",
)
add(
    "hidden-weak-registry",
    """
import weakref
class T:
    alive = weakref.WeakSet()
    def __init__(self): T.alive.add(self)
---
%%step a
t = T()
---
%%step b
print(len(T.alive), t in T.alive)
""",
    "either",
)
add(
    "hidden-class-property-setter-on-class",
    """
class Meta(type):
    _v = 1
    @property
    def v(cls): return cls._v
    @v.setter
    def v(cls, x): cls._v = x
class K(metaclass=Meta): pass
---
%%step a
K.v = 9
---
%%step b
print(K.v)
""",
    "either",
)
add(
    "hidden-dataclass-field-default-mutated",
    """
import dataclasses
@dataclasses.dataclass
class C:
    n: int = 1
---
%%step a
C.n = 5
---
%%step b
print(C.n, C())
""",
    "either",
)
add(
    "hidden-abc-register",
    """
import abc
class A(abc.ABC): pass
class B: pass
---
%%step a
A.register(B)
---
%%step b
print(isinstance(B(), A))
""",
    "either",
)
add(
    "hidden-singledispatch-register-call",
    """
from functools import singledispatch
@singledispatch
def f(x): return "any"
---
%%step a
f.register(int, lambda x: "int")
---
%%step b
print(f(1))
""",
    "either",
)
add(
    "hidden-copyreg-and-json-encoder",
    """
import json
---
%%step a
json.JSONEncoder.default = lambda self, o: "patched"
---
%%step b
print(json.dumps({"x": {1}}))
""",
    "either",
)
add(
    "hidden-pandas-accessor",
    """
import pandas as pd
@pd.api.extensions.register_dataframe_accessor("red")
class Red:
    def __init__(self, d): self.d = d
    def n(self): return len(self.d)
---
%%step a
df = pd.DataFrame({"a": [1, 2]})
---
%%step b
print(df.red.n())
""",
    "either",
)
add(
    "hidden-pandas-monkeypatch",
    """
import pandas as pd
---
%%step a
pd.DataFrame.half = lambda self: self / 2
---
%%step b
print(pd.DataFrame({"a": [2.0]}).half().a.tolist())
""",
    "either",
)
add(
    "hidden-np-seterrcall-and-handler",
    """
import numpy as np
seen = []
np.seterrcall(lambda kind, flag: seen.append(kind))
np.seterr(divide="call")
---
%%step a
np.array([1.0]) / 0
---
%%step b
print(seen)
""",
    "either",
)
add(
    "hidden-ipython-post-hook",
    """
seen = []
get_ipython().events.register("post_run_cell", lambda r: seen.append(1))
---
%%step a
x = 1
---
%%step b
print(len(seen) > 0)
""",
    "either",
)
add(
    "hidden-display-formatter",
    """
class P:
    pass
get_ipython().display_formatter.formatters["text/plain"].for_type(P, lambda o, p, c: p.text("PRETTY"))
---
%%step a
P()
---
%%step b
P()
""",
    "either",
)
add(
    "hidden-sys-displayhook-excepthook",
    """
import sys
---
%%step a
sys.flagged = "red"
---
%%step b
print(getattr(sys, "flagged", None))
""",
    "either",
)
add(
    "hidden-sys-argv-and-modules",
    """
import sys
---
%%step a
sys.argv = ["prog", "--x"]
---
%%step b
print(sys.argv)
""",
    "either",
)
add(
    "hidden-argparse-parse",
    """
import argparse
p = argparse.ArgumentParser(); p.add_argument("--n", type=int, default=3)
args = p.parse_args([])
---
%%step a
args.n += 1
---
%%step b
print(args)
""",
    "either",
)
add(
    "hidden-signal-handler",
    """
import signal
---
%%step a
old = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
---
%%step b
print(signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN)
""",
    "either",
)
add(
    "hidden-socket-default-timeout",
    """
import socket
---
%%step a
socket.setdefaulttimeout(3)
---
%%step b
print(socket.getdefaulttimeout())
""",
    "either",
)
add(
    "hidden-gc-and-thread-settings",
    """
import threading, gc
---
%%step a
gc.disable(); threading.stack_size(1 << 20)
---
%%step b
print(gc.isenabled(), threading.stack_size())
""",
    "either",
)
add(
    "hidden-mimetypes-and-codecs",
    """
import mimetypes
---
%%step a
mimetypes.add_type("a/b", ".red")
---
%%step b
print(mimetypes.guess_type("x.red"))
""",
    "either",
)
add(
    "hidden-csv-dialect",
    """
import csv, io
---
%%step a
csv.register_dialect("red", delimiter="|")
---
%%step b
print(next(csv.reader(io.StringIO("a|b"), "red")))
""",
    "either",
)
add(
    "hidden-logging-level-names",
    """
import logging
---
%%step a
logging.addLevelName(25, "RED")
---
%%step b
print(logging.getLevelName(25))
""",
    "either",
)
add(
    "hidden-tempfile-tempdir",
    """
import tempfile, os
---
%%step a
tempfile.tempdir = os.getcwd()
---
%%step b
print(tempfile.gettempdir() == os.getcwd())
""",
    "either",
)
add(
    "hidden-contextvar",
    """
import contextvars
var = contextvars.ContextVar("v", default=0)
---
%%step a
tok = var.set(5)
del tok
---
%%step b
print(var.get())
""",
    "either",
)
add(
    "hidden-thread-local",
    """
import threading
loc = threading.local()
---
%%step a
loc.x = 1
---
%%step b
print(getattr(loc, "x", None))
""",
    "either",
)
add(
    "hidden-warnings-attribute",
    """
import warnings
---
%%step a
warnings.formatwarning = lambda *a, **k: "red"
---
%%step b
print(warnings.formatwarning("x", UserWarning, "f", 1))
""",
    "either",
)
add(
    "hidden-string-constant-patched",
    """
import string
---
%%step a
string.vowels_red = "aeiou"
---
%%step b
print(string.vowels_red)
""",
    "either",
)
add(
    "hidden-sklearn-config-context",
    """
import sklearn
---
%%step a
with sklearn.config_context(assume_finite=True): inside = sklearn.get_config()["assume_finite"]
---
%%step b
print(inside, sklearn.get_config()["assume_finite"])
""",
)
add(
    "hidden-joblib-memory",
    """
from joblib import Memory
mem = Memory("cache_red", verbose=0)
calls = []
@mem.cache
def slow(x):
    calls.append(x); return x * 2
---
%%step a
a = slow(2)
---
%%step b
b = slow(2); print(a, b)
""",
    "either",
    observe=("a", "b", "calls"),
)
add(
    "hidden-random-system-and-hash",
    """
import random
r = random.SystemRandom()
---
%%step a
ok = 0 <= r.random() < 1
---
%%step b
print(ok)
""",
    "either",
)
add(
    "hidden-callable-default-factory-state",
    """
import collections, itertools
ids = itertools.count()
table = collections.defaultdict(lambda: next(ids))
---
%%step a
a = table["x"]
---
%%step b
b = table["y"]
---
%%step c
print(a, b, next(ids))
""",
    "either",
)
add(
    "hidden-sort-key-counter",
    """
import itertools
c = itertools.count()
---
%%step a
xs = sorted("ba", key=lambda _: next(c))
---
%%step b
print(xs, next(c))
""",
)
add(
    "hidden-zip-with-count",
    """
import itertools
c = itertools.count(10)
---
%%step a
pairs = list(zip("ab", c))
---
%%step b
print(pairs, next(c))
""",
)
add(
    "hidden-iterator-islice",
    """
import itertools
it = iter(range(10))
---
%%step a
first = list(itertools.islice(it, 3))
---
%%step b
print(first, list(it))
""",
)
add(
    "hidden-iterator-for-break",
    """
%%step a
it = iter(range(10))
---
%%step b
for v in it:
    if v == 2: break
---
%%step c
print(v, list(it))
""",
)
add(
    "hidden-iterator-star-unpack",
    """
%%step a
it = iter(range(4))
---
%%step b
first, second, *_ = it
---
%%step c
print(first, list(it))
""",
)
add(
    "hidden-file-iterator",
    """
%%step a
lines = list(open("f.txt")); n = sum(1 for _ in open("f.txt"))
---
%%step b
with open("f.txt", "a") as f: f.write("z\\n")
---
%%step c
print(len(lines), n, len(open("f.txt").readlines()))
""",
    "either",
    files={"f.txt": "a\nb\n"},
)
