"""Scripts that a cell executes: `%run`, and `exec` of what a file holds."""

from __future__ import annotations

from oracle.case import Category, files_of

SCRIPTS = Category("script")

SCRIPTS.add(
    "classes-and-functions-of-a-script",
    """
%run lib.py
---
%%step a
p = P(2)
E1 = Color.RED
---
%%step b
q = make(3)
p.xs.append(q.v)
---
%%step c
print(p == P(2), isinstance(q, P), p.xs, Color.RED is E1, K, DEC(1))
""",
    files={
        "lib.py": """
from dataclasses import dataclass, field
from enum import Enum
import functools

K = 3; J = 4

class Color(Enum):
    RED = 1

@dataclass
class P:
    v: int
    xs: list = field(default_factory=list)

    def __eq__(self, o):
        return self.v == o.v

def deco(f):
    @functools.wraps(f)
    def w(x):
        return f(x) + K
    return w

@deco
def DEC(x):
    return x * J

def make(v):
    return P(v * K)

if __name__ == "__main__":
    main_done = True
""",
    },
)
SCRIPTS.add(
    "data-made-by-a-script",
    """
%%step load
%run prep.py
---
%%step model
m = df.x.sum() + offset
---
%%step rep
print(m, clean(df).shape)
""",
    files={
        "prep.py": """
import pandas as pd
import numpy as np
offset = np.random.RandomState(0).rand()
def clean(d):
    return d.dropna()
df = clean(pd.DataFrame({"x": [1.0, None, 3.0]}))
print("prepared", len(df))
""",
    },
)
SCRIPTS.add(
    "script-written-by-a-cell",
    """
%%step a
%%writefile helper.py
VALUES = [1, 2]
def total():
    return sum(VALUES)
---
%%step b
%run helper.py
VALUES.append(3)
t = total()
---
%%step c
print(t, VALUES, total())
""",
)
SCRIPTS.add(
    "script-in-the-notebooks-names",
    """
%run -i cnt.py
---
%%step a
bump()
---
%%step b
bump()
print(n)
""",
    files={
        "cnt.py": """
n = 0
def bump():
    global n
    n += 1
""",
    },
)
SCRIPTS.add(
    "script-that-counts-in-its-own-names",
    """
%run cnt.py
---
%%step a
bump()
---
%%step b
bump()
print(n)
""",
    "refused",
    files={
        "cnt.py": """
n = 0
def bump():
    global n
    n += 1
""",
    },
    why="its function changes a name that is not the notebook's",
)
SCRIPTS.add(
    "script-whose-name-is-given-another-value",
    """
%run lib.py
---
%%step a
K = 10
print(f())
---
%%step b
print(f(), K)
""",
    "refused",
    files={
        "lib.py": """
K = 1
def f():
    return K
""",
    },
    why="its function goes on to look at its own",
)
SCRIPTS.add(
    "files-that-exec-executes",
    """
from pathlib import Path
exec(open("one.py").read())
---
%%step a
exec(Path("two.py").read_text())
with open("three.py") as file:
    exec(compile(file.read(), "three.py", "exec"))
x = add(1) + base
---
%%step b
base = 10
seen.append(x)
print(add(1), scale(2))
---
%%step c
print(x, seen, scale(1), base)
""",
    files={
        "one.py": "base = 1\ndef add(v):\n    seen.append(v)\n    return v + base\n",
        "two.py": "seen = []\n",
        "three.py": "def scale(v):\n    return v * base\n",
    },
    why="they are executed in the notebook's own names",
)
SCRIPTS.add(
    "seed-and-settings-of-a-script",
    """
%run -i start.py
---
%%step a
a = np.random.rand()
---
%%step b
print(a, np.random.rand(), pd.get_option("display.max_rows"))
""",
    files={
        "start.py": "import numpy as np\nimport pandas as pd\nnp.random.seed(4)\n"
        "pd.set_option('display.max_rows', 11)\n"
    },
)

# -- code with names of its own --------------------------------------------------------------------------

SEEDS_AND_SETS = """
=== conf.py
import random
random.seed(3)
RATE = 3
"""

SCRIPTS.add(
    "exec-with-names-of-its-own-that-seeds",
    """
import random
---
%%step a
names = {}
exec("import random\\nrandom.seed(3)\\nK = 1", names)
k = names["K"]
---
%%step b
print(k, random.random())
""",
    observe=("k",),
)
SCRIPTS.add(
    "exec-of-a-file-with-names-of-its-own-that-seeds",
    """
import random
---
%%step a
names = {}
exec(open("conf.py").read(), names)
rate = names["RATE"]
---
%%step b
print(rate, random.random())
""",
    files=files_of(SEEDS_AND_SETS),
    observe=("rate",),
)
SCRIPTS.add(
    "names-that-exec-has-filled",
    """
names = {}
exec("def f(x):\\n    return x + 1", names)
---
%%step a
y = names["f"](1)
---
%%step b
print(y, names["f"](y))
""",
    "refused",
)
SCRIPTS.add(
    "run-path-that-seeds",
    """
import random, runpy
---
%%step a
rate = runpy.run_path("conf.py")["RATE"]
---
%%step b
print(rate, random.random())
""",
    files=files_of(SEEDS_AND_SETS),
)
SCRIPTS.add(
    "run-path-that-changes-what-it-is-given",
    """
import runpy
---
%%step a
xs = []
_ = runpy.run_path("fill.py", init_globals={"xs": xs})
---
%%step b
print(xs)
""",
    files=files_of("=== fill.py\nxs.append(1)\n"),
    observe=("xs",),
)
SCRIPTS.add(
    "run-path-as-main",
    """
import random, runpy
---
%%step a
rate = runpy.run_path("conf.py", run_name="__main__")["RATE"]
---
%%step b
print(rate, random.random())
""",
    "refused",
    files=files_of(SEEDS_AND_SETS),
)
