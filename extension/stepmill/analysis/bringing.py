"""Imports that are there for what they do: `from sklearn.experimental import enable_iterative_imputer`.

Such a library registers itself with another one: accessors of data frames, readers of formats, patches.
What shows it is that no step names what the import binds. Libraries that do nothing to others when they
are imported need not be there in the steps that do not name them.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from stepmill.analysis.replay import IMPORTS

if TYPE_CHECKING:
    from stepmill.analysis.flow import Flow

_INERT = sys.stdlib_module_names | {
    *("altair", "bokeh", "bs4", "catboost", "cv2", "dask", "duckdb", "gensim", "h5py", "imblearn"),
    *("IPython", "ipywidgets", "jax", "joblib", "keras", "lightgbm", "lxml", "matplotlib"),
    *("mpl_toolkits", "networkx", "nltk", "numba", "numpy", "openpyxl", "optuna", "pandas", "PIL"),
    *("plotly", "polars", "pyarrow", "requests", "scipy", "shap", "sklearn", "spacy", "sqlalchemy"),
    *("statsmodels", "stepmill", "sympy", "tensorflow", "torch", "tqdm", "transformers", "xgboost"),
    "yaml",
}
_ACTIVE = ("sklearn.experimental",)


def may_act_on_others(module: str) -> bool:
    """Tell whether importing a module may do something to libraries, by its dotted name."""
    return bool(module) and (module.startswith(_ACTIVE) or module.split(".", maxsplit=1)[0] not in _INERT)


def may_bring(node: ast.stmt) -> bool:
    """Tell whether a statement imports a library that may do something to others."""
    return any(may_act_on_others(module) for one in _imports(node) for module in _bound(one).values())


def brought(flow: Flow, unit: int) -> frozenset[str]:
    """Return the names that imports bind and no code reads, of libraries that may act on others.

    Where one of several names out of a module is read, the module is there for that one.
    """
    seen = flow.observed[unit]
    found: set[str] = set()
    if seen.effects.own or not flow.replayable[unit]:
        return frozenset()
    for one in _imports(seen.unit.node):
        bound = _bound(one)
        unread = [
            name for name, module in bound.items() if may_act_on_others(module) and not _is_read(flow, name)
        ]
        if isinstance(one, ast.Import) or len(unread) == len(bound):
            found.update(unread)
    return frozenset(found)


def _imports(node: ast.stmt) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports of a statement: those of an `if` or a `try`, too."""
    inside = ast.walk(node) if isinstance(node, (ast.If, ast.Try)) else (node,)
    return [one for one in inside if isinstance(one, IMPORTS)]


def _bound(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Return the names that an import binds, with the modules; "" for one that is relative."""
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names}
    module = node.module if node.module and not node.level else ""
    return dict.fromkeys([alias.asname or alias.name for alias in node.names], module)


def _is_read(flow: Flow, name: str) -> bool:
    """Tell whether a step reads the name, or code that is replayed before steps does."""
    flow.inventory.know_names(flow.observed)
    readers = (u for u in flow.inventory.users(name) if name in flow.observed[u].effects.reads)
    return any(flow.replayable[u] or flow.observed[u].unit.owner is not None for u in readers)
