"""Generated programs: the exported module does what the cells do, run in order, or it is refused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from compiler.linear import Ran, execute_cells, execute_main, linear_cells, write_cells
from stepmill import api
from stepmill.errors import ExportRefused, PipelineError

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = ("a", "b", "c")
LISTS = ("p", "q")
HELPERS = ("f", "g", "h")
START = """a = 1
b = 2
c = 3
p = [1]
q = [2]
def f(x):
    return x + a
def g(x):
    return x + b
def h(x):
    return x + c
"""

number = st.sampled_from(NUMBERS)
rows = st.sampled_from(LISTS)
helper = st.sampled_from(HELPERS)
small = st.integers(1, 5).map(str)


def _filled(template: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries(parts).map(lambda values: template.format(**values))


term = st.one_of(number, small, _filled("len({p})", p=rows), _filled("{f}({n})", f=helper, n=number))
value = st.one_of(term, _filled("{x} + {y}", x=term, y=term), _filled("{x} * {y} % 97", x=number, y=term))
listed = st.one_of(
    _filled("[{x}]", x=value),
    rows,
    _filled("{p} + [{x}]", p=rows, x=number),
    _filled("[i + {x} for i in range({k})]", x=number, k=small),
    _filled("[{n} for {n} in range({k})]", n=number, k=small),
    _filled("[({n} := {n} + i) for i in range({k})]", n=number, k=small),
)
simple = st.one_of(
    _filled("{n} = {x}", n=number, x=value),
    _filled("{n} += {x}", n=number, x=value),
    _filled("{p} = {x}", p=rows, x=listed),
    _filled("{p} += [{x}]", p=rows, x=number),
    _filled("{p}.append({x})", p=rows, x=value),
    _filled("{n}, {m} = {m}, {n}", n=number, m=number),
    _filled("del {n}", n=number),
    _filled("{f}({n})", f=helper, n=number),
    _filled("{f} = {g}", f=helper, g=helper),
    _filled("{f} = lambda x: x + {x}", f=helper, x=value),
    _filled("print({x}, {p})", x=value, p=rows),
)
compound = st.one_of(
    _filled("for i in range({k}):\n    {s}\n{n} = i", k=small, s=simple, n=number),
    _filled("for {n} in range({k}):\n    {s}", k=small, s=simple, n=number),
    _filled("if {x} > {y}:\n    {s}\nelse:\n    {t}", x=value, y=value, s=simple, t=simple),
    _filled("try:\n    {s}\nexcept NameError:\n    {t}", s=simple, t=simple),
    _filled(
        "class K:\n    v = {x}\n    def m(_):\n        return {y}\nprint(K.v, K().m())", x=value, y=value
    ),
    _filled("def {f}(x):\n    return x + {n}", f=helper, n=number),
    _filled("def {f}(x, y={n}):\n    return x + y + {m}", f=helper, n=number, m=number),
    _filled("def {f}(x):\n    global {n}\n    {n} = {n} + x\n    return {n}", f=helper, n=number),
    _filled("def {f}(x):\n    {p}.append(x)\n    return len({p})", f=helper, p=rows),
    _filled("def {f}(x):\n    {n} = x * 2\n    return {n} + {m}", f=helper, n=number, m=number),
)
statement = st.one_of(simple, compound)
definition = _filled("def {f}(x):\n    return x + {n}", f=helper, n=number)
quiet = simple.filter(lambda text: not text.startswith(("print", "del")))  # untagged code may be left out
body = st.lists(statement, min_size=1, max_size=4).map("\n".join)


@st.composite
def programs(draw: st.DrawFn) -> list[str]:
    """Return cells: constants and helpers, untagged; then steps."""
    setup = draw(st.lists(st.one_of(definition, quiet), max_size=2))
    steps = draw(st.lists(body, min_size=2, max_size=4))
    cells = [START + "\n".join(setup)]
    for name, text in zip("wxyz", steps, strict=False):
        cells.append(f"%%step {name}_step\n{text}\nprint(a, b, c, p, q)")
    return cells


def test_the_module_does_what_the_program_does(tmp_path: Path) -> None:
    verdicts: Counter[str] = Counter()

    @settings(
        max_examples=60, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(programs())
    @example([START, "%%step one\nprint(a)\na += 1", "%%step two\nprint(a)"])
    def check(cells: list[str]) -> None:
        verdicts[judge(cells, tmp_path)] += 1

    check()
    assert verdicts["equal"] > verdicts["refused"], verdicts


def judge(cells: list[str], folder: Path) -> str:
    notebook = write_cells(folder / "book.ipynb", cells)
    try:
        text = api.export(notebook, project=folder, formatted=False).text
    except (PipelineError, ExportRefused):
        return "refused"
    linear = execute_cells(linear_cells(cells, silent=(0,)), {"__name__": "program"})
    module = run_text(text)
    kept = {name: linear.values.get(name) for name in module.values}
    assert module == Ran(printed=linear.printed, values=kept, error=linear.error), text
    return "equal"


def run_text(text: str) -> Ran:
    namespace = {"__name__": "program"}
    exec(compile(text, "exported.py", "exec", dont_inherit=True), namespace)
    return execute_main(namespace, {})
