"""What a step hands over when the user's cells are through: values, metrics, modules."""

from __future__ import annotations

import numbers
import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from stepmill.artifacts.scope import module_of
from stepmill.errors import UsageError
from stepmill.model.artifact import ABSENT, ArtifactRef
from stepmill.model.exchange import StepProblem
from stepmill.model.pipeline import EdgeKind, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from stepmill.artifacts.values import Saved
    from stepmill.errors import StepmillError

KEPT_AT_MOST_BYTES = 100 * 1000 * 1000
"""Bigger values that no step takes are not stored: a copy of what Run All leaves is a courtesy."""

_SIZED_LIBRARIES = ("numpy", "pandas", "polars", "pyarrow", "scipy", "torch", "xarray")

_MACHINERY = frozenset(
    {
        *("IPython", "ipykernel", "ipykernel_launcher", "jupyter_client", "jupyter_core", "traitlets", "zmq"),
        *("tornado", "comm", "debugpy", "matplotlib_inline", "ipython_pygments_lexers", "pygments"),
        *("prompt_toolkit", "wcwidth", "stack_data", "executing", "asttokens", "pure_eval", "jedi", "parso"),
        *("pexpect", "ptyprocess", "psutil", "platformdirs", "nest_asyncio", "decorator", "packaging", "six"),
        *("typing_extensions", "appnope", "pywin32_bootstrap", "win32api"),
        *("stepmill", "stepmill_magics", "blake3", "cloudpickle", "fsspec"),
    }
)
"""Installed modules that any kernel with stepmill has: their versions change no result.

`dateutil` comes with every kernel as well, but pandas computes with it, so it is reported.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """The outputs of a step: stored ones, kept ones left out (and why), and what went wrong."""

    refs: Mapping[str, ArtifactRef] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[StepProblem, ...] = ()


def collect(
    outputs: Iterable[Output], namespace: Mapping[str, Any], save: Callable[[Mapping[str, Any]], Saved]
) -> Collected:
    """Store the outputs by `save`, a required one in any case, a kept one if that is easy.

    A required output that is not bound has the digest `ABSENT`: the step that reads it raises what
    Run All raises. One that cannot be stored is a problem; only a kept one may be left out.
    """
    wanted = {output.name: output for output in outputs if output.kind is EdgeKind.DATA}
    refs: dict[str, ArtifactRef] = {}
    skipped: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, output in wanted.items():
        if name not in namespace:
            refs |= {name: ArtifactRef(digest=ABSENT)} if output.required else {}
        elif not output.required and (reason := reason_to_leave_out(namespace[name])):
            skipped[name] = reason
        else:
            values[name] = namespace[name]
    saved = save(values)
    skipped |= {name: error.message for name, error in saved.problems.items() if not wanted[name].required}
    problems = [
        problem_of(error, name=name, type_name=error.type_name)
        for name, error in saved.problems.items()
        if wanted[name].required
    ]
    return Collected(refs={**refs, **saved.refs}, skipped=skipped, problems=tuple(problems))


def reason_to_leave_out(value: Any) -> str:
    """Return why a value that no step takes is not stored, or ""."""
    if isinstance(value, ModuleType):
        return "a module"
    size = size_bytes(value)
    if size > KEPT_AT_MOST_BYTES:
        return f"{size / 1e6:.0f} MB, and no step takes it (kept up to {KEPT_AT_MOST_BYTES / 1e6:.0f} MB)"
    return ""


def size_bytes(value: Any) -> int:
    """Return a cheap lower bound of the memory that `value` takes; containers are looked into one level."""
    if type(value) in (list, tuple, set, frozenset):
        return sum(_own_size_bytes(item) for item in value)
    if type(value) is dict:
        return sum(_own_size_bytes(item) for item in value.values())
    return _own_size_bytes(value)


def metrics_of(
    names: Iterable[str], namespace: Mapping[str, Any], step: str
) -> tuple[dict[str, float], tuple[StepProblem, ...]]:
    """Return the numbers behind `names` (a dict gives one per key, as `name.key`), and what is none."""
    found: dict[str, float] = {}
    problems = []
    for name in names:
        if name not in namespace:
            problems.append(_metric_problem(name, f"step {step!r} ends without a variable {name!r}", ""))
            continue
        for key, value in _flattened(name, namespace[name]):
            number = _as_number(value)
            if number is None:
                message = f"metric {key!r} of step {step!r} is no number but {type(value).__name__}"
                problems.append(_metric_problem(name, message, type(value).__name__))
            else:
                found[key] = number
    return found, tuple(problems)


def loaded_modules(more: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the loaded top-level modules, and `more` that worker processes have loaded.

    Those of the standard library and the kernel's own are left out.
    """
    names = {name.partition(".")[0] for name in (*tuple(sys.modules), *more)}
    ours = sys.stdlib_module_names | _MACHINERY
    return tuple(sorted(name for name in names if name not in ours and not name.startswith("_")))


def problem_of(error: StepmillError, *, name: str = "", type_name: str = "") -> StepProblem:
    """Return the problem that says what `error` says."""
    return StepProblem(
        code=error.code, message=error.message, hint=error.hint, name=name, type_name=type_name
    )


def _metric_problem(name: str, message: str, type_name: str) -> StepProblem:
    hint = "--metrics names variables that hold a number, or a dict of numbers, when the step ends"
    return problem_of(UsageError(message, hint=hint), name=name, type_name=type_name)


def _flattened(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flattened(f"{name}.{key}", item)
    else:
        yield name, value


def _as_number(value: Any) -> float | None:
    """Return `value` as a float: Python and numpy numbers, and arrays and tensors with a single element."""
    if not isinstance(value, numbers.Real) and callable(getattr(value, "item", None)):
        try:
            value = value.item()
        except (TypeError, ValueError, RuntimeError):  # several elements
            return None
    return float(value) if isinstance(value, numbers.Real) else None


def _own_size_bytes(value: Any) -> int:
    kind = type(value)
    if kind.__module__ == "builtins":
        return sys.getsizeof(value)
    if module_of(kind).partition(".")[0] not in _SIZED_LIBRARIES:
        return 0  # unknown code: asking it could do anything
    if hasattr(kind, "memory_usage"):  # pandas: a number per column, or one
        return int(_total(value.memory_usage()))
    if hasattr(kind, "estimated_size"):  # polars
        return int(value.estimated_size())
    if hasattr(kind, "data") and not hasattr(kind, "nbytes"):  # sparse matrices
        return int(getattr(value.data, "nbytes", 0))
    return int(getattr(value, "nbytes", 0))


def _total(found: Any) -> Any:
    return found.sum() if hasattr(found, "sum") else found
