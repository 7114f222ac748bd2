"""Modules beside the notebook whose data differ between steps: a run sees it; reloads; circles of imports."""

from __future__ import annotations

from oracle.case import Category, files_of

own = Category("own seen")
add = own.add

HIDDEN_CLOCK = """
=== run.py
import uuid
_MAKE = [getattr(uuid, name) for name in dir(uuid) if name == "".join(["uu", "id4"])][0]
ID = _MAKE().hex
K = 3
def name():
    return ID
"""
COUNTS = """
=== helpers.py
try:
    N += 1
except NameError:
    N = 0
"""
SEEDS = """
=== seedy.py
import random
random.seed(3)
print("seeding")
"""
CIRCLE = """
=== one.py
import two
V = getattr(two, "V", "none") + "one"
=== two.py
import one
V = getattr(one, "V", "none") + "two"
"""
REGISTRY = """
=== registry.py
R = {}
def add(name, f):
    R[name] = f
=== models.py
import registry
registry.add("ridge", 1)
"""

add(
    "value-that-differs-in-two-steps",
    """
import run
---
%%step a
x = run.ID
---
%%step b
print(x == run.ID)
""",
    "refused",
    files=files_of(HIDDEN_CLOCK),
)
add(
    "value-that-differs-told-by-a-function",
    """
from run import name
---
%%step a
x = name()
---
%%step b
print(x == name())
""",
    "refused",
    files=files_of(HIDDEN_CLOCK),
)
add(
    "value-that-differs-in-one-step",
    """
import run
---
%%step a
x = len(run.ID)
---
%%step b
print(x, run.K)
""",
    files=files_of(HIDDEN_CLOCK),
)
add(
    "registry-filled-by-another-module",
    """
import registry
---
%%step a
import models
x = sorted(registry.R)
---
%%step b
print(x, sorted(registry.R))
""",
    "refused",
    files=files_of(REGISTRY),
)
add(
    "registry-of-lambdas",
    """
import registry
---
%%step a
registry.add("f", lambda x: x + 1)
x = len(registry.R)
---
%%step b
print(x, len(registry.R))
""",
    "refused",
    files=files_of(REGISTRY),
)
add(
    "state-of-an-object-with-a-lock",
    """
import tracker
---
%%step a
tracker.T.add(1)
---
%%step b
print(tracker.T.n)
""",
    files=files_of("""
=== tracker.py
import threading
class Tracker:
    def __init__(self):
        self.lock = threading.Lock()
        self.n = 0
    def add(self, k):
        with self.lock:
            self.n += k
T = Tracker()
"""),
)
add(
    "data-of-many-kinds",
    """
import helpers
---
%%step a
x = helpers.f(2)
---
%%step b
print(x, helpers.f(x), helpers.TABLE["b"], helpers.a.n)
""",
    files=files_of("""
=== helpers.py
import logging, re, threading
from datetime import datetime
from enum import Enum
from functools import lru_cache
from pathlib import Path
import numpy as np
import pandas as pd
log = logging.getLogger(__name__)
LOCK, LOCAL = threading.Lock(), threading.local()
HERE, PATTERN, DAY = Path(__file__), re.compile("a+"), datetime(2020, 1, 1)
TABLE = {"a": 1, "b": [1, 2, {"c": {1, 2, 3}}], "f": lambda v: v}
FRAME, ARRAY = pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}), np.arange(5.0)
RNG = np.random.default_rng(3)
class Colour(Enum):
    RED = 1
class A:
    n = 1
    __slots__ = ("__hidden", "m")
    def __init__(self):
        self.m = self
a, huge = A(), 10**5000
@lru_cache
def f(x):
    return x * 2
"""),
)

# -- reload ----------------------------------------------------------------------------------------------

add(
    "reload-between-steps-that-counts",
    """
import importlib, helpers
---
%%step a
x = helpers.N
---
importlib.reload(helpers)
---
%%step b
print(x, helpers.N)
""",
    files=files_of(COUNTS),
)
add(
    "reload-in-a-step-that-counts",
    """
import importlib, helpers
---
%%step a
x = helpers.N
importlib.reload(helpers)
---
%%step b
print(x, helpers.N)
""",
    files=files_of(COUNTS),
)
add(
    "reload-in-a-function-that-counts",
    """
import importlib, helpers
def again(module):
    return importlib.reload(module)
---
%%step a
if again(helpers).N:
    x = helpers.N
---
%%step b
print(x, helpers.N)
""",
    "either",
    files=files_of(COUNTS),
)
add(
    "reload-in-a-step-of-a-module-that-seeds",
    """
import importlib, random, seedy
---
%%step a
x = random.random()
importlib.reload(seedy)
---
%%step b
print(x == random.random(), random.random())
""",
    files=files_of(SEEDS),
)
add(
    "reload-untagged-of-a-module-that-seeds",
    """
import importlib, random, seedy
random.seed(5)
importlib.reload(seedy)
---
%%step a
x = random.random()
---
%%step b
print(x, random.random())
""",
    files=files_of(SEEDS),
)

# -- circles ---------------------------------------------------------------------------------------------

add(
    "circle-imported-untagged",
    """
import one
import two
---
%%step a
x = one.V
---
%%step b
print(x, two.V)
""",
    files=files_of(CIRCLE),
)
add(
    "circle-imported-in-steps",
    """
%%step a
import one
x = one.V
---
%%step b
import two
print(x, two.V)
""",
    files=files_of(CIRCLE),
)
add(
    "circle-that-cannot-be-entered-elsewhere",
    """
import one
from two import g
---
%%step a
x = one.f()
---
%%step b
print(x, g())
""",
    files=files_of("""
=== one.py
K = 3
from two import L
def f():
    return L + K
=== two.py
from one import K
L = 4
def g():
    return K
"""),
)
