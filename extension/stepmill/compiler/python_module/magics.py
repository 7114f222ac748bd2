"""Calls of the IPython shell, as its transformer writes them, in plain Python."""

from __future__ import annotations

import ast
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from stepmill.compiler.python_module.edits import Edits, indented
from stepmill.compiler.python_module.refusals import refuse
from stepmill.notebook.expansion import KnownNames, pieces
from stepmill.notebook.line_magics import read_call, split_code
from stepmill.syntax import is_expression, parse_expression

if TYPE_CHECKING:
    from stepmill.analysis.interpreter import Observed
    from stepmill.compiler.python_module.borrowed import Names
    from stepmill.compiler.python_module.statements import Statement

_INSTALLERS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})
_COMMANDS = frozenset(["mkdir", "rmdir", "mv", "rm", "cp", "cat"])
"""Magics that IPython passes to the shell as they are."""
_SILENT = _INSTALLERS | frozenset(
    [
        "matplotlib",
        "config",
        "load_ext",
        "reload_ext",
        "autoreload",
        "precision",
        "pprint",
        "xmode",
        "colors",
        "pdb",
        "automagic",
        "doctest_mode",
        "who",
        "whos",
        "who_ls",
        "ls",
        "pwd",
        "lsmagic",
        "magic",
        "quickref",
        "pinfo",
        "pinfo2",
        "pdoc",
        "pdef",
        "psource",
        "pfile",
        "psearch",
        "history",
        "hist",
        "page",
        "notebook",
        "nbagg",
        "logstop",
        "autocall",
        "autosave",
        "pipeline",
        "gui",
        "ll",
        "dirs",
        "dhist",
        "alias",
        "man",
        "less",
        "more",
        "cat",
    ]
)
_OF_NOTEBOOKS = frozenset(
    ["matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision", "pprint", "xmode", "colors"]
)
_SILENT_CELLS = frozenset(["html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG"])
_SCRIPTS = {
    "bash": "bash",
    "sh": "sh",
    "perl": "perl",
    "ruby": "ruby",
    "python3": "python3",
    "python": "python3",
}

RUN_SHELL = '''def {shell}(command):
    """Run a command line and print what it says; that it fails is no error."""
    done = {subprocess}.run(
        command, shell=True, stdout={subprocess}.PIPE, stderr={subprocess}.STDOUT, text=True
    )
    print(done.stdout, end="")
    return done.returncode'''


@dataclass(slots=True)
class Translator:
    """Translates statement by statement; `shell` is the name of the function for `!command`, once needed."""

    names: Names
    known: KnownNames
    observed: dict[int, Observed]
    shell: str = ""

    def translate(self, statement: Statement) -> list[str]:
        """Put plain Python in the place of all magics of the statement.

        Returns comment lines instead if nothing of it is left to run; its text is then "".
        """
        edits = Edits(statement.text)
        calls = _calls(statement.node)
        if not calls:
            return []
        whole = statement.node
        if isinstance(whole, ast.Expr) and whole.value is calls[0]:
            code = self._statement(statement, calls[0], edits)
            if code is None:
                statement.text = ""
                return _as_comment(calls[0])
            statement.text, statement.shown = code, statement.shown and _is_code_magic(calls[0])
            return []
        for node, is_statement in _nested(statement.node, calls):
            code = self._statement(statement, node, edits) if is_statement else self._value(statement, node)
            if code is None:
                code = "  ".join(["pass", *_as_comment(node)]) if is_statement else "None"
            edits.replace_node(node, code)
        statement.text = edits.apply()
        return []

    def _refuse(self, statement: Statement, name: str, code: str = "SM501") -> NoReturn:
        refuse(code, name, statement.cell, statement.line)

    def _statement(self, statement: Statement, node: ast.Call, edits: Edits) -> str | None:
        call = read_call(edits.source(node))
        arguments = call.arguments
        if call.method in ("system", "getoutput", "getoutput_list"):
            return self._shell(arguments[0])
        if call.method == "run_line_magic":
            return self._line_magic(statement, *arguments)
        if call.method == "run_cell_magic":
            return self._cell_magic(statement, *arguments)
        return self._refuse(statement, edits.source(node), "SM502")

    def _shell(self, command: str) -> str | None:
        word = command.split(maxsplit=1)[0] if command.strip() else ""
        installs = f" {command} "
        if not word or (word in _INSTALLERS and " --version" not in command) or " pip install " in installs:
            return None
        if not self.shell:
            self.shell = self.names.fresh("run_shell")
            self.names.borrow("subprocess")
        return f"{self.shell}({self._text(command)})"

    def _text(self, text: str) -> str:
        """Return an expression for `text` with what IPython puts in for `{x}` and `$x`."""
        parts = pieces(text, self.known)
        if not any(expression for _, expression in parts):
            return _quoted("".join(literal for literal, _ in parts))
        simple = all(not set(expression) & set("\"'\\{}:!") for _, expression in parts)
        if simple:
            body = "".join(
                literal.replace("{", "{{").replace("}", "}}") + (f"{{{expression}}}" if expression else "")
                for literal, expression in parts
            )
            return f"f{_quoted(body)}"
        pairs = [(_quoted(literal) if literal else "", f"str({e})" if e else "") for literal, e in parts]
        return " + ".join(part for pair in pairs for part in pair if part)

    def _value(self, statement: Statement, node: ast.Call) -> str | None:
        """Return an expression for a magic whose value is used."""
        call = read_call(ast.unparse(node))
        if call.method in ("getoutput", "system") and len(call.arguments) == 1:
            subprocess = self.names.borrow("subprocess")
            run = f"{subprocess}.run({self._text(call.arguments[0])}, shell=True, stdout={subprocess}.PIPE, "
            return f"{run}stderr={subprocess}.STDOUT, text=True).stdout.splitlines()"
        if call.method == "run_line_magic":
            name, line = call.arguments
            if name == "time" and is_expression(split_code(name, line)[0].rstrip().rstrip(";")):
                return split_code(name, line)[0].strip().rstrip(";")
            if name == "pwd":
                return f"{self.names.borrow('os')}.getcwd()"
            if name in ("sx", "system"):
                return self._value(statement, _call("getoutput", line))
        return self._refuse(statement, f"%{call.arguments[0]}" if call.arguments else "get_ipython()")

    def _line_magic(self, statement: Statement, name: str, line: str) -> str | None:
        if name in ("time", "prun"):
            if self._is_inside(statement):
                self._refuse(statement, f"%{name} inside of a function")
            code = split_code(name, line)[0].strip()
            return code or None
        if name in ("timeit", "memit") and self._is_pure(statement):
            return None
        if name in ("env", "set_env"):
            return self._environment(statement, name, line)
        if name == "cd":
            target = line.replace("-q", "").strip().strip("'\"") or "~"
            os = self.names.borrow("os")
            return f"{os}.chdir({os}.path.expanduser({self._text(target)}))"
        if name in ("system", "sx"):
            return self._shell(line)
        if name in _COMMANDS:
            return self._shell(f"{name} {line}".rstrip())
        if name in _SILENT:
            return None
        return self._refuse(statement, f"%{name}")

    def _is_inside(self, statement: Statement) -> bool:
        """Tell whether the magic stands in a function, where IPython would lose what it binds."""
        return isinstance(statement.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)

    def _is_pure(self, statement: Statement) -> bool:
        """Tell whether code that is only timed leaves no trace, so that it may be left out."""
        effects = [self.observed[unit.index].effects for unit in statement.units]
        return bool(effects) and not any(e.writes or e.session or e.volatile for e in effects)

    def _environment(self, statement: Statement, name: str, line: str) -> str | None:
        text = line.strip()
        if not text or (name == "env" and "=" not in text and len(text.split()) == 1):
            return None
        variable, _, value = text.partition("=") if "=" in text else text.partition(" ")
        if not variable.strip().isidentifier():
            self._refuse(statement, f"%{name}")
        return f'{self.names.borrow("os")}.environ["{variable.strip()}"] = {self._text(value.strip())}'

    def _cell_magic(self, statement: Statement, name: str, line: str, content: str) -> str | None:
        if name in _SILENT_CELLS:
            return None
        if name == "writefile" or name == "file":
            return self._written_file(statement, line, content)
        if name == "timeit":
            return None if self._is_pure(statement) else self._refuse(statement, "%%timeit")
        words = _words(line)
        if name == "script" and words and not any(word.startswith("--") for word in words):
            program, words = words, []
        elif name in _SCRIPTS:
            program = [_SCRIPTS[name]]
        elif name in ("system", "sx") and content.strip():
            return self._shell(content.strip())
        else:
            self._refuse(statement, f"%%{name}")
        if [word for word in words if word != "-s"]:
            self._refuse(statement, f"%%{name} {line}")
        subprocess = self.names.borrow("subprocess")
        script = _triple_quoted(content)
        return (
            f"print(\n    {subprocess}.run(\n        {_listed(program)},\n        input={script},\n        "
            f"check=True,\n        stdout={subprocess}.PIPE,\n        text=True,\n    ).stdout,\n"
            '    end="",\n)'
        )

    def _written_file(self, statement: Statement, line: str, content: str) -> str:
        words = line.split(None, 1)
        append = bool(words) and words[0] in ("-a", "--append")
        path = (words[1] if append and len(words) > 1 else line).strip().strip("'\"")
        if not path or " -" in path:
            self._refuse(statement, f"%%writefile {line}")
        mode, stream = "a" if append else "w", self.names.fresh("stream")
        text = _triple_quoted(content)
        opened = f'open({self._text(path)}, "{mode}", encoding="utf-8")'
        return f"with {opened} as {stream}:\n    {stream}.write({text})"


def shell_function(translator: Translator) -> str:
    """Return the source of the function behind `!command`."""
    return RUN_SHELL.format(shell=translator.shell, subprocess=translator.names.borrow("subprocess"))


def _calls(node: ast.stmt) -> list[ast.Call]:
    """Return the calls `get_ipython().method(…)` in a statement."""
    return [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and isinstance(part.func.value, ast.Call)
        and isinstance(part.func.value.func, ast.Name)
        and part.func.value.func.id == "get_ipython"
    ]


def _nested(node: ast.stmt, calls: list[ast.Call]) -> list[tuple[ast.Call, bool]]:
    statements = {part.value for part in ast.walk(node) if isinstance(part, ast.Expr)}
    return [(call, call in statements) for call in calls]


def _call(method: str, argument: str) -> ast.Call:
    call = parse_expression(f"get_ipython().{method}({argument!r})")
    assert isinstance(call, ast.Call)
    return call


def _is_code_magic(call: ast.Call) -> bool:
    return len(call.args) > 1 and isinstance(call.args[0], ast.Constant) and call.args[0].value == "time"


def _as_comment(node: ast.Call) -> list[str]:
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    texts = [str(a.value) for a in node.args if isinstance(a, ast.Constant)]
    if method == "run_line_magic":
        if texts[0] == "pipeline":
            return []
        if texts[0].startswith("pinfo") or texts[0] in _OF_NOTEBOOKS:
            return []
        line = f"%{texts[0]} {texts[1]}".strip()
    elif method == "run_cell_magic":
        return [f"# left out: %%{texts[0]} {texts[1]}".rstrip()]
    else:
        line = f"!{texts[0]}"
    if "pip" in line.split()[0] or " install " in line:
        return [f"# to be installed beforehand: {line.lstrip('!%')}"]
    return [f"# left out: {line}"]


def _quoted(text: str) -> str:
    """Return a literal with double quotes where that needs no escape."""
    literal = repr(text)
    if literal.startswith("'") and '"' not in text:
        return f'"{literal[1:-1]}"' if "\\'" not in literal else literal
    return literal


def _triple_quoted(content: str) -> str:
    if '"""' in content or "\\" in content or content.endswith('"') or "\r" in content:
        return repr(content)
    return f'"""{content}"""' if not content.startswith('"') else repr(content)


def _listed(words: list[str]) -> str:
    return f"[{', '.join(_quoted(word) for word in words)}]"


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


__all__ = ["Translator", "indented", "shell_function"]
