"""What cells are there for."""

from __future__ import annotations

import pytest

from stepmill.suggestion.facts import survey
from stepmill.suggestion.roles import aliases, work_of
from suggestion.notebooks import read

IMPORTS = """import pandas as pd, numpy as np, seaborn as sns, matplotlib.pyplot as plt
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error as mse
from sklearn.datasets import load_iris"""

CELLS = [
    ("df = pd.read_csv('a.csv')", "load"),
    ("df = sns.load_dataset('tips')", "load"),
    ("df = load_iris()", "load"),
    ("df = old.dropna().drop_duplicates()", "clean"),
    ("df = pd.get_dummies(old)", "features"),
    ("old['ratio'] = old.a / old.b\ndf = old", "features"),
    ("df = Ridge().fit(old[['a']], old.b)", "train"),
    ("df = mse(old.a, old.b)", "evaluate"),
    ("old.plot()\ndf = 0", "plot"),
    ("plt.plot(old.a)\nplt.title('t')\nplt.show()", "plot"),
    ("old.head()", None),
    ("old.dropna().head()", None),
    ("df = old.a + 1", None),
]


@pytest.mark.parametrize(("source", "role"), CELLS, ids=[source for source, _ in CELLS])
def test_work_of_a_cell(source: str, role: str | None) -> None:
    facts = survey(read(IMPORTS, "old = pd.DataFrame({'a': [1.0], 'b': [2.0]})", source, "print(df, old)"))
    assert work_of(facts[2], aliases(one.tree for one in facts)) == role
