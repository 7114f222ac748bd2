"""What functions and methods of modules beside the notebook do: seeds, settings, state, paths."""

from __future__ import annotations

from oracle.case import Category, files_of

own = Category("own project")
add = own.add

add(
    "registry-filled-by-a-decorator",
    """
from registry import register, get
---
@register("double")
def double(x):
    return 2 * x
---
%%step a
x = get("double")(2)
---
%%step b
print(x, get("double")(x))
""",
    "either",
    files=files_of("""
=== registry.py
_FUNCTIONS = {}
def register(name):
    def keep(f):
        _FUNCTIONS[name] = f
        return f
    return keep
def get(name):
    return _FUNCTIONS[name]
"""),
)
add(
    "configure-then-use",
    """
import settings
settings.configure(rate=3)
---
%%step a
x = settings.rate()
---
%%step b
print(x, settings.rate())
""",
    files=files_of("""
=== settings.py
_S = {'rate': 1}
def configure(**k):
    _S.update(k)
def rate():
    return _S['rate']
"""),
)
add(
    "attribute-of-a-module-set",
    """
import config
config.RATE = 5
---
%%step a
x = config.RATE
---
%%step b
print(x, config.RATE)
""",
    "either",
    files=files_of("""
=== config.py
RATE = 1
"""),
)
add(
    "method-that-seeds",
    """
from experiment import Experiment
import numpy as np
---
%%step a
Experiment(seed=3).start()
x = np.random.rand()
---
%%step b
print(x, np.random.rand())
""",
    files=files_of("""
=== experiment.py
import numpy as np
class Experiment:
    def __init__(self, seed):
        self.seed = seed
    def start(self):
        np.random.seed(self.seed)
"""),
)
add(
    "method-that-draws",
    """
from sampler import Sampler
import numpy as np
np.random.seed(0)
s = Sampler()
---
%%step a
x = s.sample()
---
%%step b
y = s.sample()
---
%%step c
print(x, y, np.random.rand())
""",
    files=files_of("""
=== sampler.py
import numpy as np
class Sampler:
    def sample(self, n=2):
        return np.random.rand(n)
"""),
)
add(
    "callback-that-draws",
    """
from loop import repeat
from noise import noise
import random
random.seed(1)
---
%%step a
x = repeat(noise, 2)
---
%%step b
print(x, random.random())
""",
    files=files_of("""
=== loop.py
def repeat(f, n):
    return [f() for _ in range(n)]
=== noise.py
import random
def noise():
    return random.random()
"""),
)
add(
    "callback-given-to-apply",
    """
from noise import noisy
import pandas as pd
import random
random.seed(1)
---
%%step a
df = pd.DataFrame({"x": [1.0, 2.0]})
df["y"] = df["x"].apply(noisy)
---
%%step b
print(df, random.random())
""",
    files=files_of("""
=== noise.py
import random
def noisy(x):
    return x + random.random()
"""),
)
add(
    "callback-that-sets-an-option",
    """
from loop import run
from look import wide
---
%%step a
run(wide)
---
%%step b
import pandas as pd
print(pd.get_option("display.max_rows"))
""",
    files=files_of("""
=== loop.py
def run(f):
    return f()
=== look.py
import pandas as pd
def wide():
    pd.set_option('display.max_rows', 7)
"""),
)
add(
    "path-that-a-module-adds",
    """
import bootstrap
---
%%step a
import hidden
import random
hidden.seed(3)
x = random.random()
---
%%step b
import random
print(x, random.random())
""",
    files=files_of("""
=== bootstrap.py
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
=== lib/hidden.py
import random
def seed(n):
    random.seed(n)
"""),
)
add(
    "star-of-a-module-from-a-path-that-a-module-adds",
    """
import bootstrap
from hidden import *
---
%%step a
x = scale(K)
---
%%step b
print(x, scale(x))
""",
    files=files_of("""
=== bootstrap.py
import sys
sys.path.insert(0, 'lib')
=== lib/hidden.py
K = 3
def scale(x):
    return x * K
"""),
)
add(
    "reload-of-helpers",
    """
import importlib
import helpers
importlib.reload(helpers)
from helpers import scale
---
%%step a
x = scale(2)
---
%%step b
print(x, scale(x))
""",
    files=files_of("""
=== helpers.py
K = 2
def scale(x):
    return x * K
"""),
)
add(
    "generator-of-a-module-used-directly",
    """
from rng import RNG
---
%%step a
x = RNG.random()
---
%%step b
print(x, RNG.random())
""",
    files=files_of("""
=== rng.py
import numpy as np
RNG = np.random.default_rng(3)
"""),
)
add(
    "inherited-method-that-seeds",
    """
from models import Ridge
import numpy as np
---
%%step a
Ridge(3).fit()
x = np.random.rand()
---
%%step b
print(x, np.random.rand())
""",
    files=files_of("""
=== base.py
import numpy as np
class Base:
    def __init__(self, seed):
        self.seed = seed
    def fit(self):
        np.random.seed(self.seed)
        return self
=== models.py
from base import Base
class Ridge(Base):
    pass
"""),
)
add(
    "method-of-a-subclass-in-the-notebook-that-seeds",
    """
from base import Base
import numpy as np
class Mine(Base):
    def fit(self):
        return super().fit()
---
%%step a
Mine(3).fit()
x = np.random.rand()
---
%%step b
print(x, np.random.rand())
""",
    files=files_of("""
=== base.py
import numpy as np
class Base:
    def __init__(self, seed):
        self.seed = seed
    def fit(self):
        np.random.seed(self.seed)
        return self
"""),
)
add(
    "method-of-an-object-in-a-list-that-seeds",
    """
from base import Base
import numpy as np
---
%%step a
for one in [Base(3), Base(4)]:
    one.fit()
x = np.random.rand()
---
%%step b
print(x, np.random.rand())
""",
    files=files_of("""
=== base.py
import numpy as np
class Base:
    def __init__(self, seed):
        self.seed = seed
    def fit(self):
        np.random.seed(self.seed)
        return self
"""),
)
add(
    "object-of-a-module-that-seeds",
    """
from setup_all import experiment
import numpy as np
---
%%step a
experiment.fit()
x = np.random.rand()
---
%%step b
print(x, np.random.rand())
""",
    files=files_of("""
=== setup_all.py
import numpy as np
class Base:
    def __init__(self, seed):
        self.seed = seed
    def fit(self):
        np.random.seed(self.seed)
        return self
experiment = Base(3)
"""),
)
add(
    "object-given-to-a-function-that-calls-its-method",
    """
from base import Base
from loop import run
import numpy as np
---
%%step a
run(Base(3))
x = np.random.rand()
---
%%step b
print(x, np.random.rand())
""",
    files=files_of("""
=== base.py
import numpy as np
class Base:
    def __init__(self, seed):
        self.seed = seed
    def fit(self):
        np.random.seed(self.seed)
        return self
=== loop.py
def run(model):
    return model.fit()
"""),
)
add(
    "decorator-whose-wrapper-seeds",
    """
from repeatable import seeded
import random
@seeded
def draw():
    return random.random()
---
%%step a
x = draw()
---
%%step b
print(x, random.random(), draw())
""",
    files=files_of("""
=== repeatable.py
import functools, random
def seeded(f):
    @functools.wraps(f)
    def wrapper(*a):
        random.seed(3)
        return f(*a)
    return wrapper
"""),
)
add(
    "context-manager-that-seeds",
    """
from repeatable import seed
import random
---
%%step a
with seed(3):
    x = random.random()
y = random.random()
---
%%step b
print(x, y, random.random())
""",
    files=files_of("""
=== repeatable.py
import random
from contextlib import contextmanager
@contextmanager
def seed(n):
    random.seed(n)
    yield
"""),
)
add(
    "context-manager-class-that-seeds-on-entry",
    """
from repeatable import Seed
import random
---
%%step a
with Seed(3):
    x = random.random()
---
%%step b
print(x, random.random())
""",
    files=files_of("""
=== repeatable.py
import random
class Seed:
    def __init__(self, n):
        self.n = n
    def __enter__(self):
        random.seed(self.n)
    def __exit__(self, *e):
        return False
"""),
)
add(
    "property-that-seeds",
    """
from experiment import Experiment
import random
---
%%step a
e = Experiment()
n = e.ready
x = random.random()
---
%%step b
print(n, x, random.random())
""",
    files=files_of("""
=== experiment.py
import random
class Experiment:
    @property
    def ready(self):
        random.seed(3)
        return 1
"""),
)
add(
    "instance-that-is-called-and-seeds",
    """
from experiment import Experiment
import random
e = Experiment()
---
%%step a
n = e(3)
x = random.random()
---
%%step b
print(n, x, random.random())
""",
    files=files_of("""
=== experiment.py
import random
class Experiment:
    def __call__(self, n):
        random.seed(n)
        return n
"""),
)
add(
    "static-and-class-methods-that-seed",
    """
from experiment import Experiment
import random
---
%%step a
Experiment.seed(3)
x = random.random()
---
%%step b
print(x, random.random())
Experiment.again()
---
%%step c
print(random.random())
""",
    files=files_of("""
=== experiment.py
import random
class Experiment:
    @staticmethod
    def seed(n):
        random.seed(n)
    @classmethod
    def again(cls):
        cls.seed(5)
"""),
)
add(
    "method-that-changes-a-setting-in-untagged-code",
    """
from look import Look
Look(7).apply()
---
%%step a
import pandas as pd
x = pd.get_option("display.max_rows")
---
%%step b
print(x, pd.get_option("display.max_rows"))
""",
    files=files_of("""
=== look.py
import pandas as pd
class Look:
    def __init__(self, n):
        self.n = n
    def apply(self):
        pd.set_option('display.max_rows', self.n)
"""),
)
add(
    "state-kept-by-a-method-in-untagged-code",
    """
from tracker import TRACKER
TRACKER.add("start")
---
%%step a
x = TRACKER.all()
---
%%step b
print(x, TRACKER.all())
""",
    files=files_of("""
=== tracker.py
class Tracker:
    def __init__(self):
        self.notes = []
    def add(self, n):
        self.notes.append(n)
    def all(self):
        return list(self.notes)
TRACKER = Tracker()
"""),
)
add(
    "state-made-of-data-kept-in-untagged-code",
    """
import tracker
---
%%step a
x = sum([1, 2])
---
tracker.add(x)
---
%%step b
print(tracker.all())
""",
    "refused",
    files=files_of("""
=== tracker.py
_ALL = []
def add(n):
    _ALL.append(n)
def all():
    return list(_ALL)
"""),
)
add(
    "cached-load-in-untagged-code",
    """
from loading import load
df = load("x.csv")
---
%%step a
x = df["v"].sum()
---
%%step b
print(x, df.shape)
""",
    files=files_of("""
=== loading.py
import pandas as pd
_CACHE = {}
def load(path):
    if path not in _CACHE:
        _CACHE[path] = pd.read_csv(path)
    return _CACHE[path].copy()
=== x.csv
v
1
2
"""),
)
add(
    "registry-of-models-filled-by-imports",
    """
from models import build
---
%%step a
m = build("ridge")
x = m.fit(2)
---
%%step b
print(x, build("lasso").fit(x), m.fit(1))
""",
    files=files_of("""
=== models/__init__.py
from .registry import build
from . import ridge, lasso
=== models/registry.py
_R = {}
def register(name):
    def keep(c):
        _R[name] = c
        return c
    return keep
def build(name):
    return _R[name]()
=== models/ridge.py
from .registry import register
@register('ridge')
class Ridge:
    def fit(self, x):
        return x + 1
=== models/lasso.py
from .registry import register
@register('lasso')
class Lasso:
    def fit(self, x):
        return x * 10
"""),
)
for name, code in {
    "deleted": "inplace(v)\ndel v",
    "rebound": "inplace(v)\nv = 3",
    "rebound-before": "def f():\n    global v\n    w = v\n    v = 2\n    inplace(w)\nf()",
    "rebound-to-the-result": "v = inplace(v)",
}.items():
    add(
        f"changes-what-its-name-lets-go-of-{name}",
        f"""
from mine import inplace
import numpy as np
---
%%step a
xs = [np.ones(3)]
v = xs[0]
---
%%step b
{code}
---
%%step c
print(xs)
""",
        files={"mine.py": "def inplace(a):\n    a[:] = 0\n    return len(a)\n"},
        why="the array is still in the list, and nobody could see that the call changes it",
    )
add(
    "model-over-the-values-of-a-frame",
    """
import pandas as pd
from mine import Model
---
%%step a
df = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": ["x", "y"]})
---
%%step b
X = df[["a", "b"]].values
---
%%step c
m = Model(X)
p = m.predict(3)
---
%%step d
print(p, m.predict(X), X, df)
""",
    files=files_of("""
=== mine.py
class Model:
    def __init__(self, data):
        self.data = data
        self.mean = data.mean()
    def predict(self, x):
        return x * self.mean
"""),
    why="that a method may change what its object holds, and with it the frame, is for a run to tell",
)
