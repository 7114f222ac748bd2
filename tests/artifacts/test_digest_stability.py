"""How often equal work gives equal digests: in two processes, and after storing and loading."""

# ruff: noqa: E501 - a data scientist's lines

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MAKE = """
import collections, dataclasses, datetime, functools, re
import numpy as np, pandas as pd, matplotlib
matplotlib.use("agg")
from matplotlib.figure import Figure
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

@dataclasses.dataclass
class Report:
    name: str
    scores: list
    table: object = None

class Holder:
    def __init__(self, **kw):
        self.__dict__.update(kw)

X, y = make_classification(300, 8, random_state=0)
frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(8)]).assign(
    group=np.where(y == 1, "yes", "no"), day=pd.date_range("2020", periods=300, tz="UTC"))
frame["cat"] = frame["group"].astype("category")
Xt, Xv, yt, yv = train_test_split(frame.drop(columns=["day", "cat"]), y, random_state=0)
N = slice(0, 8)
models = {
    "logistic": LogisticRegression(), "ridge": Ridge(), "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(20, random_state=0), "boost": GradientBoostingClassifier(n_estimators=10, random_state=0),
    "hist": HistGradientBoostingClassifier(max_iter=10, random_state=0), "knn": KNeighborsClassifier(),
    "svc": SVC(probability=False), "bayes": GaussianNB(), "kmeans": KMeans(3, random_state=0, n_init=2),
    "mlp": MLPClassifier(8, max_iter=600, random_state=0, early_stopping=True), "scaled": make_pipeline(StandardScaler(), LogisticRegression()),
    "grid": GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2, 3]}, cv=3),
}
values = {f"model_{name}": model.fit(X, y) for name, model in models.items()}
columns = make_column_transformer((OneHotEncoder(), ["group"]), remainder=StandardScaler())
values["pipeline"] = make_pipeline(columns, LogisticRegression()).fit(Xt, yt)
values["tfidf"] = TfidfVectorizer().fit(["a bc def", "bc bc x", "def ghi"])
values["frame"] = frame
values["parts"] = {"train": Xt, "valid": Xv}
values["stats"] = frame.drop(columns=["day"]).groupby("group").agg({"c0": ["mean", "std"], "c1": "sum"})
values["counts"] = frame["group"].value_counts()
values["described"] = frame.describe(include="all")
values["melted"] = frame.head(20).melt(id_vars=["group", "day"])
values["pivot"] = frame.pivot_table(index="group", values="c0", aggfunc=["mean", "max"], columns="cat", observed=False)
values["merged"] = frame.merge(values["counts"].reset_index(), on="group")
values["concat"] = pd.concat({"a": frame.head(3), "b": frame.tail(3)})
values["records"] = frame.head(5).to_dict("records")
values["report"] = Report("r", [0.1, 0.2], frame.head(3))
values["reports"] = {n: Report(n, [len(n)]) for n in ("a", "b", "a.b")}
values["holder"] = Holder(group="group", model=models["tree"], names=list(frame.columns), when=datetime.date(2020, 1, 1))
values["counter"] = collections.Counter("abracadabra")
values["nested"] = collections.defaultdict(list, a=[1, {"x": {1, 2}}], b=[frame["c0"].to_numpy()])
values["set"] = {"red", "green", "blue", "c0", "group"}
values["sets"] = Holder(a={"red", "green"}, b=frozenset(frame.columns))
values["generator"] = np.random.default_rng(4)
values["state"] = np.random.RandomState(3)
values["regex"] = re.compile("a+")
values["partial"] = functools.partial(sorted, key=lambda r: r["x"])
values["function"] = lambda z: [q for q in z if q in frame.columns]
values["masked"] = np.ma.masked_greater(X[:5], 0)
values["objects"] = np.array([frame.head(1), "x", {"a": 1}], object)
figure = Figure()
axes = figure.subplots(2)
axes[0].plot([1, 2, 3], label="line"); axes[0].legend(); axes[1].hist(X[:, 0]); axes[0].set_title("t")
values["figure"] = figure
"""

RUN = """
import json, sys, warnings
warnings.simplefilter("ignore")
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import load_values, same_values, save_values
exec(compile(sys.stdin.read(), "/tmp/cell.py", "exec"), globals())
definitions = {"Report": "1", "Holder": "2"}
scope = {"definitions": definitions, "namespace": globals()}
store = open_store(sys.argv[1])
found = {}
for name, value in values.items():  # one by one: what these share is not the question here
    saved = save_values(store, {name: value}, **scope)
    assert not saved.problems, saved.problems
    loaded = load_values(store, saved.refs, **scope)
    again = save_values(store, loaded, **scope)
    same = same_values(store, saved.refs, loaded, **scope)[name]
    found[name] = [saved.refs[name].digest, again.refs[name].digest, same]
print(json.dumps(found))
"""

# Their attributes hold wall-clock times (fit times of a search) and an address (`_stop_words_id`).
DIFFERENT_BY_NATURE = {"model_grid", "tfidf"}


def _digests(folder: Path) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder)],
        input=MAKE,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
        env={**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_digests_of_equal_work_are_equal(tmp_path: Path) -> None:
    first, second = _digests(tmp_path / "1"), _digests(tmp_path / "2")
    runs_differ = {name for name in first if first[name][0] != second[name][0]}
    loads_differ = {name for name in first if first[name][0] != first[name][1]}
    print(
        f"{len(first)} values; second process: {sorted(runs_differ)}; after loading: {sorted(loads_differ)}"
    )
    assert [name for name in first if not first[name][2]] == []
    assert runs_differ <= DIFFERENT_BY_NATURE
    assert len(loads_differ) <= 0.1 * len(first)
