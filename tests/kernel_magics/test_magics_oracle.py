"""The same cells, tagged in one kernel and plain in another, give the same messages to the letter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel_magics.kernels import Kernel, Reply, started_kernel, without_colours

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

_VOLATILE = (
    (re.compile(r"ipykernel_\d+"), "ipykernel"),
    (re.compile(r"\b\d+\.py\b"), "N.py"),  # IPython names a cell by its text
    (re.compile(r"0x[0-9a-f]+"), "0xADDRESS"),
    (re.compile(r"[\d.e+]+ (ns|[µμ]s|us|ms|s)\b( ± [\d.e+]+ (ns|[µμ]s|us|ms|s))?"), "TIME"),
    (re.compile(r"tmp\w{8}|/tmp/\S+"), "TEMPORARY"),
)
_NUMBERED = re.compile(r"Cell In\[|N\.py|Error: .* line \d|<>:\d")


class Pair:
    """Two kernels with one past: all cells were run in both, in one with a tag."""

    def __init__(self, plain: Kernel, tagged: Kernel) -> None:
        self.plain = plain
        self.tagged = tagged

    def compare(self, body: str, tag: str = "%%step train --cpus 2") -> None:
        """Run `body` in both and compare all that was sent; lines count from the body's own first."""
        alone = body.lstrip().startswith("%%")  # another cell magic, which counts its own lines
        above = 0 if alone else tag.count("\n") + 1
        plain, tagged = self.plain.run(body), self.tagged.run(f"{tag}\n{body}")
        assert _document(tagged, above) == _document(plain, 0)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folders = [tmp_path_factory.mktemp("folder") / "work" for _ in range(2)]
    for folder in folders:
        (folder / "inner").mkdir(parents=True)
        (folder / "module_here.py").write_text("def fail():\n    raise ValueError('from a module')\n")
    with started_kernel(folders[0]) as plain, started_kernel(folders[1]) as tagged:
        assert plain.run("pass").status == "ok"
        assert tagged.run("%load_ext stepmill").messages == []
        yield Pair(plain, tagged)


def _document(reply: Reply, above: int) -> Any:
    """Return everything comparable of a reply; `above` lines of the tag are taken off line numbers."""
    messages = [(kind, _plain(content, above)) for kind, content in reply.messages]
    return {
        "status": reply.status,
        "count": reply.count,
        "messages": messages,
        "payload": _plain(reply.payload, above),
    }


def _plain(value: Any, above: int) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item, above) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, above) for item in value]
    if not isinstance(value, str):
        return value
    text = without_colours(value)
    for pattern, word in _VOLATILE:
        text = pattern.sub(word, text)
    return _lines_moved(text, above)


def _lines_moved(text: str, above: int) -> str:
    """Count lines of cells from the body's first: in frames, in SyntaxErrors, in excerpts."""

    def moved(match: re.Match[str]) -> str:
        return f"{match[1]}{int(match[2]) - above}"

    kept = []
    in_cell = False
    for line in text.split("\n"):
        if line.startswith(("Cell In[", "File ", "  Cell In[")):
            in_cell = "Cell In[" in line
        if _NUMBERED.search(line) or ("<string>" in line and "of tabs and spaces" in text):
            line = re.sub(r"(line |Cell In\[\d+\]:|<>:|<string>:)(\d+)", moved, line)
        number = re.match(r"\s*(-+> )?(\d+) ?(.*)$", line)
        if in_cell and number:
            if int(number[2]) - above < 1:
                continue  # the tag itself, blank in the excerpt
            line = f"{'>' if number[1] else ' '}{int(number[2]) - above} {number[3]}".rstrip()
        kept.append(line)
    return "\n".join(kept)


BODIES = [
    "1 + 1",
    "1 + 1;",
    "a = 5\na * 2",
    "a = 5\na * 2;",
    "a * 2  # comment;",
    "a;  # comment",
    "'text;'",
    "_",
    "__",
    "Out[max(Out)]",
    "_ + 1 if isinstance(_, int) else _",
    "None",
    "x = y = 3\n(x,\n y)",
    "print('out'); import sys; print('err', file=sys.stderr)",
    "display(1); display('two')\n3",
    "from IPython.display import HTML\nHTML('<b>x</b>')",
    "if True:\n    7",
    "for i in range(2):\n    i",
    "def f(x):\n    '''Doc.'''\n    return x + 1\n\nf(1)",
    "class K:\n    n = 1\n\n    def g(self):\n        return self.n\nK().g()",
    "@staticmethod\ndef s(): return 1\ntype(s).__name__",
    "'''\n%%step b\n'''",
    'text = """\n%%step b\n%%parameters\n"""\ntext',
    "r'\\%%step'",
    "import asyncio\nawait asyncio.sleep(0)\n7",
    "async def g():\n    return 9\nawait g()",
    "async with asyncio.Lock():\n    inside = 1\ninside",
    "[i async for i in aiter_of()] if False else 8",
    "%env NO_SUCH_VARIABLE_HERE",
    "x = %env HOME\nlen(x) > 0",
    "%who_ls int",
    "%precision 3\n1/3",
    "%precision\n1/3",
    "%alias_magic t timeit",
    "%%t -n1 -r1\n1",
    "!echo hi",
    "!echo out; echo err >&2",
    "!exit 3",
    "_exit_code",
    "files = !echo one two\nfiles",
    "!!echo listed",
    "%%bash\necho hello",
    "%%sh\necho $((1 + 1))",
    "%%bash --out caught\necho hello",
    "caught",
    "%%bash\nexit 4",
    "%%capture out\nprint('quiet')\n3",
    "out.stdout",
    "%%capture\n1/0",
    "%%time\n6 * 7",
    "%%time\nx = 6",
    "%%time\n1/0",
    "%%timeit -n1 -r1\nx = 1",
    "%timeit -n1 -r1 x",
    "%time 3 * 3",
    "%%writefile written.txt\n%%step inside\n  kept\n",
    "open('written.txt').read()",
    "%%writefile -a written.txt\n# more",
    "open('written.txt').read()",
    "%%html\n<b>x</b>",
    "%%latex\n$x$",
    "%%javascript\n1",
    "%%markdown\n# x",
    "%%svg\n<svg/>",
    "%%python\nprint('child')",
    "%%script sh -c 'cat'\nfed",
    "%%prun -q\nx = 1",
    "%%nosuchmagic\nx",
    "%nosuchmagic x",
    "%%steps x",
    "\n\n%%bash\necho after blank lines",
    "# c\n%%bash\necho",
    "cd inner",
    "cd ..",
    "pwd",
    "pwd\n\n",
    "cd nosuchfolder",
    "cd inner\nx = 1",
    "ls\n",
    "ls",
    "who_ls",
    "len?",
    "?len",
    "len??",
    "f?",
    "f??",
    "?nosuchname",
    "str.spl*?",
    "len?\nx = 1",
    "x = 1\nlen?",
    "    b = 1\n    b + 1",
    "\tb = 2\n\tb",
    "# only a comment",
    "# comment\n1",
    ">>> 1 + 2",
    ">>> 1 + 2\n3",
    "In [1]: 5\n   ...: 6",
    "1/0",
    "x = 1\n\n\n1/0\n# after",
    "def deep():\n    return 1/0\n\ndeep()",
    "f(1, 2, 3)",
    "raise ValueError('with text')",
    "raise SystemExit(3)",
    "raise KeyboardInterrupt",
    "try:\n    1/0\nexcept ZeroDivisionError as error:\n    raise RuntimeError('second') from error",
    "assert 1 == 2, 'unequal'",
    "import module_here\nmodule_here.fail()",
    "exec('1/0')",
    "eval('1 +')",
    "nope nope",
    "x = 1\ny = = 2",
    "def f(:\n  pass",
    "if True:\nx = 1",
    "  x = 1\n y = 2",
    "'never closed",
    "'''never closed\nx",
    "print('a'",
    "x = 1\n  y = 2",
    "\tif x:\n        y",
    "return 1",
    "yield 1",
    "break",
    "await nothing_there",
    "nonlocal q",
    "global x\nx = 4",
    "from __future__ import annotations",
    "from __future__ import nosuch",
    "import warnings\nwarnings.warn('careful')",
    "x = 1\nimport warnings\nwarnings.warn('with its line')",
    "'\\d'",
    "1 is 1",
    "x: int = 3\nx",
    "(walrus := 5)",
    "match 3:\n    case 3:\n        matched = True\nmatched",
    "lambda: 0",
    "import inspect\nprint(inspect.getsource(f))",
    "f.__code__.co_firstlineno > 0",
    "import sys\nsys._getframe().f_code.co_name",
    "__name__",
    "get_ipython().run_line_magic('precision', '')",
    "get_ipython().run_cell('2').success",
    "%run nosuch.ipynb",
    "%run nosuch.py",
    "%load_ext nosuch_extension",
    "%%",
    "%",
    "!",
    "%%!\necho x",
    "%%capture --no-stderr c2\nprint('x')",
    "%matplotlib --list" if False else "%lsmagic?",
    "é = 'ünï'\né",
    "print('日本')\n1/0",
    "x = 1\r\ny = 2\r\nx + y",
    "x = [1,\n\n     2]\nx",
    "x = 1 \\\n    + 2\nx",
    "%autocall 1",
    "f 41",
    "/f 41",
    ",f a",
    "%autocall 0",
    "%automagic",
    "pwd",
    "%automagic",
    "%%time\n\n\n7",
    "del a",
    "a",
    "len(In) == get_ipython().execution_count",
]  # fmt: skip


@pytest.mark.parametrize(
    "body", [pytest.param(body, id=f"{i}-{body[:30]!r}") for i, body in enumerate(BODIES)]
)
def test_messages_are_the_same(pair: Pair, body: str) -> None:
    pair.compare(body)


@pytest.mark.parametrize(
    "tag", ["%%parameters", "%%scratch  # note", "# above\n\n# and\n%%step t", "%%step a"]
)
def test_with_any_tag(pair: Pair, tag: str) -> None:
    for body in (
        "1 + 1",
        "x = 1\n\n1/0",
        "y = = 1",
        "%%bash\necho x",
        "len?",
        "cd .",
        "def f():\n  return 1;",
    ):
        pair.compare(body, tag)


SNIPPETS = st.sampled_from(
    [
        *("x = 1", "x", "x;", "'%%step q'", "# note", "", "  ", "print(x)", "1/0", "y = (1,\n  2)", "len?"),
        *(
            "!echo hi",
            "%precision",
            "v = !echo a b",
            "if x:\n    x = 2",
            "def h(n):\n    return n / 0",
            "h(1)",
        ),
        *(
            "'''\n%%scratch\n'''",
            "import asyncio; await asyncio.sleep(0)",
            "x = = 3",
            "print('a';",
            "class C: pass",
        ),
        *(
            "try:\n    h(1)\nexcept Exception as e:\n    print(type(e))",
            "\\",
            "%%capture\nx",
            "raise OSError(x)",
        ),
    ]
)
TAGS = st.sampled_from(
    ["%%step t", "%%step  t --retries 1  # why", "# c\n%%step t", "%%parameters", "%%scratch"]
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(SNIPPETS, max_size=5), tag=TAGS, indent=st.sampled_from(["", "    "]))
def test_any_mixture_of_lines_gives_the_same(pair: Pair, parts: list[str], tag: str, indent: str) -> None:
    body = "\n".join(parts)
    if not body.strip() or not parts[0].strip():
        return  # IPython does not count an empty cell, and numbers lines from the first that is not blank
    if indent:
        body = "\n".join(indent + line if line.strip() else line for line in body.split("\n"))
    for kernel in (pair.plain, pair.tagged):
        kernel.run("h = None")  # one that an earlier cell has made stands below the tag of that cell
    pair.compare(body, tag)


def test_both_kernels_hold_the_same_at_the_end(pair: Pair) -> None:
    names = "sorted(n for n in globals() if not n.startswith('_'))"
    assert pair.tagged.value(names) == pair.plain.value(names)
    outputs = "{k: v for k, v in Out.items() if isinstance(v, (int, str)) and 'folder' not in str(v)}"
    assert pair.tagged.value(outputs) == pair.plain.value(outputs)
