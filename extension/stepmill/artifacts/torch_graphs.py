"""Tensors through which `backward()` goes on to others: handed on without the graph behind them.

What a training step leaves (`loss`, `out`) is nearly always looked at later, and shows as it did. Whoever
wants to go back through it in another step gets an error there, never another gradient.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from stepmill.errors import ArtifactError

_INPUTS = 3
"""Where, after the outputs, torch's call of its engine has those whose gradients are wanted."""


def is_in_graph(value: Any) -> bool:
    """Tell whether `value`, of torch, is computed from a tensor that wants a gradient."""
    return getattr(value, "grad_fn", None) is not None


def can_be_kept(tensor: Any) -> bool:
    """Tell whether nothing but the graph is lost when the tensor is stored without it."""
    import torch

    return (
        type(tensor) is torch.Tensor
        and tensor.layout is torch.strided
        and tensor.device.type == "cpu"
        and not (tensor._is_view() and tensor._base.is_leaf)  # it cannot be changed in place
        and not (tensor.retains_grad or tensor._backward_hooks or vars(tensor))
        and hasattr(torch.autograd, "_engine_run_backward")  # without it we could not be asked
    )


def origin(tensor: Any) -> str:
    """Return what `print(tensor)` calls the operation that made it, "" for none."""
    if not is_in_graph(tensor):
        return ""
    name = type(tensor.grad_fn).__name__
    return str(tensor.grad_fn.name().rpartition("::")[2] if name == "CppFunction" else name)


def attach(data: Any, name: str) -> Any:
    """Return a tensor over the memory of `data` that claims to come from the operation `name`."""
    import torch

    _guard()
    return _operation(name).apply(torch.empty(0, requires_grad=True), data)


@cache
def _operation(name: str) -> Any:
    import torch

    class Lost(torch.autograd.Function):  # type: ignore[misc, name-defined, unused-ignore]
        @staticmethod
        def forward(_context: Any, _leaf: Any, data: Any) -> Any:
            whole = torch.empty(0, dtype=data.dtype)  # no view of `data`: torch forbids changes of those
            return whole.set_(data.untyped_storage(), data.storage_offset(), data.shape, data.stride())

        @staticmethod
        def backward(_context: Any, *_gradients: Any) -> Any:
            raise _lost()

    Lost._backward_cls.__name__ = name
    Lost._backward_cls._is_lost = True
    return Lost


@cache
def _guard() -> None:
    """Look at each way back to certain tensors: torch leaves operations out that lead to none of them."""
    import torch

    run = torch.autograd._engine_run_backward  # type: ignore[attr-defined, unused-ignore]

    def run_backward(outputs: Any, *arguments: Any, **options: Any) -> Any:
        if arguments[_INPUTS:] and arguments[_INPUTS] and _leads_to_a_lost_one(outputs):
            raise _lost()
        return run(outputs, *arguments, **options)

    torch.autograd._engine_run_backward = run_backward  # type: ignore[attr-defined, unused-ignore]


def _leads_to_a_lost_one(outputs: Any) -> bool:
    seen, ahead = set(), [output.grad_fn for output in outputs if is_in_graph(output)]
    while ahead:
        operation = ahead.pop()
        if getattr(operation, "_is_lost", False):
            return True
        if operation not in seen:
            seen.add(operation)
            ahead += [one for one, _ in operation.next_functions if one is not None]
    return False


def _lost() -> ArtifactError:
    return ArtifactError(
        "backward() goes through a tensor of another step, whose graph was not handed on: call it in the step"
        " that computes the tensor, or compute the tensor here"
    )
