"""Process state: environment, folder, options, warnings."""

from __future__ import annotations

from oracle.case import Category

session = Category("session")
session.add(
    "environment-variable",
    """
%%step a
import os
os.environ["SM_CASE"] = "1"
---
%%step b
print(os.environ.get("SM_CASE"))
""",
    "either",
)
session.add(
    "environment-untagged",
    """
import os
os.environ["SM_CASE"] = "1"
---
%%step a
x = os.environ.get("SM_CASE")
---
%%step b
print(x, os.getenv("SM_CASE"))
""",
    "either",
)
session.add(
    "environment-read-only",
    """
import os
---
%%step a
x = os.environ.get("SM_NOT_SET", "default")
---
%%step b
print(x)
""",
)
session.add(
    "chdir",
    """
%%step a
import os
os.makedirs("deep", exist_ok=True)
os.chdir("deep")
---
%%step b
print(os.path.basename(os.getcwd()))
""",
    "either",
)
session.add(
    "sys-path",
    """
import sys
sys.path.insert(0, "lib")
---
%%step a
import inner_helper
x = inner_helper.f()
---
%%step b
print(x, "lib" in __import__("sys").path)
""",
    files={"lib/inner_helper.py": "def f():\n    return 'lib'\n"},
)
session.add(
    "star-import-from-a-folder-that-is-added",
    """
import os, sys
folder = os.path.abspath(os.path.join("lib", os.pardir, "lib"))
if folder not in sys.path:
    sys.path.insert(0, folder)
---
%%step a
from star_helper import *
x = double(2)
---
%%step b
from star_helper import *
print(x, double(x), inner)
""",
    files={"lib/star_helper.py": "inner = 'lib'\ndef double(x):\n    return 2 * x\n"},
)
session.add(
    "star-import-of-one-of-two-modules",
    """
import sys
sys.path.insert(0, "lib")
---
%%step a
double = 1
---
%%step b
from star_helper import *
---
%%step c
print(double)
""",
    "refused",
    files={"lib/star_helper.py": "double = 2\n", "star_helper.py": "other = 3\n"},
    why="reading does not tell which of the two Python takes",
)
session.add(
    "pandas-options-untagged",
    """
import pandas as pd
pd.set_option("display.precision", 2)
---
%%step a
df = pd.DataFrame({"v": [1.23456]})
---
%%step b
print(df)
""",
)
session.add(
    "pandas-options-in-step",
    """
%%step a
import pandas as pd
pd.options.display.max_rows = 2
df = pd.DataFrame({"v": range(10)})
---
%%step b
print(df)
""",
    "either",
)
session.add(
    "numpy-printoptions",
    """
import numpy as np
np.set_printoptions(precision=2)
---
%%step a
x = np.array([1.23456])
---
%%step b
print(x)
""",
)
session.add(
    "warnings-filter",
    """
import warnings
warnings.filterwarnings("error")
---
%%step a
try:
    warnings.warn("w")
    got = "no error"
except UserWarning:
    got = "error"
---
%%step b
print(got)
""",
)
session.add(
    "warnings-ignore",
    """
import warnings
warnings.filterwarnings("ignore")
---
%%step a
warnings.warn("hidden")
x = 1
---
%%step b
print(x)
""",
)
session.add(
    "rcparams",
    """
import matplotlib.pyplot as plt
plt.rcParams["lines.linewidth"] = 7
---
%%step a
x = plt.rcParams["lines.linewidth"]
---
%%step b
print(x)
""",
)
session.add(
    "recursion-limit",
    """
%%step a
import sys
sys.setrecursionlimit(4321)
---
%%step b
print(sys.getrecursionlimit())
""",
    "either",
)
session.add(
    "decimal-context",
    """
%%step a
from decimal import Decimal, getcontext
getcontext().prec = 4
---
%%step b
print(Decimal(1) / Decimal(3))
""",
    "either",
)
session.add(
    "locale-untouched",
    """
%%step a
import locale
x = locale.getlocale()[0] is not None
---
%%step b
print(type(x).__name__)
""",
)
session.add(
    "logging-level",
    """
%%step a
import logging
logging.getLogger("case").setLevel(logging.ERROR)
---
%%step b
print(logging.getLogger("case").level)
""",
    "either",
)
session.add(
    "monkeypatch-library",
    """
%%step a
import math
math.tau = 6
---
%%step b
print(math.tau)
""",
    "either",
    why="a patched module lives in one process only",
)
session.add(
    "monkeypatch-helper-class",
    """
class Tool:
    def go(self): return "old"
---
%%step a
Tool.go = lambda self: "new"
---
%%step b
print(Tool().go())
""",
    "either",
)
session.add(
    "builtins-patched",
    """
%%step a
import builtins
builtins.shout = lambda v: v.upper()
---
%%step b
print(shout("a"))
""",
    "either",
)
session.add(
    "stdout-redirected-in-step",
    """
%%step a
import io, contextlib
buffer = io.StringIO()
with contextlib.redirect_stdout(buffer):
    print("inside")
text = buffer.getvalue()
---
%%step b
print(text)
""",
)
session.add(
    "sklearn-config",
    """
from sklearn import set_config
set_config(transform_output="pandas")
---
%%step a
import pandas as pd
from sklearn.preprocessing import StandardScaler
Z = StandardScaler().fit_transform(pd.DataFrame({"v": [1.0, 3.0]}))
---
%%step b
print(type(Z).__name__)
""",
    "either",
)
session.add(
    "setting-between-cells-of-a-step",
    """
import pandas as pd
x = pd.Series([1 / 3])
---
%%step a
print(x)
---
pd.set_option("display.precision", 2)
---
%%step a
print(x)
---
pd.reset_option("display.precision")
---
%%step b
print(x)
""",
    "refused",
)
session.add(
    "setting-between-cells-in-its-place",
    """
import pandas as pd
x = pd.Series([1 / 3])
---
%%step a
print(x)
---
%%step a
pd.set_option("display.precision", 2)
---
%load_ext autoreload
---
%%step a
print(x)
---
%%step a
pd.reset_option("display.precision")
---
%%step b
print(x)
""",
)
session.add(
    "pretty-printing-switched-off",
    """
%%step a
words = {"a": list(range(40)), "b": list(range(40))}
%pprint
---
%%step b
words
""",
    why="IPython shows values in another way in all later cells",
)
session.add(
    "alias-of-a-magic",
    """
%%step a
n = 2
%alias_magic tick time
---
%%step b
%tick m = n + 1
---
%%step c
print(m)
""",
    "refused",
    why="what the alias stands for is not followed",
)
session.add(
    "module-that-changes-its-own-globals",
    """
%%step a
import counting
counting.count()
---
%%step b
print(counting.count())
""",
    "refused",
    files={"counting.py": "n = 0\ndef count():\n    global n\n    n += 1\n    return n\n"},
)
session.add(
    "index-object-of-two-frames",
    """
%%step a
import pandas as pd
df = pd.DataFrame({"v": [1, 2]})
s = pd.Series(0, index=df.index)
---
%%step b
s.index.name = "x"
---
%%step c
print(df.index.name, s.index.name)
""",
)
session.add(
    "settings-that-a-with-takes-back",
    """
%%step a
import warnings

def risky(values):
    warnings.warn("look out")
    return [v * 2 for v in values]
---
%%step b
with warnings.catch_warnings():
    warnings.filterwarnings("ignore")
    doubled = risky([1, 2])
---
%%step c
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    total, count = sum(risky(doubled)), len(seen)
del seen
print(total, count)
---
%%step d
import matplotlib.pyplot as plt

with plt.rc_context():
    plt.rcParams["lines.linewidth"] = 7
print(plt.rcParams["lines.linewidth"])
""",
)
session.add(
    "a-function-that-sets-inside-and-outside-of-a-with",
    """
import warnings

def quiet(values):
    warnings.filterwarnings("ignore")
    return list(values)
---
%%step a
with warnings.catch_warnings():
    x = quiet([1])
---
%%step b
y = quiet([2])
---
%%step c
warnings.warn("not shown")
print(x, y)
""",
)
