"""The notebooks that the benchmarks run."""

from __future__ import annotations

IMPORTS = """import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler"""


def sklearn_steps() -> list[str]:
    """Return ten scikit-learn steps, about a second and a half of work with their imports."""
    return [IMPORTS, *_parts(_SKLEARN)]


def large_frame_steps() -> list[str]:
    """Return four steps that hand on a frame of 200 MB: numbers, times, categories and text."""
    return ["import numpy as np\nimport pandas as pd", *_parts(_LARGE_FRAME)]


def trivial_steps(count: int) -> list[str]:
    """Return a chain of `count` steps that do next to nothing."""
    first = "%%step s0\nx = 0"
    return [first, *(f"%%step s{i}\nx = x + {i}" for i in range(1, count))]


def varied_cells(count: int) -> list[str]:
    """Return `count` cells of ordinary notebook code: definitions, frames, loops, calls."""
    kinds = _parts(_VARIED)
    cells = ["import numpy as np\nimport pandas as pd"]
    return cells + [kinds[i % len(kinds)].format(i=i, p=i - 1) for i in range(count - 1)]


def chained_cells(count: int) -> list[str]:
    """Return a chain of `count` cells, each working on the frame of the one before."""
    cells = ["import pandas as pd\ndf0 = pd.read_csv('f.csv')"]
    return cells + [
        f"%%step s{i}\ndf{i} = df{i - 1}.assign(a={i}).dropna()\nfor row in df{i}:\n    last = row"
        for i in range(1, count)
    ]


def fanned_cells(count: int) -> list[str]:
    """Return `count` cells that all work on one frame, and keep it."""
    cells = ["import pandas as pd", "%%step s1\ndf = pd.read_csv('f.csv')"]
    return cells + [
        f"%%step s{i}\nmean_{i} = df['c{i}'].mean()\nkept_{i} = [mean_{i}, df]" for i in range(2, count)
    ]


_LARGE_FRAME = """%%step make
rows = 1_450_000
numbers = np.random.default_rng(0)
frame = pd.DataFrame({f"x{i}": numbers.random(rows) for i in range(10)})
frame["count"] = numbers.integers(0, 1000, rows)
frame["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["count"], unit="h")
frame["town"] = np.array([f"town {n}" for n in range(500)], object)[numbers.integers(0, 500, rows)]
frame["code"] = [f"{n:08d}" for n in range(rows)]
---
%%step clean
clean = frame[frame["x0"] > 0.01].reset_index(drop=True)
---
%%step features
features = clean.assign(ratio=clean["x1"] / (clean["x2"] + 1), day=clean["when"].dt.dayofweek)
---
%%step summary
summary = features.groupby("town")[["ratio", "x3", "day"]].mean()
print(summary.head())"""


def _parts(text: str) -> list[str]:
    return [part.strip("\n") for part in text.split("---\n")]


_SKLEARN = """
%%step load
X, y = make_classification(4000, 20, random_state=0)
---
%%step frame
df = pd.DataFrame(X, columns=[f"f{i}" for i in range(20)])
df["y"] = y
---
%%step clean
df = df[df["f0"].abs() < 4]
---
%%step features
df["f20"] = df["f0"] * df["f1"]
---
%%step split
train, test = train_test_split(df, random_state=0)
X_train, X_test = train.drop(columns="y"), test.drop(columns="y")
---
%%step scale
scaler = StandardScaler().fit(X_train)
---
%%step linear
lr = LogisticRegression(max_iter=500).fit(scaler.transform(X_train), train["y"])
---
%%step forest
rf = RandomForestClassifier(20, random_state=0).fit(X_train, train["y"])
---
%%step predict
p1, p2 = lr.predict(scaler.transform(X_test)), rf.predict(X_test)
---
%%step score
print(accuracy_score(test["y"], p1), accuracy_score(test["y"], p2))
"""

_VARIED = """
def helper_{i}(frame, n=3):
    result = []
    for k in range(n):
        result.append(frame["a"] * k)
    return pd.concat(result, axis=1)
---
%%step s{i}
df_{i} = pd.DataFrame({{"a": np.arange(10), "b": np.linspace(0, 1, 10)}})
df_{i}["c"] = df_{i}["a"] * 2
if len(df_{i}) > 5:
    total_{i} = df_{i}["c"].sum()
else:
    total_{i} = 0
---
%%step s{i}
wide_{i} = df_{p}.assign(d=lambda t: t["a"] + total_{p})
values_{i} = [v for v in wide_{i}["d"] if v > 1]
values_{i}.append(total_{p})
---
%%step s{i}
spans_{i} = {{}}
for name, column in wide_{p}.items():
    spans_{i}[name] = (column.min(), column.max())
print(f"{{len(spans_{i})}} columns", sorted(spans_{i}))
"""
