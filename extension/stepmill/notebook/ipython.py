"""A cell with IPython syntax as plain Python for the analyzer, with a map of lines.

The result may be lossy and is never run. IPython's own transformer decides what is special; only
where every special line is an ordinary one (`%name …`, `!command`, `x = !command`) is it not
needed, and not imported.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from stepmill.model.diagnostic import Diagnostic, Severity
from stepmill.notebook import codes
from stepmill.notebook.automagic import MAGICS
from stepmill.notebook.body import lone_magic, runnable_body, with_percent
from stepmill.notebook.cell_magics import Lines, unfold
from stepmill.notebook.line_magics import Call, Context, read_call, rewrite
from stepmill.notebook.tags import TAG, split_lines
from stepmill.syntax import FAILURES, cell_tree, parse

if TYPE_CHECKING:
    from stepmill.notebook.expansion import KnownNames

_MOST_TRANSFORMS = 10_000
_ESCAPED = re.compile(r"(\s*)(%[^\W\d]\w*(?:\s.*)?|![^!].*)")
_ASSIGNED = re.compile(r"(\s*[^\s=#'\"(\[{%!][^=#'\"(\[{%!]*=\s*)(%[^\W\d]\w*(?:\s.*)?|![^!].*)")
_CELL_MAGIC = re.compile(r"%%(?!\w+\?)")
_PROMPT = re.compile(r"^\s*(>>>|\.\.\.|In \[\d+\]:)", re.MULTILINE)
_GUESS = re.compile(r"^\s*[^#\s].*[{$]|\?\s*$")
_WORD = re.compile(r"[^\W\d]\w*")
_MARKER = "__stepmill_special_{}__"


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonSource:
    """Plain Python; `lines[i]` is the line of the cell (from 1) that line i+1 of `code` stands for.

    `problems` have lines and columns of the cell, and no cell number. With a syntax error among
    them `code` is "". `guessed`: words that were read one way, and would be read another if other cells
    bind them or do not (`ls`, `$name`, `name?`); then read again with `known`.
    """

    code: str
    lines: tuple[int, ...]
    problems: tuple[Diagnostic, ...] = ()
    guessed: frozenset[str] = frozenset()


@lru_cache(maxsize=4096)
def to_python(source: str, *, known: KnownNames | None = None) -> PythonSource:
    """Return `source` as plain Python: unchanged if it is that already. Never raises on a user's cell.

    `known` holds the names bound anywhere in the notebook; without it every name counts as bound
    where a command reads it, and none as hiding a magic.
    """
    bound = known or ()
    cell, magic = runnable_body(source, bound), lone_magic(source)
    texts = with_percent(split_lines(cell), bound)
    if parses("\n".join(texts), whole=True):
        return PythonSource(code=cell, lines=tuple(range(1, len(texts) + 1)))
    result = _checked(_Reader(known), [(text, number) for number, text in enumerate(texts, start=1)])
    return replace(result, guessed=result.guessed | {magic}) if magic else result


def parses(code: str, *, whole: bool = False) -> bool:
    """Tell whether `code` is Python, with `await` allowed at the top as in a notebook.

    `whole`: it is that of a cell, whose tree will be asked for.
    """
    try:
        _ = cell_tree(code) if whole else parse(code, top_level_await=True)
    except FAILURES:
        return False
    return True


def _checked(reader: _Reader, lines: Lines) -> PythonSource:
    converted = reader.convert(lines)
    code = "\n".join(text for text, _ in converted)
    problems = [_magic_below(number, text) for text, number in lines if number in reader.misplaced]
    try:
        parse(code, top_level_await=True)
    except FAILURES as error:
        problems.append(_syntax_problem(error, converted, lines))
        return PythonSource(code="", lines=(), problems=tuple(problems))
    numbers = tuple(number for _, number in converted)
    guessed = frozenset(word for text, _ in lines if _GUESS.search(text) for word in _WORD.findall(text))
    return PythonSource(code=code, lines=numbers, problems=tuple(problems), guessed=guessed)


class _Reader:
    """One conversion of one cell; thrown away afterwards. `misplaced`: lines with a `%%` too late."""

    def __init__(self, known: KnownNames | None) -> None:
        self.known = known
        self.misplaced: set[int] = set()
        self.context = Context(self._convert_text, known)

    def convert(self, lines: Lines) -> Lines:
        lines = _clean(lines)
        first = next((i for i, (text, _) in enumerate(lines) if text.strip()), None)
        if (
            first is not None
            and lines[first][0].startswith("%%")
            and not re.match(r"%%\w+\?", lines[first][0])
        ):
            return lines[:first] + unfold(lines[first], lines[first + 1 :], self.convert, self.known)
        if parses("\n".join(text for text, _ in lines)):
            return lines
        return self._plain_specials(lines) or self._all_specials(lines)

    def _convert_text(self, code: str) -> str | None:
        """Convert a piece of code inside a line; None if it is no code. It may become several lines."""
        converted = "\n".join(text for text, _ in self.convert([(code, 0)]))
        return converted if parses(converted) else None

    def _plain_specials(self, lines: Lines) -> Lines | None:
        """Convert if all special lines are ordinary ones at the start of a statement; else None."""
        marked: list[str] = []
        found: dict[str, tuple[str, str]] = {}
        for index, (text, _) in enumerate(lines):
            match = _ESCAPED.fullmatch(text) or _ASSIGNED.fullmatch(text)
            if match is None or text.rstrip().endswith(("\\", "?")):
                marked.append(text)
                continue
            marker = _MARKER.format(index)
            found[marker] = (match[1], match[2].rstrip())
            marked.append(match[1] + marker)
        if not found or not _are_statements("\n".join(marked), set(found)):
            return None
        result: Lines = []
        for index, (text, number) in enumerate(lines):
            if (special := found.get(_MARKER.format(index))) is None:
                result.append((text, number))
            else:
                prefix, escaped = special
                result += [(new, number) for new in rewrite(prefix, _call_of(prefix, escaped), self.context)]
        return result

    def _all_specials(self, lines: Lines) -> Lines:
        """Convert with IPython's transformer, one special line after the other, from the top."""
        from IPython.core.inputtransformer2 import TokenTransformBase, TransformerManager, make_tokens_by_line

        finders: list[Any] = TransformerManager().token_transformers  # type: ignore[no-untyped-call]
        texts, numbers = [f"{text}\n" for text, _ in lines], [number for _, number in lines]
        for _ in range(_MOST_TRANSFORMS):
            try:
                tokens = make_tokens_by_line(texts)
            except FAILURES:  # no indentation that fits, half a character: who parses the cell says so
                break
            specials = sorted(filter(None, (f.find(tokens) for f in finders)), key=TokenTransformBase.sortby)
            if not any(self._replace(special, texts, numbers) for special in specials):
                break
        return [(text.removesuffix("\n"), number) for text, number in zip(texts, numbers, strict=True)]

    def _replace(self, special: Any, texts: list[str], numbers: list[int]) -> bool:
        """Put Python in the place of one special line; False if IPython refuses it."""
        try:
            after = special.transform(list(texts))
        except SyntaxError:
            return False
        start: int = special.start_line
        end = start + len(texts) - len(after)
        prefix = texts[start][: special.start_col]
        try:
            new = rewrite(prefix, read_call(after[start][len(prefix) :]), self.context)
        except FAILURES:
            new = [after[start].rstrip("\n")]
        if texts[start].lstrip().startswith("%%"):
            self.misplaced.add(numbers[start])
        texts[start : end + 1] = [f"{text}\n" for text in new]
        numbers[start : end + 1] = [numbers[start]] * len(new)
        return True


def _clean(lines: Lines) -> Lines:
    """Do what IPython does first: strip common indentation and pasted prompts. Lines stay lines."""
    text = "\n".join(text for text, _ in lines)
    first = next((text for text, _ in lines if text.strip()), "")
    if first[:1].isspace():
        text = dedent(text)
    if _PROMPT.search(text) and not parses(text):
        from IPython.core.inputtransformer2 import classic_prompt, ipython_prompt

        stripped = ipython_prompt(classic_prompt([f"{line}\n" for line in text.split("\n")]))
        text = "".join(stripped).removesuffix("\n")
    return [(new, number) for new, (_, number) in zip(text.split("\n"), lines, strict=True)]


def _call_of(prefix: str, escaped: str) -> Call:
    """Return what IPython makes of `%name rest` or `!command`, alone or behind `x =`."""
    if escaped.startswith("!"):
        return Call("getoutput" if prefix.strip() else "system", (escaped[1:],))
    name, _, rest = escaped[1:].partition(" ")
    return Call("run_line_magic", (name, rest))


def _are_statements(code: str, markers: set[str]) -> bool:
    """Tell whether each marker is a statement of its own, or the value of an assignment."""
    try:
        tree = parse(code, top_level_await=True)
    except FAILURES:
        return False
    waiting: list[ast.AST] = [tree]
    while waiting and markers:
        node = waiting.pop()
        value = node.value if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Name):
            markers.discard(value.id)
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, part, None)
            waiting.extend(inner if isinstance(inner, list) else ())
    return not markers


def _magic_below(number: int, text: str) -> Diagnostic:
    name = text.split(maxsplit=1)[0]
    ours = TAG.match(text) is not None
    hint = f"move {name} to the top of the cell" + (
        ", or split the cell" if ours else "; comments go below it"
    )
    message = f"{name} must be the first line of its cell" + ("" if ours else ", above all comments")
    return Diagnostic(
        code=codes.MAGIC_NOT_FIRST, severity=Severity.ERROR, message=message, line=number, column=0, hint=hint
    )


def _syntax_problem(error: BaseException, converted: Lines, lines: Lines) -> Diagnostic:
    """Say what Python says, at the user's line; the column only where the line is as the user wrote it."""
    message, line, column = str(error) or type(error).__name__, None, None
    if isinstance(error, SyntaxError):
        message = error.msg
        index = min(max((error.lineno or 1), 1), len(converted)) - 1
        text, line = converted[index]
        original = next((original for original, number in lines if number == line), "")
        if original == text and error.offset:
            column = min(max(error.offset - 1, 0), len(original))
    elif isinstance(error, RecursionError | MemoryError):
        message = "the code is nested too deeply"
    return Diagnostic(
        code=codes.SYNTAX_ERROR,
        severity=Severity.ERROR,
        message=f"invalid Python: {message}",
        line=line if line is not None else 1,
        column=column,
        hint=_syntax_hint(line, lines),
    )


def _syntax_hint(line: int | None, lines: Lines) -> str:
    text = next((text.strip() for text, number in lines if number == line), "")
    word = re.match(r"[^\W\d]\w*", text)
    if word and word[0] in MAGICS and len(text) > len(word[0]) and text[len(word[0])] == " ":
        return f"in a cell of several lines IPython knows magics only with a percent sign: %{text}"
    if text.startswith(("<<<<<<<", "=======", ">>>>>>>")):
        return "this is what git leaves behind after a merge conflict; resolve it"
    return "Run All would stop at this cell as well, if it is not tagged `raises-exception`"
