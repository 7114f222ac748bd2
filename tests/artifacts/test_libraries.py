"""Values of other libraries come back exactly, with one digest in every process."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.artifacts.differences import first_mismatch
from stepmill.artifacts.refusals import hint_for, type_name
from stepmill.artifacts.values import load_values, save_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.artifacts.store import Store

# By library; each is an expression, so that another process can make the same value.
VALUES = {
    "scipy": {
        "csr": "scipy.sparse.random(30, 20, 0.2, format='csr', random_state=0)",
        "csc-int": "scipy.sparse.random(9, 5, 0.4, format='csc', random_state=0).astype('int8')",
        "coo": "scipy.sparse.coo_matrix(([1, 2, 3], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))",
        "dok": "scipy.sparse.dok_matrix(np.eye(3))",
        "lil": "scipy.sparse.lil_matrix(np.eye(3))",
        "sparse-array": "scipy.sparse.csr_array(np.eye(3))",
        "empty-sparse": "scipy.sparse.csr_matrix((0, 4))",
    },
    "pyarrow": {
        "table": "pa.table({'i': [1, None], 's': ['é', None], 'l': [[1], None], 'd': [{'a': 1}, None]})",
        "chunks": "pa.chunked_array([[1, 2], [], [3]])",
        "slice": "pa.table({'x': range(100), 's': [str(n) for n in range(100)]}).slice(7, 5)",
        "dictionary": "pa.array(['a', 'b', 'a']).dictionary_encode()",
        "decimals": "pa.array([1, 2], pa.decimal128(5, 2))",
        "moments": "pa.array([1, None], pa.timestamp('us', 'Europe/Berlin'))",
        "schema": "pa.schema([pa.field('a', pa.int8(), nullable=False, metadata={'u': 'm'})], {'k': 'v'})",
        "no-rows": "pa.table({'x': pa.array([], pa.float32())})",
        "batch": "pa.record_batch([pa.array([True, None])], names=['b'])",
        "scalar": "pa.scalar(3, pa.int16())",
    },
    "PIL": {
        "rgb": "PIL.Image.new('RGB', (4, 3), (1, 2, 3))",
        "palette": "PIL.Image.new('P', (4, 3), 7)",
        "grey": "PIL.Image.fromarray(np.arange(12, dtype='u1').reshape(3, 4))",
    },
    "polars": {
        "frame": "polars.DataFrame({'i': [1, None], 's': ['a', None], 'l': [[1], []]})",
        "series": "polars.Series('c', ['a', 'b'], dtype=polars.Categorical)",
    },
    "torch": {
        "tensor": "torch.arange(6.0).reshape(2, 3)",
        "half": "torch.ones(3, dtype=torch.float16)",
        "brain": "torch.arange(3).to(torch.bfloat16)",
        "complex": "torch.complex(torch.ones(2), torch.zeros(2))",
        "bool": "torch.tensor([True, False])",
        "0-d": "torch.tensor(2.5)",
        "empty": "torch.empty(0, 3)",
        "turned": "torch.arange(6.0).reshape(2, 3).T",
        "sparse": "torch.eye(3).to_sparse()",
        "parameter": "torch.nn.Parameter(torch.ones(2))",
        "layer": "layer()",
    },
    "numpy": {
        "generator": "np.random.default_rng(3)",
        "philox": "np.random.Generator(np.random.Philox(3))",
        "legacy": "np.random.RandomState(3)",
        "seeds": "np.random.SeedSequence(3)",
        "masked": "np.ma.array([1.0, np.nan, 3], mask=[0, 1, 0], fill_value=-1)",
        "no-mask": "np.ma.array([1, 2])",
        "records": "np.array([(1, 'x', 0.5)], [('a', 'i4'), ('b', 'U3'), ('c', 'f8')])",
        "nested": "np.zeros(2, [('p', [('x', 'f4'), ('y', 'f4')]), ('n', 'u1', (2, 2))])",
        "0-d": "np.array(2.5)",
        "0-d-object": "np.array({'a': 1}, dtype=object)",
        "poly": "np.polynomial.Polynomial([1, 2, 3])",
    },
    "pandas": {
        "grouped": "pd.DataFrame({'k': list('aba'), 'x': [1, 2, 3]}).groupby('k').agg(['mean', 'sum'])",
        "attrs": "attrs(pd.DataFrame({'x': [1.5]}))",
        "offset": "pd.offsets.BMonthEnd(2)",
        "timestamp": "pd.Timestamp('2020-10-25', tz='Europe/Berlin').as_unit('ms')",
        "interval": "pd.Interval(0, 1, closed='both')",
        "dtype": "pd.CategoricalDtype(['b', 'a'], ordered=True)",
        "missing": "[pd.NA, pd.NaT]",
        "sparse-frame": "pd.DataFrame({'s': pd.arrays.SparseArray([0, 0, 1])})",
        "empty": "pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []], names=['a', None]))",
    },
}
SETUP = """
import numpy as np, pandas as pd

def layer():
    torch.manual_seed(0)
    made = torch.nn.Linear(3, 2)
    made(torch.ones(1, 3)).sum().backward()
    return made

def attrs(value):
    value.attrs = {"unit": "m", "deep": [1, {"a": (2,)}]}
    return value
"""
DIGESTS = """
import sys
import types
from stepmill.artifacts.store import open_store
from stepmill.artifacts.values import save_values

store = open_store(sys.argv[1])
for name, source in VALUES.items():
    saved = save_values(store, {name: eval(source)}, definitions={}, namespace={})
    print(name, saved.refs[name].digest)
"""
IMPORTS = {
    "scipy": "import scipy.sparse",
    "pyarrow": "import pyarrow as pa",
    "PIL": "import PIL.Image",
    "polars": "import polars",
    "torch": "import torch",
}


def _made(library: str) -> dict[str, Any]:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    namespace: dict[str, Any] = {}
    exec(SETUP + IMPORTS.get(library, ""), namespace)
    return {name: eval(source, namespace) for name, source in VALUES[library].items()}


@pytest.mark.parametrize("library", VALUES)
def test_values_come_back_exactly(library: str, store: Store) -> None:
    for name, value in _made(library).items():
        saved = save_values(store, {name: value}, definitions={}, namespace={})
        assert not saved.problems, saved.problems
        loaded = load_values(store, saved.refs, definitions={}, namespace={})[name]
        assert first_mismatch(value, loaded) is None, name
        again = save_values(store, {name: loaded}, definitions={}, namespace={})
        assert again.refs[name].digest == saved.refs[name].digest, name


@pytest.mark.parametrize("library", VALUES)
def test_equal_values_have_one_digest_in_every_process(library: str, store: Store) -> None:
    made = _made(library)
    ours = {
        name: save_values(store, {name: value}, definitions={}, namespace={}).refs[name].digest
        for name, value in made.items()
    }
    script = f"{SETUP}{IMPORTS.get(library, '')}\nVALUES = {VALUES[library]!r}\n{DIGESTS}"
    command = [sys.executable, "-W", "ignore", "-c", script, f"{store.url}-other"]
    environment = os.environ | {"PYTHONHASHSEED": "77"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert dict(line.split() for line in done.stdout.splitlines()) == ours


def test_a_model_keeps_what_the_names_in_its_formula_meant(
    round_trip: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """statsmodels evaluates the formula again on loading, in the loader's frame; patsy refuses pickling."""
    for name, source in FORMULAS.items():
        module = types.ModuleType(name)
        exec(source, vars(module))
        monkeypatch.setitem(sys.modules, name, module)
    from patsy import Environment  # type: ignore[import-not-found]
    from statsmodels import Data  # type: ignore[import-not-found]

    loaded = round_trip([Data(Environment({"scale": 3}))])[0]

    assert loaded.model_spec.names == {"scale": 3}


FORMULAS = {
    "patsy": """
class Environment:
    def __init__(self, names): self.names = names
    def __getstate__(self): raise NotImplementedError("Sorry, pickling not yet supported.")
""",
    "statsmodels": """
class Data:
    def __init__(self, spec): self.model_spec = spec
    def __getstate__(self): return {"restore_model_spec": True}
    def __setstate__(self, state): raise NameError("name 'scale' is not defined")
""",
}
"""Stand-ins of the libraries, with what matters here of each."""


def test_formulas_of_the_real_libraries(round_trip: Callable[[Any], Any]) -> None:
    patsy, ols = pytest.importorskip("patsy"), pytest.importorskip("statsmodels.formula.api").ols
    pd = pytest.importorskip("pandas")
    scale = 1.5
    assert scale  # read by the formula
    frame = pd.DataFrame({"x": [1.0, 2, 3, 5, 6, 8], "y": [1.0, 2.5, 2.9, 4.1, 6, 7], "c": list("abbaba")})
    model = ols("y ~ center(x) + C(c) + I(x**2 * scale)", frame).fit()
    design = patsy.dmatrix("bs(x, df=4)", frame)

    loaded, matrix = round_trip([model, design])

    assert loaded.predict(frame).equals(model.predict(frame))
    assert (patsy.build_design_matrices([matrix.design_info], frame)[0] == design).all()


class UndefinedFunction(type):
    """As sympy's: its classes, such as `Function("f", real=True)`, are in no module."""

    _kwargs: dict[str, bool]

    def __new__(cls, name: str, **assumptions: bool) -> UndefinedFunction:
        made = super().__new__(cls, name, (), {"__module__": None})
        made._kwargs = assumptions
        return made

    def __init__(cls, name: str, **_assumptions: bool) -> None:
        super().__init__(name, (), {})


def test_classes_without_a_module_are_made_again(round_trip: Callable[[Any], Any]) -> None:
    f = UndefinedFunction("f", real=True)
    applied = f()
    applied.args = (f,)
    loaded = round_trip([applied, f])
    assert type(loaded[0]) is loaded[0].args[0] is loaded[1]
    assert (loaded[1].__name__, loaded[1].__module__, loaded[1]._kwargs) == ("f", None, {"real": True})


def test_a_value_of_a_class_without_a_module_has_a_name_when_it_is_refused() -> None:
    kind = type("odd", (), {"__module__": None})
    assert type_name(kind) == "odd"
    assert hint_for(kind())
