"""From versions to steps: what each takes, gives, replays."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from stepmill.analysis.drafts import Draft
from stepmill.analysis.effects import RANDOM, is_pseudo
from stepmill.analysis.files import is_inside, may_be_same_file
from stepmill.analysis.flow import Flow, Origin
from stepmill.analysis.settings import Settings
from stepmill.analysis.values import UNKNOWN, Kind
from stepmill.model.pipeline import SETUP_STEP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from stepmill.analysis.drafts import Pairs, Taken
    from stepmill.analysis.moments import Moments
    from stepmill.analysis.versions import Version
    from stepmill.model.cell import StepOptions
    from stepmill.model.diagnostic import Place


class Assembly(Settings):
    """All drafts of a notebook.

    `required` are the names that other steps take from each step, `pairs` its inputs that may share
    objects. `settled` are the steps that are given all inputs as their givers have them at their ends:
    such a draft with those of its givers. `old` is that of an earlier analysis,
    with the flow that `flow` goes on from; `finals` are the names that end with another value than there.
    The result is the same without it.
    """

    def __init__(
        self,
        flow: Flow,
        options: dict[str, StepOptions],
        old: Assembly | None = None,
        finals: Collection[str] = (),
    ) -> None:
        super().__init__(flow, options)
        self.required: dict[str, set[str]] = {}
        self.pairs: dict[str, Pairs] = {}
        self.settled: dict[str, tuple[Draft, ...]] = {}
        self._assemble(old, finals)

    def _assemble(self, old: Assembly | None, finals: Collection[str]) -> None:
        self._begin(old.beginnings if old is not None else {}, finals)
        self._check_caches()
        self._add_sessions()
        self._add_file_orders()
        self._close_soft_inputs()
        self._add_setup()
        self._check_modules()
        self._require_outputs(old.settled if old is not None else {})

    def _check_caches(self) -> None:
        """What a function with a cache has read in an earlier step must be the same in a later one.

        So must the objects that it was given, if they are the same objects.
        """
        known: dict[tuple[str, Version], tuple[int, dict[str, Version], dict[str, Version]]] = {}
        callers: dict[str, dict[str | None, int]] = {}
        for index, seen in self._outward():
            taken, effects = self.flow.taken[index], seen.effects
            for function, (look, place) in effects.cache_looks.items():
                others = [u for step, u in callers.get(function, {}).items() if step != seen.unit.owner]
                if others:
                    self._conflict("SM314", place, look, function, self.place(others[0], function))
            for function, names in effects.cached.items():
                callers.setdefault(function, {}).setdefault(seen.unit.owner, index)
                now = {name: taken.get(name, ()) for name in names - {function}}
                given = {name: self._then(index, name) for name in effects.cached_of.get(function, ())}
                key = (function, taken.get(function, ())[:1])
                first, then, objects = known.setdefault(key, (index, now, given))
                changed = _changed(then, now) or _changed_in_place(objects, given)
                if changed is not None and self.seen(first).unit.owner != seen.unit.owner:
                    place = effects.reads.get(function) or self.place(index, function)
                    other = self.place(changed[-1], function) if changed else None
                    self._conflict("SM313", place, function, other=other)

    def _then(self, index: int, name: str) -> Version:
        """Return the version of a name at a statement, with what the statement itself does to it."""
        effects = self.seen(index).effects
        before = self.flow.taken[index].get(name, ())
        if name in effects.must:
            return (index,)
        return (*before, index) if name in effects.changes or name in effects.binds else before

    def carry_groups(self, moments: Moments) -> None:
        """Values that share objects are stored together: loading one needs the definitions of all."""
        givers = moments.carriers().intersection([giver for giver, _ in self.wanted])
        for draft in list(self.drafts.values()) if givers else ():
            for name, taken in draft.inputs.items():
                if taken.source.owner not in givers:
                    continue
                if taken.source.origin is Origin.SETUP:
                    heap, known = moments.before(draft.name), moments.carried(None)
                else:
                    heap, known = moments.after(taken.source.owner), moments.carried(taken.source.owner)
                for other, definitions in known.items() if heap is not None else ():
                    if heap is not None and (other == name or heap.may_share(name, other)):
                        own = self._own(draft.name)
                        own.carried |= self._with_needs(self.flow.carried_units(definitions), own)

    def is_frame_and_array(self, left: str, right: str) -> bool:
        """Tell whether one of the names is a frame's, the other an array's."""
        return {self._kind(left), self._kind(right)} == {Kind.FRAME, Kind.ARRAY}

    def _kind(self, name: str) -> Kind:
        kind: Kind = self.flow.env.get(name, UNKNOWN).kind
        return kind

    def check_memory(self, draft: Draft, left: str, right: str) -> Iterator[int]:
        """A frame and an array over the same memory fall apart when they are stored.

        Yields the statements of which nobody knows whether they change the two: a run can tell.
        """
        if not self.is_frame_and_array(left, right):
            return
        frame, array = (left, right) if self._kind(left) is Kind.FRAME else (right, left)
        for unit in draft.units:
            found = self.seen(unit).effects.changes
            changes = [found[name] for name in (frame, array) if name in found]
            if len(changes) < 2 or any(change.handed_on for change in changes):
                continue
            if all(change.doubtful for change in changes):
                yield unit
            else:
                self._conflict("SM341", found[frame].place, frame, array)

    def _add_file_orders(self) -> None:
        """A step that writes a file comes after the earlier steps that read or wrote it."""
        touched: list[tuple[str, str, Place, bool]] = []
        for index, seen in self._outward():
            owner = seen.unit.owner
            files = seen.files
            if not files:
                continue
            if owner is not None:
                for file in files & seen.writes:
                    for other, step, place, made in touched:
                        if (made and (file in seen.effects.made or is_inside(file, other))) or (
                            file in seen.effects.made and is_inside(other, file)
                        ):
                            continue  # a folder that may be there already
                        if step != owner and may_be_same_file(file, other):
                            doubtful = any(c in file + other for c in "*?")
                            key = (step, other)
                            here = self.place(index, file)
                            self._own(owner).orders.setdefault(key, (place, here, doubtful))
                for file in files:
                    place = seen.effects.reads.get(file) or self.place(index, file)
                    touched.append((file, owner, place, file in seen.effects.made))

    def _close_soft_inputs(self) -> None:
        """A name that a step may leave as it was must come in, if somebody takes it from that step."""
        lacking = [beginning.lacks for beginning in self.beginnings.values() if beginning.lacks]
        changed = not all(map(self.wanted.isdisjoint, lacking))
        while changed:
            changed = False
            for step in list(self.drafts):
                for name, taken in list(self.drafts[step].inputs.items()):
                    giver = self.drafts.get(taken.source.owner)
                    if giver is None or name in giver.inputs:
                        continue
                    if name in giver.soft:
                        own = self._own(giver.name)
                        own.inputs[name] = own.soft.pop(name)
                        self.wanted.add((own.inputs[name].source.owner, name))
                        changed = True
                    elif name in giver.unavailable:
                        self._conflict("SM304", taken.place, name, other=giver.unavailable[name])

    def _add_setup(self) -> None:
        """Collect the untagged statements that steps need, and all that these need."""
        pending: set[int] = set().union(*[draft.setup for draft in self.drafts.values() if draft.setup])
        for _, name, taken in self.taken_from_setup():
            pending |= self._data_units(name, taken.source.units)
        needed: set[int] = set()
        while pending:
            unit = pending.pop()
            if unit in needed:
                continue
            needed.add(unit)
            pending |= self.flow.together(unit) - needed
            for name in self.seen(unit).effects.reads:
                pending |= self._data_units(name, self.flow.taken[unit][name]) - self.flow.tainted
        if needed:
            self._draft_setup(sorted(needed))

    def taken_from_setup(self) -> Iterator[tuple[Draft, str, Taken]]:
        """Yield what steps take from untagged code."""
        is_asked = SETUP_STEP in [giver for giver, _ in self.wanted]
        for draft in self.drafts.values() if is_asked else ():
            for name, taken in draft.inputs.items():
                if taken.source.origin is Origin.SETUP:
                    yield draft, name, taken

    def _data_units(self, name: str, version: Version) -> set[int]:
        return {u for u in version if not self.flow.repeats(u, name) and self.seen(u).unit.owner is None}

    def _draft_setup(self, units: list[int]) -> None:
        given = [unit for unit in units if unit in self.flow.parameters]
        units = [unit for unit in units if unit not in self.flow.parameters]
        if not units:
            return
        units = sorted({*units, *self._settings_before(units[-1])})
        draft = Draft(SETUP_STEP, units, replayed=set(given))
        draft.parameters |= {self.flow.parameters[unit].name for unit in given}
        bound: set[str] = set()
        for index in units:
            effects, taken = self.seen(index).effects, self.flow.taken[index]
            for name, place in effects.reads.items():
                if name in bound or is_pseudo(name):
                    continue
                source = self.flow.source(name, taken[name])
                if source.origin in (Origin.REPLAY, Origin.PARAMETER):
                    draft.replayed |= self._with_needs(set(source.units), draft)
                elif source.origin is Origin.NOTHING:
                    self._conflict("SM201", place, name)
            bound |= effects.must
        self.drafts = {SETUP_STEP: draft, **self.drafts}

    def _settings_before(self, last: int) -> Iterator[int]:
        """Yield the untagged settings above the last statement of the implicit step: run in their place."""
        for index, seen in self._outward():
            untagged = seen.unit.owner is None and index < last
            if untagged and seen.effects.session and self.flow.replayable[index]:
                yield index

    def _check_modules(self) -> None:
        """What own modules do once in Run All must come out so in each process that imports them."""
        for index in self.flow.those("once"):
            seen = self.seen(index)
            repeating = [d for d in self.drafts.values() if index in d.replayed | d.carried]
            own = [d for d in self.drafts.values() if index in d.units]
            others = [draft for draft in repeating if draft not in own]
            for once in seen.effects.once:
                again = others if own else others[1:]
                if once.kind == "draw" and RANDOM + once.what in seen.effects.reads:
                    again = others
                elif once.module:
                    again = self._using(once.module, [*own, *others])[1:]
                elif once.kind == "read":
                    again = [d for d in others if self._is_written_later(once.what, index, d)]
                if again:
                    other = self._start(again[0])
                    self._conflict("SM323", once.place, "", once.about, other=other)

    def _using(self, module: str, drafts: list[Draft]) -> list[Draft]:
        """Return the steps that use what is another value in each process that imports an own module.

        So do those that may take an object which such a step has made: its methods are the module's.
        """
        found = [d for d in drafts if any(module in self.seen(unit).effects.unsteady for unit in _all_of(d))]
        names = {draft.name for draft in found}
        for draft in self.drafts.values() if names else ():
            given = [name for name, taken in draft.inputs.items() if taken.source.owner in names]
            if draft not in found and any(self._may_be_object(draft, name) for name in given):
                found.append(draft)
        return found

    def _may_be_object(self, draft: Draft, name: str) -> bool:
        return any(self.seen(unit).kinds.get(name) in _OBJECTS for unit in draft.units)

    def _is_written_later(self, file: str, index: int, draft: Draft) -> bool:
        """Tell whether a file may be another one before the step's last statement than at `index`."""
        last = draft.units[-1] if draft.units else index
        later = (s for unit, s in self._outward() if index < unit < last)
        return any(may_be_same_file(file, name) for seen in later for name in seen.files & seen.writes)

    def _require_outputs(self, settled: dict[str, tuple[Draft, ...]]) -> None:
        """Note what others take from each step.

        A step gives what its names are at its end: nobody may need what they were before.
        """
        drafts = self.drafts
        for giver, name in self.wanted:
            if giver in drafts:
                self.required.setdefault(giver, set()).add(name)
        for step, draft in drafts.items():
            known = settled.get(step)
            if known is not None and all(drafts.get(one.name) is one for one in known):
                self.settled[step] = known
            else:
                self._check_versions(draft)

    def _check_versions(self, draft: Draft) -> None:
        givers, is_settled = {}, True
        for name, taken in draft.inputs.items():
            giver = self.drafts.get(taken.source.owner)
            if giver is not None:
                givers[giver.name] = giver
                given = bisect_right(giver.units, taken.source.last)
                later = next((u for u in giver.units[given:] if name in self.seen(u).writes), None)
                if later is not None:
                    is_settled = False
                    self._conflict("SM301", taken.place, name, giver.name, other=self.place(later, name))
        if is_settled:
            self.settled[draft.name] = (draft, *givers.values())


def _changed(then: Mapping[str, Version], now: Mapping[str, Version]) -> Version | None:
    """Return a version that is another one than it was, None if there is none."""
    return next((now[name] for name in sorted(now) if name in then and then[name] != now[name]), None)


def _changed_in_place(then: Mapping[str, Version], now: Mapping[str, Version]) -> Version | None:
    """Return the version of an object that was changed and not replaced, None if there is none."""
    return _changed(
        then, {name: version for name, version in now.items() if version[:1] == then.get(name, ())[:1]}
    )


_OBJECTS = frozenset({Kind.OBJECT, Kind.INSTANCE, Kind.UNKNOWN, Kind.CONTAINER})


def _all_of(draft: Draft) -> set[int]:
    return {*draft.units, *draft.replayed, *draft.carried}
