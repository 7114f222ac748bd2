"""What a search for wrong results and needless refusals found: state that objects share out of sight."""

from __future__ import annotations

from oracle.case import Category

HUNTED = Category("hunted")

HUNTED.add(
    "arrays-of-kinds-of-their-own",
    """
import numpy as np
class Info(np.ndarray):
    def __new__(cls, values, info=None):
        made = np.asarray(values).view(cls)
        made.info = info
        return made
    def __array_finalize__(self, other):
        self.info = getattr(other, "info", "none")
---
%%step a
rows = np.array([(1, 2.0)], dtype=[("a", int), ("b", float)])
records = rows.view(np.recarray)
grid = np.zeros((2, 2))
matrix = np.asmatrix(grid)
base = np.arange(3)
known = Info(base, info=[1])
---
%%step b
records.a[0] = 77
matrix[0, 0] = 4
known[0] = 9
known.info.append(2)
---
%%step c
print(rows, grid.tolist(), base, known.info, type(known).__name__, type(matrix).__name__)
""",
    why="they show the memory of plain arrays, and have attributes",
)
HUNTED.add(
    "array-over-a-file",
    """
%%step a
import numpy as np
view = np.asarray(np.memmap("m.dat", dtype="i4", mode="w+", shape=(3,)))
---
%%step b
view[0] = 3
---
%%step c
print(np.fromfile("m.dat", dtype="i4"))
""",
    "refused",
    why="what is written into the array is written into the file",
)
HUNTED.add(
    "dicts-that-objects-have-in-common",
    """
class Borg:
    state = {}
    def __init__(self):
        self.__dict__ = Borg.state
class Twin:
    def __init__(self, other=None):
        if other is not None:
            self.__dict__ = other.__dict__
---
%%step a
x = Borg()
x.v = [1]
p = Twin()
q = Twin(p)
names = vars(p)
---
%%step b
Borg().v.append(2)
q.n = 7
names["m"] = 8
---
%%step c
print(x.v, vars(x) is Borg.state, p.n, p.m, q.m, vars(q) is names)
""",
)
HUNTED.add(
    "locks-that-nobody-holds",
    """
import queue, threading
class Shop:
    def __init__(self):
        self.lock = threading.RLock()
        self.orders = queue.Queue()
        self.open = threading.Event()
    def add(self, order):
        with self.lock:
            self.orders.put(order)
            self.open.set()
---
%%step a
shop = Shop()
shop.add(1)
lock = threading.Lock()
with lock:
    seen = []
own = shop.lock
---
%%step b
threads = [threading.Thread(target=shop.add, args=(i,)) for i in (2, 3)]
for thread in threads:
    thread.start()
    thread.join()
with lock:
    seen.append(shop.orders.get())
---
%%step c
print(seen, shop.orders.qsize(), shop.open.is_set(), lock.locked(), shop.lock is own)
""",
)
HUNTED.add(
    "classes-that-a-step-sets-attributes-of",
    """
# tags: parameters
rate = 0.1
---
class Config:
    lr = rate
    depth = 2
    def lrs(self):
        return [self.lr] * self.depth
---
%%step a
Config.lr = rate * 3
Config.depth = 3
Config.names = []
Config.names.append("x")
print(Config().lrs())
---
%%step b
print(Config().lrs(), Config.depth, Config.names)
""",
    parameters={"rate": 0.5},
    why="what is repeated of it must not hide what changes it further",
)
HUNTED.add(
    "methods-that-a-library-calls-on-copies",
    """
import numpy as np
from sklearn.metrics import make_scorer
from sklearn.model_selection import cross_val_score
class Counted:
    fits = 0
    def __init__(self):
        pass
    def get_params(self, deep=True):
        return {}
    def fit(self, X, y):
        Counted.fits += 1
        return self
    def predict(self, X):
        return X[:, 0]
---
%%step a
weights = np.ones(2)
asked = []
def error(y, found):
    asked.append(len(y))
    return -(abs(y - found) * weights[0]).mean()
scorer = make_scorer(error)
---
%%step b
weights[0] = 3
scores = cross_val_score(Counted(), np.arange(8.0).reshape(4, 2), np.arange(4.0), scoring=scorer, cv=2)
---
%%step c
print(scores, asked, Counted.fits)
""",
)
