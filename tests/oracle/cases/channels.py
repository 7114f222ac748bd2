"""Names by other ways: globals(), exec, threads, clocks."""

from __future__ import annotations

from oracle.case import Category

channels = Category("hidden channel")
channels.add(
    "globals-store",
    """
%%step a
globals()["x"] = 5
---
%%step b
print(x)
""",
    "either",
)
channels.add(
    "globals-read",
    """
%%step a
x = 5
---
%%step b
print(globals()["x"])
""",
    "either",
)
channels.add(
    "globals-dynamic",
    """
%%step a
for i in range(2):
    globals()[f"v{i}"] = i
---
%%step b
print(v0, v1)
""",
    "either",
)
channels.add(
    "exec-literal",
    """
%%step a
exec("x = 3")
---
%%step b
print(x)
""",
    "either",
)
channels.add(
    "exec-dynamic",
    """
%%step a
code = "y" + " = 4"
exec(code)
---
%%step b
print(y)
""",
    "either",
)
channels.add(
    "eval-literal",
    """
%%step a
n = 4
---
%%step b
print(eval("n * 2"))
""",
    "either",
)
channels.add(
    "locals-and-dir",
    """
%%step a
alpha_x = 1
---
%%step b
print("alpha_x" in dir())
""",
    "either",
)
channels.add(
    "vars-format-map",
    """
%%step a
who = "you"
---
%%step b
print("hi {who}".format_map(globals()))
""",
    "either",
)
channels.add(
    "import-main",
    """
%%step a
x = 3
---
%%step b
import __main__
print(__main__.x)
""",
    "either",
)
channels.add(
    "sys-modules-state",
    """
%%step a
import sys, types
m = types.ModuleType("made_up")
m.v = 7
sys.modules["made_up"] = m
---
%%step b
import made_up
print(made_up.v)
""",
    "either",
)
channels.add(
    "thread-mutates",
    """
import threading
---
%%step a
box = []
---
%%step b
t = threading.Thread(target=box.append, args=(1,))
t.start(); t.join()
---
%%step c
print(box)
""",
    "either",
)
channels.add(
    "thread-pool-map",
    """
from concurrent.futures import ThreadPoolExecutor
k = 3
def work(v): return v * k
---
%%step a
with ThreadPoolExecutor(2) as pool:
    x = list(pool.map(work, range(3)))
---
%%step b
print(x)
""",
)
channels.add(
    "clock-difference",
    """
import time
---
%%step a
t0 = time.time()
---
%%step b
print(time.time() >= t0)
""",
    observe=(),
)
channels.add(
    "datetime-now",
    """
from datetime import datetime
---
%%step a
started = datetime.now()
---
%%step b
print(started <= datetime.now(), type(started).__name__)
""",
    observe=(),
)
channels.add(
    "id-and-hash",
    """
%%step a
x = (1, "a")
h = hash(x)
---
%%step b
print(h == hash(x))
""",
)
channels.add(
    "weakref-cache",
    """
import weakref
class Node: pass
---
%%step a
n = Node()
r = weakref.ref(n)
---
%%step b
print(r() is n)
""",
    "either",
)
channels.add(
    "atexit-and-signal-free",
    """
%%step a
import atexit
x = 1
---
%%step b
print(x)
""",
)
channels.add(
    "getattr-by-name",
    """
%%step a
from types import SimpleNamespace
s = SimpleNamespace(v=[1])
---
%%step b
getattr(s, "v").append(2)
---
%%step c
print(s.v)
""",
)
channels.add(
    "operator-and-reduce",
    """
import operator, functools
---
%%step a
d = {"k": 1}
---
%%step b
operator.setitem(d, "k", 2)
functools.reduce(lambda acc, v: acc.update({v: v}) or acc, "ab", d)
---
%%step c
print(d)
""",
)
channels.add(
    "sum-with-list-start",
    """
%%step a
start = []
---
%%step b
x = sum([[1], [2]], start)
---
%%step c
print(x, start)
""",
)
channels.add(
    "names-put-into-texts-and-timed",
    """
from string import Template
import timeit
text = Template("$name has $rows rows")
---
%%step a
name = "x"
rows = [1]
def grow(): rows.append(2)
---
%%step b
timeit.timeit("grow()", setup="from __main__ import grow", number=2)
print(text.substitute(**globals()))
---
%%step c
name = "y"
timeit.timeit("grow()", globals=globals(), number=1)
print(text.safe_substitute(globals()), str(rows).format(**globals()))
""",
    why="texts name what they need; those that are timed change it",
)
channels.add(
    "names-of-the-notebook-by-another-name",
    """
g = globals()
params = {"rate": 0.1, "tags": ["x"]}
---
%%step a
g["made"] = [7]
g.update(params)
---
%%step b
g["made"].append(8)
tags.append("y")
print("made" in g, g.get("none"), rate)
---
%%step c
print(made, tags, params)
""",
)
for name, call in {
    "eval-by-another-name": 'look = eval\ntry:\n    found = look("x")\nexcept NameError:\n    found = -1',
    "names-of-a-function": 'def f(): pass\nfound = f.__globals__.get("x", -1)',
    "names-of-a-frame": 'import sys\nfound = sys._getframe().f_globals.get("x", -1)',
    "module-of-the-notebook": 'import sys\nm = sys.modules["__main__"]\nfound = m.__dict__.get("x", -1)',
    "names-of-builtins": 'import builtins\nfound = builtins.globals().get("x", -1)',
}.items():
    channels.add(name, f"%%step a\nx = 2\n---\n%%step b\n{call}\n---\n%%step c\nprint(found)", "refused")
channels.add(
    "names-stored-in-between",
    """
given = {name: 5 for name in ["rate"]}
---
%%step a
rate = 1
---
for key, value in given.items():
    globals()[key] = value
---
%%step b
print(rate)
""",
    "refused",
    why="nobody runs it in the pipeline, and the step would go on with the old value",
)
channels.add(
    "names-stored-in-between-from-a-dict",
    """
given = {"rate": 5}
---
%%step a
rate = 1
---
for key, value in given.items():
    globals()[key] = value
---
%%step b
print(rate)
""",
)
channels.add(
    "names-stored-from-the-items-of-a-dict",
    """
%%step a
settings = dict(alpha=1, beta=[2])
for key, value in settings.items():
    globals()[key] = value
---
%%step b
beta.append(alpha)
---
%%step c
print(alpha, beta, settings)
""",
)
channels.add(
    "names-stored-from-a-zip",
    """
%%step a
names, frames = ["train", "test"], [[1, 2], [3]]
for name, frame in zip(names, frames):
    globals()[name] = frame
---
%%step b
test.append(4)
---
%%step c
print(train, test, frames)
""",
)
channels.add(
    "names-stored-by-exec-in-a-range",
    """
%%step a
for i in range(3):
    exec(f"part_{i} = [i]")
---
%%step b
part_1.append(9)
---
%%step c
print(part_0, part_1, part_2)
""",
)
channels.add(
    "names-stored-from-a-dict-made-by-a-call",
    """
%%step a
config = dict(rate=0.1, rounds=3)
globals().update(config)
---
%%step b
print(rate * rounds)
""",
)
channels.add(
    "names-stored-from-a-dict-that-has-grown",
    """
%%step a
config = dict(rate=0.1)
config["rounds"] = 3
for key in config:
    globals()[key] = config[key]
---
%%step b
print(rate * rounds)
""",
    "either",
)
