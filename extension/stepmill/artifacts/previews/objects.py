"""Everything that is neither pandas nor numpy: plain data, estimators, other tables, tensors, images."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.previews import statistics
from stepmill.artifacts.scope import module_of
from stepmill.model.secrets import MASK, is_secret_name

if TYPE_CHECKING:
    from stepmill.artifacts.previews.text import TextMaker

_MOST_ROWS = 10
_MOST_COLUMNS = 20
_MOST_PARAMETERS = 60
_MOST_FEATURES = 40
_MOST_NAMED = 1000
_MOST_REPR_BYTES = 64 << 10
_THUMBNAIL_PIXELS = 360
_PLAIN_MODULES = frozenset({"builtins", "collections", "datetime", "decimal", "fractions", "pathlib", "uuid"})
_ESTIMATOR_PARAMETERS = "sklearn.base"
_ESTIMATOR_ROOTS = frozenset({"sklearn", "xgboost", "lightgbm"})


def describe(value: Any, root: str, size_bytes: int, texts: TextMaker) -> dict[str, Any]:
    """Return what is shown of `value`, whose class comes from the top-level module `root`."""
    if root in _PLAIN_MODULES:
        return _plain(value, texts)
    if getattr(getattr(type(value), "get_params", None), "__module__", "") == _ESTIMATOR_PARAMETERS or (
        root in _ESTIMATOR_ROOTS and hasattr(type(value), "get_params")
    ):
        return _estimator(value, root, size_bytes, texts)
    if root == "polars" and hasattr(value, "schema") and hasattr(value, "height"):  # asking lazy ones costs
        return _polars(value, texts)
    if root == "pyarrow" and hasattr(value, "schema") and hasattr(value, "num_rows"):
        return _arrow(value, texts)
    if root == "scipy" and hasattr(value, "nnz"):
        shown = {"shape": list(value.shape), "dtype": texts.cut(str(value.dtype)), "stored": int(value.nnz)}
        return (
            {**shown, "statistics": statistics.of_numbers(value.data.reshape(-1, 1))}
            if _is_small(value)
            else shown
        )
    if type(value).__name__ == "Booster" and root in ("lightgbm", "xgboost"):
        return _booster(value, root, texts)
    if any(base.__module__ == "torch.nn.modules.module" for base in type(value).__mro__):
        return _network(value)
    if root == "torch" and hasattr(value, "dtype") and hasattr(value, "shape"):
        return {"shape": list(value.shape), "dtype": str(value.dtype), "device": str(value.device)}
    if root == "PIL" and hasattr(value, "size") and hasattr(value, "mode"):
        return {"shape": [value.size[1], value.size[0]], "mode": texts.cut(str(value.mode))}
    if root == "matplotlib" and hasattr(value, "get_size_inches"):
        titles = [axes.get_title() for axes in value.axes]
        return {"axes": len(value.axes), "titles": [texts.cut(title) for title in titles[:10] if title]}
    return {}


def thumbnail(value: Any) -> bytes | None:
    """Return a small PNG of a PIL image; None for anything else, or where it cannot be drawn."""
    if module_of(type(value)).partition(".")[0] != "PIL" or not hasattr(value, "thumbnail"):
        return None
    picture = io.BytesIO()
    try:
        small = value.copy()
        small.thumbnail((_THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS))
        small = small if small.mode in ("1", "L", "LA", "P", "RGB", "RGBA") else small.convert("RGB")
        small.save(picture, format="png")
    except Exception:  # noqa: BLE001 - a picture is worth no failed step
        return None
    return picture.getvalue()


def _plain(value: Any, texts: TextMaker) -> dict[str, Any]:
    shown: dict[str, Any] = {"text": texts.plain(value)}
    if type(value).__module__ == "builtins" and hasattr(value, "__len__"):
        shown["length"] = len(value)
    return shown


def _estimator(value: Any, root: str, size_bytes: int, texts: TextMaker) -> dict[str, Any]:
    """Return the parameters of an estimator, also of those inside it, and what fitting gave in short."""
    own = value.get_params(deep=root == "sklearn")
    parameters = {
        texts.cell(name): MASK if is_secret_name(name.rpartition("__")[2]) else texts.plain(item, 120)
        for name, item in list(own.items())[:_MOST_PARAMETERS]
    }
    fitted = {
        name: _short(item, texts)
        for name, item in sorted(vars(value).items())
        if name.endswith("_") and not name.startswith("_")
    }
    shown: dict[str, Any] = {"parameters": parameters, "fitted": dict(list(fitted.items())[:_MOST_COLUMNS])}
    features = _features(value, root, texts)
    names = features.pop("names", [])
    if fitted or features or names:
        shown["features"] = {**features, "predicts": hasattr(type(value), "predict")}
        shown.update(_named(names, shown["features"]))
    secret = MASK in parameters.values()
    if root == "sklearn" and size_bytes <= _MOST_REPR_BYTES and not secret:
        shown["text"] = texts.cut(" ".join(repr(value).split()), 500)
    return shown


def _features(value: Any, root: str, texts: TextMaker) -> dict[str, Any]:
    """Return what a fitted estimator says of the columns that it takes.

    Of a library's own classes properties are asked too: a pipeline has the answer of its first part.
    """
    ask = getattr if root in _ESTIMATOR_ROOTS else lambda of, name, default: vars(of).get(name, default)
    count, names = ask(value, "n_features_in_", None), ask(value, "feature_names_in_", None)
    found: dict[str, Any] = {"count": int(count)} if type(count) is int else {}
    if names is not None:
        found["names"] = [texts.cell(name) for name in names[: _MOST_NAMED + 1]]
    return found


def _named(names: list[str], features: dict[str, Any]) -> dict[str, Any]:
    """Put few names among the features; return many as a part of their own, which may be left out."""
    if 0 < len(names) <= _MOST_FEATURES:
        features["names"] = names
    return {"feature_names": names} if _MOST_FEATURES < len(names) <= _MOST_NAMED else {}


def _booster(value: Any, root: str, texts: TextMaker) -> dict[str, Any]:
    """Return what a trained booster of XGBoost or LightGBM says of its columns and its size."""
    if root == "lightgbm":
        count, names, trees = value.num_feature(), value.feature_name(), value.num_trees()
    else:
        count, names, trees = value.num_features(), value.feature_names, value.num_boosted_rounds()
    given = [texts.cell(name) for name in names or ()]
    if root == "lightgbm" and given == [f"Column_{at}" for at in range(len(given))]:
        given = []  # its own names: it was trained on an array
    features: dict[str, Any] = {"count": int(count), "predicts": True}
    return {"parameters": {"trees": str(trees)}, "features": features, **_named(given, features)}


def _network(value: Any) -> dict[str, Any]:
    """Return the number of a torch module's weights, and of the features that its first layer takes."""
    base: Any = next(kind for kind in type(value).__mro__ if kind.__module__ == "torch.nn.modules.module")
    layers = [layer for layer in base.modules(value) if not any(True for _ in base.children(layer))]
    count = vars(layers[0]).get("in_features") if layers else None
    features = {"predicts": True} | ({"count": count} if type(count) is int else {})
    weights = sum(each.numel() for each in base.parameters(value))
    return {"parameters": {"weights": str(weights)}, "features": features}


def _short(item: Any, texts: TextMaker) -> str:
    shape = getattr(item, "shape", None)
    if type(item).__module__ == "numpy" and shape is not None and getattr(item, "size", 0) > 6:
        return f"{item.dtype} array of shape {tuple(shape)}"
    return texts.plain(item.tolist() if type(item).__module__ == "numpy" else item, 120)


def _polars(value: Any, texts: TextMaker) -> dict[str, Any]:
    names = list(value.schema)
    shown: dict[str, Any] = {"columns": [texts.cell(name) for name in names[:_MOST_COLUMNS]]}
    shown["dtypes"] = [texts.cut(str(value.schema[name])) for name in names[:_MOST_COLUMNS]]
    head = value.head(_MOST_ROWS).rows()
    return shown | {"shape": list(value.shape), "rows": _rows(names, head, texts)}


def _arrow(value: Any, texts: TextMaker) -> dict[str, Any]:
    names = list(value.schema.names)
    head = value.slice(0, _MOST_ROWS).to_pydict() if len(names) == len(set(names)) else {}
    return {
        "shape": [value.num_rows, value.num_columns],
        "columns": [texts.cell(name) for name in names[:_MOST_COLUMNS]],
        "dtypes": [texts.cut(str(kind)) for kind in value.schema.types[:_MOST_COLUMNS]],
        "rows": _rows(names, list(zip(*head.values(), strict=True)), texts),
    }


def _rows(names: list[str], rows: list[Any], texts: TextMaker) -> list[list[str]]:
    secret = [is_secret_name(str(name)) for name in names[:_MOST_COLUMNS]]
    return [
        [MASK if hidden else texts.cell(item) for hidden, item in zip(secret, row, strict=False)]
        for row in rows
    ]


def _is_small(value: Any) -> bool:
    data: Any = getattr(value, "data", None)
    return hasattr(data, "dtype") and data.dtype.kind in "biuf" and data.size <= statistics.MOST_SAMPLED
