"""A cell magic and its body as Python that shows the data flow.

What runs its body in the notebook's own namespace is unfolded; `%%writefile` becomes the writing of
a file; the others stay `run_cell_magic`, with the names they bind (`--out x`) as targets.
"""

from __future__ import annotations

import ast
import re
import shlex
from typing import TYPE_CHECKING

from stepmill.notebook.expansion import KnownNames, expanded, pieces
from stepmill.notebook.line_magics import TIMEIT_NAME, magic_call, split_code
from stepmill.notebook.tags import WRAPPERS
from stepmill.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Lines = list[tuple[str, int]]
"""Lines of code, each with the line of the cell (from 1) that it stands for."""

_BINDING = {"--out": 1, "--err": 1, "--proc": 1}
_SCRIPTS = frozenset({"script", "bash", "sh", "perl", "ruby", "pypy", "python", "python2", "python3"})
_LANGUAGES = frozenset({"R", "octave", "julia"})  # `-i data -o result`, as rpy2 and its kin have it


def unfold(
    magic: tuple[str, int], body: Lines, convert: Callable[[Lines], Lines], known: KnownNames | None
) -> Lines:
    """Return Python for the cell magic line `magic` and the lines below it."""
    text, number = magic
    name, _, line = text[2:].rstrip().partition(" ")
    if name in WRAPPERS and any(body_text.strip() for body_text, _ in body):
        return _unfold_wrapper(name, line, number, convert(body), convert)
    content = "".join(f"{body_text}\n" for body_text, _ in body)
    if name in ("writefile", "file") and (written := _written_file(line, content, known)):
        return [(written, number)]
    reads, targets = expanded(line, known), _targets(name, line)
    if name in _LANGUAGES:
        reads += tuple(_values(line, "-i", "--input"))
    call = magic_call("run_cell_magic", (name, line, content), reads)
    return [(f"{', '.join(targets)} = {call}" if targets else call, number)]


def _unfold_wrapper(
    name: str, line: str, number: int, body: Lines, convert: Callable[[Lines], Lines]
) -> Lines:
    first: Lines = [(f"# %%{name} {line}".rstrip(), number)]
    if name == "capture":
        return first + body + _captured(line, number, body)
    if name == "time":
        return first + body
    code, options = split_code(name, line)
    setup = convert([(code, number)]) if code.strip() else []
    if name == "prun":
        return first + setup + body
    return first + _timed(setup + body, options, number)


def _captured(line: str, number: int, body: Lines) -> Lines:
    """`%%capture out` binds `out` last; with a `;` at the end it unbinds it instead."""
    name = next((word for word in line.split() if not word.startswith("-")), "")
    if not name.isidentifier():
        return []
    last = next((text for text, _ in reversed(body) if text.strip()), "")
    if last.split("#")[0].rstrip().endswith(";"):
        return [(f'if "{name}" in globals(): del {name}', number)]
    return [(f"{name} = get_ipython().run_line_magic('capture_result', '')", number)]


def _timed(body: Lines, options: dict[str, str], number: int) -> Lines:
    indented = _indented(body)
    if indented is None:
        return body  # a syntax error, to be said as that of the body
    lines: Lines = [(f"def {TIMEIT_NAME}():", number), *indented, (" pass", number)]
    lines.append((f"{TIMEIT_NAME}()", number))
    if "v" in options:
        lines.append((f"{options['v']} = get_ipython().run_line_magic('timeit', '')", number))
    return lines


def _indented(lines: Lines) -> Lines | None:
    """Indent by one blank, but for the lines inside of strings; None if this is no Python."""
    try:
        tree = parse("\n".join(text for text, _ in lines))
    except (SyntaxError, ValueError):
        return None
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.Constant) and node.end_lineno:
            inside.update(range(node.lineno + 1, node.end_lineno + 1))
    return [(text if i in inside else f" {text}", number) for i, (text, number) in enumerate(lines, start=1)]


def _written_file(line: str, content: str, known: KnownNames | None) -> str | None:
    words = line.split(None, 1)
    append = bool(words) and words[0] in ("-a", "--append")
    path = (words[1] if append and len(words) > 1 else "" if append else line).strip()
    if path.endswith((" -a", " --append")):
        append, path = True, path.rsplit(" ", 1)[0].strip()
    if len(path) > 1 and path[0] == path[-1] and path[0] in "'\"":
        path = path[1:-1]
    if not path:
        return None
    parts = pieces(path, known)
    literal = "".join(text for text, _ in parts)
    source = repr(literal)
    if any(expression for _, expression in parts):
        source = " + ".join(piece for text, expression in parts for piece in _concatenated(text, expression))
    return f"open({source}, {'a' if append else 'w'!r}).write({content!r})"


def _concatenated(text: str, expression: str) -> Sequence[str]:
    return ([repr(text)] if text else []) + ([f"str({expression})"] if expression else [])


def _targets(name: str, line: str) -> list[str]:
    """Return the names that a magic such as `%%bash --out x` binds."""
    if name in _SCRIPTS:
        return list(_values(line, *_BINDING))
    if name in _LANGUAGES:
        return list(_values(line, "-o", "--output"))
    return []


def _values(line: str, *flags: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    found: list[str] = []
    for index, word in enumerate(words):
        flag, equals, value = word.partition("=")
        if flag in flags:
            value = value if equals else "".join(words[index + 1 : index + 2])
            found += [part for part in re.split(r"\s*,\s*", value) if part.isidentifier()]
    return found
