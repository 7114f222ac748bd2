"""The memory of torch's tensors as numpy sees it, so that it is stored like that of arrays.

torch's own pickle of a storage names it by its address: equal tensors would have another digest each
time, and tensors over one memory would come back apart.
"""

from __future__ import annotations

from typing import Any

from stepmill.artifacts import torch_graphs

_STORAGES = ("TypedStorage", "UntypedStorage")


def is_storage(value: Any) -> bool:
    """Tell whether `value`, of torch, is the memory of tensors in the main memory."""
    kind = type(value)
    named = kind.__name__ in _STORAGES and kind.__module__ == "torch.storage"
    return named and untyped(value).device.type == "cpu"


def gradient(value: Any) -> Any:
    """Return the gradient that a tensor has gathered, None where there is none; torch's pickle forgets it."""
    return value.grad if getattr(value, "is_leaf", False) is True and hasattr(value, "stride") else None


def untyped(storage: Any) -> Any:
    """Return the storage without its type."""
    return getattr(storage, "_untyped_storage", storage)


def bytes_of(storage: Any) -> Any:
    """Return the memory of an untyped storage as a numpy array of bytes, not copied."""
    import torch

    return torch.empty(0, dtype=torch.uint8).set_(storage).numpy()


def storage_in(memory: Any) -> Any:
    """Return an untyped storage over a numpy array of bytes, not copied; torch cannot make it larger."""
    import torch

    return torch.from_numpy(memory).untyped_storage() if memory.size else torch.UntypedStorage(0)


def typed(storage: Any, dtype: Any) -> Any:
    """Return the storage with the type of its items."""
    import torch

    return torch.storage.TypedStorage(wrap_storage=storage, dtype=dtype, _internal=True)


def as_compared(tensor: Any) -> tuple[Any, ...]:
    """Return what user code can tell tensors apart by; for those of other layouts what they print."""
    import torch

    grown = gradient(tensor)
    about = (
        *(str(tensor.dtype), str(tensor.device), tuple(tensor.shape), bool(tensor.requires_grad)),
        None if grown is None else as_compared(grown),
        torch_graphs.origin(tensor),
    )
    data = tensor.detach()
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return (*about, str(data))
    raw = data.cpu().resolve_conj().resolve_neg().contiguous().view(-1).view(torch.uint8)
    return (*about, tuple(tensor.stride()), raw.numpy().tobytes())
