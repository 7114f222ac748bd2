"""numpy arrays and scalars as their raw bytes, mapped copy-on-write when loaded."""

# ruff: noqa: ARG002 - the signatures are those of the protocol

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.artifacts import memory
from stepmill.artifacts.materializers.base import Encoded, NotExactError
from stepmill.artifacts.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.artifacts.scope import Scope


class ArrayMaterializer:
    """Arrays of numbers, times and fixed-size text; objects, fields and subclasses are pickled."""

    priority = 20

    def accepts(self, value: Any) -> bool:
        kind = type(value)
        return kind.__module__ == "numpy" and (kind.__name__ == "ndarray" or hasattr(kind, "dtype"))

    def encode(self, value: Any, scope: Scope) -> Encoded:
        import numpy as np

        if isinstance(value, np.generic):
            return _encode_scalar(value)
        if type(value) is not np.ndarray or not memory.is_simple(value.dtype):
            raise NotExactError("objects or fields inside")
        if memory.is_over_file(value):
            raise NotExactError("what is written into it goes to a file")
        if memory.shown_of(value) is not None:
            raise NotExactError("a view, whose base shows")
        header = {"dtype": memory.dtype_code(value.dtype), "layout": memory.layout_of(value)}
        return Encoded(
            header, {"data": memory.item_chunks(value)}, reach=lambda: Reach({id(value): value}, [value])
        )

    def decode(self, header: Mapping[str, Any], parts: Mapping[str, memoryview], scope: Scope) -> Any:
        dtype = memory.dtype_of(header["dtype"])
        if "scalar" in header:
            return _decode_scalar(dtype, parts["data"])
        return memory.rebuild(parts["data"], dtype, header["layout"])


def _encode_scalar(value: Any) -> Encoded:
    import numpy as np

    array = np.asarray(value)
    if not memory.is_simple(array.dtype) or type(array[()]) is not type(value):
        raise NotExactError("a scalar that is more than its bytes")
    header = {"dtype": memory.dtype_code(array.dtype), "scalar": True}
    return Encoded(header, {"data": (array.tobytes(),)})


def _decode_scalar(dtype: Any, data: memoryview) -> Any:
    import numpy as np

    return np.frombuffer(data, dtype)[0]
