"""Adversarial: process state, files, random numbers, magics, untagged cells, parameters, models, plots."""

# ruff: noqa: E501, W291  (notebooks are written as users write them)
from __future__ import annotations

from oracle.case import Category

red_world = Category("red-world")
add = red_world.add

# -- random numbers ------------------------------------------------------------------------------------

add(
    "rng-in-dict",
    """
import numpy as np
---
%%step a
ctx = {"rng": np.random.default_rng(1)}
---
%%step b
x = ctx["rng"].normal(size=2)
---
%%step c
y = ctx["rng"].normal(size=2)
---
%%step d
print(x.tolist(), y.tolist())
""",
)
add(
    "rng-untagged-shared-by-steps",
    """
import numpy as np
rng = np.random.default_rng(1)
---
%%step a
x = rng.integers(0, 100, 3)
---
%%step b
y = rng.integers(0, 100, 3)
---
%%step c
print(x.tolist(), y.tolist())
""",
)
add(
    "rng-in-helper-default",
    """
import numpy as np
rng = np.random.default_rng(1)
def noise(n, r=rng): return r.normal(size=n).round(3).tolist()
---
%%step a
x = noise(2)
---
%%step b
y = noise(2); print(x, y)
""",
    "either",
)
add(
    "rng-in-class-attribute",
    """
import numpy as np
class Noise:
    rng = np.random.default_rng(1)
    def draw(self): return float(self.rng.normal())
---
%%step a
x = Noise().draw()
---
%%step b
print(x, Noise().draw())
""",
    "either",
)
add(
    "rng-in-instance",
    """
import numpy as np
class Noise:
    def __init__(self, seed): self.rng = np.random.default_rng(seed)
    def draw(self): return float(self.rng.normal())
---
%%step a
n = Noise(1); x = n.draw()
---
%%step b
y = n.draw()
---
%%step c
print(x, y, n.draw())
""",
)
add(
    "rng-spawn-and-seedsequence",
    """
import numpy as np
---
%%step a
ss = np.random.SeedSequence(1)
---
%%step b
kids = ss.spawn(2)
---
%%step c
more = ss.spawn(1)
print([np.random.default_rng(k).integers(100) for k in kids + more], ss.n_children_spawned)
""",
)
add(
    "rng-bit-generator-advance",
    """
import numpy as np
---
%%step a
rng = np.random.default_rng(1)
---
%%step b
rng.bit_generator.advance(3)
---
%%step c
print(rng.integers(1000))
""",
)
add(
    "rng-bit-generator-shared",
    """
import numpy as np
---
%%step a
bg = np.random.PCG64(1); rng = np.random.Generator(bg)
---
%%step b
x = rng.integers(1000)
---
%%step c
print(np.random.Generator(bg).integers(1000), x)
""",
)
add(
    "random-instance-and-module",
    """
import random
random.seed(3)
r = random.Random(5)
---
%%step a
x = [random.random(), r.random()]
---
%%step b
y = [random.random(), r.random()]
---
%%step c
print(x, y)
""",
)
add(
    "random-state-saved-and-restored",
    """
import random
---
%%step a
random.seed(1); state = random.getstate(); x = random.random()
---
%%step b
random.setstate(state)
---
%%step c
print(random.random() == x)
""",
)
add(
    "numpy-seed-in-helper",
    """
import numpy as np
def seed_all(s=0):
    np.random.seed(s)
---
%%step a
seed_all(); x = np.random.rand()
---
%%step b
y = np.random.rand()
---
%%step c
seed_all(); print(x, y, np.random.rand())
""",
)
add(
    "numpy-seed-from-import",
    """
from numpy.random import seed, rand, randn
seed(1)
---
%%step a
x = rand()
---
%%step b
print(x, randn())
""",
)
add(
    "numpy-mtrand-alias",
    """
import numpy as np
R = np.random
R.seed(1)
---
%%step a
x = R.rand()
---
%%step b
print(x, R.rand())
""",
)
add(
    "numpy-legacy-rand-state-object",
    """
import numpy as np
---
%%step a
rs = np.random.mtrand._rand
rs.seed(1)
x = rs.rand()
---
%%step b
print(x, np.random.rand())
""",
    "either",
)
add(
    "sklearn-check-random-state-none",
    """
import numpy as np
from sklearn.utils import check_random_state
np.random.seed(1)
---
%%step a
x = check_random_state(None).rand()
---
%%step b
print(x, np.random.rand())
""",
    "either",
)
add(
    "scipy-rvs-global",
    """
import numpy as np
from scipy import stats
np.random.seed(1)
---
%%step a
x = stats.norm.rvs(size=2)
---
%%step b
y = stats.norm(0, 1).rvs(2)
---
%%step c
print(x.round(4).tolist(), y.round(4).tolist(), np.random.rand())
""",
)
add(
    "sample-frac-then-rand",
    """
import numpy as np, pandas as pd
np.random.seed(1)
---
%%step a
df = pd.DataFrame({"v": range(10)}).sample(frac=1)
---
%%step b
t = df.groupby(df.v % 2).sample(1).v.tolist()
---
%%step c
print(df.v.tolist(), t, np.random.rand())
""",
)
add(
    "permutation-and-choice",
    """
import numpy as np
np.random.seed(1)
---
%%step a
p = np.random.permutation(5); c = np.random.choice([1, 2, 3], 2)
---
%%step b
a = np.arange(5); np.random.shuffle(a)
---
%%step c
print(p.tolist(), c.tolist(), a.tolist(), np.random.randint(100))
""",
)
add(
    "shuffle-list-of-lists-random",
    """
import random
random.seed(0)
---
%%step a
xs = [[i] for i in range(4)]
---
%%step b
random.shuffle(xs); pick = random.choice(xs); pick.append("p")
---
%%step c
print(xs, random.sample(xs, 2))
""",
)
add(
    "draw-in-lambda-default-factory",
    """
import random
from dataclasses import dataclass, field
random.seed(4)
@dataclass
class P:
    v: float = field(default_factory=random.random)
---
%%step a
p = P()
---
%%step b
print(p, P())
""",
)
add(
    "draw-in-apply",
    """
import numpy as np, pandas as pd
np.random.seed(4)
---
%%step a
df = pd.DataFrame({"v": range(3)})
---
%%step b
df["n"] = df["v"].apply(lambda v: v + np.random.rand())
---
%%step c
print(df["n"].round(4).tolist(), np.random.rand())
""",
)
add(
    "draw-via-function-reference",
    """
import numpy as np
np.random.seed(4)
gens = {"n": np.random.normal, "u": np.random.uniform}
---
%%step a
x = gens["n"]()
---
%%step b
print(x, gens["u"]())
""",
    "either",
)
add(
    "draw-in-map-and-partial",
    """
import random
from functools import partial
random.seed(4)
roll = partial(random.randint, 1, 6)
---
%%step a
x = [roll() for _ in range(3)]
---
%%step b
y = list(map(lambda _: roll(), range(3)))
---
%%step c
print(x, y)
""",
)
add(
    "draw-only-in-untaken-branch",
    """
import random
random.seed(4)
flag = False
---
%%step a
if flag: random.random()
---
%%step b
print(random.random())
""",
)
add(
    "draw-in-try-and-loop",
    """
import random
random.seed(4)
---
%%step a
n = 0
while random.random() < 0.7: n += 1
---
%%step b
try:
    v = random.choice([])
except IndexError:
    v = random.random()
---
%%step c
print(n, v, random.random())
""",
)
add(
    "seed-with-parameter",
    """
%%parameters
seed = 1
---
import numpy as np
np.random.seed(seed)
---
%%step a
x = np.random.rand()
---
%%step b
print(x, np.random.rand())
""",
    parameters={"seed": 7},
)
add(
    "seed-of-step-value",
    """
import random
---
%%step a
s = len("abc")
---
%%step b
random.seed(s)
---
%%step c
x = random.random()
---
%%step d
print(x, random.random())
""",
)
add(
    "seed-inside-loop-of-models",
    """
import numpy as np
---
%%step a
out = {}
for s in (1, 2):
    np.random.seed(s)
    out[s] = np.random.rand()
---
%%step b
print(out, np.random.rand())
""",
)

# -- sklearn -------------------------------------------------------------------------------------------

DATA = """
import numpy as np
import pandas as pd
---
%%step data
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(40, 3)), columns=list("abc"))
X["k"] = ["u", "v"] * 20
y = (X["a"] > 0).astype(int)
---
"""
add(
    "pipeline-step-changed-through-original",
    DATA
    + """
%%step make
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression
sc = StandardScaler(); clf = LogisticRegression()
pipe = Pipeline([("s", sc), ("m", clf)])
---
%%step fit
pipe.fit(X[["a", "b"]], y)
---
%%step show
print(sc.mean_.round(4).tolist(), clf.coef_.round(4).tolist(), pipe.named_steps["s"] is sc)
""",
)
add(
    "column-transformer-full",
    DATA
    + """
%%step make
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, FunctionTransformer
from sklearn.ensemble import RandomForestClassifier
ct = ColumnTransformer([("n", StandardScaler(), ["a", "b"]), ("k", OneHotEncoder(), ["k"])])
model = make_pipeline(ct, RandomForestClassifier(5, random_state=0))
---
%%step fit
model.fit(X, y)
---
%%step show
print(model.predict(X)[:5].tolist(), hasattr(ct, "transformers_"), model.score(X, y))
""",
)
add(
    "function-transformer-with-notebook-function",
    DATA
    + """
power = 2
def pw(d): return d ** power
---
%%step make
from sklearn.preprocessing import FunctionTransformer
ft = FunctionTransformer(pw)
---
power = 3
---
%%step show
print(ft.fit_transform(X[["a"]]).iloc[0, 0].round(5))
""",
    "either",
)
add(
    "custom-transformer-in-grid",
    DATA
    + """
from sklearn.base import BaseEstimator, TransformerMixin
class Clip(BaseEstimator, TransformerMixin):
    fits = 0
    def __init__(self, at=1.0): self.at = at
    def fit(self, X, y=None): self.n_ = len(X); return self
    def transform(self, X): return X.clip(-self.at, self.at)
---
%%step grid
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.linear_model import LogisticRegression
gs = GridSearchCV(Pipeline([("c", Clip()), ("m", LogisticRegression())]), {"c__at": [0.5, 1.0]}, cv=2)
---
%%step fit
gs.fit(X[["a", "b", "c"]], y)
---
%%step show
print(gs.best_params_, gs.best_estimator_.named_steps["c"].n_)
""",
    observe=("X", "y"),
)
add(
    "dict-of-models-loop",
    DATA
    + """
%%step models
from sklearn.linear_model import LogisticRegression, RidgeClassifier
models = {"lr": LogisticRegression(), "ridge": RidgeClassifier()}
scores = {}
---
%%step fit
for name, m in models.items():
    scores[name] = m.fit(X[["a", "b"]], y).score(X[["a", "b"]], y)
best = max(scores, key=scores.get)
---
%%step show
print(best, scores, models[best].coef_.shape)
""",
)
add(
    "best-model-alias-refit",
    DATA
    + """
%%step models
from sklearn.linear_model import Ridge
models = [Ridge(alpha=a) for a in (0.1, 1.0)]
---
%%step pick
best = models[0].fit(X[["a"]], y)
---
%%step refit
best.set_params(alpha=10.0).fit(X[["b"]], y)
---
%%step show
print(models[0].alpha, models[0].coef_.round(5).tolist())
""",
)
add(
    "partial-fit-across-steps",
    DATA
    + """
%%step make
from sklearn.linear_model import SGDClassifier
m = SGDClassifier(random_state=0)
---
%%step one
m.partial_fit(X[["a"]], y, classes=[0, 1])
---
%%step two
for _ in range(2): m.partial_fit(X[["a"]], y)
---
%%step show
print(m.t_, m.coef_.round(4).tolist())
""",
)
add(
    "cross-val-with-custom-scorer",
    DATA
    + """
log = []
def scorer(est, X, y):
    log.append(len(X)); return est.score(X, y)
---
%%step cv
from sklearn.model_selection import cross_val_score
from sklearn.linear_model import LogisticRegression
s = cross_val_score(LogisticRegression(), X[["a"]], y, cv=2, scoring=scorer)
---
%%step show
print(log, s.round(3).tolist())
""",
)
add(
    "unseeded-forest-after-global-seed",
    DATA
    + """
np.random.seed(3)
---
%%step one
from sklearn.ensemble import RandomForestClassifier
m = RandomForestClassifier(3).fit(X[["a", "b"]], y)
---
%%step two
from sklearn.model_selection import train_test_split
tr, te = train_test_split(X, test_size=5)
---
%%step show
print(m.predict_proba(X[["a", "b"]])[:3].round(3).tolist(), te.index.tolist(), np.random.rand())
""",
)
add(
    "unseeded-kfold-shuffle",
    DATA
    + """
np.random.seed(3)
---
%%step one
from sklearn.model_selection import KFold
kf = KFold(2, shuffle=True)
folds = [te.tolist() for _, te in kf.split(X)]
---
%%step two
again = [te.tolist() for _, te in kf.split(X)]
---
%%step show
print(folds[0], again[0], np.random.rand())
""",
)
add(
    "unseeded-cv-scores",
    DATA
    + """
np.random.seed(3)
---
%%step one
from sklearn.model_selection import cross_val_score, KFold
from sklearn.tree import DecisionTreeClassifier
s = cross_val_score(DecisionTreeClassifier(max_features=1), X[["a", "b"]], y, cv=KFold(3, shuffle=True))
---
%%step show
print(s.tolist(), np.random.rand())
""",
)
add(
    "unseeded-make-pipeline-estimator",
    DATA
    + """
np.random.seed(3)
---
%%step one
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.ensemble import RandomForestClassifier
p = make_pipeline(StandardScaler(), RandomForestClassifier(3))
---
%%step two
p.fit(X[["a", "b"]], y)
---
%%step show
print(p.predict_proba(X[["a", "b"]])[:3].round(3).tolist(), np.random.rand())
""",
)
add(
    "unseeded-make-blobs-and-iris",
    """
import numpy as np
np.random.seed(3)
---
%%step one
from sklearn.datasets import make_blobs
X, t = make_blobs(5)
---
%%step show
print(X.round(3).tolist(), np.random.rand())
""",
)
add(
    "random-state-object-passed",
    DATA
    + """
%%step rs
rs = np.random.RandomState(0)
---
%%step one
from sklearn.ensemble import RandomForestClassifier
m = RandomForestClassifier(2, random_state=rs).fit(X[["a", "b"]], y)
---
%%step show
print(rs.rand(), m.predict_proba(X[["a", "b"]])[:2].round(3).tolist())
""",
)
add(
    "random-state-object-in-split",
    DATA
    + """
%%step rs
rs = np.random.RandomState(0)
---
%%step one
from sklearn.model_selection import train_test_split
a, b = train_test_split(X, random_state=rs)
---
%%step show
print(rs.rand(), a.index.tolist()[:4])
""",
)
add(
    "random-state-generator-in-sample",
    DATA
    + """
%%step rs
g = np.random.default_rng(0)
---
%%step one
s = X.sample(3, random_state=g)
---
%%step show
print(g.random(), s.index.tolist())
""",
)
add(
    "random-state-none-variable",
    DATA
    + """
np.random.seed(5)
rs = None
---
%%step one
from sklearn.model_selection import train_test_split
a, b = train_test_split(X, random_state=rs)
---
%%step show
print(np.random.rand(), b.index.tolist()[:4])
""",
)
add(
    "random-state-in-kwargs",
    DATA
    + """
np.random.seed(5)
---
%%step one
from sklearn.model_selection import train_test_split
kw = dict(test_size=5)
a, b = train_test_split(X, **kw)
---
%%step show
print(np.random.rand(), b.index.tolist()[:4])
""",
)
add(
    "estimator-class-in-variable",
    DATA
    + """
np.random.seed(5)
---
%%step one
from sklearn.ensemble import RandomForestClassifier
Model = RandomForestClassifier
m = Model(3)
---
%%step two
m.fit(X[["a", "b"]], y)
---
%%step show
print(np.random.rand(), m.predict_proba(X[["a", "b"]])[:2].round(3).tolist())
""",
)
add(
    "estimators-list-of-tuples-unseeded",
    DATA
    + """
np.random.seed(5)
---
%%step one
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
models = [("rf", RandomForestClassifier(3)), ("dt", DecisionTreeClassifier(max_features=1))]
---
%%step two
for name, m in models: m.fit(X[["a", "b"]], y)
---
%%step show
print(np.random.rand(), models[1][1].predict(X[["a", "b"]])[:4].tolist())
""",
)
add(
    "helper-makes-and-fits",
    DATA
    + """
np.random.seed(5)
def build(kind):
    from sklearn.ensemble import RandomForestClassifier, ExtraTreesClassifier
    return {"rf": RandomForestClassifier, "et": ExtraTreesClassifier}[kind](n_estimators=3)
---
%%step one
m = build("et").fit(X[["a", "b"]], y)
---
%%step show
print(np.random.rand(), m.predict(X[["a", "b"]])[:4].tolist())
""",
)
add(
    "scaler-copy-false",
    """
import numpy as np
from sklearn.preprocessing import StandardScaler
---
%%step a
A = np.array([[1.0], [3.0]])
---
%%step b
B = StandardScaler(copy=False).fit_transform(A)
---
%%step c
print(A.tolist(), B.tolist())
""",
)
add(
    "estimator-attribute-array-shared",
    DATA
    + """
%%step one
from sklearn.linear_model import LinearRegression
m = LinearRegression().fit(X[["a", "b"]], y)
w = m.coef_
---
%%step two
w[0] = 100.0
---
%%step show
print(m.predict(X[["a", "b"]])[:2].round(3).tolist())
""",
)

# -- process state -------------------------------------------------------------------------------------

add(
    "environ-in-step-read-by-helper",
    """
import os
def mode(): return os.environ.get("RED_MODE", "none")
---
%%step a
os.environ["RED_MODE"] = "x"
---
%%step b
print(mode())
""",
    "either",
)
add(
    "environ-update-and-pop",
    """
import os
---
%%step a
os.environ.update(RED_A="1", RED_B="2")
---
%%step b
os.environ.pop("RED_A")
---
%%step c
print(os.environ.get("RED_A"), os.getenv("RED_B"))
""",
    "either",
)
add(
    "environ-from-step-data",
    """
import os
---
%%step a
v = str(len("abc"))
---
%%step b
os.environ["RED_V"] = v
---
%%step c
print(os.environ["RED_V"])
""",
    "either",
)
add(
    "environ-alias",
    """
from os import environ, getenv
---
%%step a
environ["RED_Q"] = "q"
---
%%step b
print(getenv("RED_Q"))
""",
    "either",
)
add(
    "environ-del-and-copy",
    """
import os
env = os.environ
---
%%step a
env["RED_Z"] = "z"
---
%%step b
snapshot = dict(os.environ); del os.environ["RED_Z"]
---
%%step c
print("RED_Z" in os.environ, snapshot.get("RED_Z"))
""",
    "either",
)
add(
    "cwd-in-with-chdir",
    """
import os, contextlib
---
%%step a
os.makedirs("sub", exist_ok=True)
with contextlib.chdir("sub"):
    open("in.txt", "w").write("x")
---
%%step b
print(open("sub/in.txt").read(), os.path.basename(os.getcwd()) == "sub")
""",
    "either",
)
add(
    "cwd-changed-in-helper",
    """
import os
def enter(d):
    os.makedirs(d, exist_ok=True); os.chdir(d)
---
%%step a
enter("deep")
---
%%step b
print(os.path.basename(os.getcwd()))
""",
    "either",
)
add(
    "pandas-option-attribute",
    """
import pandas as pd
---
%%step a
pd.options.display.max_rows = 2
---
%%step b
print(pd.DataFrame({"v": range(5)}))
""",
    "either",
)
add(
    "pandas-option-in-helper",
    """
import pandas as pd
def wide(): pd.set_option("display.precision", 1)
---
%%step a
wide()
---
%%step b
print(pd.Series([1.2345]))
""",
    "either",
)
add(
    "pandas-option-context-in-step",
    """
import pandas as pd
---
%%step a
with pd.option_context("display.precision", 1):
    print(pd.Series([1.2345]))
---
%%step b
print(pd.Series([1.2345]))
""",
)
add(
    "numpy-errstate-and-print",
    """
import numpy as np
np.set_printoptions(precision=2, suppress=True)
---
%%step a
print(np.array([1.23456]))
---
%%step b
old = np.seterr(divide="ignore")
---
%%step c
print(np.geterr()["divide"], old["divide"])
""",
    "either",
)
add(
    "rcparams-update-untagged",
    """
import matplotlib.pyplot as plt
plt.rcParams.update({"lines.linewidth": 7}); plt.rcParams["font.size"] = 3
---
%%step a
fig, ax = plt.subplots(); (line,) = ax.plot([1, 2]); lw = line.get_linewidth(); plt.close(fig)
---
%%step b
print(lw, plt.rcParams["font.size"])
""",
)
add(
    "rcparams-changed-in-step",
    """
import matplotlib as mpl
---
%%step a
mpl.rcParams["lines.linewidth"] = 9
---
%%step b
print(mpl.rcParams["lines.linewidth"])
""",
    "either",
)
add(
    "style-use-and-context",
    """
import matplotlib.pyplot as plt
plt.style.use("ggplot")
---
%%step a
with plt.style.context("default"): inside = plt.rcParams["axes.grid"]
---
%%step b
print(inside, plt.rcParams["axes.grid"])
""",
)
add(
    "decimal-localcontext",
    """
from decimal import Decimal, localcontext, getcontext
---
%%step a
with localcontext() as ctx:
    ctx.prec = 3
    x = Decimal(1) / 3
---
%%step b
print(x, getcontext().prec)
""",
)
add(
    "decimal-context-aliased",
    """
from decimal import Decimal, getcontext
ctx = getcontext()
---
%%step a
ctx.prec = 5
---
%%step b
print(Decimal(2) / 3)
""",
    "either",
)
add(
    "locale-and-timezone",
    """
import os, time
---
%%step a
os.environ["TZ"] = "UTC"; time.tzset()
---
%%step b
print(time.tzname[0])
""",
    "either",
)
add(
    "logging-handler-collects",
    """
import logging
logger = logging.getLogger("red")
class Keep(logging.Handler):
    def __init__(self): super().__init__(); self.rows = []
    def emit(self, r): self.rows.append(r.getMessage())
keep = Keep()
logger.addHandler(keep); logger.setLevel("INFO")
---
%%step a
logger.info("one")
---
%%step b
logger.info("two")
---
%%step c
print(keep.rows)
""",
    "either",
)
add(
    "warnings-catch-record",
    """
import warnings
---
%%step a
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always"); warnings.warn("x")
n = len(w)
---
%%step b
print(n)
""",
    observe=("n",),  # the warning itself names the cell's file, which is another in each kernel
)
add(
    "sys-path-and-modules",
    """
import sys
---
%%step a
sys.path.append("lib")
---
%%step b
import redhelper
print(redhelper.V)
""",
    "either",
    files={"lib/redhelper.py": "V = 4\n"},
)
add(
    "module-attribute-set",
    """
import math
---
%%step a
math.tau2 = 12
---
%%step b
print(math.tau2)
""",
    "either",
)
add(
    "local-module-global-mutated",
    """
import redmod
---
%%step a
redmod.items.append(1); redmod.put(2)
---
%%step b
print(redmod.items)
""",
    "either",
    files={"redmod.py": "items = []\ndef put(x):\n    items.append(x)\n"},
)
add(
    "local-module-function-hidden-state",
    """
from redmod2 import tick
---
%%step a
tick()
---
%%step b
print(tick())
""",
    "either",
    files={"redmod2.py": "n = 0\ndef tick():\n    global n\n    n += 1\n    return n\n"},
)
add(
    "local-module-mutates-argument",
    """
from redmod3 import fill
---
%%step a
box = {}
---
%%step b
fill(box)
---
%%step c
print(box)
""",
    files={"redmod3.py": "def fill(b):\n    b['x'] = 1\n"},
)
add(
    "local-module-mutates-argument-inner",
    """
from redmod4 import touch
---
%%step a
inner = [1]; outer = {"k": inner}
---
%%step b
r = touch(outer)
---
%%step c
r.append("r"); print(inner, outer)
""",
    files={"redmod4.py": "def touch(o):\n    o['k'].append(2)\n    return o['k']\n"},
)
add(
    "local-module-returns-alias-kept",
    """
from redmod5 import Keeper
---
%%step a
data = [1]
k = Keeper(data)
---
%%step b
k.add(2)
---
%%step c
print(data, k.data)
""",
    files={
        "redmod5.py": "class Keeper:\n    def __init__(self, d): self.data = d\n    def add(self, x): self.data.append(x)\n"
    },
)
add(
    "local-module-class-level-cache",
    """
from redmod6 import Model
---
%%step a
m = Model(); m.warm(3)
---
%%step b
print(m.size(), Model().size())
""",
    "either",
    files={
        "redmod6.py": "class Model:\n    cache = {}\n    def warm(self, n): self.cache['n'] = n\n    def size(self): return self.cache.get('n', 0)\n"
    },
)
add(
    "local-module-writes-file",
    """
from redmod7 import save
---
%%step a
save("out.txt", "hello")
---
%%step b
print(open("out.txt").read())
""",
    "either",
    files={"redmod7.py": "def save(p, t):\n    with open(p, 'w') as f:\n        f.write(t)\n"},
)
add(
    "local-module-draws",
    """
import random
from redmod8 import roll
random.seed(2)
---
%%step a
x = roll()
---
%%step b
print(x, random.random())
""",
    files={"redmod8.py": "import random\ndef roll():\n    return random.random()\n"},
)
add(
    "local-module-reads-environment",
    """
import os
from redmod9 import mode
---
%%step a
os.environ["RED9"] = "on"
---
%%step b
print(mode())
""",
    "either",
    files={"redmod9.py": "import os\ndef mode():\n    return os.environ.get('RED9', 'off')\n"},
)

# -- files ---------------------------------------------------------------------------------------------

add(
    "jsonl-appended-in-loop",
    """
import json
---
%%step a
for i in range(2):
    with open("log.jsonl", "a") as f: f.write(json.dumps({"i": i}) + "\\n")
---
%%step b
with open("log.jsonl", "a") as f: f.write("{}\\n")
---
%%step c
print([json.loads(l) for l in open("log.jsonl")])
""",
)
add(
    "path-object-open-and-glob",
    """
from pathlib import Path
OUT = Path("out")
---
%%step a
OUT.mkdir(exist_ok=True)
for n in "ab": (OUT / f"{n}.txt").write_text(n)
---
%%step b
print(sorted(p.read_text() for p in OUT.glob("*.txt")))
""",
)
add(
    "path-parameter-join",
    """
%%parameters
folder = "res"
---
from pathlib import Path
---
%%step a
p = Path(folder); p.mkdir(exist_ok=True); (p / "x.txt").write_text("1")
---
%%step b
print((Path(folder) / "x.txt").read_text())
""",
    "either",
    parameters={"folder": "other"},
)
add(
    "joblib-dump-load",
    """
import joblib
---
%%step a
joblib.dump({"a": [1]}, "m.joblib")
---
%%step b
print(joblib.load("m.joblib"))
""",
)
add(
    "file-name-from-step",
    """
%%step a
name = "n" + str(len("ab")) + ".txt"
with open(name, "w") as f: f.write("hi")
---
%%step b
with open(name) as f: print(f.read())
""",
)
add(
    "file-name-in-dict-and-helper",
    """
PATHS = {"out": "o.csv"}
def save(text): 
    with open(PATHS["out"], "w") as f: f.write(text)
def load(): return open(PATHS["out"]).read()
---
%%step a
save("x")
---
%%step b
print(load())
""",
)
add(
    "write-then-overwrite-reader-between",
    """
%%step a
open("s.txt", "w").write("1")
---
%%step b
x = open("s.txt").read()
---
%%step c
open("s.txt", "w").write("2")
---
%%step d
print(x, open("s.txt").read())
""",
    "either",
)
add(
    "rename-and-copy-chain",
    """
import os, shutil
---
%%step a
open("a.txt", "w").write("1")
---
%%step b
shutil.copy("a.txt", "b.txt"); os.rename("b.txt", "c.txt")
---
%%step c
print(open("c.txt").read(), os.path.exists("b.txt"))
""",
    "either",
)
add(
    "zip-archive",
    """
import zipfile
---
%%step a
with zipfile.ZipFile("z.zip", "w") as z: z.writestr("x.txt", "hey")
---
%%step b
with zipfile.ZipFile("z.zip") as z: print(z.read("x.txt"))
""",
)
add(
    "sqlite-file-two-steps",
    """
import sqlite3
---
%%step a
con = sqlite3.connect("d.db"); con.execute("create table t(x)"); con.execute("insert into t values (1)"); con.commit(); con.close()
---
%%step b
con = sqlite3.connect("d.db"); con.execute("insert into t values (2)"); con.commit(); con.close()
---
%%step c
con = sqlite3.connect("d.db"); print(con.execute("select x from t").fetchall()); con.close()
""",
    "either",
)
add(
    "to-csv-in-loop-and-concat",
    """
import pandas as pd
---
%%step a
for i in range(2): pd.DataFrame({"v": [i]}).to_csv(f"part_{i}.csv", index=False)
---
%%step b
print(pd.concat([pd.read_csv(f"part_{i}.csv") for i in range(2)]).v.tolist())
""",
)
add(
    "np-memmap-file",
    """
import numpy as np
---
%%step a
m = np.memmap("m.dat", dtype="f8", mode="w+", shape=(3,)); m[:] = 1; m.flush(); del m
---
%%step b
r = np.memmap("m.dat", dtype="f8", mode="r"); print(r.sum())
""",
    "either",
)
add(
    "excel-writer-or-json",
    """
import pandas as pd
---
%%step a
df = pd.DataFrame({"v": [1, 2]})
df.to_json("f.json"); df.to_pickle("f.pkl"); df.to_html("f.html")
---
%%step b
print(pd.read_json("f.json").v.tolist(), pd.read_pickle("f.pkl").equals(df), len(open("f.html").read()) > 5)
""",
)
add(
    "config-written-with-configparser",
    """
import configparser
---
%%step a
c = configparser.ConfigParser(); c["s"] = {"k": "v"}
with open("c.ini", "w") as f: c.write(f)
---
%%step b
d = configparser.ConfigParser(); d.read("c.ini"); print(d["s"]["k"])
""",
    "either",
)
add(
    "handle-kept-open-across-statements",
    """
%%step a
f = open("h.txt", "w")
print("line", file=f)
f.writelines(["b\\n"])
f.close()
---
%%step b
print(open("h.txt").read().split())
""",
)
add(
    "handle-across-steps",
    """
%%step a
f = open("h2.txt", "w"); f.write("a")
---
%%step b
f.write("b"); f.close()
---
%%step c
print(open("h2.txt").read())
""",
    "either",
)
add(
    "savefig-then-exists",
    """
import matplotlib.pyplot as plt, os
---
%%step a
plt.plot([1, 2]); plt.savefig("p.png"); plt.close()
---
%%step b
print(os.path.exists("p.png"))
""",
)
add(
    "input-file-shipped-modified-by-step",
    """
%%step a
t = open("in.txt").read()
---
%%step b
open("in.txt", "a").write("more")
---
%%step c
print(t, open("in.txt").read())
""",
    "either",
    files={"in.txt": "base"},
)
add(
    "file-deleted-by-later-step",
    """
import os
---
%%step a
open("tmp.txt", "w").write("x")
---
%%step b
t = open("tmp.txt").read()
---
%%step c
os.remove("tmp.txt")
---
%%step d
print(t, os.path.exists("tmp.txt"))
""",
    "either",
)
add(
    "two-independent-files-stay-apart",
    """
%%step a
open("one.txt", "w").write("1")
---
%%step b
open("two.txt", "w").write("2")
---
%%step c
print(open("one.txt").read(), open("two.txt").read())
""",
)
add(
    "pathlib-rename-and-touch",
    """
from pathlib import Path
---
%%step a
Path("q1").touch(); Path("q1").rename("q2")
---
%%step b
print(Path("q1").exists(), Path("q2").exists())
---
%%step c
Path("q2").unlink()
---
%%step d
print(Path("q2").exists())
""",
    "either",
)
add(
    "shutil-rmtree-tree",
    """
import os, shutil
---
%%step a
os.makedirs("t/u", exist_ok=True); open("t/u/f", "w").close()
---
%%step b
n = sum(len(f) for _, _, f in os.walk("t"))
---
%%step c
shutil.rmtree("t"); print(n, os.path.isdir("t"))
---
%%step d
print(os.path.exists("t/u/f"))
""",
    "either",
)

# -- magics --------------------------------------------------------------------------------------------

add(
    "time-cell-with-print-and-value",
    """
%%step a
%%time
x = sum(range(10))
---
%%step b
print(x)
""",
)
add(
    "capture-then-show",
    """
%%step a
%%capture cap
print("hidden")
y = 3
---
%%step b
print(y, cap.stdout)
""",
    "either",
)
add(
    "shell-assign-split",
    """
%%step a
lines = !printf 'a\\nb\\n'
---
%%step b
print(len(lines), lines[0])
""",
    "either",
)
add(
    "shell-with-python-var-and-file",
    """
%%step a
name = "sh.txt"
!echo {name} > {name}
---
%%step b
!cat $name
print(open(name).read().strip())
""",
    "either",
)
add(
    "writefile-read-by-python",
    """
%%step a
%%writefile cfg.json
{"k": 1}
---
%%step b
import json
print(json.load(open("cfg.json")))
""",
    "either",
)
add(
    "writefile-untagged",
    """
%%writefile cfg2.json
{"k": 1}
---
%%step b
import json
print(json.load(open("cfg2.json")))
""",
    "either",
)
add(
    "timeit-cell-and-line-output",
    """
%%step a
xs = [1]
t = %timeit -n1 -r1 -o -q sum(xs)
---
%%step b
print(xs, t.loops)
""",
    "either",
)
add(
    "timeit-mutates",
    """
%%step a
xs = []
---
%%step b
%timeit -n2 -r1 -q xs.append(1)
---
%%step c
print(len(xs))
""",
    "either",
)
add(
    "time-line-with-assignment",
    """
%%step a
%time z = [1, 2]
---
%%step b
%time z.append(3)
---
%%step c
print(z)
""",
)
add(
    "env-and-cd-magics",
    """
%%step a
%env RED_E=5
---
%%step b
import os
print(os.environ.get("RED_E"))
""",
    "either",
)
add(
    "system-cell-bash",
    """
%%step a
%%bash
echo hi > b.txt
---
%%step b
print(open("b.txt").read())
""",
    "either",
)
add(
    "magic-in-if-and-function",
    """
def show(x):
    %time y = x + 1
    return y
---
%%step a
if True:
    %time q = show(1)
---
%%step b
print(q)
""",
)
add(
    "store-and-reset-magics",
    """
%%step a
x = 1
%reset -f
---
%%step b
y = 2
print(y)
""",
    "either",
)
add(
    "who-and-whos",
    """
%%step a
alpha = 1
---
%%step b
names = %who_ls
print("alpha" in names)
""",
    "either",
)
add(
    "run-line-magic-by-function",
    """
%%step a
get_ipython().run_line_magic("time", "v = 3")
---
%%step b
print(v)
""",
    "either",
)
add(
    "user-ns-access",
    """
%%step a
get_ipython().user_ns["made"] = 3
---
%%step b
print(made)
""",
    "either",
)
add(
    "get-ipython-system-and-getoutput",
    """
%%step a
out = get_ipython().getoutput("echo z")
get_ipython().system("echo y > y.txt")
---
%%step b
print(list(out), open("y.txt").read())
""",
    "either",
)
add(
    "user-defined-magic",
    """
from IPython.core.magic import register_line_magic
@register_line_magic
def double(line): return int(line) * 2
---
%%step a
x = %double 4
---
%%step b
print(x)
""",
    "either",
)
add(
    "display-handle-update",
    """
from IPython.display import display
---
%%step a
h = display("x", display_id=True)
---
%%step b
print(h is not None)
""",
    "either",
)
add(
    "pdb-and-matplotlib-line",
    """
%matplotlib inline
%config InlineBackend.figure_format = "png"
---
%%step a
import matplotlib.pyplot as plt
plt.plot([1, 2])
None
---
%%step b
print(1)
""",
)
add(
    "question-mark-and-semicolon",
    """
%%step a
x = [1];
x?
---
%%step b
x.append(2);
x
""",
    "either",
)
add(
    "last-expression-mutates",
    """
%%step a
x = [3]
---
%%step b
x.pop()
---
%%step c
x
""",
)
add(
    "cell-ends-with-frame-display",
    """
import pandas as pd
---
%%step a
df = pd.DataFrame({"a": [1]})
df
---
%%step b
df["b"] = 2
df
""",
)
add(
    "prun-and-memit-line",
    """
%%step a
xs = []
---
%%step b
%prun -q -T prun.txt xs.append(1)
---
%%step c
print(xs)
""",
    "either",
)
add(
    "python-subshell-cell",
    """
%%step a
%%script bash --out got
echo 5
---
%%step b
print(got)
""",
    "either",
)
add(
    "percent-alias-and-sx",
    """
%%step a
v = %sx echo a b
---
%%step b
print(v[0])
""",
    "either",
)
add(
    "html-and-latex-cells",
    """
%%step a
%%html
<b>x</b>
---
%%step b
print(2)
""",
)
add(
    "load-then-line",
    """
%%step a
%run helper_red.py
---
%%step b
print(from_script)
""",
    "either",
    files={"helper_red.py": "from_script = 4\n"},
)
add(
    "run-with-namespace",
    """
cfg = [1]
---
%%step a
%run -i helper_red2.py
---
%%step b
print(cfg)
""",
    "either",
    files={"helper_red2.py": "cfg.append(2)\n"},
)

# -- untagged cells ------------------------------------------------------------------------------------

add(
    "untagged-redefines-after-use",
    """
limit = 1
---
%%step a
x = [limit]
---
limit = 2
---
%%step b
x.append(limit); print(x)
""",
)
add(
    "untagged-derived-chain",
    """
a0 = 2
b0 = a0 * 3
names = [f"c{i}" for i in range(b0)]
---
%%step a
print(names[-1])
---
%%step b
names.append("z"); print(len(names))
""",
)
add(
    "untagged-loop-builds-constant",
    """
table = {}
for i in range(3):
    table[i] = i * i
---
%%step a
table[9] = 81
---
%%step b
print(table)
""",
)
add(
    "untagged-plot-between-draws-nothing",
    """
import matplotlib.pyplot as plt
---
%%step a
xs = [1, 2, 3]
---
plt.plot(xs)
plt.title("look")
None
---
%%step b
xs.append(4); print(xs)
""",
)
add(
    "untagged-mutation-at-end",
    """
%%step a
xs = [1]
---
%%step b
print(xs)
---
xs.append(99)
""",
    "either",
)
add(
    "untagged-sort-of-step-data",
    """
%%step a
xs = [2, 1]
---
xs.sort()
---
%%step b
print(xs)
""",
    "refused",
)
add(
    "untagged-frame-column-in-between",
    """
import pandas as pd
---
%%step a
df = pd.DataFrame({"v": [1, 2]})
---
df["w"] = df["v"] * 2
---
%%step b
print(list(df.columns))
""",
    "refused",
)
add(
    "untagged-head-describe-info",
    """
import pandas as pd
---
%%step a
df = pd.DataFrame({"v": [1, 2]})
---
df.head()
df.describe()
df.info()
df["v"].value_counts().plot()
---
%%step b
print(df.shape)
""",
)
add(
    "untagged-assert-and-print-of-model",
    """
%%step a
m = {"score": 0.9}
---
assert m["score"] > 0.5, m
print(f"{m['score']:.2f}")
for k, v in m.items(): print(k, v)
---
%%step b
m["score"] = 1; print(m)
""",
)
add(
    "untagged-iterator-peek",
    """
%%step a
it = iter([1, 2, 3])
---
next(it)
---
%%step b
print(list(it))
""",
    "refused",
)
add(
    "untagged-defaultdict-look",
    """
from collections import defaultdict
---
%%step a
d = defaultdict(int); d["x"] = 1
---
d["y"]
---
%%step b
print(dict(d))
""",
    "refused",
)
add(
    "untagged-memo-helper-look",
    """
memo = {}
def sq(n):
    if n not in memo: memo[n] = n * n
    return memo[n]
---
%%step a
v = sq(2)
---
print(sq(3))
---
%%step b
print(memo)
""",
    "either",
)
add(
    "untagged-loop-variable-clobbers",
    """
i = 5
---
%%step a
x = i
---
for i in range(3): pass
---
%%step b
print(x, i)
""",
)
add(
    "untagged-clobbers-step-name",
    """
%%step a
res = [1, 2]
---
for r in res: res_sum = r
res = None
---
%%step b
print(res)
""",
    "either",
)
add(
    "untagged-comprehension-does-not-clobber",
    """
%%step a
x = [1]
---
[x for x in range(3)]
---
%%step b
print(x)
""",
)
add(
    "untagged-del-then-reimport",
    """
import math
---
%%step a
v = math.pi
---
del math
---
import math
---
%%step b
print(math.floor(v))
""",
    "either",
)
add(
    "untagged-seed-between",
    """
import random
random.seed(1)
---
%%step a
x = random.random()
---
random.seed(5)
---
%%step b
print(x, random.random())
""",
    "either",
)
add(
    "untagged-draw-before-steps",
    """
import random
random.seed(1)
random.random()
---
%%step a
print(random.random())
---
%%step b
print(random.random())
""",
)
add(
    "untagged-draw-of-rng-object",
    """
import numpy as np
---
%%step a
rng = np.random.default_rng(0)
---
rng.normal()
---
%%step b
print(rng.normal())
""",
    "refused",
)
add(
    "untagged-data-computed-once",
    """
import time
stamp = time.time()
---
%%step a
x = stamp
---
%%step b
print(x == stamp)
""",
    observe=(),
)
add(
    "untagged-object-identity",
    """
SENTINEL = object()
def get(d, k, default=SENTINEL): return d.get(k, default)
---
%%step a
x = get({}, "a") is SENTINEL
---
%%step b
print(x, get({}, "a") is SENTINEL)
""",
    "either",
)
add(
    "untagged-class-instance-shared",
    """
class Cfg:
    def __init__(self): self.seen = []
cfg = Cfg()
---
%%step a
cfg.seen.append("a")
---
%%step b
cfg.seen.append("b")
---
%%step c
print(cfg.seen)
""",
)
add(
    "untagged-namedtuple-with-list",
    """
from collections import namedtuple
P = namedtuple("P", "name rows")
p = P("x", [])
---
%%step a
p.rows.append(1)
---
%%step b
print(p, p._replace(name="y"))
""",
)
add(
    "untagged-tuple-of-lists",
    """
pair = ([], [])
left, right = pair
---
%%step a
left.append(1)
---
%%step b
print(pair, right)
""",
)
add(
    "untagged-lambda-over-later-step-value",
    """
f = lambda v: v * rate
---
%%step a
rate = 2
---
%%step b
print(f(3))
---
%%step c
rate = 5
---
%%step d
print(f(3))
""",
)
add(
    "untagged-helper-needs-step-model",
    """
def predict(v): return [model["w"] * x for x in v]
---
%%step fit
model = {"w": 2}
---
%%step use
print(predict([1, 2]))
---
%%step refit
model["w"] = 3
---
%%step again
print(predict([1, 2]))
""",
)
add(
    "scratch-tag-hides-mutation",
    """
%%step a
xs = [1]
---
%%scratch
print(len(xs))
---
%%step b
xs.append(2); print(xs)
""",
)
add(
    "untagged-after-last-step-uses-everything",
    """
%%step a
x = [1]
---
y = x + [2]
print(y)
---
z = [v for v in y]
""",
)
add(
    "untagged-try-import-flag",
    """
try:
    import numpy as np
    HAVE = True
except ImportError:
    HAVE = False
---
%%step a
print(np.zeros(1).tolist() if HAVE else [])
---
%%step b
print(HAVE)
""",
)
add(
    "untagged-if-selects-function",
    """
FAST = False
if FAST:
    def run(x): return "fast"
else:
    def run(x): return "slow" + str(x)
---
%%step a
print(run(1))
---
%%step b
print(run(2), FAST)
""",
)
add(
    "untagged-partial-of-helper",
    """
from functools import partial
def scale(x, k): return x * k
double = partial(scale, k=2)
---
%%step a
v = double(3)
---
%%step b
print(v, double(4))
""",
)
add(
    "untagged-open-file-constant",
    """
cfg = open("c.txt").read().split()
---
%%step a
cfg.append("x")
---
%%step b
print(cfg)
""",
    files={"c.txt": "a b"},
)
add(
    "untagged-with-block",
    """
with open("c2.txt") as f:
    rows = [line.strip() for line in f]
---
%%step a
rows.append("x")
---
%%step b
print(rows)
""",
    files={"c2.txt": "a\nb\n"},
)

# -- parameters ----------------------------------------------------------------------------------------

add(
    "parameter-dict-mutated-by-helper",
    """
%%parameters
cfg = {"lr": 0.1}
---
def tune(c): c["lr"] *= 2; return c
---
%%step a
t = tune(cfg)
---
%%step b
print(cfg, t is cfg)
""",
    parameters={"cfg": {"lr": 0.5}},
)
add(
    "parameter-list-aliased-untagged",
    """
%%parameters
cols = ["a"]
---
use = cols
---
%%step a
use.append("b")
---
%%step b
print(cols, use)
""",
    parameters={"cols": ["z"]},
)
add(
    "parameter-selects-branch",
    """
%%parameters
kind = "x"
---
%%step a
if kind == "x":
    r = 1
elif kind == "y":
    r = 2
    extra = 5
---
%%step b
print(r, kind)
""",
    parameters={"kind": "y"},
)
add(
    "parameter-type-changes",
    """
%%parameters
value: float = 1
flag = True
nothing = None
---
%%step a
print(type(value).__name__, flag, nothing, value)
---
%%step b
print(value * 2)
""",
    parameters={"value": 3.0},
)
add(
    "parameter-unicode-and-quotes",
    """
%%parameters
text = "a"
---
%%step a
print(text)
""",
    parameters={"text": 'it\'s "é" {x} %s'},
)
add(
    "parameter-rebound-by-step-and-restored",
    """
%%parameters
n = 1
---
%%step a
old = n
n = n + 10
---
%%step b
print(n, old)
""",
    parameters={"n": 5},
)
add(
    "parameter-derived-in-parameters-cell",
    """
%%parameters
n = 2
half = n / 2
---
%%step a
print(half)
---
%%step b
print(n, half)
""",
    "either",
    parameters={"n": 8},
)
add(
    "parameter-in-function-default-and-closure",
    """
%%parameters
k = 2
---
def f(x, kk=k): return x * kk + k
---
%%step a
print(f(1))
---
%%step b
k = 100
---
%%step c
print(f(1))
""",
    parameters={"k": 3},
)
add(
    "parameter-shadowed-in-helper",
    """
%%parameters
k = 2
---
def f(k): k += 1; return k
g = [k for k in range(3)]
---
%%step a
print(f(10), k, g)
""",
    parameters={"k": 3},
)
add(
    "parameter-as-column-name-and-query",
    """
%%parameters
col = "v"
low = 1
---
import pandas as pd
---
%%step a
df = pd.DataFrame({"v": [1, 2], "w": [3, 0]})
---
%%step b
print(df.query(f"{col} > @low")[col].tolist(), df[df[col] > low].shape)
""",
    "either",
    parameters={"col": "w", "low": 2},
)
add(
    "parameter-nested-mutated-deep",
    """
%%parameters
spec = {"a": [1, {"b": [2]}]}
---
%%step a
spec["a"][1]["b"].append(3)
inner = spec["a"]
---
%%step b
inner.append("i"); print(spec)
""",
    parameters={"spec": {"a": [9, {"b": []}]}},
)

# -- options -------------------------------------------------------------------------------------------

add(
    "after-without-data",
    """
log = []
---
%%step a
x = 1
---
%%step b --after a
y = 2
---
%%step c --after b
print(x + y)
""",
)
add(
    "outputs-limits",
    """
%%step a --outputs x
x = [1]; big = [0] * 10
---
%%step b
print(x)
""",
)
add(
    "inputs-limits-but-needed",
    """
%%step a
x = 1; y = 2
---
%%step b --inputs x
print(x)
""",
)
add(
    "interleaved-two-steps",
    """
%%step a
x = [1]
---
%%step b
y = 5
---
%%step a
x.append(2)
---
%%step b
print(y)
---
%%step c
print(x, y)
""",
)
add(
    "many-cells-with-untagged-between",
    """
%%step a
x = [1]
---
n = 3
---
%%step a
x.append(n)
---
%%step b
print(x)
""",
)

# -- plots ---------------------------------------------------------------------------------------------

add(
    "figure-drawn-in-two-steps",
    """
import matplotlib.pyplot as plt
---
%%step a
fig, ax = plt.subplots()
ax.plot([1, 2])
plt.close(fig)
---
%%step b
ax.plot([3, 4]); ax.set_title("t")
---
%%step c
print(len(fig.axes[0].lines), ax.get_title())
""",
    "either",
)
add(
    "current-figure-across-steps",
    """
import matplotlib.pyplot as plt
plt.ioff()
---
%%step a
fig = plt.figure()
---
%%step b
print(len(plt.get_fignums()))
""",
    "either",
)
add(
    "axes-array-flatten",
    """
import matplotlib.pyplot as plt
---
%%step a
fig, axes = plt.subplots(1, 2)
for i, ax in enumerate(axes.flat): ax.set_xlabel(str(i))
plt.close(fig)
---
%%step b
print([a.get_xlabel() for a in fig.axes])
""",
    "either",
)
add(
    "plot-helper-with-ax-none",
    """
import matplotlib.pyplot as plt
def draw(v, ax=None):
    if ax is None: _, ax = plt.subplots()
    ax.plot(v); return ax
---
%%step a
ax = draw([1, 2]); n = len(ax.lines); plt.close("all")
del ax
---
%%step b
print(n)
""",
)
add(
    "pandas-plot-returns-axes",
    """
import pandas as pd, matplotlib.pyplot as plt
---
%%step a
df = pd.DataFrame({"v": [1, 2]})
---
%%step b
ax = df.plot(); t = ax.get_legend_handles_labels()[1]; plt.close("all"); del ax
---
%%step c
print(t, df.v.sum())
""",
)
