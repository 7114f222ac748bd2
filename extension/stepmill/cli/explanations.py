"""What each code means, as a page: for `stepmill explain`, and for the docs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from stepmill import errors
from stepmill.analysis import analyze
from stepmill.analysis.rules.catalogue import RULES as ANALYSIS_RULES
from stepmill.cli.render.diagnostics import render_diagnostic
from stepmill.compiler.python_module.refusals import REASONS
from stepmill.errors import StepmillError
from stepmill.model.codec import CodecError
from stepmill.notebook.reading import parse_document
from stepmill.notebook.rules import RULES as CELL_RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.rule import Rule

WIDTH = 100
"""Columns of what `check` says about an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What one code means. `weight`: error, warning, info, or of an exception its exit code."""

    code: str
    title: str
    section: str
    weight: str
    why: str
    hint: str = ""
    more: str = ""
    rule: Rule | None = None

    def page(self, *, level: int = 1) -> str:
        """Return the page in Markdown; examples are analysed on the spot. `level` is its heading's."""
        parts = [f"{'#' * level} {self.code}: {self.title} ({self.weight})", self.why]
        if self.hint and not self.hint.startswith("{"):
            parts.append(f"**What to do:** {_with_dots(self.hint)}.")
        if self.more:
            parts.append(self.more)
        if self.rule is not None and self.rule.bad:
            parts += [f"```text\n{_cells_text(self.rule.bad)}\n```", "`stepmill check` says:"]
            parts += [f"```text\n{_said(self.rule)}\n```", "Without the problem:"]
            parts.append(f"```text\n{_cells_text(self.rule.good)}\n```")
        return "\n\n".join(parts) + "\n"


SECTIONS = (
    "Cells and `%%step` lines",
    "What flows between steps",
    "What keeps a pipeline from leaving as a module",
    "Errors of a run",
)


def explanations() -> Mapping[str, Explanation]:
    """Return all codes with their explanations, in the order of the codes within each section."""
    found = [
        *(_of_rule(rule, SECTIONS[0]) for rule in CELL_RULES.values()),
        *(_of_rule(rule, SECTIONS[1]) for rule in ANALYSIS_RULES.values()),
        *(
            Explanation(
                code=reason.code, title=reason.title, section=SECTIONS[2], weight="refusal",
                why=reason.why, hint=reason.hint,
            )
            for reason in REASONS.values()
        ),
        *(_of_error(kind) for kind in _error_kinds()),
    ]  # fmt: skip
    order = [(SECTIONS.index(one.section), one.code, one) for one in found]
    return {code: one for _, code, one in sorted(order, key=lambda entry: entry[:2])}


def _of_rule(rule: Rule, section: str) -> Explanation:
    return Explanation(
        code=rule.code, title=rule.title, section=section, weight=rule.severity.value, why=rule.why,
        hint=rule.hint, more=rule.more, rule=rule,
    )  # fmt: skip


def _error_kinds() -> list[type[StepmillError]]:
    everything = [*vars(errors).values(), CodecError]
    return [kind for kind in everything if isinstance(kind, type) and issubclass(kind, StepmillError)]


def _of_error(kind: type[StepmillError]) -> Explanation:
    first, _, rest = cleandoc(kind.__doc__ or "").partition("\n")
    return Explanation(
        code=kind.code, title=f"`{kind.__name__}`", section=SECTIONS[3],
        weight=f"exit code {kind.exit_code}", why=first, more=rest.strip(),
    )  # fmt: skip


def _with_dots(template: str) -> str:
    return re.sub(r"{\w+}", "…", template.replace("{what}", "`…`"))


def _cells_text(cells: tuple[str, ...]) -> str:
    """Return the cells with their numbers in front, as messages count them."""
    blocks = []
    for index, source in enumerate(cells):
        lines = source.split("\n")
        heads = [f"[{index}]", *[""] * (len(lines) - 1)]
        blocks.append("\n".join(f"{head:4} {line}".rstrip() for head, line in zip(heads, lines, strict=True)))
    return "\n\n".join(blocks)


def _said(rule: Rule) -> str:
    """Return what `check` prints about the rule's bad example."""
    fixed: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**fixed, "id": f"c{number}", "source": source} for number, source in enumerate(rule.bad)]
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    found = analyze(parse_document(document, "n.ipynb"), facts=rule.facts, sources=rule.source).diagnostics
    first = next(replace(d, fixes=()) for d in found if d.code == rule.code)
    lines = render_diagnostic(first, notebook="n.ipynb", sources=dict(enumerate(rule.bad)), width=WIDTH)
    return "\n".join(line.plain.rstrip() for line in lines)
