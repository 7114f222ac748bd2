"""Of which libraries it is known that they look up nothing in the user's modules by a name they compute.

Functions that they are given they call, of course. What they load by a pickle, the run sees.
"""

from __future__ import annotations

_STANDARD = frozenset(
    {
        *("__future__", "abc", "argparse", "array", "ast", "asyncio", "base64", "binascii", "bisect"),
        *("bz2", "calendar", "cmath", "collections", "colorsys", "concurrent", "configparser"),
        *("contextlib", "contextvars", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib"),
        *("email", "enum", "errno", "fnmatch", "fractions", "functools", "getpass", "glob", "gzip"),
        *("hashlib", "heapq", "hmac", "html", "http", "io", "itertools", "json", "keyword", "locale"),
        *("logging", "lzma", "math", "mimetypes", "multiprocessing", "numbers", "operator", "os"),
        *("pathlib", "pickle", "platform", "pprint", "queue", "random", "re", "secrets", "shutil"),
        *("signal", "socket", "sqlite3", "stat", "statistics", "string", "struct", "subprocess", "sys"),
        *("tarfile", "tempfile", "textwrap", "threading", "time", "tokenize", "tomllib"),
        *("traceback", "types", "typing", "unicodedata", "urllib", "uuid", "warnings", "weakref"),
        *("xml", "zipfile", "zlib", "zoneinfo"),
    }
)
_INSTALLED = frozenset(
    {
        *("altair", "attr", "attrs", "bokeh", "bs4", "catboost", "cv2", "duckdb", "h5py", "IPython"),
        *("ipywidgets", "joblib", "lightgbm", "lxml", "matplotlib", "mpl_toolkits", "networkx"),
        *("numba", "numpy", "openpyxl", "pandas", "PIL", "plotly", "polars", "pyarrow", "pydantic"),
        *("requests", "scipy", "seaborn", "shap", "sklearn", "statsmodels", "threadpoolctl", "torch"),
        *("torchvision", "tqdm", "typing_extensions", "xgboost", "yaml"),
    }
)
_LOOK_UP = ("logging.config", "IPython.core", "matplotlib.testing", "numpy.f2py", "torch.hub")

COMPUTED_NAMES = frozenset(
    {
        *("__builtins__", "__dict__", "__getattribute__", "__globals__", "__import__", "__loader__"),
        *("__spec__", "__subclasses__", "_current_frames", "_getframe", "cr_frame", "currentframe"),
        *("f_back", "f_globals", "f_locals", "fromlist", "get_objects", "get_referents"),
        *("get_referrers", "getmodule", "gi_frame", "import_module", "importlib", "meta_path"),
        *(
            "modules",
            "setprofile",
            "settrace",
            "tb_frame",
            "__doc__",
            "FullLoader",
            "ImportString",
            "PyObject",
            "backend",
        ),
        *("Loader", "UnsafeLoader", "full_load", "unsafe_load"),
    }
)
"""Whoever says one of these may reach names that the source does not say."""

COMPUTING_FUNCTIONS = frozenset(
    {"compile", "dir", "eval", "exec", "get_ipython", "globals", "locals", "vars"}
)
"""Built-in functions that do, and what runs IPython's magics; a method may be called so."""

HARMLESS_MAGICS = frozenset({"matplotlib", "config", "load_ext", "pip", "conda", "autoreload", "precision"})
"""Line magics that look at no name of the user's."""


def leaves_names_alone(module: str) -> bool:
    """Tell whether a module that is not the project's own, by its dotted name, looks up no computed names."""
    first = module.partition(".")[0]
    return first in _STANDARD | _INSTALLED and not module.startswith(_LOOK_UP)
