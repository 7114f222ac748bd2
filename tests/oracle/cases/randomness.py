"""Random state as a hidden channel."""

from __future__ import annotations

from oracle.case import Category

randomness = Category("random")
randomness.add(
    "numpy-seed-one-step",
    """
%%step a
import numpy as np
np.random.seed(1)
x = np.random.rand(3)
---
%%step b
print(x)
""",
)
randomness.add(
    "numpy-seed-across-steps",
    """
%%step a
import numpy as np
np.random.seed(1)
x = np.random.rand(2)
---
%%step b
y = np.random.rand(2)
---
%%step c
print(x, y, np.random.rand())
""",
    why="the state goes from step to step",
)
randomness.add(
    "numpy-seed-untagged",
    """
import numpy as np
np.random.seed(7)
---
%%step a
x = np.random.rand(2)
---
%%step b
y = np.random.rand(2)
---
%%step c
print(x, y)
""",
)
randomness.add(
    "random-module",
    """
import random
random.seed(5)
---
%%step a
x = random.random()
---
%%step b
print(x, random.choice("abc"))
""",
)
randomness.add(
    "reseed-in-the-middle",
    """
%%step a
import random
random.seed(5)
x = random.random()
---
%%step b
random.seed(5)
y = random.random()
---
%%step c
print(x == y, random.random())
""",
)
randomness.add(
    "generator-object-shared",
    """
import numpy as np
rng = np.random.default_rng(0)
---
%%step a
x = rng.normal(size=2)
---
%%step b
y = rng.normal(size=2)
---
%%step c
print(x, y)
""",
)
randomness.add(
    "generator-in-step",
    """
%%step a
import numpy as np
rng = np.random.default_rng(0)
---
%%step b
x = rng.integers(0, 100, 3)
---
%%step c
print(x, rng.integers(0, 100, 3))
""",
)
randomness.add(
    "sklearn-without-random-state",
    """
%%step data
import numpy as np
from sklearn.ensemble import RandomForestClassifier
np.random.seed(3)
X = np.random.rand(40, 3); y = (X[:, 0] > 0.5).astype(int)
---
%%step train
m = RandomForestClassifier(n_estimators=3).fit(X, y)
---
%%step use
print(m.predict_proba(X[:5]).tolist(), np.random.rand())
""",
    why="fit draws from the global numpy state",
)
randomness.add(
    "sklearn-split-without-random-state",
    """
%%step data
import numpy as np
from sklearn.model_selection import train_test_split
np.random.seed(0)
X = np.arange(10)
---
%%step split
a, b = train_test_split(X)
---
%%step show
print(a, b)
""",
)
randomness.add(
    "pandas-sample",
    """
%%step a
import numpy as np, pandas as pd
np.random.seed(2)
df = pd.DataFrame({"v": range(10)})
---
%%step b
part = df.sample(3)
---
%%step c
print(part["v"].tolist(), df.sample(2)["v"].tolist())
""",
)
randomness.add(
    "helper-draws",
    """
import random
random.seed(11)
def jitter(v): return v + random.random()
---
%%step a
x = jitter(1)
---
%%step b
print(x, jitter(2))
""",
)
randomness.add(
    "parallel-branches-both-draw",
    """
%%step seed
import numpy as np
np.random.seed(4)
---
%%step left
l = np.random.rand()
---
%%step right
r = np.random.rand()
---
%%step join
print(l, r)
""",
    why="without a random edge left and right would draw the same number",
)
randomness.add(
    "imported-names",
    """
from numpy.random import rand, seed
from random import randint, seed as pyseed
seed(1); pyseed(1)
---
%%step a
x = rand(2).tolist(), randint(0, 99)
---
%%step b
print(x, rand(), randint(0, 99))
""",
)
randomness.add(
    "set-order-of-strings",
    """
%%step a
s = {"pear", "apple", "fig"}
---
%%step b
print(list(s), sorted(s))
""",
)
randomness.add(
    "order-of-a-set-in-an-object",
    """
%%step a
from dataclasses import dataclass
@dataclass
class Puzzle:
    balls: set
class Bag(set):
    def __init__(self, items, **attributes):
        self.update(items)
        self.__dict__.update(attributes)
puzzle = Puzzle({sign * n for n in range(1, 13) for sign in (1, -1)})
bag = Bag({complex(x, y) for x in range(-7, 8) for y in range(-7, 8) if abs(complex(x, y)) >= 3}, radius=3)
---
%%step b
print(list(puzzle.balls), next(iter(puzzle.balls - {1, 2})))
print(list(bag), bag.radius)
puzzle.balls.add(0)
---
%%step c
print(list(puzzle.balls))
""",
)
randomness.add(
    "order-of-sets-without-one-item",
    """
%%step a
squares = [r + c for r in "ABCDEFGHI" for c in "123456789"]
peers = {s: {p for p in squares if p[0] == s[0] or p[1] == s[1]} - {s} for s in squares}
---
%%step b
for s in squares:
    print(s, *peers[s])
""",
)
randomness.add(
    "getstate-setstate",
    """
%%step a
import random
random.seed(1)
state = random.getstate()
x = random.random()
---
%%step b
random.setstate(state)
print(x == random.random())
""",
    "either",
)

# -- generators and clocks under the names that other modules give them -----------------------------------

NAMES = (
    "import datetime as dt\nimport random\nimport time\n\nimport numpy as np\nfrom numpy.random import rand\n"
)
for star, how in (("star", "from names import *"), ("name", "from names import np, random, rand")):
    randomness.add(
        f"library-by-{star}-from-an-own-module",
        f"""
%%step a
{how}
np.random.seed(5)
random.seed(5)
---
%%step b
x = np.random.choice(9, 3), random.random(), rand()
---
%%step c
print(x, np.random.rand(2), random.random(), rand())
""",
        files={"names.py": NAMES},
        why="drawn again, the numbers are others",
    )
randomness.add(
    "library-as-an-attribute-of-an-own-module",
    """
%%step a
import names, both
both.np.random.seed(5)
---
%%step b
x = names.np.random.rand()
began = names.time.time()
---
%%step c
print(x, names.rand(), began == began)
""",
    files={"names.py": NAMES, "both.py": "from names import *\n"},
    observe=("x",),
)
randomness.add(
    "functions-of-own-modules-with-names-from-another",
    """
%%step a
import draws
draws.begin()
---
%%step b
x = draws.some()
---
%%step c
print(x, draws.some())
""",
    files={
        "names.py": NAMES,
        "draws.py": "from names import np, rand\n"
        "def begin():\n    np.random.seed(2)\ndef some():\n    return rand(2)\n",
    },
)
for name, how in (("star", "from pylab import *"), ("magic", "%pylab inline")):
    randomness.add(
        f"pylab-by-{name}",
        f"""
%%step a
{how}
np.random.seed(7)
x = randn(3)
---
%%step b
y = rand(2)
---
%%step c
print(x, y, normal(size=2), np.random.rand())
""",
        why="pylab has the functions of numpy.random",
    )
