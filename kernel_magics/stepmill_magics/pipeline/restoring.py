"""`%pipeline restore`: cached results and definitions into the live kernel; no step runs.

What there is to restore, and in which order, is computed in a child process. Here the setup code is
executed, then values are loaded as step kernels load their inputs, so that classes and identities hold.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.errors import ArtifactError, StepmillError, UsageError
from stepmill.model.codec import from_json
from stepmill.model.quantities import count_text, listed
from stepmill.model.restoration import Restoration, StoredName
from stepmill_magics.pipeline.child import ask, raise_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stepmill.artifacts.store import Store
    from stepmill.model.pipeline import Fragment

_LONGEST_LIST = 12
"""Names that a line of the report shows at most."""


@dataclass(slots=True)
class _Report:
    """What happened to names; `replaced` are those that had another value."""

    values: dict[str, list[str]] = field(default_factory=dict)  # step -> names
    defined: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # name -> why
    notes: list[str] = field(default_factory=list)


def restore(notebook: Path, steps: Sequence[str], shell: Any) -> str:
    """Restore all cached steps of the saved notebook, or those named; return what to say about it.

    Raises
    ------
    StepmillError
        There is nothing to restore, or setup code failed. Names bound until then stay.
    """
    for word in steps:
        if word.startswith("-"):
            raise UsageError(
                f"restore takes names of steps, not {word!r}", hint="%pipeline restore [STEP...]"
            )
    answer = ask(("restorable", str(notebook), *steps, "--json"))
    raise_for(answer)
    found = from_json(Restoration, dict(answer.document()))
    if not found.restored:
        raise StepmillError(
            f"nothing to restore: no step{' of these' if steps else ''} has a valid result in the cache"
            + "".join(f"\n  {one.step}: {one.reason}" for one in found.missing),
            hint="%pipeline run makes them",
        )
    before = dict(shell.user_ns)
    report = _Report()
    _run_setup(found, shell, report)
    setup = dict(shell.user_ns)
    _load_values(found, shell, report, before)
    _set_generators(found, shell, report)
    report.defined = sorted(_changed(before, setup))
    report.replaced += [
        name for name in report.defined if name in before and not _is_same(before, setup, name)
    ]
    return _text(found, report)


# Setup code ---------------------------------------------------------------------------------------


_last: list[tuple[str, Mapping[str, Any]]] = []
"""The setup code that was executed last: each piece, and the classes and functions that it defined."""


def _run_setup(found: Restoration, shell: Any, report: _Report) -> None:
    """Execute the setup code in the notebook's folder; where it goes elsewhere itself, stay there.

    Classes and functions that a restore before this one has defined stay as they are, so that what
    was made with them still is of their kind.
    """
    here = _folder()
    os.chdir(found.folder)
    done: list[tuple[str, Mapping[str, Any]]] = []
    try:
        for number, piece in enumerate(found.setup):
            is_same = [source for source, _ in _last[: number + 1]] == [
                p.source for p in found.setup[: number + 1]
            ]
            defined = _last[number][1] if is_same else {}
            if not defined or any(shell.user_ns.get(name) is not value for name, value in defined.items()):
                _execute(piece, shell)
                defined = {name: shell.user_ns[name] for name in _defined(piece.source)}
            done.append((piece.source, defined))
    finally:
        _last[:] = done
        there = _folder()
        if here is not None and there == Path(found.folder):
            os.chdir(here)
        elif there != here:
            report.notes.append(f"the working directory is {there} now, as the notebook's code sets it")


def _defined(source: str) -> list[str]:
    """Return the names of a piece that is nothing but definitions of classes and functions."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in body if isinstance(node, kinds)] if isinstance(body[0], kinds) else []


def _execute(piece: Fragment, shell: Any) -> None:
    """Execute without a trace in history and outputs.

    Raises
    ------
    StepmillError
        It failed, at the user's cell and line.
    """
    shown = io.StringIO()
    name = ""
    try:
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            code = shell.transform_cell(piece.source)
            name = shell.compile.cache(code, 0, raw_code=piece.source)
            tree = shell.transform_ast(shell.compile.ast_parse(code, filename=name))
            exec(shell.compile(tree, name, "exec"), shell.user_ns)  # noqa: S102 - the user's own code
    except (Exception, SystemExit) as error:
        raise StepmillError(
            f"the notebook's setup code failed: {type(error).__name__}: {error}",
            hint="no value was loaded; run that cell itself to see more",
            cell=piece.cell,
            line=piece.line + _line(error, name) - 1,
        ) from error


def _line(error: BaseException, name: str) -> int:
    """Return the line of the piece, from 1, at which its top-level code failed."""
    number = 1
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name and trace.tb_frame.f_code.co_name == "<module>":
            number = trace.tb_lineno
        trace = trace.tb_next
    return number


# Values ------------------------------------------------------------------------------------------


def _load_values(found: Restoration, shell: Any, report: _Report, before: Mapping[str, Any]) -> None:
    """Load each stored unit by itself: one that cannot be loaded leaves the others."""
    from stepmill.artifacts.store import open_store
    from stepmill.artifacts.values import load_values

    store = open_store(found.store)
    namespace: dict[str, Any] = shell.user_ns
    definitions = {one.name: one.digest for one in found.definitions}
    for unit in _units(found.values):
        refs = {one.name: one.artifact for one in unit}
        names = [name for name in refs if name in before]
        differing = _differing(store, unit, before, definitions, namespace) if names else []
        try:
            values = load_values(store, refs, definitions=definitions, namespace=namespace)
        except ArtifactError as error:
            report.failed |= dict.fromkeys(refs, error.message)
            continue
        namespace.update(values)
        report.replaced += differing
        for one in unit:
            report.values.setdefault(one.step, []).append(one.name)


def _units(values: Iterable[StoredName]) -> list[list[StoredName]]:
    """Put the members of one bundle together: they are loaded at once and share what they shared."""
    units: dict[str, list[StoredName]] = {}
    for value in values:
        key = value.artifact.digest if value.artifact.member else f"alone {value.name}"
        units.setdefault(key, []).append(value)
    return list(units.values())


def _differing(
    store: Store,
    unit: Sequence[StoredName],
    before: Mapping[str, Any],
    definitions: Mapping[str, str],
    namespace: dict[str, Any],
) -> list[str]:
    """Return the names that the kernel holds with another value than the stored one."""
    from stepmill.artifacts.values import same_values

    refs = {one.name: one.artifact for one in unit}
    held = {name: before[name] for name in refs if name in before}
    try:
        same = same_values(store, refs, held, definitions=definitions, namespace=namespace)
    except Exception:  # noqa: BLE001 - comparing is a courtesy: whatever fails there counts as different
        return sorted(held)
    return sorted(name for name in held if not same[name])


def _set_generators(found: Restoration, shell: Any, report: _Report) -> None:
    from stepmill.artifacts.store import open_store
    from stepmill.artifacts.values import load_values
    from stepmill_magics.generators import is_loaded, set_state

    store = open_store(found.store)
    restored = []
    for generator, ref in found.random.items():
        try:
            state = load_values(store, {generator: ref}, definitions={}, namespace=shell.user_ns)[generator]
        except ArtifactError:  # it counts as not known, which is said
            continue
        if is_loaded(generator):
            set_state(generator, state)
            restored.append(generator)
    if restored:
        report.notes.append(f"random state as after the last restored step: {listed(sorted(restored))}")
    unknown = sorted({*found.random_unknown, *(found.random.keys() - restored)})
    if unknown:
        report.notes.append(f"the random state of {listed(unknown)} is not known; numbers drawn now differ")


# What is said ------------------------------------------------------------------------------------


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    names = {name for name in after if name not in before or after[name] is not before[name]}
    return {name for name in names if not name.startswith("_")}


def _is_same(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    """Tell whether a name that setup code bound anew means what it meant: constants, modules, functions."""
    old, new = before[name], after[name]
    if type(old) is not type(new):
        return False
    code = getattr(old, "__code__", None)
    if code is not None:
        return bool(code == getattr(new, "__code__", None))
    if isinstance(
        old, (bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset, type(None))
    ):
        return bool(repr(old) == repr(new))
    return False


def _text(found: Restoration, report: _Report) -> str:
    count = count_text(sum(map(len, report.values.values())), "value")
    lines = [f"restored {listed(found.restored)}: {count}, no step ran"]
    lines += [f"  {step}: {_names(report.values[step])}" for step in found.restored if step in report.values]
    if report.defined:
        lines.append(f"  imports, definitions, constants: {_names(report.defined)}")
    if report.replaced:
        lines.append(f"replaced, they held something else: {_names(sorted(set(report.replaced)), 40)}")
    failed = {**found.unstored, **report.failed}
    lines += [f"not restored: {name}: {why}" for name, why in failed.items()]
    for one in found.missing:
        cells = " ".join(f"[{index}]" for index in one.cells)
        gives = f" (gives {_names(one.names)})" if one.names else ""
        lines.append(f"not cached: {one.step}, cell {cells}{gives}: {one.reason}")
    if found.unrun:
        cells = " ".join(f"[{index}]" for index in sorted(set(found.unrun.values())))
        lines.append(f"not in the pipeline: {_names(sorted(found.unrun))}; run cell {cells} for them")
    lines += [
        f"note: {listed(names, ' and ')} may share objects after Run All; here they are apart"
        for names in found.apart
    ]
    return "\n".join([*lines, *(f"note: {note}" for note in report.notes)])


def _names(names: Iterable[str], most: int = _LONGEST_LIST) -> str:
    found = list(names)
    shown = listed(found[:most])
    return shown if len(found) <= most else f"{shown} and {len(found) - most} more"


def _folder() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # it was removed
        return None
