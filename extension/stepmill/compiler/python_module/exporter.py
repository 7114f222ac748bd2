"""From a notebook and its pipeline to the text of a plain Python module."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING

from stepmill.analysis.effects import FILE, FOLDER, RANDOM
from stepmill.analysis.interpreter import Interpreter, Observed, interpret
from stepmill.analysis.replay import shape_of
from stepmill.analysis.scripts import executed_script
from stepmill.analysis.units import Unit, units_of
from stepmill.analysis.values import Kind
from stepmill.compiler.exporting import Exported, Surroundings
from stepmill.compiler.python_module.borrowed import Names, imported
from stepmill.compiler.python_module.cells import read_cell
from stepmill.compiler.python_module.checking import check_module
from stepmill.compiler.python_module.declarations import declared_parameters
from stepmill.compiler.python_module.imports import is_future
from stepmill.compiler.python_module.layout import DEFINITIONS, IMPORTS, Planner
from stepmill.compiler.python_module.magics import Translator, shell_function
from stepmill.compiler.python_module.module import ModuleText
from stepmill.compiler.python_module.plots import close_figures
from stepmill.compiler.python_module.refusals import refuse
from stepmill.compiler.python_module.rewriting import (
    displays,
    functions_with_value,
    is_display_import,
    looked_up,
    looks_up,
    methods_without_value,
    names_in_queries,
    refuse_strangers,
    show,
)
from stepmill.compiler.python_module.scopes import FUNCTIONS, Access
from stepmill.compiler.python_module.statements import Statement, read_statements
from stepmill.model.cell import Role
from stepmill.notebook.expansion import KnownNames
from stepmill.syntax import parse_or_empty

if TYPE_CHECKING:
    from stepmill.compiler.python_module.cells import CellCode
    from stepmill.compiler.python_module.command_line import Declared
    from stepmill.compiler.python_module.layout import Layout
    from stepmill.model.cell import Notebook
    from stepmill.model.pipeline import Pipeline

BLOCKING = re.compile(r"\b(environ|putenv|chdir|sys\.path|path\.(insert|append)|use\(|write)")


class PythonExporter:
    """Writes a module that imports nothing of ours; see `stepmill.compiler.exporting.Exporter`."""

    suffix = ".py"

    def export(self, notebook: Notebook, pipeline: Pipeline, world: Surroundings) -> Exported:
        return export_module(notebook, pipeline, world)


def export_module(notebook: Notebook, pipeline: Pipeline, world: Surroundings) -> Exported:
    """Return the pipeline as a module that, when it runs, does what the linear run of its cells does.

    Raises
    ------
    ExportRefused
        Something in the notebook has no plain counterpart; the error has the place.
    """
    units = units_of(notebook)
    _refuse_scripts(units)
    interpreter, observed = interpret(units, modules=world.modules, is_local=world.is_local)
    known = KnownNames(_bound_names(observed))
    codes = {
        cell.index: read_cell(cell, known)
        for cell in notebook.cells
        if _is_code(cell.role) and cell.python.strip()
    }
    seeding = {s.unit.index for s in observed.values() if any(n.startswith(RANDOM) for n in s.effects.binds)}
    statements = read_statements(notebook, pipeline, codes, seeding)
    _refuse_captures(codes, statements)
    parameters = [parameter.name for parameter in pipeline.parameters]
    _explicit_stars(statements, world)
    names = Names(statements, parameters)
    translator = Translator(names, known, observed)
    statements = _translated(statements, translator)
    declared = declared_parameters(notebook, pipeline)
    bound = _bound_in(statements) | set(parameters)
    statements = [s for s in statements if not is_display_import(s)]
    bound -= {"display"} if not any("display" in s.walk.names(Access.BIND) for s in statements) else set()
    for statement in statements:
        refuse_strangers(statement, bound)
        displays(statement, names, bound)
    _refuse_order(statements, declared)
    close_figures(statements, observed, names)
    texts = _texts(statements, bound)
    _give_shapes(statements, observed, interpreter)
    trees = [*(s.node for s in statements), *map(parse_or_empty, world.own_code)]
    figures = frozenset(n for n, v in interpreter.env.items() if v.kind is Kind.FIGURE)
    _show_values(statements, names, figures, methods_without_value(trees))
    kinds = _kinds(statements, observed)
    kinds = {p: kind for p, kind in kinds.items() if not looks_up(statements[p], bound)}
    layout = _layout(statements, kinds, parameters, texts, _global_names(statements, observed))
    text = ModuleText(
        notebook=notebook,
        pipeline=pipeline,
        layout=layout,
        names=names,
        declared=declared,
        world=world,
        shell=shell_function(translator) if translator.shell else "",
        uses_files=_uses_files(statements, observed, bool(translator.shell)),
    )
    module = text.write()
    check_module(module, layout, text.local_names, [f"{p.parameter.name}" for p in declared])
    return Exported(
        text=module,
        functions=text.setters(),
        left_out=_left_out(statements, observed),
        cells=tuple(sorted({statement.cell for statement in statements})),
    )


def _refuse_scripts(units: list[Unit]) -> None:
    """What scripts bind is not written out."""
    for unit in units:
        path = executed_script(unit)
        if path is not None:
            refuse("SM501", f"executing {path}", unit.cell.index, unit.first_line)


def _texts(statements: list[Statement], bound: set[str]) -> set[str]:
    """Return the names that are looked up as text."""
    texts = looked_up(statements, bound)
    if "__file__" in texts:
        place = next(s for s in statements if "__file__" in s.text)
        refuse("SM503", "__file__", place.cell, place.line)
    return texts


def _layout(
    statements: list[Statement],
    kinds: dict[int, str],
    parameters: list[str],
    texts: set[str],
    named: dict[str, str],
) -> Layout:
    return Planner(statements, kinds, parameters, texts, named).plan()


def _global_names(statements: list[Statement], observed: dict[int, Observed]) -> dict[str, str]:
    """Return the names that must be the module's where they are not local to one call, with a sentence why.

    What formulas, pickles and doctests look up, and what they come to read; everything, if an object
    may tell when it goes: a step function that has handed one on would still hold it.
    """
    found = dict.fromkeys(sorted(names_in_queries(statements)), "named in the text of a query")
    for statement in statements:
        for effects in (observed[unit.index].effects for unit in statement.units):
            if effects.by_text:
                names = {*effects.by_text, *effects.reads}
                found |= dict.fromkeys(sorted(names), "found by its name") | found
    if any(_tells_when_it_goes(statement.node) for statement in statements):
        names = {name for s in statements for name in s.walk.names(Access.BIND, Access.DELETE)}
        found |= dict.fromkeys(sorted(names), "when its object goes can be seen") | found
    return found


def _tells_when_it_goes(node: ast.AST) -> bool:
    """Tell whether a class here has `__del__`, or weak references are imported."""
    return any(
        (isinstance(part, FUNCTIONS) and part.name == "__del__")
        or (isinstance(part, IMPORTS) and any(key[0] == "weakref" for key in imported(part)))
        for part in ast.walk(node)
    )


def _left_out(statements: list[Statement], observed: dict[int, Observed]) -> frozenset[str]:
    """Return the names that code which is not in the module sets."""
    kept = {unit.index for statement in statements for unit in statement.units}
    others = [seen.effects for seen in observed.values() if seen.unit.index not in kept]
    return frozenset(name for effects in others for name in (*effects.writes, *effects.deletes))


def _is_code(role: Role) -> bool:
    return role in (Role.STEP, Role.UNTAGGED, Role.PARAMETERS)


def _bound_names(observed: dict[int, Observed]) -> frozenset[str]:
    return frozenset(name for seen in observed.values() for name in seen.effects.binds)


def _bound_in(statements: list[Statement]) -> set[str]:
    return {name for s in statements for name in s.walk.names(Access.BIND)}


def _explicit_stars(statements: list[Statement], world: Surroundings) -> None:
    """`from m import *` becomes the import of those names that the notebook uses."""
    used = {n.id for s in statements for n in ast.walk(s.node) if isinstance(n, ast.Name)}
    for statement in statements:
        node = statement.node
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            module = "." * node.level + (node.module or "")
            found = sorted((world.modules(module) or frozenset()) & used)
            statement.text = f"from {module} import {', '.join(found)}" if found else f"import {module}"


def _refuse_captures(codes: dict[int, CellCode], statements: list[Statement]) -> None:
    """Refuse code that uses what `%%capture out` keeps."""
    read = {use.name for statement in statements for use in statement.walk.uses}
    for index, code in codes.items():
        if code.capture_name in read and any(statement.cell == index for statement in statements):
            refuse("SM502", f"%%capture {code.capture_name}", index, 1)


def _translated(statements: list[Statement], translator: Translator) -> list[Statement]:
    """Translate all magics; comments in the place of those that are left out go to the next statement."""
    found: list[Statement] = []
    waiting: list[str] = []
    texts: list[str] = []
    for statement in statements:
        lead = statement.lead
        comments = translator.translate(statement)
        if not statement.text:
            waiting += [*lead, *comments, *([statement.tail] if statement.tail else []), *statement.trail]
            texts += statement.markdown
            continue
        if waiting and found and found[-1].cell != statement.cell and statement.owner != found[-1].owner:
            found[-1].trail += waiting
            waiting = []
        statement.lead, waiting = [*waiting, *lead], []
        statement.markdown, texts = [*texts, *statement.markdown], []
        found.append(statement)
    if found:
        found[-1].trail += waiting
        found[-1].notes = [
            *texts,
            *found[-1].notes,
            *(statements[-1].notes if statements[-1] is not found[-1] else []),
        ]
    return found


def _refuse_order(statements: list[Statement], declared: list[Declared]) -> None:
    """Refuse what cannot keep its place: code before a parameter, future imports below other code."""
    places = {d.parameter.name: (d.parameter.place.cell, d.parameter.place.line) for d in declared}
    for statement in statements:
        for use in statement.walk.uses:
            place = places.get(use.name)
            early = place is not None and (statement.cell, statement.line) < place
            if early and (not use.later or use.access is not Access.READ):
                refuse("SM505", use.name, statement.cell, statement.line)
    seen = False
    for statement in statements:
        future = [key for key in imported(statement.node) if is_future(key)]
        if seen and any(key[1] == "annotations" for key in future):
            refuse("SM506", "annotations", statement.cell, statement.line)
        seen = seen or isinstance(statement.node, (*DEFINITIONS, ast.AnnAssign))


def _show_values(
    statements: list[Statement], names: Names, figures: frozenset[str], may_be_none: frozenset[str]
) -> None:
    """Print what the cells show; a figure that is only shown is left out."""
    givers = functions_with_value(s.node for s in statements)
    for statement in list(statements):
        if not statement.shown:
            continue
        node = statement.node
        is_figure = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Name) and node.value.id in figures
        )
        if "print" in names.shadowed:
            refuse("SM507", "print", statement.cell, statement.line)
        show(statement, is_figure=is_figure, returns_value=givers, may_be_none=may_be_none)
        if not statement.text:
            statement.text = "pass"


def _give_shapes(
    statements: list[Statement], observed: dict[int, Observed], interpreter: Interpreter
) -> None:
    shapes = {seen.unit.index: shape_of(seen, interpreter.env) for seen in observed.values()}
    changed = {
        name
        for seen in observed.values()
        if shapes[seen.unit.index] != "patch"
        for name, change in seen.effects.changes.items()
        if not change.doubtful
    }
    for statement in statements:
        if len(statement.units) == 1:
            statement.shape = shapes[statement.units[0].index]
            statement.is_changed = not changed.isdisjoint(statement.walk.names(Access.BIND))


def _kinds(statements: list[Statement], observed: dict[int, Observed]) -> dict[int, str]:
    """Return what each statement could be at module level; see `Planner`."""
    kinds: dict[int, str] = {}
    blocked, has_run, seen_roots = False, False, set(sys.stdlib_module_names)
    for position, statement in enumerate(statements):
        kind = _kind(statement)
        if kind == "import":
            roots = {key[0].partition(".")[0] for key in imported(statement.node)}
            if blocked and not roots <= seen_roots:
                kind = ""
            else:
                seen_roots |= roots
        blocks = kind in ("", "session") and _blocks(statement, observed)
        if kind == "session" and (has_run or not blocks or not _import_follows(statements, position)):
            kind = ""
        if blocks and not kind:
            blocked = True
        has_run = has_run or not kind
        kinds[position] = kind
    return kinds


def _kind(statement: Statement) -> str:
    node = statement.node
    if statement.capture or statement.may_raise:
        return ""
    if statement.is_changed and not isinstance(node, IMPORTS):
        return ""  # each call of `main` makes it anew
    if isinstance(node, IMPORTS):
        return "import"
    if any(_prints(part) for part in _run_at_once(node)):
        return ""
    if isinstance(node, DEFINITIONS):
        return "definition" if statement.shape == "definition" else ""
    if (
        statement.owner is not None
        and statement.shape == "definition"
        and isinstance(getattr(node, "value", None), ast.Call)
    ):
        return "definition"  # a class made by a call: `Row = namedtuple(…)`
    if statement.owner is not None:
        return ""
    if isinstance(node, ast.If | ast.Try):
        return "block" if statement.shape == "import" else ""
    return statement.shape if statement.shape in ("definition", "constant", "patch", "session") else ""


def _run_at_once(node: ast.AST) -> list[ast.AST]:
    found, waiting = [], [node]
    while waiting:
        part = waiting.pop()
        found.append(part)
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend((*part.decorator_list, *part.args.defaults))
        elif not isinstance(part, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(part))
    return found


def _prints(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "input", "open")
    )


def _blocks(statement: Statement, observed: dict[int, Observed]) -> bool:
    """Tell whether an import below may come out differently because of this statement."""
    if BLOCKING.search(statement.text):
        return True
    effects = [observed[unit.index].effects for unit in statement.units]
    written = (name for e in effects for name in (*e.binds, *e.changes))
    return any(name.startswith(FILE) and ("?" in name or name.endswith(".py")) for name in written)


def _import_follows(statements: list[Statement], position: int) -> bool:
    return any(isinstance(s.node, IMPORTS) for s in statements[position + 1 :])


def _uses_files(statements: list[Statement], observed: dict[int, Observed], has_shell: bool) -> bool:
    effects = [observed[unit.index].effects for s in statements for unit in s.units]
    names = (name for e in effects for name in (*e.reads, *e.binds, *e.changes))
    return has_shell or any(name.startswith((FILE, FOLDER)) for name in names)
