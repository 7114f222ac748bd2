"""IPython syntax as plain Python, with every line still traced to the user's."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.notebook import codes
from stepmill.notebook.expansion import KnownNames
from stepmill.notebook.ipython import _Reader, to_python
from stepmill.notebook.tags import split_lines

SHELL = "get_ipython()"
TIMED = "__stepmill_timeit__"

FORMS = [
    pytest.param("%time y = f(x)", ["y = f(x)"], id="time: the statement"),
    pytest.param("z = %time g(y)", ["z = g(y)"], id="time assigned: the expression"),
    pytest.param("z = %time y = 3", ["y = 3", "z = None"], id="time of a statement gives None"),
    pytest.param("%time !ls", [f"{SHELL}.system('ls')"], id="time of a shell command"),
    pytest.param("%timeit -n 3 f(x)", [f"def {TIMED}():", " f(x)", f"{TIMED}()"], id="timeit: in a function"),
    pytest.param(
        "r = %timeit -o f(x)",
        [f"def {TIMED}():", " f(x)", f"{TIMED}()", f"r = {SHELL}.run_line_magic('timeit', '')"],
        id="timeit -o gives a value",
    ),
    pytest.param("%prun -q f(x)", ["f(x)"], id="prun: the statement"),
    pytest.param("!ls -l", [f"{SHELL}.system('ls -l')"], id="shell"),
    pytest.param("!cat {d}/x $e", [f"{SHELL}.system('cat {{d}}/x $e', (d), (e))"], id="shell reads names"),
    pytest.param("x = !ls", [f"x = {SHELL}.getoutput('ls')"], id="shell output assigned"),
    pytest.param("x[0] = !ls", [f"x[0] = {SHELL}.getoutput('ls')"], id="shell output into an item"),
    pytest.param("!!ls", [f"{SHELL}.getoutput('ls')"], id="shell output shown"),
    pytest.param("%sx ls {d}", [f"{SHELL}.getoutput('ls {{d}}', (d))"], id="%sx"),
    pytest.param("!awk '{print $1}' f", [f"""{SHELL}.system("awk '{{print $1}}' f")"""], id="awk's braces"),
    pytest.param("!echo $$y", [f"{SHELL}.system('echo $$y')"], id="doubled dollar"),
    pytest.param("%cd data", [f"{SHELL}.run_line_magic('cd', 'data')"], id="cd stays"),
    pytest.param("%env K={v}", [f"{SHELL}.run_line_magic('env', 'K={{v}}', (v))"], id="env reads"),
    pytest.param("%matplotlib inline", [f"{SHELL}.run_line_magic('matplotlib', 'inline')"], id="matplotlib"),
    pytest.param("%run a.py", [f"{SHELL}.run_line_magic('run', 'a.py')"], id="run stays"),
    pytest.param("df?", ["df"], id="help reads the name"),
    pytest.param("df.head??", ["df"], id="help on an attribute"),
    pytest.param("?df", ["df"], id="help in front"),
    pytest.param("*.x?", ["None"], id="search reads nothing"),
    pytest.param("%time?", ["None"], id="help on a magic"),
    pytest.param(",f a b", ['f("a", "b")'], id="quoted call"),
    pytest.param("pip install x", [f"{SHELL}.run_line_magic('pip', 'install x')"], id="automagic"),
    pytest.param(
        "\n\n  cd data", ["", "", f"{SHELL}.run_line_magic('cd', 'data')"], id="automagic below blanks"
    ),
    pytest.param("ls = 1", ["ls = 1"], id="assignment is no automagic"),
    pytest.param(
        "%%step t\ncd data", ["# %%step t", f"{SHELL}.run_line_magic('cd', 'data')"], id="automagic, step"
    ),
    pytest.param("%%time\nx = 1", ["# %%time", "x = 1"], id="%%time"),
    pytest.param("%%time\n%%step t\nx = 1", ["# %%time", "# %%step t", "x = 1"], id="%%time above %%step"),
    pytest.param("%%step t\n%%time\nx = 1", ["", "# %%time", "x = 1"], id="%%time below %%step"),
    pytest.param("%%time\n%%prun -q\nx = 1", ["# %%time", "# %%prun -q", "x = 1"], id="stacked"),
    pytest.param("%%prun a = 1\nb = a", ["# %%prun a = 1", "a = 1", "b = a"], id="%%prun with a statement"),
    pytest.param(
        "%%capture out\nx = 1",
        ["# %%capture out", "x = 1", f"out = {SHELL}.run_line_magic('capture_result', '')"],
        id="%%capture binds",
    ),
    pytest.param("%%capture\nx = 1", ["# %%capture", "x = 1"], id="%%capture without a name"),
    pytest.param(
        "%%timeit -n1 a = 3\nb = '''1\n2'''\nb + a",
        [
            "# %%timeit -n1 a = 3",
            f"def {TIMED}():",
            " a = 3",
            " b = '''1",
            "2'''",
            " b + a",
            " pass",
            f"{TIMED}()",
        ],
        id="%%timeit: setup and body in a function",
    ),
    pytest.param("%%writefile a.txt\nhi", ["open('a.txt', 'w').write('hi\\n')"], id="%%writefile"),
    pytest.param(
        "%%writefile -a 'a b.txt'\nhi", ["open('a b.txt', 'a').write('hi\\n')"], id="%%writefile -a"
    ),
    pytest.param("%%file {d}/a\nhi", ["open(str(d) + '/a', 'w').write('hi\\n')"], id="%%file with a name"),
    pytest.param("%%bash\nls", [f"{SHELL}.run_cell_magic('bash', '', 'ls\\n')"], id="%%bash"),
    pytest.param(
        "%%bash --out a --err b\nls",
        [f"a, b = {SHELL}.run_cell_magic('bash', '--out a --err b', 'ls\\n')"],
        id="%%bash binds",
    ),
    pytest.param("%%html\n<b>", [f"{SHELL}.run_cell_magic('html', '', '<b>\\n')"], id="%%html"),
    pytest.param(
        "%%sql db\nselect", [f"{SHELL}.run_cell_magic('sql', 'db', 'select\\n')"], id="unknown cell magic"
    ),
    pytest.param(
        "%%R -i df -o res\nres <- df",
        [f"res = {SHELL}.run_cell_magic('R', '-i df -o res', 'res <- df\\n', (df))"],
        id="%%R reads and binds",
    ),
    pytest.param("if a:\n    %time b = 1", ["if a:", "    b = 1"], id="inside a block"),
    pytest.param("%%step t\n  x = 1\n  y = 2", ["# %%step t", "x = 1", "y = 2"], id="dedented below the tag"),
    pytest.param(">>> a = 1\n>>> b = 2", ["a = 1", "b = 2"], id="pasted prompts"),
    pytest.param("In [1]: a = 1\n   ...: b = 2", ["a = 1", "b = 2"], id="pasted IPython prompts"),
]


@pytest.mark.parametrize(("source", "python"), FORMS)
def test_a_form_shows_its_data_flow(source: str, python: list[str]) -> None:
    result = to_python(source)
    assert result.problems == ()
    assert result.code.split("\n") == python
    assert len(result.lines) == len(python)
    ast.parse(result.code)


def test_continued_command_keeps_the_lines_below() -> None:
    result = to_python("!ls \\\n  -l {y}\nz = 2")
    assert (result.code.split("\n")[-1], result.lines) == ("z = 2", (1, 3))


def test_await_at_the_top_is_plain_python() -> None:
    assert to_python("await g()\nx = 1").lines == (1, 2)


def test_special_lines_inside_of_strings_are_text() -> None:
    source = "a = '''\n!ls\n%time x\n'''\n!echo"
    assert to_python(source).code == source.replace("\n!echo", f"\n{SHELL}.system('echo')")


KNOWN = [
    pytest.param("!echo $HOME", set(), f"{SHELL}.system('echo $HOME')", id="environment variable"),
    pytest.param(
        "!echo $HOME", {"HOME"}, f"{SHELL}.system('echo $HOME', (HOME))", id="variable of that name"
    ),
    pytest.param("!echo $x {nope}", {"x"}, f"{SHELL}.system('echo $x {{nope}}')", id="all or nothing"),
    pytest.param(
        "!echo {len(x)}", {"x"}, f"{SHELL}.system('echo {{len(x)}}', (len(x)))", id="builtins exist"
    ),
    pytest.param("ls", {"ls"}, "ls", id="a variable hides the magic"),
    pytest.param("%%step t\nls", {"ls"}, "# %%step t\nls", id="a variable hides it below a tag"),
    pytest.param("x?", set(), "None", id="help on what does not exist"),
]


@pytest.mark.parametrize(("source", "names", "python"), KNOWN)
def test_known_names_settle_what_is_read(source: str, names: set[str], python: str) -> None:
    assert to_python(source).guessed
    assert to_python(source, known=KnownNames(frozenset(names))).code == python


WRONG = [
    pytest.param("x = (1,\ny = 2", 1, 4, "never closed", "", id="bracket"),
    pytest.param("%matplotlib inline\nx = = 1", 2, 4, "invalid syntax", "", id="below a magic"),
    pytest.param("%%step t\n\nx = = 1", 3, 4, "invalid syntax", "", id="below a tag"),
    pytest.param("%%time\ndef f(:\n pass", 2, 6, "", "", id="below %%time"),
    pytest.param("%%timeit\nx = = 1", 2, 4, "", "", id="inside of %%timeit"),
    pytest.param("import x\npip install y", 2, 4, "", "%pip install y", id="automagic in many lines"),
    pytest.param(
        "if x:\n        y\n    z\n!ls", 3, None, "unindent", "", id="an indentation that fits nothing"
    ),
    pytest.param("<<<<<<< HEAD\nx = 1", 1, 0, "", "merge conflict", id="merge conflict"),
    pytest.param("x = '\x00'", 1, None, "null bytes", "", id="null byte"),
    pytest.param("x = '\ud800'", 1, None, "surrogates", "", id="half a character"),
    pytest.param("(" * 5000 + ")" * 5000, 1, None, "", "", id="nested too deeply"),
]


@pytest.mark.parametrize(("source", "line", "column", "said", "hint"), WRONG)
def test_a_syntax_error_has_the_users_place(
    source: str, line: int, column: int | None, said: str, hint: str
) -> None:
    result = to_python(source)
    (problem,) = result.problems
    assert (result.code, result.lines) == ("", ())
    assert (problem.code, problem.line) == (codes.SYNTAX_ERROR, line)
    assert column is None or problem.column == column
    assert said in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("source", "line"), [("x = 1\n%%step t", 2), ("# c\n%%time\nx = 1", 2), ("x = 1\n\n%%bash\nls", 3)]
)
def test_a_cell_magic_too_late_is_an_error(source: str, line: int) -> None:
    problems = [(p.code, p.line) for p in to_python(source).problems]
    assert (codes.MAGIC_NOT_FIRST, line) in problems


def test_no_warning_escapes_for_the_users_backslashes() -> None:
    assert to_python("x = '\\d'").problems == ()


STATEMENTS = st.sampled_from(
    [
        "x = 1",
        "def f(a):\n    return a",
        "for i in y:\n    pass",
        "z = '''\n!a\n  %b\n'''",
        "# note",
        "",
        "w = (1,\n 2)",
    ]
)
SPECIALS = st.sampled_from(
    [
        "%time t = 1",
        "!ls {a}",
        "q = !ls",
        "%timeit u",
        "v = %timeit -o u",
        "%cd x",
        "if 1:\n    !ls\n    %time k = 2",
        "df?",
        "!ls \\\n -l",
        "!!ls",
        "%prun g()",
        "x[1] = !pwd",
    ]
)
TOPS = st.sampled_from(
    ["", "%%step s\n", "%%time\n", "%%time\n%%step s\n", "%%step s\n%%capture o\n", "# c\n%%step s\n"]
)


@settings(deadline=None)
@given(st.lists(STATEMENTS, max_size=8))
def test_plain_python_is_left_alone(parts: list[str]) -> None:
    source = "\n".join(parts)
    result = to_python(source)
    assert (result.code, result.lines) == (source, tuple(range(1, len(split_lines(source)) + 1)))
    assert result.problems == ()


@settings(max_examples=300, deadline=None)
@given(TOPS, st.lists(STATEMENTS | SPECIALS, max_size=8))
def test_every_line_maps_to_its_own(top: str, parts: list[str]) -> None:
    """A marker statement between all parts comes out on the line that maps to where it stood."""
    lines = split_lines(top + "".join(f"{part}\nMARK_{i} = {i}\n" for i, part in enumerate(parts)))
    result = to_python("\n".join(lines))
    assert result.problems == ()
    found = {
        node.targets[0].id: result.lines[node.lineno - 1]
        for node in ast.walk(ast.parse(result.code))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for index in range(len(parts)):
        assert lines[found[f"MARK_{index}"] - 1] == f"MARK_{index} = {index}"


@settings(max_examples=200, deadline=None)
@given(st.lists(STATEMENTS | SPECIALS, min_size=1, max_size=6))
def test_the_short_way_agrees_with_ipython(parts: list[str]) -> None:
    """Where IPython is not asked, its answer would have been the same."""
    lines = list(enumerate(split_lines("\n".join(parts)), start=1))
    reader = _Reader(None)
    short = reader._plain_specials([(text, number) for number, text in lines])
    if short is not None:
        assert short == reader._all_specials([(text, number) for number, text in lines])


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@settings(deadline=None)
@given(st.text(alphabet="%!?x= \n(){}'\"#$.a1\\", max_size=40))
def test_no_cell_is_too_odd(source: str) -> None:
    result = to_python(source)
    ast.parse(result.code)
    assert result.problems or len(result.lines) == len(split_lines(result.code))
