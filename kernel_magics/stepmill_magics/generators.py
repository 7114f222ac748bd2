"""The process-wide random generators: their states, read and set without importing what the user did not.

A generator is called "numpy" (the legacy global one), "random" or "torch". Its state is plain data
(dicts, tuples, numbers, bytes), so that storing and comparing it needs none of the libraries.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from stepmill_magics.imports import ImportWatch

GENERATORS = ("numpy", "random", "torch")

State = Mapping[str, Any]


class _Access(NamedTuple):
    """How to reach one generator. The import of `module` makes it (numpy imports it on first use only)."""

    module: str
    read: Callable[[], State]
    write: Callable[[State], None]
    seed: Callable[[int], None]


def is_loaded(generator: str) -> bool:
    """Return whether the generator exists in this process."""
    return _ACCESS[generator].module in sys.modules


def read_state(generator: str) -> State:
    """Return the state of a loaded generator, cached half of a Gaussian pair included."""
    return _ACCESS[generator].read()


def set_state(generator: str, state: State) -> None:
    """Put a loaded generator into a state that `read_state` returned, here or in another process."""
    _ACCESS[generator].write(state)


def set_seed(generator: str, seed: int) -> None:
    """Seed a loaded generator; `seed` may be any non-negative integer."""
    _ACCESS[generator].seed(seed)


def is_process_wide(value: Any) -> bool:
    """Tell whether an object is one of these generators; `from random import shuffle` is a method of one."""
    return any(
        value is getattr(sys.modules.get(module), name, None)
        for module, name in (("numpy.random.mtrand", "_rand"), ("random", "_inst"))
    )


class StepGenerators:
    """What one step gets from the random generators and does to them.

    Parameters
    ----------
    restore
        Generator -> the state that the step starts from.
    watch
        Generators that the step is held not to draw from.
    seed
        For the generators in neither of the two; None leaves them as they are.

    A generator whose library the step imports later is prepared right after that import.
    """

    def __init__(self, restore: Mapping[str, State], watch: Iterable[str], seed: int | None) -> None:
        self._restore = restore
        self._watch = frozenset(watch)
        self._seed = seed
        self._before: dict[str, State] = {}
        self._imports = ImportWatch()

    def start(self) -> None:
        """Prepare the loaded generators now and the others when they come."""
        for generator in GENERATORS:
            if not (generator in self._restore or generator in self._watch or self._seed is not None):
                continue
            if is_loaded(generator):
                self._prepare(generator)
            else:
                self._imports.after(_ACCESS[generator].module, partial(self._prepare, generator))

    def stop(self) -> Mapping[str, State]:
        """Return the states of all loaded generators, and prepare no more."""
        self._imports.remove()
        return {generator: read_state(generator) for generator in GENERATORS if is_loaded(generator)}

    def moved(self, after: Mapping[str, State]) -> tuple[str, ...]:
        """Return the watched generators that the step drew from or seeded, given their states `after` it."""
        return tuple(sorted(name for name, state in self._before.items() if after[name] != state))

    def _prepare(self, generator: str) -> None:
        if generator in self._restore:
            set_state(generator, self._restore[generator])
        elif generator not in self._watch and self._seed is not None:
            set_seed(generator, self._seed)
        if generator in self._watch:
            self._before[generator] = read_state(generator)


def _numpy_random() -> Any:
    return sys.modules["numpy.random"]  # right after its import `numpy` has no attribute `random` yet


def _read_numpy() -> State:
    return _plain_mapping(_numpy_random().get_state(legacy=False))


def _set_numpy(state: State) -> None:
    numpy_random = _numpy_random()
    if type(numpy_random.get_bit_generator()).__name__ != state["bit_generator"]:
        numpy_random.set_bit_generator(getattr(numpy_random, state["bit_generator"])(0))
    numpy_random.set_state(_unplain(state))


def _seed_numpy(seed: int) -> None:
    numpy_random = _numpy_random()
    current = numpy_random.get_bit_generator()
    if isinstance(current, numpy_random.MT19937):
        numpy_random.seed(seed % 2**32)
    else:  # only a MT19937 can be seeded again
        numpy_random.set_bit_generator(type(current)(seed))


def _plain_mapping(value: Mapping[str, Any]) -> State:
    return {key: _plain(item) for key, item in value.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if hasattr(value, "tobytes"):
        return {"dtype": value.dtype.str, "bytes": value.tobytes()}
    return value


def _unplain(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"dtype", "bytes"}:
        import numpy as np

        return np.frombuffer(value["bytes"], dtype=value["dtype"]).copy()
    return {key: _unplain(item) for key, item in value.items()}


def _read_random() -> State:
    import random

    version, words, gauss = random.getstate()
    return {"version": version, "words": tuple(words), "gauss": gauss}


def _set_random(state: State) -> None:
    import random

    random.setstate((state["version"], tuple(state["words"]), state["gauss"]))


def _seed_random(seed: int) -> None:
    import random

    random.seed(seed)


def _read_torch() -> State:
    import torch

    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"cpu": bytes(torch.get_rng_state().tolist()), "cuda": tuple(bytes(one.tolist()) for one in cuda)}


def _set_torch(state: State) -> None:
    import torch

    def tensor(content: bytes) -> Any:
        return torch.tensor(list(content), dtype=torch.uint8)

    torch.set_rng_state(tensor(state["cpu"]))
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([tensor(content) for content in state["cuda"]])


def _seed_torch(seed: int) -> None:
    import torch

    torch.manual_seed(seed % 2**63)


_ACCESS: Mapping[str, _Access] = {
    "numpy": _Access("numpy.random", _read_numpy, _set_numpy, _seed_numpy),
    "random": _Access("random", _read_random, _set_random, _seed_random),
    "torch": _Access("torch", _read_torch, _set_torch, _seed_torch),
}
