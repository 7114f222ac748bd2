"""Modules beside the notebook of which a part is another one each time that they are imported."""

from __future__ import annotations

from oracle.case import Category, files_of

own = Category("own clock")
add = own.add

add(
    "config-beside-a-clock",
    """
import config
---
%%step a
x = config.RATE * 2
---
%%step b
print(x, config.RATE, config.NAMES)
""",
    files=files_of("""
=== config.py
import time
START = time.time()
RATE = 0.5
NAMES = ['a', 'b']
"""),
    why="START differs from process to process, and nobody uses it",
)
add(
    "clock-that-a-function-reads",
    """
import config
---
%%step a
x = config.name()
---
%%step b
print(x == config.name())
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
def name():
    return f'run-{RUN}'
"""),
)
add(
    "clock-that-a-method-reads",
    """
from config import Run
---
%%step a
x = Run().name()
---
%%step b
print(x == Run().name())
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
class Run:
    def name(self):
        return f'run-{RUN}'
"""),
)
add(
    "clock-of-a-module-that-a-module-uses",
    """
import report
---
%%step a
x = report.title()
---
%%step b
print(x == report.title(), report.WIDTH)
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
=== report.py
import config
WIDTH = 80
def title():
    return 'run ' + config.RUN
"""),
)
add(
    "clock-of-a-module-that-a-module-imports-in-vain",
    """
import report
---
%%step a
x = report.WIDTH
---
%%step b
print(x, report.WIDTH, report.frame("t"))
""",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
K = 2
=== report.py
import config
WIDTH = 80
def title():
    return 'run ' + config.RUN
def frame(t):
    return t * config.K
"""),
)
add(
    "clock-by-star-import",
    """
from config import *
---
%%step a
x = RUN
---
%%step b
print(x == RUN)
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
RATE = 3
"""),
)
add(
    "clock-in-one-step-and-the-rest-in-two",
    """
import config
---
%%step a
print(config.RATE)
---
%%step b
x = config.START > 0
print(x, config.RATE)
""",
    files=files_of("""
=== config.py
import time
START = time.time()
RATE = 0.5
NAMES = ['a', 'b']
"""),
)
add(
    "whole-module-looked-at",
    """
import config
---
%%step a
settings = vars(config).copy()
x = settings["RUN"]
---
%%step b
print(x == getattr(config, "RUN"))
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
"""),
)
add(
    "random-table-at-import",
    """
import data
---
%%step a
x = data.TABLE.sum()
---
%%step b
print(x == data.TABLE.sum())
""",
    "refused",
    files=files_of("""
=== data.py
import numpy as np
rng = np.random.default_rng()
TABLE = rng.random(5)
"""),
)
add(
    "seeded-table-at-import",
    """
import data
---
%%step a
x = data.TABLE.sum()
---
%%step b
print(x == data.TABLE.sum(), x)
""",
    files=files_of("""
=== data.py
import numpy as np
rng = np.random.default_rng(3)
TABLE = rng.random(5)
"""),
)
add(
    "dataclass-config-that-names-its-run",
    """
from config import Config
---
%%step a
cfg = Config()
x = cfg.run
---
%%step b
print(x == cfg.run)
""",
    observe=(),
    files=files_of("""
=== config.py
import uuid
from dataclasses import dataclass, field
@dataclass
class Config:
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
"""),
)
add(
    "reload-of-a-clock",
    """
import importlib
import config
---
%%step a
x = config.RUN
importlib.reload(config)
y = config.RUN
---
%%step b
print(x == y, y == config.RUN)
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
"""),
)
add(
    "what-is-made-of-a-clock-handed-on",
    """
import config
---
%%step a
y = len(config.RUN)
---
%%step b
print(y, config.K)
""",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
K = 3
class Run:
    def name(self):
        return RUN
    def __repr__(self):
        return RUN
def make():
    return Run()
"""),
)
add(
    "clock-in-a-method-of-an-object-handed-on",
    """
import config
---
%%step a
r = config.make()
x = r.name()
---
%%step b
print(x == r.name())
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
K = 3
class Run:
    def name(self):
        return RUN
    def __repr__(self):
        return RUN
def make():
    return Run()
"""),
)
add(
    "clock-in-a-repr-of-an-object-in-a-list",
    """
from config import Run
---
%%step a
runs = [Run()]
x = str(runs)
---
%%step b
print(x == str(runs))
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
K = 3
class Run:
    def name(self):
        return RUN
    def __repr__(self):
        return RUN
def make():
    return Run()
"""),
)
add(
    "clock-through-a-function-of-the-notebook",
    """
import config as c
def label(x):
    return f"{c.RUN}-{x}"
---
%%step a
x = label(1)
---
%%step b
print(x == label(1))
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
K = 3
class Run:
    def name(self):
        return RUN
    def __repr__(self):
        return RUN
def make():
    return Run()
"""),
)
add(
    "clock-imported-in-a-function-of-the-notebook",
    """
def label(x):
    from config import RUN
    return f"{RUN}-{x}"
---
%%step a
x = label(1)
---
%%step b
print(x == label(1))
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
RUN = uuid.uuid4().hex
K = 3
class Run:
    def name(self):
        return RUN
    def __repr__(self):
        return RUN
def make():
    return Run()
"""),
)
add(
    "default-that-asks-the-clock-itself",
    """
import config
---
%%step a
x = config.name()
---
%%step b
print(x == config.name())
""",
    "refused",
    files=files_of("""
=== config.py
import time
def name(t=time.time()):
    return t
"""),
)
add(
    "clock-in-a-class-body",
    """
from config import Config
---
%%step a
x = Config.run
---
%%step b
print(x == Config.run)
""",
    "refused",
    files=files_of("""
=== config.py
import uuid
class Config:
    run = uuid.uuid4().hex
    rate = 3
"""),
)
add(
    "run-folder-by-date-beside-constants",
    """
from config import DATA, SEED
---
%%step a
x = [SEED, DATA]
---
%%step b
print(x, SEED)
""",
    files=files_of("""
=== config.py
from datetime import datetime
from pathlib import Path
DATA = 'data'
SEED = 3
STAMP = datetime.now().strftime('%Y%m%d-%H%M%S')
OUT = Path('runs') / STAMP
def out(name):
    return OUT / name
"""),
)
add(
    "environment-by-clock",
    """
import config
---
%%step a
import os
x = os.environ["RUN_ID"]
---
%%step b
import os
print(x == os.environ["RUN_ID"], config.K)
""",
    "refused",
    files=files_of("""
=== config.py
import os, uuid
os.environ['RUN_ID'] = uuid.uuid4().hex
K = 1
"""),
)
add(
    "function-that-asks-the-clock",
    """
from stamps import now
---
%%step a
x = now()
---
%%step b
print(x > 0)
""",
    observe=(),
    files=files_of("""
=== stamps.py
import time
def now():
    return time.time()
"""),
)
