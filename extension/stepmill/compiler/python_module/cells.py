"""A cell as pieces: one per statement, with the comments around it, IPython syntax as calls of the shell."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from stepmill.analysis.units import parse
from stepmill.compiler.python_module.edits import Edits
from stepmill.notebook.body import with_percent
from stepmill.notebook.tags import split_lines

if TYPE_CHECKING:
    from collections.abc import Container

    from stepmill.model.cell import Cell

_WRAPPER = re.compile(r"%%(time|prun|capture)\b(.*)")
_PROMPT = re.compile(r"^\s*(>>>|\.\.\.|In \[\d+\]:)", re.MULTILINE)
_MOST_TRANSFORMS = 10_000


@dataclass(slots=True)
class Piece:
    """One statement; lines count from 1 in the cell as its author sees it."""

    line: int
    last_line: int
    text: str
    node: ast.stmt
    lead: list[str] = field(default_factory=list)
    tail: str = ""
    trail: list[str] = field(default_factory=list)
    shown: bool = False

    @property
    def is_special(self) -> bool:
        return "get_ipython()" in self.text


@dataclass(slots=True)
class CellCode:
    """All of a cell. `captured`: what it prints is not shown; `names`: what a magic binds besides."""

    pieces: list[Piece]
    captured: bool = False
    capture_name: str = ""


def read_cell(cell: Cell, bound: Container[str]) -> CellCode:
    """Return the statements of a cell that the analyzer could read; `bound` hide magics of their name."""
    lines = with_percent(split_lines(cell.body), bound)
    captured, name = False, ""
    while wrapper := _first_magic(lines):
        index, kind, rest = wrapper
        lines = [*lines[:index], "", *lines[index + 1 :]]
        if kind == "capture":
            captured = True
            name = next((word for word in rest.split() if not word.startswith("-")), "")
    code = "\n".join(lines)
    if not _parses(code):
        lines, numbers = _with_calls(_clean(code).split("\n"))
    else:
        numbers = list(range(1, len(lines) + 1))
    pieces = _pieces("\n".join(lines), numbers)
    if captured or cell.body.rstrip().endswith(";"):
        for piece in pieces:
            piece.shown = False
    return CellCode(pieces, captured, name)


def _first_magic(lines: list[str]) -> tuple[int, str, str] | None:
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    match = _WRAPPER.match(lines[first]) if first is not None else None
    if match is None or first is None or not any(line.strip() for line in lines[first + 1 :]):
        return None
    return first, match[1], match[2]


def _parses(code: str) -> bool:
    return bool(parse(code).body) or not re.sub(r"(?m)^\s*(#.*)?$", "", code).strip()


def _clean(code: str) -> str:
    """Strip common indentation and pasted prompts, as IPython does first."""
    first = next((line for line in code.split("\n") if line.strip()), "")
    if first[:1].isspace():
        code = dedent(code)
    if _PROMPT.search(code) and not _parses(code):
        from IPython.core.inputtransformer2 import classic_prompt, ipython_prompt

        stripped = ipython_prompt(classic_prompt([f"{line}\n" for line in code.split("\n")]))
        code = "".join(stripped).removesuffix("\n")
    return code


def _with_calls(lines: list[str]) -> tuple[list[str], list[int]]:
    """Let IPython write the calls for its special lines; return the lines, and the cell's line of each."""
    if _parses("\n".join(lines)):
        return lines, list(range(1, len(lines) + 1))
    from IPython.core.inputtransformer2 import (
        TokenTransformBase,
        TransformerManager,
        cell_magic,
        make_tokens_by_line,
    )

    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        call = "".join(cell_magic([f"{line}\n" for line in lines[first:]]))  # type: ignore[no-untyped-call]
        return [call.rstrip("\n")], [first + 1]
    texts, numbers = [f"{line}\n" for line in lines], list(range(1, len(lines) + 1))
    finders: list[Any] = TransformerManager().token_transformers  # type: ignore[no-untyped-call]
    for _ in range(_MOST_TRANSFORMS):
        tokens = make_tokens_by_line(texts)
        specials = sorted(filter(None, (f.find(tokens) for f in finders)), key=TokenTransformBase.sortby)
        if not any(_replace(special, texts, numbers) for special in specials):
            break
    return [text.removesuffix("\n") for text in texts], numbers


def _replace(special: Any, texts: list[str], numbers: list[int]) -> bool:
    try:
        after = special.transform(list(texts))
    except SyntaxError:
        return False
    gone = len(texts) - len(after)
    start = special.start_line
    texts[:] = after
    del numbers[start + 1 : start + 1 + gone]
    return True


def _pieces(code: str, numbers: list[int]) -> list[Piece]:
    body = parse(code).body
    edits = Edits(code)
    found: list[Piece] = []
    position = 0
    for node in body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        start = edits.offset(first, 0) if first != node.lineno else edits.span(node)[0]
        end = edits.span(node)[1]
        lead, tail = _gap(code[position:start])
        if found:
            found[-1].tail = tail
        elif tail:
            lead.insert(0, tail)
        last = numbers[min(node.end_lineno or first, len(numbers)) - 1]
        found.append(Piece(numbers[first - 1], last, code[start:end], node, lead))
        position = end
    if found:
        after = code[position:]
        final = found[-1]
        final.trail, final.tail = _gap(f"{after}\n")
        final.shown = isinstance(final.node, ast.Expr) and not after.lstrip().startswith(";")
    return found


def _gap(text: str) -> tuple[list[str], str]:
    """Return (comment and blank lines, comment behind the statement before) of what stands between two."""
    first, newline, rest = text.partition("\n")
    tail = first.strip().lstrip(";").strip()
    return [line.strip() for line in rest.split("\n")[:-1]] if newline else [], tail
