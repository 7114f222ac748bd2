"""`%%step`, `%%parameters`, `%%scratch`: a tagged cell runs exactly as the same cell without its tag.

A transformer, last among `input_transformers_cleanup`, takes the tag line off before IPython looks
for cell magics, so that result, `Out`, `_`, tracebacks, `await` and `%%time` below are as ever. Last,
because IPython has then stripped leading blank lines, and the blank line that takes the tag's place
keeps the numbers of the lines below. The three are real cell magics as well, for callers of
`run_cell_magic`.
"""

from __future__ import annotations

import re
from functools import partial
from textwrap import dedent
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill_magics.cell_files import start_noting, stop_noting
from stepmill_magics.executed import start_record, stop_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepmill.model.diagnostic import Diagnostic

_OURS = ("step", "parameters", "scratch")
_RUNTIME = ("stepmill_begin", "stepmill_end")
_TAG = re.compile(r"%%(step|parameters|scratch)(?=\s|$)")


def register(shell: Any) -> None:
    """Add the transformer and the magics to an IPython shell; what was there of ours is replaced."""
    unregister(shell)
    shell.input_transformers_cleanup.append(_Transformer(shell))
    for kind in _OURS:
        shell.register_magic_function(_cell_magic(kind, shell), "cell", kind)
    for name in _RUNTIME:
        shell.register_magic_function(_runtime_magic(name, shell), "line", name)
    shell.register_magic_function(_pipeline_magic(shell), "line", "pipeline")
    shell.set_hook("complete_command", _complete_pipeline, re_key=r"%?pipeline\b")
    start_record(shell)
    start_noting(shell)


def unregister(shell: Any) -> None:
    """Undo `register`; harmless where nothing is registered."""
    transformers = shell.input_transformers_cleanup
    transformers[:] = [item for item in transformers if not getattr(item, "is_stepmill", False)]
    for kind, names in (("cell", _OURS), ("line", (*_RUNTIME, "pipeline"))):
        for name in names:
            shell.magics_manager.magics[kind].pop(name, None)
    stop_record(shell)
    stop_noting(shell)


class _Transformer:
    """Takes the tag line off a cell, given and returned as lines with their ends."""

    is_stepmill = True
    # IPython then leaves it out when it only asks whether typed code is complete, and there a
    # wrong tag line must not raise
    has_side_effects = True

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __call__(self, lines: list[str]) -> list[str]:
        """Return the cell without its tag; raises UsageError for a tag line that is wrong."""
        index = _first_code_line(lines)
        if index is None:
            return lines
        if (match := _TAG.match(lines[index])) is None:
            self._refuse_below_code(lines, lines[index])
            return lines
        check_tag_line(match[1], lines[index].rstrip("\r\n"))
        below = dedent("".join(lines[index + 1 :])).splitlines(keepends=True)
        self._refuse_second(lines[index], below)
        first = next((i for i, line in enumerate(below) if line.strip()), None)
        if first is not None and below[first].startswith("%%"):
            return below[first:]
        above = [*lines[:index], "\n"]
        return above if first is None else [*above, *below[:first], *self._only_line(below[first:])]

    def _refuse_second(self, tag: str, below: list[str]) -> None:
        first = next((line for line in below if line.strip() and not line.lstrip().startswith("#")), "")
        if first.startswith("%%") and not _TAG.match(first):
            return  # the body of another cell magic is text
        if (second := _tag_among(below)) is not None:
            raise _usage_error(f"{second.word} below {tag.split(maxsplit=1)[0]}: a cell has one tag")

    def _refuse_below_code(self, lines: list[str], first: str) -> None:
        """Say better than IPython why a tag that is not on top is no magic."""
        if not first.startswith("%%") and (found := _tag_among(lines)) is not None:
            raise _usage_error(
                f"{found.word} must be the first line of its cell; here it is line {found.at + 1}\n"
                "hint: move it to the top, or split the cell there"
            )

    def _only_line(self, lines: list[str]) -> list[str]:
        """Do for a cell of one line (`cd data`, `exit`) what IPython does not for one of two."""
        if len(lines) != 1:
            return lines
        transformed = self.shell.input_transformer_manager.do_token_transforms(list(lines))
        if transformed != lines:
            return lines
        with self.shell.builtin_trap:
            return [self.shell.prefilter_manager.prefilter_lines(lines[0]) + "\n"]


class _Found(NamedTuple):
    word: str
    at: int


def _tag_among(lines: list[str]) -> _Found | None:
    """Return the first line that is a tag; in a string it is text, as IPython's tokens say."""
    places = {index: match[0] for index, line in enumerate(lines) if (match := _TAG.match(line))}
    if not places:
        return None
    if (top := _first_code_line(lines)) in places:
        return _Found(places[top], top)
    from IPython.core.inputtransformer2 import make_tokens_by_line

    for tokens in make_tokens_by_line(lines):
        words = [token for token in tokens if token.string.strip()]
        index = words[0].start[0] - 1 if len(words) > 1 and words[0].string == "%" else -1
        if index in places:
            return _Found(places[index], index)
    return None


def check_tag_line(kind: str, line: str) -> None:
    """Raise UsageError, with a mark below the place, unless the tag line is right."""
    from stepmill.notebook.step_line import parse_step_line
    from stepmill.notebook.tags import plain_tag_problem

    problems = parse_step_line(line).problems if kind == "step" else plain_tag_problem(kind, line)
    if problems:
        raise _usage_error(_explained(line, problems[0]))


def _explained(line: str, problem: Diagnostic) -> str:
    """Return message, line, a mark at the column, and the hint."""
    text = f"[{problem.code}] {problem.message}"
    if problem.column is not None:
        text += f" (column {problem.column + 1})\n  {line}\n  {' ' * problem.column}^"
    return f"{text}\nhint: {problem.hint}" if problem.hint else text


def _usage_error(message: str) -> Exception:
    from IPython.core.error import UsageError

    error: Exception = UsageError(message)
    return error


def _first_code_line(lines: list[str]) -> int | None:
    for index, line in enumerate(lines):
        text = line.strip()
        if text and not text.startswith("#"):
            return index
    return None


def _cell_magic(kind: str, shell: Any) -> Callable[[str, str], Any]:
    magic = partial(_run_tagged, shell, kind)
    magic.__doc__ = _DOCUMENTATION[kind]
    return magic


def _run_tagged(shell: Any, kind: str, line: str, cell: str) -> Any:
    """Run the body as `%%time` does, and return the value of its last expression for display."""
    import ast

    check_tag_line(kind, f"%%{kind} {line}".rstrip())
    code = shell.transform_cell(cell)
    name = shell.compile.cache(code, shell.execution_count, raw_code=cell)
    tree = shell.transform_ast(shell.compile.ast_parse(code, filename=name))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(shell.compile(tree, name, "exec"), shell.user_ns)  # noqa: S102 - the user's own cell
    if last is None:
        return None
    value = eval(shell.compile(ast.Expression(last.value), name, "eval"), shell.user_ns)  # noqa: S307
    return None if cell.rstrip().endswith(";") else value


def _runtime_magic(name: str, shell: Any) -> Callable[[str], Any]:
    def magic(line: str) -> Any:
        from stepmill_magics import runtime

        return runtime.begin(line, shell) if name == "stepmill_begin" else runtime.end(line, shell)

    magic.__doc__ = f"%{name}: used by the cells that stepmill writes around a step."
    return magic


def _pipeline_magic(shell: Any) -> Callable[[str], None]:
    from IPython.core.magic import no_var_expand

    @no_var_expand
    def pipeline(line: str) -> None:
        """Draw, check, run and restore the pipeline of this notebook: `%pipeline --help`."""
        from stepmill_magics.pipeline.command import run_line

        run_line(line, shell)

    return pipeline


def _complete_pipeline(_shell: Any, event: Any) -> list[str]:
    """Called by IPython's completer with the word so far (`symbol`) and the whole line."""
    from stepmill_magics.pipeline.arguments import complete

    return complete(event.symbol, event.line)


_DOCUMENTATION = {
    "step": """%%step NAME [options]: this cell is a part of the pipeline step NAME. It runs as ever.

    --inputs a,b   --outputs x     instead of what is inferred
    --after STEP                   order without data (may be repeated)
    --no-cache   --cache-for 1d    never reuse a result, or only for so long
    --retries N   --timeout 10m    --cpus N   --gpus N   --memory 8GB
    --metrics f1,auc               numbers to track
    """,
    "parameters": """%%parameters: the literals assigned in this cell are the pipeline's parameters.""",
    "scratch": """%%scratch: this cell has no effect on others; the pipeline leaves it out.""",
}
