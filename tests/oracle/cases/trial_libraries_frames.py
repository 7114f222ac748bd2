"""Trial notebooks as data scientists write them: pandas, numpy, scikit-learn."""

from __future__ import annotations

from oracle.case import Category

trial_frames = Category("trial-frames")
add = trial_frames.add

add(
    "groupby-kept-mutated-after",
    """
import pandas as pd
---
%%step load
df = pd.DataFrame({"g": list("aab"), "v": [1, 2, 3]})
gb = df.groupby("g")
---
%%step change
df["w"] = df["v"] * 2
---
%%step use
print(gb.sum(numeric_only=True))
""",
)
add(
    "chunks",
    """
import pandas as pd
---
%%step open
chunks = pd.read_csv("d.csv", chunksize=2)
---
%%step first
head = next(chunks)
---
%%step rest
total = sum(c["a"].sum() for c in chunks)
print(head, total)
""",
    "refused",
    files={
        "d.csv": "a\n1\n2\n3\n4\n5\n",
    },
)
add(
    "inplace-everything",
    """
import pandas as pd
import numpy as np
---
%%step load
df = pd.DataFrame({"id": [3, 1, 2, 2], "x": [1.0, np.nan, 5.0, 5.0], "drop me": 0})
---
%%step clean
df.drop(columns=["drop me"], inplace=True)
df.drop_duplicates(inplace=True)
df.dropna(subset=["x"], inplace=True)
df.sort_values("id", inplace=True)
df.set_index("id", inplace=True)
df.rename(columns={"x": "y"}, inplace=True)
df.reset_index(inplace=True)
df.replace({5.0: 6.0}, inplace=True)
---
%%step show
print(df.to_dict("list"))
""",
)
add(
    "pop-insert-del",
    """
import pandas as pd
---
%%step load
df = pd.read_csv("d.csv")
---
%%step target
y = df.pop("label")
df.insert(0, "bias", 1)
del df["junk"]
---
%%step fit
print(df.columns.tolist(), y.mean(), (df["a"] * y).sum())
""",
    files={
        "d.csv": "a,junk,label\n1,2,0\n3,4,1\n",
    },
)
add(
    "pipe",
    """
import pandas as pd
---
def add_ratio(df, num, den):
    df = df.copy()
    df["ratio"] = df[num] / df[den]
    return df

def clip(df, lo=0, hi=1):
    df["ratio"] = df["ratio"].clip(lo, hi)
    return df
---
%%step load
df = pd.DataFrame({"a": [1, 2, 3], "b": [2, 2, 2]})
---
%%step feat
feat = df.pipe(add_ratio, "a", "b").pipe(clip)
---
%%step show
print(df.columns.tolist(), feat)
""",
)
add(
    "list-of-frames-enumerate",
    """
import pandas as pd
---
%%step load
train = pd.DataFrame({"a": [1, 2]})
test = pd.DataFrame({"a": [3]})
---
%%step feat
for df in [train, test]:
    df["b"] = df["a"] + 1
---
%%step show
print(train, test)
""",
)
add(
    "options-attr-in-step",
    """
%%step load
import pandas as pd
pd.options.display.float_format = "{:.1f}".format
df = pd.DataFrame({"a": [1.234, 2.0]})
---
%%step show
print(df)
""",
)
add(
    "both-seeds",
    """
import numpy as np, random, os
SEED = 7
def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
seed_everything(SEED)
---
%%step a
a = np.random.rand(2)
---
%%step b
b = random.random()
---
%%step c
print(a, b, np.random.rand())
""",
)
add(
    "resize",
    """
import numpy as np
---
%%step a
a = np.arange(3)
---
%%step b
a.resize(5, refcheck=False)
---
%%step c
a.resize((2, 2), refcheck=False)
---
%%step d
print(a)
""",
)
add(
    "scipy-stats",
    """
import numpy as np
from scipy import stats
---
%%step a
np.random.seed(0)
a = stats.norm.rvs(size=5)
---
%%step b
b = stats.norm.rvs(loc=1, size=5)
---
%%step t
print(stats.ttest_ind(a, b))
""",
)
add(
    "memoryview",
    """
%%step a
buf = bytearray(b"hello")
mv = memoryview(buf)
---
%%step b
mv[0] = ord("J")
---
%%step c
print(buf)
""",
    "refused",
)
add(
    "npz-handle",
    """
import numpy as np
---
%%step a
np.savez("all.npz", a=np.arange(3))
---
%%step b
z = np.load("all.npz")
---
%%step c
print(z["a"])
""",
    "refused",
)
add(
    "numpy-view-into-frame",
    """
import numpy as np, pandas as pd
---
%%step a
arr = np.zeros((2, 2))
df = pd.DataFrame(arr, columns=["x", "y"])
---
%%step b
df.loc[0, "x"] = 5
---
%%step c
print(arr, df)
""",
)
add(
    "put-out-copyto",
    """
import numpy as np
---
%%step a
a = np.zeros(4)
b = np.ones(4)
---
%%step b
np.put(a, [0, 2], [5, 6])
np.add(a, b, out=b)
np.copyto(a, b)
np.multiply(a, 2, a)
---
%%step c
print(a, b)
""",
)
add(
    "masked",
    """
import numpy as np
---
%%step a
m = np.ma.masked_less(np.arange(5), 2)
---
%%step b
m.mask[0] = False
m[1] = 7
---
%%step c
print(m, m.mean())
""",
)
add(
    "structured",
    """
import numpy as np
---
%%step a
r = np.zeros(2, dtype=[("x", "i4"), ("y", "f8")])
---
%%step b
r["x"] = [1, 2]
r[0]["y"] = 3.5
col = r["y"]
---
%%step c
print(r, col)
""",
)
add(
    "sparse-data",
    """
from scipy.sparse import csr_matrix
import numpy as np
---
%%step a
C = csr_matrix(np.eye(3))
---
%%step b
C.data[:] = 2
C.eliminate_zeros()
---
%%step c
print(C.sum())
""",
)
add(
    "opt-callback",
    """
import numpy as np
from scipy.optimize import minimize
---
%%step a
trace = []
x0 = np.array([1.0, 1.0])
---
%%step fit
res = minimize(lambda p: (p ** 2).sum(), x0, callback=lambda xk: trace.append(xk.copy()))
---
%%step show
print(len(trace) > 0, res.success, x0)
""",
)
add(
    "frame-in-dict-alias",
    """
import pandas as pd
---
%%step a
df = pd.DataFrame({"v": [1]})
store = {"df": df}
---
%%step b
store["df"]["w"] = 2
---
%%step c
print(df.columns.tolist())
""",
)
add(
    "rng-in-class",
    """
import numpy as np
class Sim:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
    def draw(self, n):
        return self.rng.normal(size=n)
---
%%step a
sim = Sim(0)
---
%%step b
x = sim.draw(2)
---
%%step c
print(x, sim.draw(2))
""",
)
add(
    "spawn-rngs",
    """
import numpy as np
---
%%step a
ss = np.random.SeedSequence(1)
rngs = [np.random.default_rng(s) for s in ss.spawn(2)]
---
%%step b
x = rngs[0].random()
---
%%step c
y = rngs[1].random()
---
%%step d
print(x, y, rngs[0].random())
""",
)
add(
    "partial-fit",
    """
import numpy as np
from sklearn.linear_model import SGDClassifier
---
%%step data
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2)); y = (X[:, 0] > 0).astype(int)
clf = SGDClassifier(random_state=0)
---
%%step first
clf.partial_fit(X[:20], y[:20], classes=[0, 1])
---
%%step second
clf.partial_fit(X[20:], y[20:])
---
%%step show
print(clf.coef_, clf.score(X, y))
""",
)
add(
    "warm-start",
    """
import numpy as np
from sklearn.ensemble import RandomForestClassifier
---
%%step data
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2)); y = (X[:, 0] > 0).astype(int)
---
%%step first
rf = RandomForestClassifier(n_estimators=3, warm_start=True, random_state=0).fit(X, y)
---
%%step second
rf.n_estimators += 2
rf.fit(X, y)
---
%%step show
print(len(rf.estimators_), rf.score(X, y))
""",
)
add(
    "set-params",
    """
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import Ridge
---
%%step data
X = np.arange(12.0).reshape(6, 2); y = X.sum(axis=1)
pipe = make_pipeline(StandardScaler(), Ridge())
---
%%step tune
pipe.set_params(ridge__alpha=5)
---
%%step fit
pipe.fit(X, y)
---
%%step show
print(pipe.get_params()["ridge__alpha"], pipe.score(X, y))
""",
)
add(
    "custom-transformer",
    """
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import LinearRegression
---
class AddSquare(BaseEstimator, TransformerMixin):
    def __init__(self, scale=1.0):
        self.scale = scale
    def fit(self, X, y=None):
        self.mean_ = X.mean()
        return self
    def transform(self, X):
        return np.hstack([X, (X - self.mean_) ** 2 * self.scale])
---
%%step data
X = np.arange(6.0).reshape(-1, 1); y = (X ** 2).ravel()
---
%%step fit
p = make_pipeline(AddSquare(), LinearRegression()).fit(X, y)
---
%%step show
print(p.predict([[10.0]]).round(3), p[0].mean_)
""",
)
add(
    "kmeans-seeded",
    """
import numpy as np
from sklearn.cluster import KMeans
np.random.seed(0)
---
%%step data
X = np.random.rand(30, 2)
---
%%step fit
km = KMeans(3, n_init=2).fit(X)
---
%%step show
print(km.inertia_, np.random.rand())
""",
)
add(
    "mlp-seed-by-instance",
    """
import numpy as np
from sklearn.neural_network import MLPRegressor
from sklearn.ensemble import RandomForestRegressor
---
%%step data
rs = np.random.RandomState(0)
X = rs.rand(20, 2); y = X.sum(axis=1)
---
%%step rf
rf = RandomForestRegressor(n_estimators=2, random_state=rs).fit(X, y)
---
%%step show
print(rf.predict(X[:2]), rs.rand())
""",
)
add(
    "oof-train",
    """
import numpy as np, pandas as pd
from sklearn.model_selection import StratifiedKFold
from sklearn.linear_model import LogisticRegression
class CFG:
    n_splits = 2
    seed = 1
---
%%step data
rng = np.random.default_rng(CFG.seed)
train = pd.DataFrame(rng.normal(size=(20, 2)), columns=["a", "b"])
train["y"] = (train["a"] > 0).astype(int)
train["fold"] = -1
---
%%step folds
skf = StratifiedKFold(n_splits=CFG.n_splits, shuffle=True, random_state=CFG.seed)
for f, (_, va) in enumerate(skf.split(train, train["y"])):
    train.loc[va, "fold"] = f
---
def train_one(fold, df):
    tr = df[df.fold != fold]; va = df[df.fold == fold]
    m = LogisticRegression().fit(tr[["a", "b"]], tr["y"])
    return m, pd.Series(m.predict_proba(va[["a", "b"]])[:, 1], index=va.index)
---
%%step train
oof = pd.Series(0.0, index=train.index)
models = []
for f in range(CFG.n_splits):
    m, p = train_one(f, train)
    oof.loc[p.index] = p
    models.append(m)
---
%%step score
print(((oof > 0.5) == train["y"]).mean(), len(models))
""",
)
add(
    "titanic",
    """
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
import warnings
warnings.filterwarnings("ignore")
SEED = 42
---
%%step load
train = pd.read_csv("train.csv")
test = pd.read_csv("test.csv")
---
train.head()
---
train.info()
---
%%step clean
combine = [train, test]
for dataset in combine:
    dataset["Age"] = dataset["Age"].fillna(train["Age"].median())
    dataset["Sex"] = dataset["Sex"].map({"female": 1, "male": 0}).astype(int)
---
%%step features
for dataset in combine:
    dataset["IsChild"] = (dataset["Age"] < 16).astype(int)
train.drop("Name", axis=1, inplace=True)
test = test.drop("Name", axis=1)
combine = [train, test]
---
%%step model
X = train.drop("Survived", axis=1); y = train["Survived"]
rf = RandomForestClassifier(n_estimators=5, random_state=SEED)
rf.fit(X, y)
pred = rf.predict(test)
---
%%step submit
sub = pd.DataFrame({"i": range(len(test)), "p": pred})
sub.to_csv("submission.csv", index=False)
print(sub)
""",
    files={
        "train.csv": "Name,Age,Sex,Survived\na,22,male,0\nb,,female,1\nc,8,male,1\nd,40,female,0\n",
        "test.csv": "Name,Age,Sex\ne,30,male\nf,,female\n",
    },
)
add(
    "two-models-parallel",
    """
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split
import pandas as pd
results = {}
---
%%step data
X, y = load_wine(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, random_state=0)
---
%%step scale
ss = StandardScaler().fit(Xtr)
Xtr_s, Xte_s = ss.transform(Xtr), ss.transform(Xte)
---
%%step lr
lr = LogisticRegression(max_iter=200).fit(Xtr_s, ytr)
results["lr"] = lr.score(Xte_s, yte)
---
%%step dt
dt = DecisionTreeClassifier(random_state=0).fit(Xtr, ytr)
results["dt"] = dt.score(Xte, yte)
---
%%step cmp
print(pd.Series(results).sort_values())
""",
)
add(
    "metrics-log",
    """
import pandas as pd
history = pd.DataFrame(columns=["model", "score"])
---
%%step m1
history.loc[len(history)] = ["a", 0.5]
---
%%step m2
history.loc[len(history)] = ["b", 0.7]
---
%%step show
print(history)
""",
)
