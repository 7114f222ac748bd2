"""What the statements of a step take from outside of it."""

from __future__ import annotations

from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from stepmill.analysis.drafts import Beginning, Conflict, Draft, Replay, Taken, still_true
from stepmill.analysis.effects import FILE, FOLDER, MODULE, is_pseudo
from stepmill.analysis.files import may_be_same_file
from stepmill.analysis.flow import Flow, Origin
from stepmill.analysis.repeating import unit_of
from stepmill.analysis.values import UNKNOWN, Kind
from stepmill.model.diagnostic import Place

if TYPE_CHECKING:
    from collections.abc import Collection

    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.versions import Version
    from stepmill.model.cell import StepOptions


class Taking:
    """All drafts with what their own statements take; `wanted` are all inputs, with who gives them."""

    def __init__(self, flow: Flow, options: dict[str, StepOptions]) -> None:
        self.flow = flow
        self.options = options
        self.drafts: dict[str, Draft] = {}
        self.conflicts: list[Conflict] = []
        self.beginnings: dict[str, Beginning] = {}
        self.wanted: set[tuple[str, str]] = set()
        self._known: set[tuple[str, str, Place]] = set()  # code, name and place of each conflict
        self._at = -1  # the statement at hand
        self._found: list[tuple[int, Conflict]] | None = None

    def seen(self, unit: int) -> Observed:
        return self.flow.observed[unit]

    def _outward(self) -> list[tuple[int, Observed]]:
        """Return the statements that have to do with more than values."""
        return [(unit, self.flow.observed[unit]) for unit in self.flow.those("outside")]

    def place(self, unit: int, name: str) -> Place:
        """Return the line of `unit` that gives `name`."""
        effects = self.seen(unit).effects
        if name in effects.changes:
            return effects.changes[name].place
        found = effects.binds.get(name) or effects.deletes.get(name)
        return found or Place(cell=self.seen(unit).unit.cell.index, line=self.seen(unit).unit.first_line)

    def _begin(self, known: dict[str, Beginning], finals: Collection[str]) -> None:
        """Make the drafts, with what the steps' own statements take."""
        true = still_true(known, self.flow, finals)
        for name, options in self.options.items():
            beginning = true.get(name)
            if beginning is None or options != beginning.draft.options:
                beginning = self._beginning(name, options)
            self.beginnings[name] = beginning
            self.drafts[name] = beginning.draft
        self.wanted.update(*[beginning.wants for beginning in self.beginnings.values()])
        found = chain.from_iterable([beginning.conflicts for beginning in self.beginnings.values()])
        for _, conflict in sorted(found, key=itemgetter(0)):  # as the statements come in the notebook
            if conflict.code != "SM312" or not self._has("SM311", conflict.name):
                self._add_conflict(conflict)

    def _beginning(self, name: str, options: StepOptions) -> Beginning:
        flow, self._found, bound = self.flow, [], set[str]()
        draft = Draft(name, list(flow.inventory.owned.get(name, ())), options)
        span = flow.inventory.span(draft.units[0], draft.units[-1]) if draft.units else ()
        flow.env.begin()
        with flow.listening():
            for index in span:
                seen = flow.observed[index]
                if seen.unit.owner == draft.name:
                    self._at = index
                    self._take(draft, index, bound)
                else:
                    bound -= seen.writes
        found, self._found = tuple(self._found), None
        asked, read = flow.all_asked(), flow.mask(flow.read)
        wants = frozenset((taken.source.owner, name) for name, taken in draft.inputs.items())
        lacks = frozenset((draft.name, name) for name in (*draft.soft, *draft.unavailable))
        return Beginning(span, draft, found, wants, lacks, asked, read, frozenset(flow.env.read))

    def _take(self, draft: Draft, index: int, bound: set[str]) -> None:
        """Note what one statement of a step takes from outside of the step."""
        effects, taken = self.seen(index).effects, self.flow.taken[index]
        for name, place in effects.reads.items():
            if name not in bound:
                self._take_name(draft, name, taken[name], place)
                self._check_class(draft, index, name)
                self._check_one_value(draft, index, name, place)
        for name, place in effects.binds.items():
            if name not in effects.must and name not in bound and name not in effects.reads:
                self._take_name(draft, name, taken.get(name, ()), place, soft=True)
        for name, place in effects.aliased.items():
            if name not in bound and name not in effects.reads:
                self._take_name(draft, name, taken.get(name, ()), place, soft=True)
        for name, definitions in self.seen(index).carried.items():
            if name not in bound:
                draft.carried |= self._with_needs(self.flow.carried_units(definitions), draft)
        bound |= effects.must
        draft.written |= dict.fromkeys(self.flow.observed[index].writes, index)

    def _take_name(
        self, draft: Draft, name: str, version: Version, place: Place, *, soft: bool = False
    ) -> None:
        if name.startswith((FILE, FOLDER)):
            self._order_after_files(draft, name, version, place)
            return
        source = self.flow.source(name, version)
        for unit in self.flow.idle(version):
            self._conflict("SM205", self.place(unit, name), name, draft.name)
        if source.origin is Origin.REPLAY or source.origin is Origin.PARAMETER:
            if not draft.replayed.issuperset(source.units):  # with all that they need
                draft.replayed |= self._with_needs(set(source.units), draft)
        elif name.startswith(MODULE):
            if source.owner != draft.name:
                about = f"module `{name[len(MODULE) :]}` does more than define"
                self._conflict("SM323", self.place(source.last, name), "", about, other=place)
        elif source.origin is Origin.SCRATCH:
            if soft:
                draft.unavailable[name] = self.place(source.last, name)
            else:
                self._conflict("SM304", place, name, other=self.place(source.last, name))
        elif source.origin is Origin.NOTHING:
            if not soft and not is_pseudo(name):
                self._conflict("SM201", place, name)
        elif source.owner != draft.name:
            self._take_data(draft, name, Taken(source, version, place, soft))
        elif not soft and name in draft.soft:
            draft.inputs[name] = draft.soft.pop(name)
        elif not soft and name in draft.unavailable:
            self._conflict("SM304", place, name, other=draft.unavailable[name])

    def _take_data(self, draft: Draft, name: str, taken: Taken) -> None:
        target = draft.soft if taken.soft else draft.inputs
        known = draft.inputs.get(name)
        if known is not None and known.source.units != taken.source.units and not taken.soft:
            self._conflict("SM302", taken.place, name, draft.name, other=known.place)
        target.setdefault(name, taken)
        self.flow.ask(taken.source.units)  # whether they are definitions
        if self.flow.definitions.isdisjoint(taken.source.units):
            return
        definition = [unit for unit in taken.source.units if unit in self.flow.definitions]
        is_gone = name in self.seen(taken.source.last).effects.deletes  # what is absent crosses
        if self.flow.replayable[definition[-1]] and not is_pseudo(name) and not is_gone:
            self._conflict("SM311", taken.place, name, other=self.place(taken.source.last, name))

    def _check_class(self, draft: Draft, index: int, name: str) -> None:
        """A class that cannot be replayed cannot be handed over either."""
        taken = draft.inputs.get(name)
        seen = self.seen(index)
        if taken is None or seen.kinds.get(name) is not Kind.CLASS or name in seen.inside:
            return
        binding = [u for u in taken.source.units if name in self.seen(u).effects.binds]
        own = unit_of(seen.effects.seen[name].what)
        is_alias = own not in binding and (self.flow.replayable[own] or self.flow.can_be_data(own))
        if is_alias or all(self.flow.can_be_data(unit) for unit in binding):
            return
        made = next((u for u in taken.source.units if name in self.seen(u).effects.binds), taken.source.last)
        self._conflict("SM312", taken.place, name, other=self.place(made, name))

    def _check_one_value(self, draft: Draft, index: int, name: str, place: Place) -> None:
        """What a step takes stands above all its cells, so they cannot take two values of one name.

        Nor can they take one after they have made another.
        """
        source = self.flow.source(name, self.flow.taken[index][name])
        earlier, given = draft.replays.get(name), draft.inputs.get(name)
        made = draft.written.get(name)
        if earlier is not None and earlier.units == source.units and given is None and made is None:
            return
        outside = tuple(u for u in source.units if self.seen(u).unit.owner != draft.name)
        others = []
        if source.origin in (Origin.REPLAY, Origin.PARAMETER):
            now = Replay(outside, self.seen(index).effects.seen.get(name, UNKNOWN), place)
            draft.replays.setdefault(name, now)
            others += [earlier.place] if earlier is not None and not self._is_same(earlier, now) else []
            others += [given.place] if given is not None and not self._defines_same(given, outside) else []
        elif earlier is not None and given is not None:
            others.append(earlier.place)
        if made is not None and not is_pseudo(name) and outside and outside == source.units:
            same = self.flow.replay_text((made,)) == self.flow.replay_text(outside)
            others += [] if same else [self.place(made, name)]
        for other in others[:1]:
            self._conflict("SM302", place, name, draft.name, other=other)

    def _start(self, draft: Draft) -> Place | None:
        """Return the first line of a step: what is repeated stands above it."""
        if not draft.units:
            return None
        first = self.seen(draft.units[0]).unit
        return Place(cell=first.cell.index, line=first.first_line)

    def _defines_same(self, given: Taken, units: Version) -> bool:
        """Tell whether a function or class that is taken as data is defined by the same text again."""
        given_units = given.source.units
        defines = all(self.flow.shapes[unit] == "definition" for unit in (*given_units, *units))
        return defines and self.flow.replay_text(given_units) == self.flow.replay_text(units)

    def _is_same(self, one: Replay, two: Replay) -> bool:
        """Tell whether it does not matter which is replayed: one module, or the same statements."""
        if one.units == two.units:
            return True
        if one.value.kind in (Kind.MODULE, Kind.LIBRARY) and one.value[:2] == two.value[:2]:
            return True
        return self.flow.replay_text(one.units) == self.flow.replay_text(two.units)

    def _with_needs(self, units: set[int], draft: Draft) -> set[int]:
        """Return replayed units with all that they need to be replayed themselves."""
        found: set[int] = set()
        pending = set(units)
        while pending:
            unit = pending.pop()
            if unit in found:
                continue
            found.add(unit)
            if unit in self.flow.parameters:
                draft.parameters.add(self.flow.parameters[unit].name)
            literals = self.flow.literals if self.flow.shapes[unit] in ("session", "literal") else ()
            for name, place in self.seen(unit).effects.reads.items():
                made = self.flow.taken[unit][name]
                if name.startswith(FILE) and self.flow.waits_for_files(unit):
                    self._order_after_files(draft, name, made, self._start(draft) or place)
                pending |= {u for u in made if self.flow.replayable[u] or u in literals}
        return found

    def _own(self, name: str) -> Draft:
        """Return a step's draft to be worked on: what it began as is kept for later analyses."""
        draft, beginning = self.drafts[name], self.beginnings.get(name)
        if beginning is not None and draft is beginning.draft:
            draft = self.drafts[name] = draft.copied()
        return draft

    def _order_after_files(self, draft: Draft, name: str, version: Version, place: Place) -> None:
        for unit in version:
            source = self.flow.source_of_unit(unit, version)
            effects = self.seen(unit).effects
            wanted = name.replace(FOLDER, FILE)
            same = sorted(n for n in effects.writes if may_be_same_file(wanted, n))
            file = wanted if wanted in same or not same else same[-1]
            doubtful = "*" in file or "?" in file or "*" in name or "?" in name
            if source.origin is Origin.SCRATCH:
                if not doubtful:
                    self._conflict("SM305", place, name[len(FILE) :], other=self.place(unit, file))
            elif source.owner != draft.name:
                if source.origin is Origin.SETUP:
                    draft.setup.add(unit)
                key = (source.owner, file)
                draft.orders.setdefault(key, (self.place(unit, file), place, doubtful))

    def _conflict(
        self, code: str, place: Place, name: str, detail: str = "", other: Place | None = None
    ) -> None:
        conflict = Conflict(code, place, name, detail, other)
        if self._found is not None:
            self._found.append((self._at, conflict))
        else:
            self._add_conflict(conflict)

    def _add_conflict(self, conflict: Conflict) -> None:
        about = (conflict.code, conflict.name, conflict.place)
        if about not in self._known:
            self._known.add(about)
            self.conflicts.append(conflict)

    def _has(self, code: str, name: str) -> bool:
        return any(c.code == code and c.name == name for c in self.conflicts)
