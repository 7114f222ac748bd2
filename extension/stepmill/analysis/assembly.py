"""From versions to steps: what each takes, gives, replays."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING

from stepmill.analysis.effects import FILE, FOLDER, RANDOM, is_pseudo
from stepmill.analysis.flow import Flow, Origin, Source, Version, is_inside, may_be_same_file
from stepmill.analysis.values import UNKNOWN, Kind, Value
from stepmill.model.cell import StepOptions
from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import SETUP_STEP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from stepmill.analysis.interpreter import Observed
    from stepmill.analysis.moments import Moments

PLOTTING = frozenset({"matplotlib", "seaborn"})
LIBRARY_FAMILIES = {
    "matplotlib": PLOTTING,
    "matplotlib_inline": PLOTTING,
    "seaborn": PLOTTING,
    "pandas": frozenset({"pandas"}),
    "numpy": frozenset({"numpy", "pandas", "scipy", "sklearn"}),
    "sklearn": frozenset({"sklearn"}),
}
"""Libraries whose settings only these libraries read."""
NEVER_TRAINS = sys.stdlib_module_names | {
    *(
        "IPython",
        "duckdb",
        "h5py",
        "matplotlib",
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "scipy",
        "seaborn",
        "tqdm",
    )
}
"""Libraries that mlflow's autologging leaves alone; anything else, your own modules included, may train."""
IDLE_SETTING = re.compile(r"%(matplotlib\s+inline|(re)?load_ext\s|autoreload\b)")
"""Magics that change nothing in what cells above them show."""


def _kinds_of(family: frozenset[str]) -> set[Kind]:
    """Return the kinds of values that may make a library of the family work without naming it."""
    if family == PLOTTING:
        return {Kind.FIGURE, Kind.INSTANCE}
    return {Kind.FRAME, Kind.ARRAY, Kind.OBJECT, Kind.INSTANCE, Kind.UNKNOWN, Kind.CONTAINER}


@dataclass(slots=True)
class Taken:
    """A value that a step takes from another one: which version, and the line that takes it."""

    source: Source
    version: Version
    place: Place
    soft: bool = False  # only needed if the step's own output is needed


@dataclass(frozen=True, slots=True)
class Replay:
    """A name that a step has by replaying `units`: what it reads, and the line that reads it first."""

    units: Version
    value: Value
    place: Place


@dataclass(slots=True)
class Draft:
    """A step while it is put together."""

    name: str
    units: list[int] = field(default_factory=list)
    options: StepOptions = field(default_factory=StepOptions)
    inputs: dict[str, Taken] = field(default_factory=dict)
    soft: dict[str, Taken] = field(default_factory=dict)
    unavailable: dict[str, Place] = field(default_factory=dict)  # soft inputs that scratch code makes
    replays: dict[str, Replay] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)  # name -> the step's own last statement so far
    replayed: set[int] = field(default_factory=set)  # needed by the code
    carried: set[int] = field(default_factory=set)  # needed to load inputs
    parameters: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)
    orders: dict[tuple[str, str], tuple[Place, Place, bool]] = field(default_factory=dict)
    setup: set[int] = field(default_factory=set)  # untagged statements that must have run before it

    def copied(self) -> Draft:
        """Return a copy that can be worked on."""
        return Draft(
            self.name, self.units, self.options, dict(self.inputs), dict(self.soft), self.unavailable,
            self.replays, self.written, set(self.replayed), set(self.carried), set(self.parameters),
            set(), dict(self.orders), set(self.setup),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that keeps the steps from running apart; `code` is a rule's.

    `variable` is the name as effects have it, with the prefix of a generator's state.
    """

    code: str
    place: Place
    variable: str
    detail: str = ""
    other: Place | None = None

    @property
    def name(self) -> str:
        return self.variable.removeprefix(RANDOM)

    @property
    def what(self) -> str:
        """What it is about, in words."""
        is_random = self.variable.startswith(RANDOM)
        return f"the random state of `{self.name}`" if is_random else f"`{self.name}`"


@dataclass(frozen=True, slots=True)
class Beginning:
    """A draft with what the step's own statements take, and all that this depends on.

    `conflicts` come with the statements that have them. `asked`, `read` are what `Flow` has of that
    name, `kinds` the names whose final values were looked at.
    """

    span: Version
    draft: Draft
    conflicts: tuple[tuple[int, Conflict], ...]
    asked: int
    read: int
    kinds: frozenset[str]

    def holds(self, span: Version, options: StepOptions, flow: Flow, finals: Collection[str]) -> bool:
        """Tell whether it would be the same with `flow`, and other `finals` values of these names."""
        if span != self.span or options != self.draft.options or flow.stale is None:
            return False
        if flow.rewritten is None or flow.stale & self.asked or flow.rewritten & self.read:
            return False
        return not self.kinds or self.kinds.isdisjoint(finals)


class Assembly:
    """All drafts of a notebook.

    `old` is that of an earlier analysis, with the flow that `flow` goes on from; `finals` are the names
    that end with another value than there. The result is the same without it.
    """

    def __init__(
        self,
        flow: Flow,
        options: dict[str, StepOptions],
        old: Assembly | None = None,
        finals: Collection[str] = (),
    ) -> None:
        self.flow = flow
        self.options = options
        self.drafts: dict[str, Draft] = {}
        self.conflicts: list[Conflict] = []
        self._known: set[tuple[str, str, Place]] = set()  # code, name and place of each
        self.beginnings: dict[str, Beginning] = {}
        self._outward = [(index, seen) for index, seen in flow.observed.items() if seen.reaches_out]
        self._at = -1  # the statement at hand
        self._found: list[tuple[int, Conflict]] | None = None
        self._assemble(old.beginnings if old is not None else {}, finals)

    def seen(self, unit: int) -> Observed:
        return self.flow.observed[unit]

    def place(self, unit: int, name: str) -> Place:
        """Return the line of `unit` that gives `name`."""
        effects = self.seen(unit).effects
        if name in effects.changes:
            return effects.changes[name].place
        found = effects.binds.get(name) or effects.deletes.get(name)
        return found or Place(cell=self.seen(unit).unit.cell.index, line=self.seen(unit).unit.first_line)

    # -- steps -------------------------------------------------------------------------------------

    def _assemble(self, known: dict[str, Beginning], finals: Collection[str]) -> None:
        self._begin(known, finals)
        self._check_caches()
        self._add_sessions()
        self._add_file_orders()
        self._close_soft_inputs()
        self._add_setup()
        self._require_outputs()
        self._check_versions()

    def _begin(self, known: dict[str, Beginning], finals: Collection[str]) -> None:
        """Make the drafts, with what the steps' own statements take."""
        order: dict[str, list[int]] = defaultdict(list)
        for index, seen in self.flow.observed.items():
            owner = seen.unit.owner
            if owner is not None:
                order[owner].append(index)
        units = list(self.flow.observed)
        position = dict(zip(units, count(), strict=False))
        for name, options in self.options.items():
            own = order.get(name, [])
            span = tuple(units[position[own[0]] : position[own[-1]] + 1]) if own else ()
            beginning = known.get(name)
            if beginning is None or not beginning.holds(span, options, self.flow, finals):
                beginning = self._beginning(Draft(name, own, options), span)
            self.beginnings[name] = beginning
            self.drafts[name] = beginning.draft.copied()
        found = [conflict for beginning in self.beginnings.values() for conflict in beginning.conflicts]
        for _, conflict in sorted(found, key=itemgetter(0)):  # as the statements come in the notebook
            if conflict.code != "SM312" or not self._has("SM311", conflict.name):
                self._add_conflict(conflict)

    def _beginning(self, draft: Draft, span: Version) -> Beginning:
        flow, self._found, bound = self.flow, [], set[str]()
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
        return Beginning(span, draft, found, asked, read, frozenset(flow.env.read))

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

    def _check_caches(self) -> None:
        """What a function with a cache has read in an earlier step must be the same in a later one."""
        known: dict[tuple[str, Version], tuple[int, dict[str, Version]]] = {}
        for index, seen in self._outward:
            taken = self.flow.taken[index]
            for function, names in seen.effects.cached.items():
                now = {name: taken.get(name, ()) for name in names - {function}}
                first, then = known.setdefault((function, taken.get(function, ())[:1]), (index, now))
                changed = [name for name in sorted(now) if name in then and then[name] != now[name]]
                if changed and self.seen(first).unit.owner != seen.unit.owner:
                    place = seen.effects.reads.get(function) or self.place(index, function)
                    other = self.place(now[changed[0]][-1], changed[0]) if now[changed[0]] else None
                    self._conflict("SM311", place, function, other=other)

    def _check_class(self, draft: Draft, index: int, name: str) -> None:
        """A class that cannot be replayed cannot be handed over either."""
        taken = draft.inputs.get(name)
        if taken is None or self.seen(index).kinds.get(name) is not Kind.CLASS:
            return
        if all(self.flow.can_be_data(u) for u in taken.source.units if name in self.seen(u).effects.binds):
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

    def carry_groups(self, moments: Moments) -> None:
        """Values that share objects are stored together: loading one needs the definitions of all."""
        for draft in self.drafts.values():
            for name, taken in draft.inputs.items():
                if taken.source.origin is Origin.SETUP:
                    heap, known = moments.before(draft.name), moments.carried(None)
                else:
                    heap, known = moments.after(taken.source.owner), moments.carried(taken.source.owner)
                for other, definitions in known.items() if heap is not None else ():
                    if heap is not None and (other == name or heap.may_share(name, other)):
                        draft.carried |= self._with_needs(self.flow.carried_units(definitions), draft)

    def check_memory(self, draft: Draft, left: str, right: str) -> None:
        """A frame and an array over the same memory fall apart when they are stored."""
        kinds = {name: self.flow.env.get(name, UNKNOWN).kind for name in (left, right)}
        if set(kinds.values()) != {Kind.FRAME, Kind.ARRAY}:
            return
        frame, array = (left, right) if kinds[left] is Kind.FRAME else (right, left)
        for unit in draft.units:
            changes = self.seen(unit).effects.changes
            if all(name in changes and not changes[name].handed_on for name in (frame, array)):
                self._conflict("SM341", changes[frame].place, frame, array)

    # -- process state and files -------------------------------------------------------------------

    def _add_sessions(self) -> None:
        """Settings are replayed in every later step."""
        undone = self._undone_moves()
        for index, seen in self._outward:
            if "__future__" in seen.effects.imports:  # holds for all code below
                for draft in self.drafts.values():
                    if draft.units and draft.units[-1] > index:
                        draft.replayed.add(index)
            if not seen.effects.session:
                continue
            owner = seen.unit.owner
            later = [d for d in self.drafts.values() if d.name != owner and d.units and d.units[-1] > index]
            for draft in later:
                back = undone.get(index, index)
                if back != index and not any(index < unit <= back for unit in draft.units):
                    continue
                if not self._is_relevant(index, draft):
                    continue
                if self.flow.replayable[index]:
                    draft.replayed |= self._with_needs({index}, draft)
                    self._check_setting(draft, index)
                else:
                    self._conflict("SM320", seen.effects.session[0], "")

    def _undone_moves(self) -> dict[int, int]:
        """Return changes of the working folder that the same step takes back, and where it does."""
        found: dict[int, int] = {}
        moves: list[int] = []
        for index, seen in self._outward:
            if not seen.effects.only_moves:
                continue
            if moves and self.seen(moves[-1]).unit.owner != seen.unit.owner:
                moves = []
            moves.append(index)
            after = seen.effects.moves[-1][1]
            first = next((m for m in moves if after == self.seen(m).effects.moves[0][0] is not None), None)
            if first is not None and self._may_be_left_out(moves[moves.index(first) :]):
                found |= dict.fromkeys(moves[moves.index(first) :], index)
                del moves[moves.index(first) :]
        return found

    def _may_be_left_out(self, units: list[int]) -> bool:
        """Untagged settings run with the implicit step only if they can be repeated."""
        return self.seen(units[0]).unit.owner is not None or all(self.flow.replayable[u] for u in units)

    def _check_setting(self, draft: Draft, index: int) -> None:
        """A setting between a step's cells is replayed above them all: the first ones must not see it."""
        before = Draft(draft.name, [unit for unit in draft.units if unit < index], inputs=draft.inputs)
        text = self.seen(index).unit.source.strip()
        if not before.units or IDLE_SETTING.match(text) or not self._is_relevant(index, before):
            return
        settings = [s for unit, s in self._outward if unit < index and s.effects.session]
        if not settings or settings[-1].unit.source.strip() != text:
            place = self.seen(index).effects.session[0]
            self._conflict("SM322", place, "", draft.name, other=self._start(before))

    def _is_relevant(self, index: int, draft: Draft) -> bool:
        """Settings of a library only matter to steps that can come to use it."""
        effects = self.seen(index).effects
        libraries = {
            v.what.split(".")[0] for v in effects.seen.values() if v.kind in (Kind.MODULE, Kind.LIBRARY)
        }
        libraries |= effects.settings
        autologging = libraries == {"mlflow"}
        if not libraries or not (autologging or libraries <= LIBRARY_FAMILIES.keys()):
            return True
        used, plots, kinds = self._uses(draft)
        if autologging:  # importing mlflow costs a step a second: not for one that only reads a table
            return bool(used - NEVER_TRAINS or kinds & {Kind.OBJECT, Kind.INSTANCE, Kind.UNKNOWN})
        family = frozenset[str]().union(*(LIBRARY_FAMILIES[library] for library in libraries))
        return bool(used & family or (family >= PLOTTING and plots) or kinds & _kinds_of(family))

    def _uses(self, draft: Draft) -> tuple[set[str], bool, set[Kind | None]]:
        """Return the libraries that a step names, whether it plots, and the kinds of its inputs."""
        own = [self.seen(unit) for unit in {*draft.units, *draft.replayed, *draft.carried}]
        used: set[str] = set()
        for seen in own:
            values = seen.effects.seen.values()
            used |= {v.what.split(".")[0] for v in values if v.kind in (Kind.MODULE, Kind.LIBRARY)}
            used |= {module.split(".")[0] for module in seen.effects.imports}
        kinds = {self.seen(unit).kinds.get(name) for unit in draft.units for name in draft.inputs}
        return used, any(seen.effects.plots for seen in own), kinds

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

    def _add_file_orders(self) -> None:
        """A step that writes a file comes after the earlier steps that read or wrote it."""
        touched: list[tuple[str, str, Place, bool]] = []
        for index, seen in self._outward:
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
                            self.drafts[owner].orders.setdefault(key, (place, here, doubtful))
                for file in files:
                    place = seen.effects.reads.get(file) or self.place(index, file)
                    touched.append((file, owner, place, file in seen.effects.made))

    # -- outputs, the implicit step ----------------------------------------------------------------

    def _close_soft_inputs(self) -> None:
        """A name that a step may leave as it was must come in, if somebody takes it from that step."""
        changed = True
        while changed:
            changed = False
            for draft in list(self.drafts.values()):
                for name, taken in list(draft.inputs.items()):
                    giver = self.drafts.get(taken.source.owner)
                    if giver is None or name in giver.inputs:
                        continue
                    if name in giver.soft:
                        giver.inputs[name] = giver.soft.pop(name)
                        changed = True
                    elif name in giver.unavailable:
                        self._conflict("SM304", taken.place, name, other=giver.unavailable[name])

    def _add_setup(self) -> None:
        """Collect the untagged statements that steps need, and all that these need."""
        pending: set[int] = set()
        for draft in self.drafts.values():
            pending |= draft.setup
            for name, taken in draft.inputs.items():
                if taken.source.origin is Origin.SETUP:
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
        for index, seen in self._outward:
            untagged = seen.unit.owner is None and index < last
            if untagged and seen.effects.session and self.flow.replayable[index]:
                yield index

    def _require_outputs(self) -> None:
        for draft in self.drafts.values():
            for name, taken in draft.inputs.items():
                giver = self.drafts.get(taken.source.owner)
                if giver is not None:
                    giver.required.add(name)

    def _check_versions(self) -> None:
        """A step gives what its names are at its end: nobody may need what they were before."""
        for draft in self.drafts.values():
            for name, taken in draft.inputs.items():
                giver = self.drafts.get(taken.source.owner)
                if giver is None or giver.units[-1] <= taken.source.last:
                    continue
                later = [
                    u for u in giver.units if u > taken.source.last and name in self.flow.observed[u].writes
                ]
                if later:
                    self._conflict("SM301", taken.place, name, giver.name, other=self.place(later[0], name))

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
