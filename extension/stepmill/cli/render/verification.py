"""What `verify` found: one sentence if all is well, else the first difference in full, the rest by name."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.cli.render.diagnostics import Excerpt, excerpt_lines, place_text
from stepmill.cli.render.errors import render_error
from stepmill.cli.render.layout import columns, joined, styled, wrapped
from stepmill.cli.render.run_report import render_failure
from stepmill.errors import PipelineError
from stepmill.model.quantities import count_text
from stepmill.model.run import StepOutcome, StepStatus
from stepmill.model.verification import Aspect, Difference, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.text import Text

    from stepmill.model.verification import Verification

_LISTED = 12
_LONGEST = 30
"""Characters of a value in a list; of longer ones the part from `_BEFORE` characters before they differ."""
_BEFORE = 12


def render_verification(
    found: Verification, *, sources: Mapping[int, str] | None = None, width: int | None = None
) -> list[Text]:
    """Return the report; `sources` maps cell indices to their text."""
    known = sources or {}
    if found.verdict is Verdict.REFUSED:
        return _refused(found, known, width)
    lines: list[Text] = []
    if found.differences:
        lines += [*_in_full(found.differences[0], found.notebook, known, width), styled("")]
        lines += _in_short("also different:", found.differences[1:], width)
    lines += _in_short("not reproducible, another in each Run All:", found.not_reproducible, width)
    for remark in found.remarks:
        lines += wrapped(styled(f"note: {remark}", "yellow"), width, indent=6)
    style = "bold green" if found.is_equal else "bold red"
    return lines + wrapped(joined(styled(found.verdict, style), f": {summary_text(found)}"), width)


def summary_text(found: Verification) -> str:
    """Return the sentence that says it all."""
    if found.differences:
        parts = list(_shares(found))
        if found.failure:
            parts.append(f"in Run All {found.failure}")
        return f"the pipeline does not give what Run All gives: {', '.join(parts)}"
    counts = f"{count_text(found.equal_values, 'value')} and {count_text(found.equal_outputs, 'output')}"
    verb = "is" if found.equal_values + found.equal_outputs == 1 else "are"
    gives = "the pipeline gives what Run All gives"
    if found.failure:
        return f"both fail alike: {found.failure}; before that {counts} {verb} equal"
    if found.not_reproducible:
        number = len(found.not_reproducible)
        differ = "1 differs" if number == 1 else f"{number} differ"
        known = f"{counts} {verb} equal, " if found.equal_values + found.equal_outputs else ""
        return f"{known}{differ} between two Run Alls too: {gives}, as far as that repeats"
    return f"{counts} {verb} equal: {gives}"


def _shares(found: Verification) -> Iterator[str]:
    """Yield "2 of 17 values", for what is different at all."""
    totals = {"value": found.values, "output": found.outputs}
    kinds = {"value": (Aspect.VALUE, Aspect.RANDOM), "output": (Aspect.OUTPUT,)}
    for noun, total in totals.items():
        number = sum(one.aspect in kinds[noun] for one in found.differences)
        if number:
            yield f"{number} of {count_text(total, noun)} {'differs' if number == 1 else 'differ'}"
    if any(one.aspect is Aspect.SHARING for one in found.differences):
        yield "what is one object differs"
    if any(one.aspect is Aspect.ERROR for one in found.differences):
        yield "errors differ"


def _in_full(one: Difference, notebook: str, sources: Mapping[int, str], width: int | None) -> list[Text]:
    title = joined(styled(f"different[{one.aspect}]", "bold red"), styled(f": {_title(one)}", "bold"))
    lines = wrapped(title, width, indent=2)
    lines.append(joined(styled(" --> ", "blue"), place_text(notebook, one.cell, one.line)))
    source = sources.get(one.cell, "").split("\n")
    if one.line is not None and 0 < one.line <= len(source):
        lines += excerpt_lines(Excerpt(source[one.line - 1], one.line), width=width)
    margin = 1 if one.line is None else len(str(one.line))
    for word, text in (("Run All", one.run_all), ("pipeline", one.pipeline), ("perhaps", one.cause)):
        if text:
            about = joined(styled(f"{word}: ", "bold"), text)
            lines += wrapped(about, width, first=f"{'':{margin}} = ", indent=margin + 5 + len(word))
    return lines


def _title(one: Difference) -> str:
    place = "" if not one.where else f", at {one.where}"
    step = f" that step {one.step} gives" if one.step else ""
    return {
        Aspect.VALUE: f"{one.name}{step}{place}",
        Aspect.RANDOM: f"the state of the random numbers of {one.name} after step {one.step}",
        Aspect.SHARING: f"{one.name} after step {one.step}",
        Aspect.OUTPUT: f"what cell [{one.cell}] shows{place}",
        Aspect.ERROR: f"how cell [{one.cell}] ends",
    }[one.aspect]


def _in_short(title: str, differences: Sequence[Difference], width: int | None) -> list[Text]:
    """Return one row for each, those of one cause together."""
    if not differences:
        return []
    lines = [styled(title, "bold")]
    shown = differences[:_LISTED]
    for cause in dict.fromkeys(one.cause for one in shown):
        rows = [(_subject(one), _both(one)) for one in shown if one.cause == cause]
        lines += columns(rows, width=width, indent=2)
        if cause:
            lines += wrapped(styled(f"because {cause}", "dim"), width, first="    ", indent=4)
    if len(differences) > len(shown):
        lines.append(styled(f"  and {len(differences) - len(shown)} more (--json has all)"))
    return [*lines, styled("")]


def _subject(one: Difference) -> str:
    where = f"cell [{one.cell}]" + ("" if one.line is None else f", line {one.line}")
    name = {Aspect.OUTPUT: "output", Aspect.ERROR: "error", Aspect.RANDOM: f"random state of {one.name}"}
    inside = f", {one.where}" if one.aspect is Aspect.OUTPUT and one.where else ""
    return f"{name.get(one.aspect, one.name)} ({where}{inside})"


def _both(one: Difference) -> str:
    left, right = one.run_all, one.again or one.pipeline
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
    start = alike - _BEFORE
    if start > 0 and max(len(left), len(right)) > _LONGEST:
        left, right = (f"…{text[start:]}" for text in (left, right))
    short = (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…" for text in (left, right))
    return " / ".join(short)


def _refused(found: Verification, sources: Mapping[int, str], width: int | None) -> list[Text]:
    error = dict(found.error or {})
    notebook = Path(found.notebook)
    if found.diagnostics or "step" not in error:
        refusal = PipelineError(
            str(error.get("message", "")), hint=str(error.get("hint", "")), diagnostics=found.diagnostics
        )
        return render_error(refusal, notebook=notebook, sources=sources, width=width)
    step = str(error["step"])
    outcome = StepOutcome(status=StepStatus.FAILED, error=error)
    lines = render_failure(step, outcome, notebook=notebook, sources=sources, width=width)
    sentence = f": step {step!r} gave no result, so nothing was compared"
    return [*lines, styled(""), *wrapped(joined(styled(found.verdict, "bold red"), sentence), width)]
