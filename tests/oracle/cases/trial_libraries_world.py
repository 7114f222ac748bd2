"""Trial notebooks as data scientists write them: files, settings, plots, what a process has one of."""

from __future__ import annotations

from oracle.case import Category

trial_world = Category("trial-world")
add = trial_world.add

add(
    "params-update",
    """
import matplotlib.pyplot as plt
import numpy as np
---
%%step params
params = {"figure.figsize": (3, 2), "font.size": 8}
plt.rcParams.update(params)
---
%%step draw
fig, ax = plt.subplots()
ax.plot([1, 2])
print(fig.get_size_inches())
""",
)
add(
    "rcparams-item-in-step",
    """
import matplotlib.pyplot as plt
---
%%step cfg
size = (4, 3)
plt.rcParams["figure.figsize"] = size
plt.rcParams["axes.grid"] = True
---
%%step a
fig = plt.figure()
print(fig.get_size_inches())
""",
)
add(
    "mpl-rc",
    """
import matplotlib as mpl
import matplotlib.pyplot as plt
---
%%step cfg
font = {"size": 7}
mpl.rc("font", **font)
mpl.rcParams["lines.linewidth"] = 3
---
%%step a
fig, ax = plt.subplots()
line, = ax.plot([0, 1])
print(line.get_linewidth(), mpl.rcParams["font.size"])
""",
)
add(
    "axes-grid",
    """
import matplotlib.pyplot as plt
---
%%step a
fig, axes = plt.subplots(1, 2)
---
%%step b
axes[0].plot([1, 2])
---
%%step c
axes[1].bar([1, 2], [3, 4])
---
%%step d
fig.suptitle("x")
print(len(axes[0].lines), len(axes[1].patches))
""",
)
add(
    "rcparams-computed",
    """
import matplotlib.pyplot as plt
import pandas as pd
---
%%step data
df = pd.DataFrame({"a": [1, 2]})
w = len(df) * 2
---
%%step cfg
plt.rcParams["figure.figsize"] = (w, 3)
---
%%step a
fig = plt.figure()
print(fig.get_size_inches())
""",
    "refused",
)
add(
    "environ-setdefault",
    """
import os
---
%%step a
os.environ.setdefault("STAGE", "dev")
key = "LEVEL"
os.environ[key] = "3"
---
%%step b
print(os.environ["STAGE"], os.environ["LEVEL"])
""",
)
add(
    "zip",
    """
import zipfile
---
%%step a
with zipfile.ZipFile("a.zip", "w") as z:
    z.writestr("x.txt", "hello")
---
%%step b
with zipfile.ZipFile("a.zip") as z:
    print(z.namelist(), z.read("x.txt"))
""",
)
add(
    "csv-reader-kept",
    """
import csv
---
%%step a
f = open("d.csv")
reader = csv.reader(f)
header = next(reader)
---
%%step b
print(header, list(reader))
""",
    "refused",
    files={
        "d.csv": "a,b\n1,2\n",
    },
)
add(
    "os-path",
    """
import os, json
OUT = "out"
os.makedirs(OUT, exist_ok=True)
---
%%step a
with open(os.path.join(OUT, "a.json"), "w") as f:
    json.dump({"k": 1}, f)
---
%%step b
with open(os.path.join(OUT, "a.json")) as f:
    d = json.load(f)
print(d)
""",
)
add(
    "append-log",
    r"""
%%step a
with open("log.txt", "w") as f:
    f.write("a\n")
---
%%step b
with open("log.txt", "a") as f:
    f.write("b\n")
---
%%step c
print(open("log.txt").read())
""",
)
add(
    "writefile",
    """
%%writefile mod.py
def f(x):
    return x * 2
---
%%step a
from mod import f
x = f(3)
---
%%step b
import mod
print(mod.f(x))
""",
    "either",
)
add(
    "module-state",
    """
import helper
---
%%step a
helper.CONFIG["x"] = 5
---
%%step b
print(helper.get())
""",
    files={
        "helper.py": 'CONFIG = {"x": 1}\ndef get():\n    return CONFIG["x"]\n',
    },
)
add(
    "shutil",
    """
import shutil, os
---
%%step a
os.makedirs("s", exist_ok=True)
open("s/a.txt", "w").write("1")
---
%%step b
shutil.copy("s/a.txt", "s/b.txt")
---
%%step c
print(sorted(os.listdir("s")))
shutil.rmtree("s")
""",
)
add(
    "func-writes",
    """
import os
def save(text, name):
    os.makedirs("out", exist_ok=True)
    with open(os.path.join("out", name), "w") as f:
        f.write(text)
def load(name):
    with open(os.path.join("out", name)) as f:
        return f.read()
---
%%step a
save("hi", "a.txt")
---
%%step b
save("ho", "b.txt")
---
%%step c
print(load("a.txt"))
""",
)
add(
    "log-file-logging",
    """
import logging
---
%%step a
logging.basicConfig(filename="run.log", level=logging.INFO, force=True)
logging.info("start")
---
%%step b
logging.info("second")
---
%%step c
print(open("run.log").read())
""",
    "refused",
)
add(
    "shelve",
    """
import shelve
---
%%step a
with shelve.open("sh") as db:
    db["k"] = [1]
---
%%step b
with shelve.open("sh") as db:
    print(db["k"])
""",
)
add(
    "env-computed",
    """
import os
---
%%step a
n = len([1, 2])
os.environ["NN"] = str(n)
---
%%step b
print(n)
""",
)
add(
    "rename-remove",
    """
import os
---
%%step a
open("a.txt", "w").write("1")
---
%%step b
os.rename("a.txt", "b.txt")
---
%%step c
print(os.path.exists("a.txt"), open("b.txt").read())
os.remove("b.txt")
""",
)
add(
    "bash-in-step",
    r"""
%%step a
open("in.txt", "w").write("a\nb\n")
---
%%step b
%%bash
wc -l < in.txt > out.txt
---
%%step c
print(open("out.txt").read().strip())
""",
)
add(
    "lambdas-dict",
    """
import math
funcs = {"sq": lambda x: x * x, "sqrt": math.sqrt}
---
%%step a
out = {k: f(4) for k, f in funcs.items()}
---
%%step b
print(out, funcs["sq"](3))
""",
)
add(
    "decorator-registry",
    """
REG = {}
def register(f):
    REG[f.__name__] = f
    return f
@register
def foo(x):
    return x + 1
---
%%step a
y = REG["foo"](1)
---
%%step b
print(y, sorted(REG))
""",
)
add(
    "with-lock",
    """
import threading
lock = threading.Lock()
results = []
---
%%step a
def work(i):
    with lock:
        results.append(i)
ts = [threading.Thread(target=work, args=(i,)) for i in range(3)]
for t in ts: t.start()
for t in ts: t.join()
---
%%step b
print(sorted(results))
""",
)
add(
    "save-model-meta",
    """
import json, joblib
from pathlib import Path
from sklearn.linear_model import Ridge
OUT = Path("artifacts")
OUT.mkdir(parents=True, exist_ok=True)
---
%%step train
model = Ridge().fit([[0], [1]], [0, 1])
joblib.dump(model, OUT / "m.joblib")
---
%%step meta
meta = {"coef": model.coef_.tolist()}
(OUT / "meta.json").write_text(json.dumps(meta))
---
%%step serve
m = joblib.load(OUT / "m.joblib")
info = json.loads((OUT / "meta.json").read_text())
print(m.predict([[3]]), info)
""",
)
add(
    "setting-between-untagged-values",
    """
import pandas as pd
df = pd.DataFrame({"a": [1.23456]})
wide = str(df)
pd.set_option("display.precision", 2)
narrow = str(df)
---
%%step a
print(wide, narrow, df)
---
%%step b
print(df)
""",
)
add(
    "seed-and-setting-in-step",
    """
import os, random
import numpy as np
def seed_all(seed):
    random.seed(seed)
    np.random.seed(seed)
    os.environ["SEEDED_WITH"] = str(seed)
---
%%step a
seed_all(1)
x = np.random.rand()
---
%%step b
y = np.random.rand()
---
%%step c
z = random.random()
---
%%step d
print(x, y, z, np.random.rand(), os.environ["SEEDED_WITH"])
""",
)
add(
    "seed-twice-untagged",
    """
import os
import numpy as np
def seed_all(seed):
    np.random.seed(seed)
    os.environ["SEEDED_WITH"] = str(seed)
seed_all(1)
x = np.random.rand()
seed_all(2)
y = np.random.rand()
---
%%step a
print(x, y, np.random.rand(), os.environ["SEEDED_WITH"])
---
%%step b
print(np.random.rand())
""",
)
add(
    "setting-literal-changed-later",
    """
import matplotlib.pyplot as plt
---
%%step a
params = {"font.size": 7}
plt.rcParams.update(params)
params["font.size"] = 9
---
%%step b
print(plt.rcParams["font.size"], params)
""",
)
add(
    "setting-literal-rebound",
    """
import matplotlib.pyplot as plt
---
%%step a
size = (3, 2)
plt.rcParams["figure.figsize"] = size
size = 1
---
%%step b
size += 1
fig = plt.figure()
---
%%step c
print(size, plt.rcParams["figure.figsize"], fig.get_size_inches())
""",
)
add(
    "folder-made-in-one-step",
    """
import os
---
%%step a
os.makedirs("d", exist_ok=True)
---
%%step b
open("d/x", "w").write("1")
---
%%step c
os.makedirs("d/e", exist_ok=True)
open("d/e/y", "w").write("2")
---
%%step d
print(sorted(os.listdir("d")), open("d/e/y").read())
""",
)
add(
    "exists-before-made",
    """
import os
---
%%step a
was = os.path.exists("d")
---
%%step b
os.makedirs("d", exist_ok=True)
---
%%step c
print(was, os.path.isdir("d"))
""",
)
add(
    "table-of-methods",
    """
---
%%step a
log = []
ops = {"add": log.append, "drop": lambda: log.pop()}
---
%%step b
for f in ops.values():
    if f is ops["add"]:
        f(3)
ops["add"](4)
ops["drop"]()
---
%%step c
print(log)
""",
)
add(
    "table-of-closures",
    """
%%step a
def counter():
    n = 0
    def inc():
        nonlocal n
        n += 1
        return n
    return inc
tools = {"c": counter()}
---
%%step b
x = tools["c"]()
---
%%step c
print(x, tools["c"]())
""",
)
add(
    "frame-of-arrays-changed",
    """
import numpy as np, pandas as pd
---
%%step a
x = np.arange(3.0)
y = x * 2
df = pd.DataFrame({"x": x, "y": y})
---
%%step b
df.loc[0, "x"] = 50
df["y"] = 0
---
%%step c
x[1] = -1
---
%%step d
print(df, x, y)
""",
)
add(
    "tar-mode",
    """
import tarfile
---
%%step a
open("x.txt", "w").write("1")
with tarfile.open("t.tar.gz", "w:gz") as t:
    t.add("x.txt")
---
%%step b
with tarfile.open("t.tar.gz", "r:gz") as t:
    print(t.getnames())
""",
)
add(
    "logger-level-in-step",
    """
import logging
---
%%step a
log = logging.getLogger("job")
log.setLevel(logging.ERROR)
n = 1
---
%%step b
print(logging.getLogger("job").level, n)
""",
)
add(
    "dict-in-cell-through-loc",
    """
import pandas as pd
---
%%step a
d = {"k": 1}
df = pd.DataFrame({"t": [d, {}]})
---
%%step b
df.loc[0, "t"]["k"] = 7
---
%%step c
print(d, df["t"].tolist())
""",
)
add(
    "subplot-in-loop-list",
    """
import matplotlib.pyplot as plt
---
%%step a
fig, axes = plt.subplots(2, 2)
---
%%step b
for ax in axes.ravel():
    ax.set_title("t")
axes[0, 1].plot([1, 2])
---
%%step c
print([len(a.lines) for a in axes.flat], axes[1, 1].get_title())
""",
)
