"""The special methods that Python calls where no code names them."""

from __future__ import annotations

SPECIAL_METHODS: dict[str, tuple[str, ...]] = {
    "len": ("__len__",), "str": ("__str__", "__repr__"), "repr": ("__repr__",),
    "print": ("__str__", "__repr__"),
    "display": ("__repr__", "_repr_html_"), "bool": ("__bool__", "__len__"), "abs": ("__abs__",),
    "hash": ("__hash__",), "set": ("__hash__", "__eq__"), "frozenset": ("__hash__", "__eq__"),
    "dict": ("__hash__", "__eq__"), "int": ("__int__", "__index__"), "float": ("__float__",),
    "sorted": ("__lt__", "__gt__"), "min": ("__lt__", "__gt__"), "max": ("__lt__", "__gt__"),
    "sum": ("__add__", "__radd__"), "round": ("__round__",), "format": ("__format__", "__str__"),
    "next": ("__next__",), "reversed": ("__reversed__", "__len__", "__getitem__"),
    "divmod": ("__divmod__", "__rdivmod__"), "pow": ("__pow__", "__rpow__"), "complex": ("__complex__",),
    "bytes": ("__bytes__", "__iter__"), "ascii": ("__repr__",), "bin": ("__index__",), "hex": ("__index__",),
    "range": ("__index__",), "dir": ("__dir__",), "os.fspath": ("__fspath__",), "open": ("__fspath__",),
    "math.floor": ("__floor__",), "math.ceil": ("__ceil__",), "math.trunc": ("__trunc__",),
    "copy.copy": ("__copy__",), "copy.deepcopy": ("__deepcopy__",),
}  # fmt: skip
"""What functions of Python ask the objects for that they are given."""

MAPPING_METHODS = ("keys", "__iter__", "__getitem__")
"""What `{**x}` and `f(**x)` ask an object for."""

ITEM_METHODS = ("__iter__", "__next__", "__getitem__")
"""What a loop over an object asks it for."""
