"""Random numbers under other names than NumPy's own, and of libraries whose generators nobody hands on."""

from __future__ import annotations

import pytest

from analysis.notebooks import pipeline

NAMES = {
    "pylab": frozenset({"np", "randn", "seed"}),
    "numpy.random": frozenset({"normal", "rand", "randn", "seed"}),
}


@pytest.mark.parametrize(
    ("imports", "generator", "draws"),
    [
        pytest.param("from pylab import *", "np.random", "randn(2)", id="pylab-star"),
        pytest.param("import pylab as pl", "pl.np.random", "pl.rand()", id="pylab-attribute"),
        pytest.param("from matplotlib.pylab import seed, normal", "", "normal()", id="pylab-names"),
        pytest.param("import autograd.numpy as np", "np.random", "np.random.rand()", id="autograd"),
        pytest.param("import matplotlib.pyplot as plt", "plt.np.random", "plt.np.random.rand()", id="pyplot"),
        pytest.param("from fastai.vision.all import np", "np.random", "np.random.rand()", id="fastai"),
    ],
)
def test_numpy_under_another_name(imports: str, generator: str, draws: str) -> None:
    seeds = f"{generator}.seed(1)".lstrip(".")
    cells = (f"%%step a\n{imports}\n{seeds}", f"%%step b\nx = {draws}", f"%%step c\nprint(x, {draws})")
    made = pipeline(*cells, modules=NAMES.get)
    assert made.seeded == ("numpy",)
    assert [step.draws for step in made.steps] == [("numpy",)] * 3
    assert made.diagnostics == ()


KERAS = "import keras\nimport tensorflow as tf\n"


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        pytest.param(f"{KERAS}tf.random.set_seed(1)", "x = tf.random.normal((2,))", True, id="draws"),
        pytest.param(f"{KERAS}tf.random.set_seed(1)", "m = keras.Sequential([])", True, id="makes-a-model"),
        pytest.param(f"{KERAS}tf.random.set_seed(1)\nm = keras.Model()", "m.fit(1)", True, id="fits"),
        pytest.param(f"{KERAS}tf.random.set_seed(1)\nm = keras.Model()", "m.predict(1)", False, id="applies"),
        pytest.param(
            f"{KERAS}tf.random.set_seed(1)",
            "tf.random.set_seed(2)\nx = tf.random.normal((2,))",
            False,
            id="seeds-again",
        ),
        pytest.param(
            f"{KERAS}x = tf.random.normal((2,))", "x = tf.random.normal((2,))", False, id="unseeded"
        ),
        pytest.param(
            "import cupy\ncupy.random.seed(1)", "x = cupy.random.choice(3)", True, id="nobody-knows-it"
        ),
        pytest.param(
            "import jax\nk = jax.random.key(1)", "x = jax.random.choice(k, 3)", False, id="has-keys"
        ),
    ],
)
def test_a_generator_that_nobody_hands_on(first: str, second: str, refused: bool) -> None:
    made = pipeline(f"%%step a\n{first}", f"%%step b\n{second}", "%%step c\nprint(1)")
    found = [(d.code, d.cell) for d in made.diagnostics if str(d.severity) == "error"]
    assert found == [("SM342", 1)] * refused


@pytest.mark.parametrize(
    ("function", "seeded"),
    [
        ("keras.utils.set_random_seed", ("numpy", "random")),
        ("tensorflow.keras.utils.set_random_seed", ("numpy", "random")),
        ("transformers.set_seed", ("numpy", "random", "torch")),
        ("lightning.seed_everything", ("numpy", "random", "torch")),
        ("lightning.pytorch.seed_everything", ("numpy", "random", "torch")),
        ("pytorch_lightning.seed_everything", ("numpy", "random", "torch")),
    ],
)
def test_what_seeds_several_generators(function: str, seeded: tuple[str, ...]) -> None:
    module = function.rpartition(".")[0]
    made = pipeline(f"%%step a\nimport {module}\n{function}(1)", "%%step b\nprint(1)")
    assert made.seeded == made.steps[0].draws == seeded


@pytest.mark.parametrize(
    "function",
    [
        "tensorflow.random.set_seed",
        "tensorflow.set_random_seed",
        "tensorflow.compat.v1.set_random_seed",
        "tensorflow.keras.utils.set_random_seed",
        "keras.utils.set_random_seed",
    ],
)
def test_what_seeds_a_generator_that_nobody_hands_on(function: str) -> None:
    seeds = f"%%step a\nimport keras\nimport tensorflow\n{function}(1)"
    made = pipeline(seeds, "%%step b\nx = tensorflow.random.normal((2,))")
    assert [d.code for d in made.diagnostics if str(d.severity) == "error"] == ["SM342"]


def test_a_value_drawn_by_a_library_is_handed_on_and_not_drawn_again() -> None:
    made = pipeline("%%step a\nimport cupy\nx = cupy.random.choice(3)", "%%step b\nprint(x)")
    assert [(one.name, one.producer) for one in made.steps[1].inputs] == [("x", "a")]
