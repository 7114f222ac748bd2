"""State that a notebook leaves where its text does not point: generators handed on, pickles, addresses."""

from __future__ import annotations

from oracle.case import Category

HIDDEN = Category("hidden state")

FORMULAS = {
    "patsy.py": """
import re, sys

def dmatrix(formula, data):
    caller = sys._getframe(1)
    return eval(formula, {**caller.f_globals, **caller.f_locals, **data})
"""
}
"""As much of patsy as looks names up where it is called."""

HIDDEN.add(
    "generator-given-to-a-sample",
    """
%%step a
import numpy as np, pandas as pd
rs = np.random.RandomState(0)
df = pd.DataFrame({"a": range(10)})
---
%%step b
print(df.sample(2, random_state=rs).a.tolist())
---
%%step c
print(df.sample(2, random_state=rs).a.tolist())
""",
    why="the generator goes on, though only its name is handed over",
)
HIDDEN.add(
    "generator-given-to-sklearn-by-a-helper",
    """
import numpy as np
from sklearn.utils import shuffle
rs = np.random.RandomState(0)
def mixed(values, generator):
    return shuffle(values, random_state=generator)
---
%%step a
print(mixed([1, 2, 3, 4], rs))
---
%%step b
print(shuffle([1, 2, 3, 4], random_state=rs))
""",
)
HIDDEN.add(
    "seed-that-is-an-attribute",
    """
import pandas as pd
from types import SimpleNamespace
settings = SimpleNamespace(seed=3)
---
%%step a
df = pd.DataFrame({"a": range(5)})
---
%%step b
print(df.sample(2, random_state=settings.seed).a.tolist())
---
%%step c
print(df.sample(2, random_state=settings.seed).a.tolist())
""",
)
HIDDEN.add(
    "two-generators-of-one-source",
    """
import numpy as np
---
%%step a
source = np.random.PCG64(3)
g1 = np.random.Generator(source)
g2 = np.random.Generator(source)
---
%%step b
g1.random()
---
%%step c
print(g2.random())
""",
    why="they draw from one bit generator",
)
HIDDEN.add(
    "generator-made-of-a-generator",
    """
import numpy as np
rng = np.random.default_rng(4)
---
%%step a
same = np.random.default_rng(rng)
print(same.random())
---
%%step b
print(rng.random())
""",
)
HIDDEN.add(
    "class-named-in-a-pickle",
    """
import pickle
class P:
    def __init__(self, x):
        self.x = x
---
%%step a
with open("p.pkl", "wb") as f:
    pickle.dump(P(3), f)
---
%%step b
with open("p.pkl", "rb") as f:
    print(pickle.load(f).x)
""",
    why="the second step does not name the class",
)
HIDDEN.add(
    "function-named-in-a-joblib-file",
    """
import joblib
---
%%step a
K = 2
def f(x):
    return x + K
joblib.dump({"f": f}, "f.joblib")
---
%%step b
print(joblib.load("f.joblib")["f"](1))
""",
)
HIDDEN.add(
    "pickled-in-a-text-of-bytes",
    """
import pickle
class P:
    pass
---
%%step a
blob = pickle.dumps(P())
---
%%step b
print(type(pickle.loads(blob)).__name__)
""",
    observe=(),
)
HIDDEN.add(
    "callback-when-an-object-is-gone",
    """
import weakref
class N:
    pass
---
%%step a
log = []
n = N()
weakref.finalize(n, log.append, "gone")
---
%%step b
del n
---
%%step c
print(log)
""",
    "refused",
)
HIDDEN.add(
    "method-that-runs-when-an-object-goes",
    """
log = []
class D:
    def __del__(self):
        log.append("del")
---
%%step a
d = D()
---
%%step b
del d
---
%%step c
print(log)
""",
)
HIDDEN.add(
    "table-by-address",
    """
%%step a
names = {}
o = [1]
names[id(o)] = "o"
---
%%step b
print(names.get(id(o)))
""",
    "refused",
)
HIDDEN.add(
    "descriptor-that-keeps-addresses",
    """
class D:
    def __init__(self):
        self.data = {}
    def __get__(self, o, t=None):
        return self.data.get(id(o))
    def __set__(self, o, v):
        self.data[id(o)] = v
class H:
    d = D()
---
%%step a
h = H()
h.d = 5
---
%%step b
print(h.d)
""",
    "refused",
)
HIDDEN.add(
    "hash-of-an-address",
    """
class K:
    pass
---
%%step a
k = K()
h = hash(k)
---
%%step b
print(hash(k) == h)
""",
    "refused",
)
HIDDEN.add(
    "addresses-within-a-step",
    """
def size(x, memo=None):
    memo = {} if memo is None else memo
    if id(x) in memo:
        return 0
    memo[id(x)] = 1
    return sum(size(y, memo) for y in x if isinstance(y, list)) + 1
---
%%step a
n = size([[1], [2]])
---
%%step b
print(n)
""",
)
HIDDEN.add(
    "filters-that-a-logger-keeps",
    """
import logging
---
%%step a
filters = []
logging.getLogger("kept").filters = filters
filters.append(lambda record: False)
---
%%step b
print(len(logging.getLogger("kept").filters))
""",
    "refused",
    why="the setting keeps the list, which then changes",
)
HIDDEN.add(
    "search-path-that-is-changed-later",
    """
import sys
---
%%step a
mine = list(sys.path)
sys.path = mine
mine.insert(0, "/two")
---
%%step b
print(sys.path[0])
""",
    "refused",
)
HIDDEN.add(
    "colour-cycle-in-a-setting",
    """
%%step style
import matplotlib.pyplot as plt
from matplotlib import cycler

shades = cycler(color=["#102030", "#405060"]) + cycler(linewidth=[1, 3])
plt.rc("axes", grid=True, prop_cycle=shades)
---
%%step use
found = [entry["color"] for entry in plt.rcParams["axes.prop_cycle"]]
print(found, plt.rcParams["axes.grid"])
""",
    why="the cycle is as good as a literal",
)
HIDDEN.add(
    "colour-cycle-that-grows-after-its-setting",
    """
%%step style
import matplotlib.pyplot as plt
from cycler import cycler

shades = cycler(color=["#102030", "#405060"])
plt.rcParams["axes.prop_cycle"] = shades
shades += cycler(linewidth=[1, 3])
---
%%step use
print([sorted(entry) for entry in plt.rcParams["axes.prop_cycle"]])
""",
    "refused",
)
HIDDEN.add(
    "folder-made-by-a-magic",
    """
%%step a
%mkdir -p sub
%cd sub
---
%%step b
import os
print(os.path.basename(os.getcwd()))
""",
)
HIDDEN.add(
    "file-shown-by-a-magic",
    """
%%step a
with open("shown.txt", "w") as f:
    f.write("one")
---
%%step b
print("between")
---
%%step c
%cat shown.txt
""",
)
HIDDEN.add(
    "packed-into-a-buffer",
    """
import struct
---
%%step a
buffer = bytearray(4)
---
%%step b
struct.pack_into("<H", buffer, 0, 258)
---
%%step c
print(bytes(buffer))
""",
)
HIDDEN.add(
    "formula-that-names-functions-and-variables",
    """
import numpy as np
from patsy import dmatrix
def twice(v):
    return [2 * x * K for x in v]
---
%%step a
K = len("abc")
shift = [1]
---
%%step b
shift.append(2)
---
%%step c
print(dmatrix("np.add(twice(z), shift[1])", {"z": [1, 2]}).tolist())
""",
    files=FORMULAS,
    why="a formula looks names up where it is used",
)
HIDDEN.add(
    "formula-put-together",
    """
from patsy import dmatrix
def cube(v):
    return [x ** 3 for x in v]
---
%%step a
columns = ["z"]
---
%%step b
print(dmatrix("+".join(f"cube({c})" for c in columns), {"z": [1, 2]}))
""",
    files=FORMULAS,
)
HIDDEN.add(
    "context-entered-by-hand",
    """
import matplotlib as mpl
---
%%step a
context = mpl.rc_context({"lines.linewidth": 9})
context.__enter__()
---
%%step b
print(mpl.rcParams["lines.linewidth"])
""",
    "refused",
)
HIDDEN.add(
    "doctests-of-the-notebook",
    """
import doctest
def f(x):
    \"\"\"
    >>> f(1)
    2
    \"\"\"
    return x + K
---
%%step a
K = len("a")
---
%%step b
print(doctest.testmod())
""",
)
HIDDEN.add(
    "bound-classmethod-in-setup",
    """
class Reg:
    items = []
    @classmethod
    def add(cls, x):
        cls.items.append(x)
add_ = Reg.add
---
%%step a
add_(1)
---
%%step b
add_(2)
print(Reg.items)
""",
    why="the method holds the class",
)
HIDDEN.add(
    "module-written-by-an-earlier-step",
    """
%%step a
%%writefile mod.py
def f(x):
    return x + 1
---
%%step b
import mod
y = mod.f(1)
---
%%step c
from mod import f
print(f(y))
""",
    why="what the key says of a module is read when it is there",
)
HIDDEN.add(
    "package-written-by-an-earlier-step",
    """
%%step a
import os
os.makedirs("pk", exist_ok=True)
with open("pk/__init__.py", "w") as f:
    f.write("from .x import v\\n")
with open("pk/x.py", "w") as f:
    f.write("v = 3\\n")
---
%%step b
import pk
print(pk.v)
""",
)
HIDDEN.add(
    "settings-of-a-context-that-is-kept",
    """
from contextlib import ExitStack
import matplotlib as mpl
---
%%step a
stack = ExitStack()
stack.enter_context(mpl.rc_context({"lines.linewidth": 9}))
---
%%step b
print(mpl.rcParams["lines.linewidth"])
""",
    "refused",
)
HIDDEN.add(
    "logger-inside-an-object",
    """
import logging
class App:
    def __init__(self):
        self.log = logging.getLogger("app1")
app = App()
---
%%step a
app.log.setLevel(40)
---
%%step b
print(app.log.level, logging.getLogger("app1").level)
""",
    "either",
)
HIDDEN.add(
    "same-code-twice-changes-its-input",
    """
import numpy as np
from sklearn.model_selection import ShuffleSplit
---
%%step a
ss = ShuffleSplit(2, random_state=np.random.RandomState(0))
---
%%step b
print([t.tolist() for t, _ in ss.split(range(5))])
---
%%step c
print([t.tolist() for t, _ in ss.split(range(5))])
""",
    why="the second step must not take over what the last one gave, which was seen to change its input",
)
HIDDEN.add(
    "paths-in-a-dict",
    """
PATHS = {"train": "a.csv", "test": "b.csv"}
---
%%step a
with open(PATHS["train"], "w") as f:
    f.write("1")
---
%%step b
PATHS["train"] = "c.csv"
with open(PATHS["train"], "w") as f:
    f.write("2")
---
%%step c
print(open("a.csv").read(), open(PATHS["train"]).read())
""",
)
HIDDEN.add(
    "folder-made-with-one-below-it",
    """
import os
---
%%step a
os.makedirs("tree/x", exist_ok=True)
---
%%step b
with open("tree/b", "w") as f:
    f.write("1")
---
%%step c
print(sum(len(files) for _, _, files in os.walk("tree")))
""",
)
HIDDEN.add(
    "function-put-into-a-module",
    """
import builtins
plain = builtins.print
---
%%step a
builtins.print = lambda *values: plain("!", *values)
---
%%step b
print("x")
""",
)
HIDDEN.add(
    "paths-in-a-class",
    """
class K:
    paths = {"a": "x.txt", "n": [1]}
---
%%step a
K.paths["a"] = "y.txt"
---
%%step b
with open(K.paths["a"], "w") as f:
    f.write("1")
---
%%step c
print(open("y.txt").read())
""",
)
HIDDEN.add(
    "class-looked-at-after-its-objects-crossed",
    """
%%step a
class Employee:
    def __init__(self, name):
        self.name = name
bert = Employee("bert")
---
%%step b
bert.name = "Bert"
print(dir(Employee), dir(bert))
---
%%step b
class Employee:
    pass
---
%%step c
print(bert.name, dir(bert), dir(Employee))
""",
    why="a pickle leaves `__slotnames__` on the class",
)
