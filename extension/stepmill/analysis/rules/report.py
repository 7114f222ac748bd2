"""The diagnostics of an analysed notebook."""

from __future__ import annotations

import ast
import difflib
from typing import TYPE_CHECKING

from stepmill.analysis.flow import Flow, Origin
from stepmill.analysis.rules.catalogue import RULES
from stepmill.analysis.values import Kind
from stepmill.model.cell import Notebook, Role
from stepmill.model.diagnostic import Diagnostic, Place, Severity
from stepmill.model.pipeline import SETUP_STEP, Edge, EdgeKind, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.analysis.assembly import Assembly
    from stepmill.analysis.interpreter import Interpreter
    from stepmill.model.facts import Fact

BINDERS = ("exec()", "%", "globals().update()", "get_ipython()")
UNSTORABLE = {Kind.GENERATOR: "a generator", Kind.HANDLE: "an open file, connection or lock"}


def diagnose(
    code: str, place: Place | None, name: str = "", *, other: Place | None = None, **texts: str
) -> Diagnostic:
    """Return the diagnostic of rule `code` at `place`; `other` is a second place it speaks of."""
    rule = RULES[code]
    fields = {"name": name, "detail": "", "step": "", **texts}
    fields["cell2"], fields["line2"] = (str(other.cell), str(other.line)) if other else ("?", "?")
    return Diagnostic(
        code=code,
        severity=rule.severity,
        message=rule.message.format(**fields),
        cell=place.cell if place else None,
        line=place.line if place else None,
        column=place.column if place else None,
        name=name or None,
        hint=rule.hint.format(**fields),
    )


class Report:
    """Collects what the other parts found and says it."""

    def __init__(
        self,
        notebook: Notebook,
        flow: Flow,
        assembly: Assembly,
        interpreter: Interpreter,
        facts: tuple[Fact, ...],
    ) -> None:
        self.notebook = notebook
        self.flow = flow
        self.assembly = assembly
        self.interpreter = interpreter
        self.facts = facts

    def diagnostics(self, steps: tuple[Step, ...], cycle: tuple[Edge, ...]) -> tuple[Diagnostic, ...]:
        """Return all diagnostics in notebook order, those of the whole notebook first."""
        found = [
            *self.notebook.problems,
            *(problem for cell in self.notebook.cells for problem in cell.problems),
            *self._steps(steps),
            *self._cycle(cycle),
            *self._conflicts(),
            *self._findings(),
            *self._parameters(),
            *self._unstorable(),
            *self._notes(steps),
        ]
        unique = list(dict.fromkeys(self._unsilenced(found)))
        return tuple(
            sorted(
                unique, key=lambda d: (d.cell is not None, d.cell or 0, d.line or 0, d.column or 0, d.code)
            )
        )

    def _unsilenced(self, found: list[Diagnostic]) -> Iterator[Diagnostic]:
        """Leave out doubts that a comment `# stepmill: ignore[CODE]` on their line silences."""
        for diagnostic in found:
            if diagnostic.severity is Severity.ERROR or diagnostic.cell is None or diagnostic.line is None:
                yield diagnostic
                continue
            lines = self.notebook.cells[diagnostic.cell].source.splitlines()
            line = lines[diagnostic.line - 1] if diagnostic.line <= len(lines) else ""
            if f"stepmill: ignore[{diagnostic.code}]" not in line:
                yield diagnostic

    # -- the whole ------------------------------------------------------------------------------------

    def _steps(self, steps: tuple[Step, ...]) -> Iterator[Diagnostic]:
        names = [step.name for step in steps]
        if not self.assembly.options:
            yield diagnose("SM309", None)
        for name, options in self.assembly.options.items():
            cells = [c.index for c in self.notebook.cells if c.role is Role.STEP and c.step == name]
            place = Place(cell=cells[0])
            if not self.assembly.drafts[name].units and not any(
                self.notebook.cells[i].problems for i in cells
            ):
                yield diagnose("SM310", place, name)
            for after in options.after:
                if after == name:
                    yield diagnose("SM308", place, name)
                elif after not in self.assembly.options:
                    close = difflib.get_close_matches(after, names, n=1)
                    guess = f"did you mean `{close[0]}`? " if close else ""
                    known = ", ".join(n for n in names if n != SETUP_STEP)
                    yield diagnose("SM307", place, after, detail=f"{guess}the steps are: {known}")
            known_names = set(self.flow.final)
            for word, given in (("input", options.inputs), ("output", options.outputs)):
                for variable in given or ():
                    real = (
                        self._is_real_output(name, variable) if word == "output" else variable in known_names
                    )
                    if not real:
                        yield diagnose("SM361", place, variable, detail=f"an {word}")

    def _is_real_output(self, step: str, variable: str) -> bool:
        return variable in self.interpreter.env and step in self.assembly.drafts

    def _cycle(self, cycle: tuple[Edge, ...]) -> Iterator[Diagnostic]:
        if not cycle:
            return
        texts = []
        for edge in cycle:
            why = "--after" if edge.kind is EdgeKind.ORDER else f"`{edge.name}`"
            texts.append(f"`{edge.consumer}` needs `{edge.producer}` ({why})")
        place = next((e.evidence[-1] for e in cycle if e.evidence), None)
        if place is None:
            name = cycle[0].consumer
            place = Place(cell=next(c.index for c in self.notebook.cells if c.step == name))
        yield diagnose("SM306", place, cycle[0].name, detail=", ".join(texts))

    # -- dataflow ---------------------------------------------------------------------------------------

    def _conflicts(self) -> Iterator[Diagnostic]:
        for conflict in self.assembly.conflicts:
            if conflict.code == "SM201":
                yield from self._undefined(conflict.name, conflict.place)
                continue
            yield diagnose(
                conflict.code, conflict.place, conflict.name, other=conflict.other, detail=conflict.detail
            )

    def _undefined(self, name: str, place: Place) -> Iterator[Diagnostic]:
        if self.interpreter.star_imports:
            return
        later = [
            seen.unit.cell.index
            for seen in self.flow.observed
            if name in seen.effects.binds and seen.unit.cell.index > place.cell
        ]
        detail = f"check the spelling, or define `{name}` in a cell above"
        if later:
            detail = f"cell [{later[0]}] further down defines it: move that cell up"
        yield diagnose("SM201", place, name, detail=detail)

    def _findings(self) -> Iterator[Diagnostic]:
        used = {unit for draft in self.assembly.drafts.values() for unit in (*draft.units, *draft.replayed)}
        for index, seen in enumerate(self.flow.observed):
            for finding in seen.effects.findings:
                binds = finding.code in ("SM332", "SM333") or finding.name.startswith(BINDERS)
                if finding.code == "SM330" and finding.name == "_" and self._is_own_result(index):
                    continue
                if index in used or binds:
                    yield diagnose(finding.code, finding.place, finding.name, detail=finding.detail)

    def _is_own_result(self, index: int) -> bool:
        """Tell whether `_` is what the step's own cell just above has shown: in both worlds the same."""
        unit = self.flow.observed[index].unit
        above = [c for c in self.notebook.cells[: unit.cell.index] if c.role is not Role.TEXT]
        if unit.owner is None or not above or above[-1].step != unit.owner:
            return False
        shown = [seen.unit for seen in self.flow.observed if seen.unit.cell is above[-1]]
        return bool(shown) and isinstance(shown[-1].node, ast.Expr)

    def _parameters(self) -> Iterator[Diagnostic]:
        names: dict[str, Place] = {}
        for index, seen in enumerate(self.flow.observed):
            if seen.unit.cell.role is not Role.PARAMETERS:
                continue
            parameter = self.flow.parameters.get(index)
            place = Place(cell=seen.unit.cell.index, line=seen.unit.first_line)
            if parameter is not None:
                if parameter.name in names:
                    yield diagnose("SM362", place, parameter.name)
                names[parameter.name] = place
            elif not self.flow.replayable[index] and seen.effects.binds:
                yield diagnose("SM360", place)

    def _unstorable(self) -> Iterator[Diagnostic]:
        for draft in self.assembly.drafts.values():
            for unit in draft.units:
                for name, kind in self.flow.observed[unit].kinds.items():
                    taken = draft.inputs.get(name)
                    if taken is not None and kind in UNSTORABLE:
                        yield diagnose(
                            "SM340", taken.place, name, detail=UNSTORABLE[kind], step=taken.source.owner
                        )

    # -- notes ----------------------------------------------------------------------------------------------

    def _notes(self, steps: tuple[Step, ...]) -> Iterator[Diagnostic]:
        for step in steps:
            place = Place(cell=step.cells[0])
            effects = [self.flow.observed[unit].effects for unit in self.assembly.drafts[step.name].units]
            unseeded = sorted({name for e in effects for name in e.unseeded})
            if unseeded:
                yield diagnose("SM203", place, step.name, detail=", ".join(unseeded))
            if step.volatile and step.options.cache_for_s is None:
                first = step.volatile[0]
                what = f"{first.what} in cell [{first.place.cell}], line {first.place.line}"
                yield diagnose("SM204", place, step.name, detail=what)
        yield from self._setup_notes()

    def _setup_notes(self) -> Iterator[Diagnostic]:
        said: set[int] = set()
        for draft in self.assembly.drafts.values():
            for name, taken in draft.inputs.items():
                if taken.source.origin is Origin.SETUP and not name.startswith("%"):
                    place = self.assembly.place(taken.source.last, name)
                    if place.cell not in said:
                        said.add(place.cell)
                        yield diagnose("SM202", place, name, detail=draft.name)
