"""Why a notebook gets no proposal, and what its author can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from stepmill.errors import PipelineError, SuggestionRefused
from stepmill.model.cell import Role
from stepmill.model.quantities import count_text, listed
from stepmill.suggestion.division import LARGEST, LEAST

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stepmill.model.cell import Notebook
    from stepmill.model.diagnostic import Diagnostic
    from stepmill.suggestion.borders import Item

_SPLIT = "split it in Jupyter (Ctrl-Shift-Minus at the cursor)"


def refuse_tagged(notebook: Notebook) -> None:
    """Raise SuggestionRefused if somebody has begun to tag the notebook."""
    steps = list(dict.fromkeys(cell.step for cell in notebook.cells if cell.role is Role.STEP and cell.step))
    if steps:
        first = next(cell.index for cell in notebook.cells if cell.role is Role.STEP)
        raise SuggestionRefused(
            f"{notebook.name} has {count_text(len(steps), 'step')} already: {listed(steps[:5])}",
            hint="see `stepmill check`; `stepmill tag --untag` writes a copy without them",
            cell=first,
            line=1,
        )


def refuse_too_few(items: Sequence[Item]) -> None:
    """Raise SuggestionRefused if there are fewer cells to put into steps than a pipeline needs."""
    if len(items) >= LEAST:
        return
    if not items:
        raise SuggestionRefused(
            "no cell does anything that a step could keep: there are only imports, definitions, constants",
            hint="nothing needs a pipeline here; call a function in a cell of its own, and that cell is work",
        )
    largest = max(items, key=lambda item: len(item.facts.tree.body))
    line = _middle(largest)
    only = "one cell does" if len(items) == 1 else f"only {len(items)} cells do"
    cells = listed((f"[{item.index}]" for item in items), last=" and ")
    hint = (
        f"{_SPLIT}, for example above line {line}; then repeat"
        if line > 1
        else "a pipeline is more than it needs"
    )
    raise SuggestionRefused(
        f"{only} all the work: {cells}; a cell cannot be divided, and fewer than {LEAST} steps save nothing",
        hint=hint,
        cell=largest.index,
        line=line,
    )


def refuse_whole(errors: Sequence[Diagnostic]) -> NoReturn:
    """Raise PipelineError for errors that no division of the cells removes."""
    raise PipelineError.of(tuple(errors), "however it is divided: ")


def refuse_inseparable(
    items: Sequence[Item], barred: Collection[int], reasons: Sequence[Diagnostic]
) -> NoReturn:
    """Raise SuggestionRefused for cells that must stay together and are too many of all."""
    runs: list[list[int]] = [[0]]
    for number in range(1, len(items)):
        if number in barred:
            runs[-1].append(number)
        else:
            runs.append([number])
    longest = max(runs, key=len)
    first, last = items[longest[0]].index, items[longest[-1]].index
    reason = next((r for r in reasons if r.cell is not None and first <= r.cell <= last), reasons[0])
    share = round(100 * len(longest) / len(items))
    too_much = (
        f"that is {share} % of the work"
        if len(longest) > LARGEST * len(items)
        else f"fewer than {LEAST} steps are left"
    )
    raise SuggestionRefused(
        f"cells [{first}] to [{last}] must stay in one step, and {too_much}: {reason.code}, {reason.message}",
        hint=reason.hint,
        cell=reason.cell,
        line=reason.line,
        column=reason.column,
    )


def _middle(item: Item) -> int:
    """Return the line of the statement at which the cell falls into halves; 1 if it has only one."""
    body = item.facts.tree.body
    return item.facts.cell.line_of(body[len(body) // 2].lineno) if len(body) > 1 else 1
