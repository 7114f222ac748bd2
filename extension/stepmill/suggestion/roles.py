"""What a cell is there for: it loads, cleans, makes features, trains, evaluates, plots, or only looks."""

from __future__ import annotations

import ast
import re
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stepmill.suggestion.facts import CellFacts


class Work(StrEnum):
    """The part that a cell plays in an analysis, in the order in which these parts come."""

    LOAD = "load"
    CLEAN = "clean"
    FEATURES = "features"
    TRAIN = "train"
    EVALUATE = "evaluate"
    PLOT = "plot"


_PLOTTERS = ("matplotlib.", "seaborn.", "plotly.", "bokeh.", "altair.", "pylab.", "mpl_toolkits.")
_PATTERNS: tuple[tuple[Work, float, str], ...] = (
    # the words are the last part of a call's name, as written
    (Work.LOAD, 2, r"read_\w+|load_\w+|fetch_\w+|genfromtxt|loadtxt|urlopen|urlretrieve|load_dataset"),
    (Work.LOAD, 2, r"make_(classification|regression|blobs|moons|circles|friedman\d|s_curve|swiss_roll)"),
    (Work.LOAD, 1, r"load|open|connect|read|readlines|DataFrame|DataReader|download"),
    (Work.CLEAN, 2, r"dropna|fillna|drop_duplicates|interpolate|SimpleImputer|to_numeric|ffill|bfill"),
    (Work.CLEAN, 1, r"drop|rename|replace|astype|to_datetime|set_index|reset_index|strip|clip|duplicated"),
    (Work.FEATURES, 2, r"get_dummies|\w+Scaler|\w+Encoder|\w+Vectorizer|PolynomialFeatures|train_test_split"),
    (Work.FEATURES, 2, r"fit_transform|pivot_table|merge|qcut|cut|melt|PCA|Normalizer|Binarizer"),
    (Work.FEATURES, 1, r"concat|join|groupby|apply|map|assign|transform|resample|rolling|pivot|agg|shift"),
    (Work.TRAIN, 3, r"fit|GridSearchCV|RandomizedSearchCV|train|fit_generator|minimize|curve_fit|lstsq"),
    (Work.TRAIN, 2, r"\w+(Regressor|Classifier|Regression|Ridge|Lasso|SVC|SVR|NB|KMeans)|OLS|GLM|ols|glm"),
    (Work.EVALUATE, 2, r"predict\w*|\w*score|\w+_error|\w+_report|confusion_matrix|cross_val\w*|roc_\w+|auc"),
    (Work.EVALUATE, 2, r"evaluate|summary|ttest\w*|anova_lm|forecast|get_prediction"),
    (Work.PLOT, 2, r"plot\w*|\w+plot|hist|scatter|imshow|subplots|figure|pairplot|heatmap|savefig|bar|pie"),
)
_TABLE = [(work, weight, re.compile(pattern)) for work, weight, pattern in _PATTERNS]
_TITLE = re.compile(r"set_\w+|\w*label|title|legend|show|axis|grid|tight_layout|[xy]lim|[xy]ticks")
_SAID_BY_ROLE = {
    "fit", "train", "plot", "figure", "subplots", "predict", "evaluate", "load", "apply", "map", "drop",
    "join", "open", "fit_transform",
}  # fmt: skip
"""Calls that say no more than the role."""
_LATER_WINS = tuple(reversed(Work))


def aliases(trees: Iterable[ast.Module]) -> dict[str, str]:
    """Return what imported names stand for: `plt` is `matplotlib.pyplot`."""
    found: dict[str, str] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {a.asname: a.name for a in node.names if a.asname}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def work_of(facts: CellFacts, known: Mapping[str, str]) -> Work | None:
    """Return what the cell is there for; None if it only looks, or nothing tells."""
    points: Counter[Work] = Counter()
    if facts.plots:
        points[Work.PLOT] += 2
    for called in calls(facts.tree, known):
        for work, weight in _evidence(called):
            points[work] += weight  # type: ignore[assignment]
    for node in facts.tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            points[Work.FEATURES] += 1
    if not facts.used_later:  # `df.dropna().head()` shows something and changes nothing
        for work in (Work.LOAD, Work.CLEAN, Work.FEATURES):
            points.pop(work, None)
    if facts.takes and points[Work.LOAD] <= 1:
        points.pop(Work.LOAD, None)  # `pd.DataFrame(scores)` loads nothing
    best = max(points.values(), default=0)
    return next((work for work in _LATER_WINS if best and points[work] == best), None)


def deeds(tree: ast.Module, role: str) -> Iterator[str]:
    """Yield in small letters what is called there that makes it this kind of work: `ridge`, `groupby`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if last in _SAID_BY_ROLE or not any(w == role and p.fullmatch(last) for w, _, p in _TABLE):
            continue
        yield re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()


def calls(tree: ast.Module, known: Mapping[str, str]) -> Iterator[str]:
    """Yield the dotted names of all calls, library names in full: `pandas.read_csv`, `.dropna`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield _dotted(node.func, known)


def _evidence(called: str) -> Iterator[tuple[Work, float]]:
    last = called.rpartition(".")[2]
    if called.startswith(_PLOTTERS):
        if not called.endswith(".load_dataset"):
            yield Work.PLOT, 0.5 if _TITLE.fullmatch(last) else 2
            return
        yield Work.LOAD, 3
        return
    for work, weight, pattern in _TABLE:
        if pattern.fullmatch(last):
            yield work, weight
            return


def _dotted(node: ast.expr, known: Mapping[str, str]) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(known.get(node.id, node.id) if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))
