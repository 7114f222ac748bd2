"""Writes the whole module from its layout."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepmill.analysis.bringing import may_bring
from stepmill.compiler.python_module.borrowed import Names, imported
from stepmill.compiler.python_module.command_line import CommandLine, Declared, names_in
from stepmill.compiler.python_module.edits import INDENT, indented
from stepmill.compiler.python_module.headings import comment, docstring, prose
from stepmill.compiler.python_module.imports import Imported, has_effect, import_lines, is_future
from stepmill.compiler.python_module.layout import DEFINITIONS, IMPORTS, Layout
from stepmill.compiler.python_module.refusals import refuse
from stepmill.compiler.python_module.rewriting import drop_unused, fit_into_function
from stepmill.compiler.python_module.scopes import Access
from stepmill.compiler.python_module.segments import Home, Segment, results_of, unbound_at_first
from stepmill.compiler.python_module.writing import (
    body_lines,
    call,
    call_lines,
    function_lines,
    statement_lines,
    tidy,
    tuple_lines,
)
from stepmill.syntax import parse

if TYPE_CHECKING:
    from stepmill.compiler.exporting import Surroundings
    from stepmill.compiler.python_module.statements import Statement
    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline

MADE_BY = "Made by `stepmill export` from {notebook}."
TYPE_CHECKING_NOTE = (
    "# The notebook's code has no annotations; where a library has none either, a checker can only guess.",
    "# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false",
    "# pyright: reportIndexIssue=false, reportOperatorIssue=false, reportOptionalMemberAccess=false",
)
_CACHES = ("cache", "lru_cache")
_IDENTIFIER = re.compile(r"\W")
_NEEDED_BUILT_INS = ("print", "vars", "globals", "isinstance", "Exception")


@dataclass(slots=True, kw_only=True)
class ModuleText:
    """One module while it is written; `write` is called once."""

    notebook: Notebook
    pipeline: Pipeline
    layout: Layout
    names: Names
    declared: list[Declared]
    world: Surroundings
    shell: str
    uses_files: bool
    local_names: frozenset[str] = frozenset()
    _main_name: str = "main"
    _setter_name: str = ""
    _dropped: set[tuple[str, str]] = field(default_factory=set)
    _late: list[Statement] = field(default_factory=list)  # imports below code that they depend on

    def write(self) -> str:
        """Return the text."""
        layout, names = self.layout, self.names
        self._check_parameter_names()
        self._name_functions()
        metrics = [name for step in self.pipeline.steps for name in step.options.metrics]
        results = results_of(layout.segments, metrics, layout.shared)
        title, definitions = self._headings()
        self.local_names = self._local_names()
        self._rewrite()
        about = title[0] if title else ""
        line = CommandLine(self.declared, names, _short(about))
        functions = [self._function(segment) for segment in layout.segments if segment.home is not Home.MAIN]
        setter = self._setter()
        main_name = self._main_name = names.fresh("main", "_steps")
        main = self._main(main_name, line, results)
        parse_name = names.fresh("parse_arguments") if self.declared else ""
        parser = [line.parser(parse_name)] if parse_name else []
        readers = line.functions()
        end = self._end(main_name, parse_name)
        helpers = [self.shell] if self.shell else []
        blocks = [
            *helpers,
            *definitions.blocks,
            *functions,
            *([setter] if setter else []),
            main,
            *readers,
            *parser,
        ]
        constants = self._constants(definitions)
        body = "\n".join([*constants, *blocks, end])
        head = self._head(title, self._import_block(body))
        parts = [*head, *([constants[0]] if constants else [])]
        text = "\n\n".join(parts) + "\n" if parts else ""
        text += "".join(f"\n\n{block}\n" for block in [*blocks, end])
        return text.lstrip("\n")

    def setters(self) -> dict[str, tuple[str, ...]]:
        """Return function -> the local names that it may set; for `main` those that it sets last."""
        found: dict[str, tuple[str, ...]] = {}
        last: dict[str, Segment] = {n: segment for segment in self.layout.segments for n in segment.bound}
        for segment in self.layout.segments:
            names = sorted(segment.bound & self.local_names)
            if segment.home is Home.MAIN:
                own = [name for name in names if last[name] is segment]
                found[self._main_name] = (*found.get(self._main_name, ()), *own)
            else:
                found[segment.name] = tuple(n for n in names if (segment.name, n) not in self._dropped)
        return found

    # -- what stands where -------------------------------------------------------------------------

    def _check_parameter_names(self) -> None:
        fixed = {n for s in self.layout.hoisted for n in s.walk.names(Access.BIND)}
        for declared in self.declared:
            for name in names_in(declared):
                if name not in fixed and not hasattr(builtins, name):
                    refuse("SM505", name, declared.parameter.place.cell, declared.parameter.place.line)
        for name in _NEEDED_BUILT_INS:
            if name in self.names.shadowed and (name in fixed or name in self.layout.shared):
                refuse("SM507", name, None, None)

    def _name_functions(self) -> None:
        """Name the function of each segment after its step."""
        first: dict[str, str] = {}
        for segment in self.layout.segments:
            if segment.home is Home.MAIN:
                continue
            stem = _IDENTIFIER.sub("_", segment.key)
            stem = stem if stem.isidentifier() and stem.strip("_") else f"step_{stem}".rstrip("_")
            if segment.part > 1:
                segment.name = self.names.fresh(f"{first[segment.key]}_{segment.part}")
            else:
                suffix = "_step" if segment.home is Home.STEP else "_cells"
                segment.name = self.names.fresh("main_step" if stem == "main" else stem, suffix)
                first.setdefault(segment.key, segment.name)

    def _local_names(self) -> frozenset[str]:
        fixed = {n for s in self.layout.hoisted for n in s.walk.names(Access.BIND)}
        bound = {n for segment in self.layout.segments for n in segment.bound}
        bound |= {d.parameter.name for d in self.declared}
        return frozenset(bound - fixed - self.layout.shared.keys())

    def _headings(self) -> tuple[list[str], _Definitions]:
        """Give each text cell its place: the module's docstring, a function's, or a comment."""
        title: list[str] = []
        definitions = _Definitions()
        pending: list[str] = []
        first_step = next((s for segment in self.layout.segments for s in segment.statements), None)
        ordered = sorted(
            [*self.layout.hoisted, *(s for segment in self.layout.segments for s in segment.statements)],
            key=lambda s: (s.cell, s.line),
        )
        started = False
        for statement in ordered:
            pending += statement.markdown
            statement.markdown = []
            is_import = isinstance(statement.node, IMPORTS) and statement in self.layout.hoisted
            if not title and pending and not started:
                title.append(pending.pop(0))
            if is_import:
                continue
            started = started or statement is first_step
            statement.markdown, pending = pending, []
        if pending and ordered:
            ordered[-1].notes = [*pending, *ordered[-1].notes]
        for statement in self.layout.hoisted:
            definitions.add(statement)
        return title, definitions

    def _rewrite(self) -> None:
        """Make the last changes to the statements; nothing is decided after this."""
        bound = {n for s in self.layout.hoisted for n in s.walk.names(Access.BIND)} | set(self.local_names)
        bound |= self.layout.shared.keys()
        for segment in self.layout.segments:
            self._dropped |= {(segment.name, n) for n in drop_unused(segment, self.local_names)}
            for statement in segment.statements:
                if not statement.text:
                    continue
                if statement.shown and statement.text == "pass":
                    statement.text = ""
                if statement.text:
                    fit_into_function(statement, self.layout.shared, bound)
                if statement.closes:
                    statement.trail = [statement.closes, *statement.trail]

    # -- sections ----------------------------------------------------------------------------------

    def _head(self, title: list[str], imports: str) -> list[str]:
        made = MADE_BY.format(notebook=self.notebook.name)
        lines = docstring([*title, made], "")
        return ["\n".join([*lines, "", *TYPE_CHECKING_NOTE]), *([imports] if imports else [])]

    def _import_block(self, body: str) -> str:
        found: list[Imported] = []
        late: list[Statement] = []
        used = _used_names(body) | {n for d in self.declared for n in names_in(d)} | self.layout.named
        for statement in filter(_goes_before_imports, self.layout.hoisted):  # not in `body`
            used |= statement.walk.names(Access.READ)
        blocked = False
        for statement in self.layout.hoisted:
            if not isinstance(statement.node, IMPORTS):
                blocked = blocked or _goes_before_imports(statement)
                continue
            keys = imported(statement.node)
            for index, key in enumerate(keys):
                if key[2] in used or is_future(key) or has_effect(key):
                    lead = [line for line in statement.lead if line] if index == 0 else []
                    one = Imported(key, lead, statement.tail if len(keys) == 1 else "")
                    if blocked and not is_future(key):
                        late.append(statement)
                    else:
                        found.append(one)
        self._late = late
        found += [Imported(key) for key in sorted(self.names.borrowed)]
        apart = [one for one in found if self.world.is_local(one.key[0].partition(".")[0])]
        if self.world.folder and (apart or any(self._is_local(s) for s in late)):
            lines = self._with_path(found, apart, used)
        else:
            lines = import_lines(found, used, self.world.is_local)
        return "\n".join([*lines, *self._after_session(used)])

    def _with_path(self, found: list[Imported], apart: list[Imported], used: set[str]) -> list[str]:
        """Put the notebook's folder on the search path, above the imports `apart` that need it."""
        sys, path = self.names.borrow("sys"), self.names.borrow("pathlib", "Path")
        borrowed = [Imported(("sys", "", sys)), Imported(("pathlib", "Path", path))]
        others = [*(one for one in found if one not in apart), *borrowed]
        lines = import_lines(others, used | {sys, path}, self.world.is_local)
        folder = f'str({path}(__file__).resolve().parent / "{self.world.folder}")'
        block = import_lines(apart, used, self.world.is_local)
        return [*lines, "", f"{sys}.path.insert(0, {folder})", *([""] if block else []), *block]

    def _is_local(self, statement: Statement) -> bool:
        return any(self.world.is_local(key[0].partition(".")[0]) for key in imported(statement.node))

    def _after_session(self, used: set[str]) -> list[str]:
        """Return what imports may depend on, and these imports, in the notebook's order."""
        lines: list[str] = []
        blocked = False
        for statement in self.layout.hoisted:
            if _goes_before_imports(statement):
                blocked = True
                lines += ["", *statement_lines(statement)]
            elif blocked and statement in self._late:
                keys = [k for k in imported(statement.node) if k[2] in used or has_effect(k)]
                block = import_lines([Imported(key) for key in keys], used, self.world.is_local)
                lines += ["", *block]
        return lines

    def _constants(self, definitions: _Definitions) -> list[str]:
        lines = list(definitions.constants)
        if self.layout.shared:
            lines += ["", *self._shared_lines()] if lines else self._shared_lines()
        return ["\n".join(tidy(lines, most=1))] if lines else []

    def _shared_lines(self) -> list[str]:
        lines = ["# Set while the steps run; module globals, because a function reads or changes them:"]
        any_type = self.names.borrow("typing", "Any")
        return [*lines, *(f"{name}: {any_type}  # {why}" for name, why in sorted(self.layout.shared.items()))]

    # -- functions ---------------------------------------------------------------------------------

    def _function(self, segment: Segment) -> str:
        shared = sorted(segment.bound & self.layout.shared.keys())
        about = ""
        if segment.part > 1:
            about = (
                f"The part of `{segment.key}` that comes after other code."
                if segment.home is Home.STEP
                else ""
            )
        return "\n".join(function_lines(segment, shared, self.names, about))

    def _setter(self) -> str:
        """Return the function that sets parameters which are module globals: `main` cannot name them so."""
        shared = self._shared_parameters()
        if not shared:
            return ""
        self._setter_name = self.names.fresh("set_parameters")
        given = [self.names.fresh(f"new_{name}") for name in shared]
        lines = call(self._setter_name, given, before="def ", after=":")
        lines += [f'{INDENT}"""Set the parameters that functions read as module globals."""']
        lines += tuple_lines("global ", shared, "")
        lines += [f"{INDENT}{name} = {new}" for name, new in zip(shared, given, strict=True)]
        return "\n".join(lines)

    def _shared_parameters(self) -> list[str]:
        return [d.parameter.name for d in self.declared if d.parameter.name in self.layout.shared]

    def _main(self, name: str, line: CommandLine, results: list[str]) -> str:
        segments = self.layout.segments
        is_async = any(segment.walk.is_async for segment in segments)
        returns = f"dict[str, {self.names.borrow('typing', 'Any')}]" if results else "None"
        before = "async def " if is_async else "def "
        lines = call(name, line.signature(), before=before, after=f" -> {returns}:")
        lines.append(f'{INDENT}"""Run all steps{" and return the final values" if results else ""}."""')
        bound = {n for s in segments if s.home is Home.MAIN for n in s.bound} & self.layout.shared.keys()
        if bound:
            lines.append(f"{INDENT}global {', '.join(sorted(bound))}")
        lines += self._forgetting()
        lines += [INDENT + text for text in line.late_defaults()]
        if self._setter_name:
            lines += call(self._setter_name, self._shared_parameters(), prefix=INDENT)
        for segment in segments:
            if segment.home is Home.MAIN:
                for statement in segment.statements:
                    lines += comment(statement.markdown, INDENT)
                body = body_lines(segment.statements, self.names)
                lines += indented("\n".join(body)).split("\n") if body else []
            else:
                lines += call_lines(segment)
        if results:
            lines += _dict_lines(results)
        return "\n".join(lines)

    def _forgetting(self) -> list[str]:
        """Return lines that forget what an earlier call of `main` has left where this one expects nothing."""
        parameters = [declared.parameter.name for declared in self.declared]
        own = {bound for _, _, bound in self.names.borrowed}  # the module's own code needs these
        unbound = set(unbound_at_first(self.layout.segments, self.layout.shared, parameters)) - own
        lines = [f'{INDENT}globals().pop("{name}", None)' for name in sorted(unbound)]
        lines += [f"{INDENT}{name}.cache_clear()" for name in self._caching()]
        return [f"{INDENT}# What an earlier call has left is not there yet.", *lines] if lines else []

    def _caching(self) -> list[str]:
        """Return the functions that keep results which another call of `main` may not get."""
        keys = {key for s in self.layout.hoisted for key in imported(s.node) if key[0] == "functools"}
        caches = {bound for _, attribute, bound in keys if attribute in _CACHES}
        caches |= {f"{bound}.{cache}" for _, attribute, bound in keys if not attribute for cache in _CACHES}
        found = []
        for statement in self.layout.hoisted:
            node = statement.node
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                first = node.decorator_list[0]
                inside = statement.walk.names(Access.READ, later=True) - {node.name}
                pure = "print" not in inside and all(hasattr(builtins, name) for name in inside)
                if ast.unparse(first.func if isinstance(first, ast.Call) else first) in caches and not pure:
                    found.append(node.name)
        return found

    def _end(self, main: str, parse: str) -> str:
        run = f"{main}(**vars({parse}()))" if parse else f"{main}()"
        if any(segment.walk.is_async for segment in self.layout.segments):
            run = f"{self.names.borrow('asyncio')}.run({run})"
        lines = ['if __name__ == "__main__":']
        if self.uses_files:
            os, path = self.names.borrow("os"), self.names.borrow("pathlib", "Path")
            folder = f' / "{self.world.folder}"' if self.world.folder else ""
            where = "the notebook's folder" if self.world.folder else "this file's folder"
            lines += [
                f"{INDENT}# Paths in the code are relative to {where}.",
                f"{INDENT}{os}.chdir({path}(__file__).resolve().parent{folder})",
            ]
        return "\n".join([*lines, f"{INDENT}{run}"])


@dataclass(slots=True)
class _Definitions:
    """What stands between imports and step functions: constants, then blocks with two lines between."""

    constants: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    _bound: set[str] = field(default_factory=set)

    def add(self, statement: Statement) -> None:
        node = statement.node
        if isinstance(node, IMPORTS) or _goes_before_imports(statement):
            return
        lines = [*comment(statement.markdown, ""), *statement_lines(statement)]
        if not isinstance(node, DEFINITIONS) and not self._needs_blocks(statement):
            if statement.markdown or isinstance(node, ast.If | ast.Try):
                self.constants.append("")
            self.constants += lines
            return
        self._bound |= statement.walk.names(Access.BIND)
        self.blocks.append("\n".join(tidy(lines)))

    def _needs_blocks(self, statement: Statement) -> bool:
        reads = statement.walk.names(Access.READ, later=False)
        return bool(reads & self._bound)


def _goes_before_imports(statement: Statement) -> bool:
    """Tell whether imports below may depend on a statement: a setting, or a `try` to import something."""
    if statement.shape == "session":
        return True
    reads = statement.walk.names(Access.READ, later=False) - vars(builtins).keys()
    return isinstance(statement.node, ast.Try) and not reads and may_bring(statement.node)


def _dict_lines(results: list[str]) -> list[str]:
    line = f"{INDENT}return {{{', '.join(f'{n!r}: {n}' for n in results)}}}".replace("'", '"')
    if len(line) <= 88:
        return [line]
    return [f"{INDENT}return {{", *(f'{INDENT * 2}"{n}": {n},' for n in results), f"{INDENT}}}"]


def _short(title: str) -> str:
    lines = prose([title], 200) if title else []
    text = lines[0] if lines else ""
    return text.replace("\\", "").replace('"', "'").replace("%", "%%").replace("{", "").replace("}", "")


def _used_names(body: str) -> set[str]:
    """Return the identifiers that the code uses, those in the texts of annotations too."""
    tree = parse(body)
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isprintable():
            found |= set(re.findall(r"@(\w+)", node.value))
    for node in ast.walk(tree):
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        for part in ast.walk(annotation) if isinstance(annotation, ast.AST) else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                found |= set(re.findall(r"[^\W\d]\w*", part.value))
    return found
