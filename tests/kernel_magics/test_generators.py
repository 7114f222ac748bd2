from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from stepmill_magics.generators import StepGenerators, read_state, set_seed, set_state

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _generators_as_before() -> Iterator[None]:
    bit_generator = np.random.get_bit_generator()
    states = {name: read_state(name) for name in ("numpy", "random")}
    yield
    np.random.set_bit_generator(bit_generator)
    for name, state in states.items():
        set_state(name, state)


def _draw(name: str) -> list[float]:
    if name == "numpy":
        return [float(np.random.rand()), float(np.random.normal()), float(np.random.randint(1000))]
    return [random.random(), random.gauss(0, 1), random.randint(0, 1000)]


@pytest.mark.parametrize("name", ["numpy", "random"])
def test_a_restored_state_gives_the_same_draws(name: str) -> None:
    set_seed(name, 7)
    _draw(name)  # a Gaussian is half of a pair: the other half belongs to the state
    state = read_state(name)
    first = _draw(name)
    set_state(name, state)
    assert _draw(name) == first


@pytest.mark.parametrize("seed", [0, 7, 2**32 + 5, 2**63 + 1])
@pytest.mark.parametrize("name", ["numpy", "random"])
def test_any_size_of_seed_is_accepted_and_repeats(name: str, seed: int) -> None:
    set_seed(name, seed)
    first = _draw(name)
    set_seed(name, seed)
    assert _draw(name) == first


def test_a_foreign_bit_generator_is_restored_by_name() -> None:
    np.random.set_bit_generator(np.random.PCG64(3))
    state = read_state("numpy")
    first = _draw("numpy")
    np.random.set_bit_generator(np.random.MT19937(3))
    set_state("numpy", state)
    assert _draw("numpy") == first


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _plain(item) for key, item in value.items())
    if type(value) is tuple:
        return all(_plain(item) for item in value)
    return type(value) in (str, bytes, int, float, type(None))


@pytest.mark.parametrize("name", ["numpy", "random"])
def test_a_state_is_plain_data(name: str) -> None:
    _draw(name)
    assert _plain(read_state(name))


def test_a_watched_generator_that_nobody_used_did_not_move() -> None:
    generators = StepGenerators({}, ["numpy", "random"], None)
    generators.start()
    np.random.default_rng(0).normal()  # a generator of its own
    random.Random(0).random()
    assert generators.moved(generators.stop()) == ()


@pytest.mark.parametrize("name", ["numpy", "random"])
def test_a_watched_generator_that_was_used_moved(name: str) -> None:
    generators = StepGenerators({}, ["numpy", "random"], None)
    generators.start()
    _draw(name)
    assert generators.moved(generators.stop()) == (name,)


def test_a_watched_generator_is_not_seeded() -> None:
    np.random.seed(1)
    generators = StepGenerators({}, ["numpy"], 99)
    generators.start()
    generators.stop()
    first = _draw("numpy")
    np.random.seed(1)
    assert _draw("numpy") == first


def _child(code: str) -> Any:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


_LATE_IMPORT = """
import json, sys
from stepmill_magics.generators import StepGenerators
finders = list(sys.meta_path)
generators = StepGenerators({}, [], 5)
generators.start()
before = "numpy" in sys.modules
import importlib.util
importlib.util.find_spec("numpy.random")  # only asked for: must not use up the seed
import numpy as np
draws = np.random.rand(3).tolist()
loader = type(np.random.__loader__).__name__
generators.stop()
changed = "exec_module" in vars(np.random.__loader__)
print(json.dumps([before, draws, loader, finders == sys.meta_path, changed]))
"""


def test_numpy_is_seeded_when_the_step_imports_it_and_not_imported_for_it() -> None:
    before, draws, loader, finders_restored, loader_changed = _child(_LATE_IMPORT)
    assert before is False
    np.random.seed(5)
    assert draws == np.random.rand(3).tolist()
    assert (loader, finders_restored, loader_changed) == ("SourceFileLoader", True, False)


_WITHOUT_NUMPY = """
import json, sys
from stepmill_magics.generators import StepGenerators
generators = StepGenerators({}, ["numpy"], 5)
generators.start()
states = generators.stop()
print(json.dumps(["numpy" in sys.modules, "torch" in sys.modules, sorted(states), generators.moved(states)]))
"""


def test_what_the_step_does_not_import_stays_unimported() -> None:
    numpy_loaded, torch_loaded, states, moved = _child(_WITHOUT_NUMPY)
    assert (numpy_loaded, torch_loaded, moved) == (False, False, [])
    assert "numpy" not in states
