"""Fixes that tag a cell, split a step or change the options of a `%%step` line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stepmill.analysis.tag_lines import step_word, tag_line
from stepmill.analysis.units import step_cells
from stepmill.model.cell import Role
from stepmill.model.diagnostic import Edit, Fix
from stepmill.model.pipeline import SETUP_STEP

if TYPE_CHECKING:
    from stepmill.analysis.rules.view import View
    from stepmill.model.cell import Cell, Notebook

_LOADS_US = re.compile(r"^\s*%(?:load|reload)_ext\s+stepmill\b", re.MULTILINE)


def tag(view: View, index: int, about: str, verb: str) -> tuple[Fix, ...]:
    """Return the fix that makes an untagged cell a step, named after what it does to `about`."""
    cell = view.notebook.cells[index]
    if not _may_be_tagged(view.notebook, cell):
        return ()
    name = new_name(view, f"{verb}_{re.sub(r'[^A-Za-z0-9]+', '_', about).strip('_')}"[:40].rstrip("_"))
    return (
        Fix(title=f"tag cell [{index}] as step `{name}`", edits=(_insert(index, 1, 0, f"%%step {name}\n"),)),
    )


def join(view: View, index: int, step: str) -> tuple[Fix, ...]:
    """Return the fix that puts an untagged cell into a step that there is."""
    if not _may_be_tagged(view.notebook, view.notebook.cells[index]):
        return ()
    edit = _insert(index, 1, 0, f"%%step {step}\n")
    return (Fix(title=f"put cell [{index}] into step `{step}`", edits=(edit,)),)


def vouch(view: View, index: int, about: str) -> tuple[Fix, ...]:
    """Return the fix that says a cell changes nothing, which only the user can know."""
    if not _may_be_tagged(view.notebook, view.notebook.cells[index]):
        return ()
    edit = _insert(index, 1, 0, "%%scratch\n")
    return (
        Fix(
            title=f"cell [{index}] does not change `{about}`: put `%%scratch` on it",
            edits=(edit,),
            automatic=False,
        ),
    )


def split(view: View, step: str, first: int) -> tuple[Fix, ...]:
    """Return the fix that gives the cells of `step` from the cell `first` on a step name of their own."""
    cells = [view.notebook.cells[index] for index in step_cells(view.notebook).get(step, ())]
    kept, moved = [c for c in cells if c.index < first], [c for c in cells if c.index >= first]
    options = view.assembly.options.get(step)
    if not kept or not moved or options is None or any(tag_line(cell) is None for cell in moved):
        return ()
    if options.inputs is not None or options.outputs is not None:
        return ()  # nobody but the user can divide these
    name = new_name(view, re.sub(r"_\d+$", "", step) + "_2")
    edits = [_renamed(cell, name) for cell in moved]
    inherited = " ".join(filter(None, (_options_of(cell) for cell in kept)))
    if inherited and any(_options_of(cell) for cell in moved):
        return ()  # two lines to merge: an option may stand on both
    if inherited:
        edits[0] = _renamed(moved[0], f"{name} {inherited}")
    edits += _after_too(view, step, name, moved[-1].index)
    return (
        Fix(title=f"call the part of `{step}` from cell [{moved[0].index}] on `{name}`", edits=tuple(edits)),
    )


def add_option(view: View, step: str, option: str, title: str, *, automatic: bool = True) -> tuple[Fix, ...]:
    """Return the fix that writes `option` behind the step's name, on its first `%%step` line."""
    for index in step_cells(view.notebook).get(step, ()):
        cell = view.notebook.cells[index]
        word = step_word(cell)
        if word is not None:
            line, _, end = word
            return (Fix(title=title, edits=(_insert(index, line, end, f" {option}"),), automatic=automatic),)
    return ()


def new_name(view: View, wanted: str) -> str:
    """Return `wanted`, with a number behind it if a step has that name already."""
    known = {*view.assembly.options, SETUP_STEP}
    base, number = re.sub(r"_\d+$", "", wanted), 2
    name = wanted
    while name in known:
        name, number = f"{base}_{number}", number + 1
    return name


def replaced(cell: int, line: int, column: int, end_column: int, text: str) -> Edit:
    """Return the edit of a part of one line."""
    return Edit(cell=cell, line=line, column=column, end_line=line, end_column=end_column, text=text)


def _insert(cell: int, line: int, column: int, text: str) -> Edit:
    return replaced(cell, line, column, column, text)


def _may_be_tagged(notebook: Notebook, cell: Cell) -> bool:
    """The magic must be there: the notebook uses it, and loads it above, if it loads it at all."""
    loads = [c.index for c in notebook.cells if c.role is Role.UNTAGGED and _LOADS_US.search(c.source)]
    uses_magic = any(tag_line(c) is not None for c in notebook.cells if c.role is Role.STEP)
    return cell.role is Role.UNTAGGED and uses_magic and (not loads or cell.index > loads[0])


def _renamed(cell: Cell, name: str) -> Edit:
    word = step_word(cell)
    assert word is not None  # `split` has looked
    return replaced(cell.index, *word, name)


def _options_of(cell: Cell) -> str:
    """Return the options on the cell's `%%step` line as they stand there, without a comment."""
    word = step_word(cell)
    if word is None:
        return ""
    line, _, end = word
    return re.split(r"(?:^|\s)#", cell.source.split("\n")[line - 1][end:])[0].strip()


def _after_too(view: View, step: str, name: str, last: int) -> list[Edit]:
    """Steps that come after `step` because they say so come after its second part as well."""
    edits = []
    for other, cells in step_cells(view.notebook).items():
        if other == step or cells[0] < last or step not in view.assembly.options[other].after:
            continue
        fix = add_option(view, other, f"--after {name}", "")
        edits += [edit for one in fix for edit in one.edits]
    return edits
