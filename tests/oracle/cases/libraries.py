"""pandas, numpy, scikit-learn and matplotlib as people use them."""

from __future__ import annotations

from oracle.case import Category

libraries = Category("library")
_DF = """
%%step load
import pandas as pd
df = pd.DataFrame({"a": [3, 1, 2, None], "b": list("xyzz"), "t": [0, 1, 0, 1]})
---
"""
libraries.add(
    "column-assigned",
    _DF
    + """
%%step b
df["c"] = df["a"] * 2
---
%%step c
print(df.to_csv())
""",
)
libraries.add(
    "inplace-drop-and-fill",
    _DF
    + """
%%step b
df.drop(columns="b", inplace=True)
df.fillna({"a": 0}, inplace=True)
---
%%step c
print(df.to_csv())
""",
)
libraries.add(
    "inplace-keyword-by-variable",
    _DF
    + """
%%step b
now = True
df.sort_values("a", inplace=now)
---
%%step c
print(df.to_csv())
""",
)
libraries.add(
    "loc-and-iloc-store",
    _DF
    + """
%%step b
df.loc[df["t"] == 1, "a"] = -1
df.iloc[0, 0] = 99
df.at[2, "b"] = "Q"
---
%%step c
print(df.to_csv())
""",
)
libraries.add(
    "del-pop-insert",
    _DF
    + """
%%step b
t = df.pop("t")
del df["b"]
df.insert(0, "z", 1)
---
%%step c
print(df.to_csv(), t.tolist())
""",
)
libraries.add(
    "column-names-set",
    _DF
    + """
%%step b
df.columns = ["A", "B", "T"]
df.index.name = "row"
---
%%step c
print(df.to_csv())
""",
)
libraries.add(
    "copy-on-write-slice",
    _DF
    + """
%%step b
part = df[df["t"] == 1]
part = part.assign(a=0)
---
%%step c
print(df.to_csv(), part.to_csv())
""",
)
libraries.add(
    "query-with-at",
    _DF
    + """
%%step b
limit = 1
---
%%step c
print(df.query("a > @limit").to_csv())
""",
    why="the string names a variable",
)
libraries.add(
    "tables-in-sql",
    """
import duckdb
import pandas as pd
---
%%step load
people = pd.DataFrame({"id": [1, 2, 3], "town": ["x", "y", "x"]})
towns = pd.DataFrame({"town": ["x", "y"], "size": [10, 20]})
---
%%step join
def total(town):
    return duckdb.execute("select sum(size) from towns where town = ?", [town]).fetchone()[0]
joined = duckdb.sql("SELECT id, size FROM people p JOIN towns USING (town) ORDER BY id").df()
---
%%step grow
towns["size"] = towns["size"] + 1
print(total("x"), total("y"))
---
%%step connection
con = duckdb.connect()
print(con.sql("select count(*) from joined").fetchall(), con.execute("from people").fetchall())
con.close()
""",
    why="the query names variables, and no line of Python does",
)
libraries.add(
    "eval-with-at",
    _DF
    + """
%%step b
k = 10
out = df.eval("s = a + @k")
---
%%step c
print(out.to_csv())
""",
)
libraries.add(
    "apply-with-helper-global",
    _DF
    + """
names = {"x": 1, "y": 2, "z": 3}
def code(v): return names[v]
---
%%step b
df["code"] = df["b"].apply(code)
---
%%step c
print(df["code"].tolist())
""",
)
libraries.add(
    "groupby-agg",
    _DF
    + """
%%step b
means = df.groupby("t")["a"].mean()
---
%%step c
print(means.to_csv(), df.shape)
""",
)
libraries.add(
    "index-dtypes-and-attrs",
    """
%%step a
import pandas as pd, numpy as np
df = pd.DataFrame({"c": pd.Categorical(["u", "v"]), "d": pd.to_datetime(["2024-01-01", "2024-01-02"])},
                  index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", "n"]))
df.attrs["source"] = "made"
---
%%step b
print(df.dtypes.to_string(), df.index.names, df.attrs, df["c"].cat.categories.tolist())
""",
)
libraries.add(
    "series-name-and-order",
    """
%%step a
import pandas as pd
s = pd.Series([1, 2], name="n", index=["b", "a"])
---
%%step b
s.sort_index(inplace=True)
---
%%step c
print(s)
""",
)
libraries.add(
    "object-column-shares-list",
    """
%%step a
import pandas as pd
tags = [[1], [2]]
df = pd.DataFrame({"tags": tags})
---
%%step b
df["tags"][0].append("new")
---
%%step c
print(tags, df["tags"].tolist())
""",
    "either",
)
libraries.add(
    "sklearn-fit-mutates",
    """
%%step data
import numpy as np
from sklearn.linear_model import Ridge
X = np.arange(12.0).reshape(6, 2); y = X @ [1.0, -2.0] + 3
---
%%step make
model = Ridge(alpha=0.1)
---
%%step train
model.fit(X, y)
---
%%step use
print(model.predict(X).round(6), model.coef_.tolist())
""",
    why="fit changes the estimator that another step made",
)
libraries.add(
    "sklearn-pipeline",
    """
%%step data
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression
X = np.arange(20.0).reshape(10, 2); y = (np.arange(10) > 4).astype(int)
---
%%step train
clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
---
%%step score
print(clf.score(X, y), clf[-1].coef_.tolist(), clf)
""",
)
libraries.add(
    "sklearn-scaler-fit-transform",
    """
%%step data
import numpy as np
from sklearn.preprocessing import StandardScaler
scaler = StandardScaler()
X = np.array([[1.0, 2.0], [3.0, 5.0]])
---
%%step scale
Z = scaler.fit_transform(X)
---
%%step check
print(scaler.mean_, Z, X)
""",
)
libraries.add(
    "sklearn-scaler-in-place",
    """
%%step data
import numpy as np
from sklearn.preprocessing import StandardScaler
X = np.array([[1.0, 2.0], [3.0, 5.0]])
---
%%step scale
Z = StandardScaler(copy=False).fit_transform(X)
---
%%step check
print(X, Z is X)
""",
    "either",
    why="copy=False changes X: only the run can tell",
)
libraries.add(
    "numpy-out-argument",
    """
%%step a
import numpy as np
x = np.ones(3); target = np.zeros(3)
---
%%step b
np.add(x, 1, out=target)
---
%%step c
print(target)
""",
)
libraries.add(
    "numpy-in-place-functions",
    """
%%step a
import numpy as np
x = np.array([3, 1, 2])
---
%%step b
x.sort()
np.put(x, [0], [-5])
---
%%step c
x *= 2
print(x)
""",
)
libraries.add(
    "numpy-fortran-and-dtype",
    """
%%step a
import numpy as np
f = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
z = np.array(7); s = np.array(["a", "bcd"]); r = np.array([(1, 2.0)], dtype=[("i", "i4"), ("f", "f8")])
f.flags.writeable = False
---
%%step b
print(f.flags.f_contiguous, f.dtype, f.flags.writeable, z, z.shape, s.dtype, r["f"])
""",
)
libraries.add(
    "numpy-scalar-types",
    """
%%step a
import numpy as np
a, b, c = np.float32(0.1), np.int64(3), np.bool_(True)
---
%%step s
print(repr(a), repr(b), repr(c), type(b / 2))
""",
)
libraries.add(
    "numpy-errstate",
    """
%%step a
import numpy as np
with np.errstate(divide="ignore"):
    x = np.float64(1) / np.float64(0)
---
%%step b
print(x, -x, x - x)
""",
)
libraries.add(
    "matplotlib-figure-drawn-on-later",
    """
%%step a
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.plot([1, 2, 3])
plt.close(fig)
---
%%step b
ax.set_title("later")
ax.axhline(2)
---
%%step c
print(ax.get_title(), len(ax.lines), fig.axes[0] is ax)
""",
    "either",
    why="fig and ax share objects",
)
libraries.add(
    "matplotlib-within-step",
    """
%%step a
import matplotlib.pyplot as plt
values = [1, 2, 3]
---
%%step b
fig, ax = plt.subplots()
ax.bar(range(3), values)
plt.show()
---
%%step c
print(sum(values))
""",
)
libraries.add(
    "merge-and-concat",
    """
%%step a
import pandas as pd
l = pd.DataFrame({"k": [1, 2], "a": [1.5, 2.5]}); r = pd.DataFrame({"k": [2, 3], "b": ["p", "q"]})
---
%%step b
m = l.merge(r, on="k", how="outer"); s = pd.concat([l, r], ignore_index=True)
---
%%step c
print(m.to_csv(), s.to_csv())
""",
)
libraries.add(
    "train-test-split-state",
    """
%%step data
import numpy as np
from sklearn.model_selection import train_test_split
X = np.arange(20).reshape(10, 2); y = np.arange(10)
---
%%step split
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
---
%%step show
print(X_train.tolist(), y_test.tolist())
""",
)
libraries.add(
    "metrics",
    """
%%step data
from sklearn.metrics import accuracy_score, f1_score
y = [0, 1, 1, 0]; p = [0, 1, 0, 0]
---
%%step score --metrics accuracy,f1
accuracy = accuracy_score(y, p); f1 = f1_score(y, p)
---
%%step show
print(accuracy, f1)
""",
)
libraries.add(
    "regex-and-datetime-objects",
    """
%%step a
import re, datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
pattern = re.compile(r"(\\d+)"); day = dt.date(2024, 2, 29); money = Decimal("1.10"); part = Fraction(1, 3)
where = Path("data") / "x.csv"
---
%%step b
print(pattern.findall("a1b22"), day.isoformat(), money + 1, part * 3, where.name)
""",
)
libraries.add(
    "scipy-sparse",
    """
%%step a
from scipy import sparse
m = sparse.csr_matrix([[1, 0], [0, 2]])
---
%%step b
m.data[0] = 9
---
%%step c
print(m.toarray())
""",
)
libraries.add(
    "defaultdict-read-adds-a-key",
    """
from collections import defaultdict
---
%%step a
groups = defaultdict(list)
for word in ["x", "y", "x"]:
    groups[word].append(1)
---
%%step look
print(len(groups["x"]), len(groups["missing"]))
---
%%step b
print(dict(groups))
""",
)
libraries.add(
    "array-made-by-an-index",
    """
%%step a
import numpy as np
X = np.c_[[1.0, 2.0], [3.0, 4.0]]
Y = X
grid = np.mgrid[0:3]
---
%%step b
Y += 1
grid[0] = 9
---
%%step c
print(X, Y, grid)
""",
    why="np.c_[…] is an array of its own, no part of numpy",
)
libraries.add(
    "array-made-by-an-index-changed-untagged",
    """
%%step a
import numpy as np
X = np.r_[1.0:4.0]
---
X.fill(7)
---
%%step b
print(X)
""",
    "refused",
)
libraries.add(
    "profiled-text-changes-a-name",
    """
%%step a
import cProfile, contextlib, io
import numpy as np
n = [1]
a = np.arange(3)
---
%%step b
with contextlib.redirect_stdout(io.StringIO()):  # it prints how long it took
    cProfile.run("n.append(a.sum())")
---
%%step c
print(n)
""",
    observe=("n",),
    why="the text is executed in the notebook",
)
libraries.add(
    "item-put-into-a-series-whose-array-is-kept",
    """
%%step a
import pandas as pd

prices = pd.Series([1, 2, 3])
values = prices.values
---
%%step b
prices[0] = 5
---
%%step c
print(values, prices.tolist())
""",
    "refused",
    why="`series[0] = …` writes into its memory, unlike `frame['column'] = …`",
)
libraries.add(
    "rows-of-a-frame-set-by-a-mask-whose-array-is-kept",
    """
%%step a
import pandas as pd

df = pd.DataFrame({"x": [1, -2, 3]})
values = df["x"].values
---
%%step b
df[df < 0] = 0
---
%%step c
print(values, df["x"].tolist())
""",
    "refused",
)
libraries.add(
    "frame-made-anew-in-place-whose-arrays-are-kept",
    """
%%step a
import pandas as pd

df = pd.DataFrame({"x": [3, 1, 2], "k": [1, 2, 3], "z": [0, 0, 1]})
y = df["x"].values
---
%%step b
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    df.sort_values("k", ascending=False, inplace=True)
    df.drop(columns="z", inplace=True)
    df.reset_index(drop=True, inplace=True)
df.insert(0, "ones", 1)
df["twice"] = df["x"] * 2
---
%%step c
df.columns = list("abcd")
df.index = [5, 6, 7]
print(y, df)
---
%%step d
df.pop("b")
print(y, df)
""",
    why="new memory comes in place of the old; many notebooks make features below `y = df.x.values`",
)
libraries.add(
    "label-put-into-a-series-whose-array-is-kept",
    """
%%step a
import pandas as pd

prices = pd.Series({"pear": 1, "plum": 2})
values = prices.values
---
%%step b
prices["pear"] = 5
---
%%step c
print(values, prices.tolist())
""",
    "refused",
    why="nothing tells a series with labels of text from a frame with columns",
)
libraries.add(
    "import-that-lets-another-one-work",
    """
from sklearn.experimental import enable_iterative_imputer
from sklearn.impute import IterativeImputer
import numpy as np
---
%%step a
table = np.array([[1.0, 2.0], [2.0, 4.0], [np.nan, 6.0]])
---
%%step b
whole = IterativeImputer(random_state=0).fit_transform(table)
print(whole.round(2))
---
%%step c
from sklearn.impute import IterativeImputer as Again
print(Again(random_state=0).fit(table).n_features_in_)
""",
    "equal",
    why="no code names what the import binds: it is there for what it does to scikit-learn",
)
libraries.add(
    "import-that-lets-another-one-work-and-may-fail",
    """
try:
    from sklearn.experimental import enable_iterative_imputer
except ImportError:
    pass
from sklearn.impute import IterativeImputer
import numpy as np
---
%%step a
table = np.array([[1.0, 2.0], [2.0, 4.0], [np.nan, 6.0]])
---
%%step b
print(IterativeImputer(random_state=0).fit_transform(table).round(1))
""",
    "equal",
)
libraries.add(
    "tqdm-that-registers-itself-with-pandas",
    """
import pandas as pd
from tqdm import tqdm
tqdm.pandas(disable=True)
---
%%step a
df = pd.DataFrame({"a": [1, 2]})
---
%%step b
print(df.a.progress_apply(lambda x: x + 1).tolist())
""",
    "equal",
)
libraries.add(
    "results-kept-on-the-disk",
    """
from joblib import Memory
memory = Memory("kept", verbose=0)
@memory.cache
def square(x):
    return x ** 2
---
%%step a
found = square(3)
---
%%step b
print(found, square(4))
""",
    observe=("found",),
    why="the function and its memory share an object",
)
