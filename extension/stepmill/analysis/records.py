"""The model records of an analysed notebook: steps, edges, their order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import chain
from typing import TYPE_CHECKING

from stepmill.analysis.digests import code_digest
from stepmill.analysis.effects import ANY_FILE, CARRIED, FILE, RANDOM, is_pseudo
from stepmill.analysis.flow import Flow
from stepmill.analysis.fragments import body_of, setup_of
from stepmill.analysis.keeping import Kept
from stepmill.analysis.placing import last_cell, placed_edge, placed_step
from stepmill.analysis.replay import is_class_factory, is_definition, is_type_alias, may_have_state
from stepmill.analysis.setup_digest import noticed
from stepmill.analysis.tag_lines import option_place, tag_place
from stepmill.analysis.units import parse
from stepmill.model.diagnostic import Place
from stepmill.model.facts import Fact, FactKind
from stepmill.model.pipeline import (
    SETUP_STEP,
    Definition,
    Edge,
    EdgeKind,
    Input,
    Output,
    Step,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from stepmill.analysis.assembly import Assembly
    from stepmill.analysis.drafts import Draft, Taken
    from stepmill.analysis.effects import Effects
    from stepmill.analysis.history import Snapshot
    from stepmill.analysis.labels import Labelled
    from stepmill.analysis.memory import Look
    from stepmill.analysis.moments import Moments
    from stepmill.model.cell import Cell

_NOTHING = frozenset[str]()
Order = tuple[tuple[list[str], list[tuple[str, str]]], list[int]]
"""The names of steps, the edges between them, and an order of the steps by their positions."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A step and the edges into it that its code makes, and all that both depend on.

    `given` are the names that others take, `kept` those that are kept although nobody does, `cells` the
    step's, `setup` the statements of the implicit step. `asked` is what `Flow` has of that name, `kinds`
    are the names whose final values were looked at, `nodes` those of the heap at the step's end.
    """

    step: Step
    edges: tuple[Edge, ...]
    draft: Draft
    given: set[str]
    kept: frozenset[str]
    cells: tuple[Cell, ...]
    setup: tuple[int, ...]
    asked: int
    kinds: frozenset[str]
    nodes: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Steps and the edges into them with the positions of their cells in the notebook.

    `steps` have with each the label of the last cell that it speaks of.
    """

    positions: dict[int, int]
    steps: dict[str, tuple[Recorded, Step, tuple[Edge, ...], int]]


class Recorder:
    """Turns drafts into records. `look` is brought up to date; the result is the same without it."""

    def __init__(
        self,
        cells: Labelled,
        flow: Flow,
        assembly: Assembly,
        moments: Moments,
        facts: tuple[Fact, ...],
        look: Look,
    ) -> None:
        self.cells = cells
        self.flow = flow
        self.assembly = assembly
        self.moments = moments
        self.facts = facts
        self._look = look
        self._compared = 0  # nodes of which it was asked whether they share objects
        self.step_cells = cells.tags.cells
        look.kept = kept = Kept(flow, assembly, look.kept, look.finals)
        self.kept = kept.names
        look.recorded = self.recorded = self._all_recorded(look)
        look.placed = self.placed = self._all_placed(look.placed)

    # -- steps -------------------------------------------------------------------------------------

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in notebook order, the implicit one first."""
        return tuple([placed[1] for placed in self.placed.steps.values()])

    def _all_placed(self, old: Placed | None) -> Placed:
        """Return all that is recorded, with positions: as it was placed before where nothing has moved."""
        known = old.steps if old is not None else {}
        moved = self.cells.first_moved(old.positions if old is not None else {})
        found = {}
        for name, recorded in self.recorded.items():
            placed = known.get(name)
            if placed is None or placed[0] is not recorded or placed[3] >= moved:
                edges = tuple([placed_edge(edge, self.cells) for edge in recorded.edges])
                step = placed_step(recorded.step, self.cells)
                placed = (recorded, step, edges, last_cell(recorded.step, recorded.edges))
            found[name] = placed
        return Placed(self.cells.positions, found)

    def _all_recorded(self, look: Look) -> dict[str, Recorded]:
        found: dict[str, Recorded] = {}
        flow, required, kept = self.flow, self.assembly.required, self.kept
        implicit = self.assembly.drafts.get(SETUP_STEP)
        setup = tuple(implicit.units) if implicit is not None else ()
        cells, recorded, stale = self.cells.cells, look.recorded, 0
        if flow.stale is None or flow.rewritten is None:
            recorded = {}
        else:
            stale = flow.stale | flow.rewritten
        for name, draft in self.assembly.drafts.items():
            own = tuple([cells[index] for index in self._cell_list(draft)])
            known = recorded.get(name)
            if (  # it has been put together as it was, and all that was asked of flow and heap is as it was
                known is not None
                and not known.asked & stale
                and not known.nodes & look.moved
                and (not known.kinds or known.kinds.isdisjoint(look.finals))
                and (known.draft is draft or known.draft == draft)
                and known.cells == own
                and known.setup == setup
                and known.given == required.get(name, _NOTHING)
                and known.kept == kept.get(name, _NOTHING)
            ):
                found[name] = known
            elif own:
                found[name] = self._recorded(draft, own, setup)
        return found

    def _recorded(self, draft: Draft, cells: tuple[Cell, ...], setup: tuple[int, ...]) -> Recorded:
        flow = self.flow
        flow.env.begin()
        self._compared = 0
        with flow.listening():
            step, edges = self._step(draft), tuple(self._edges_into(draft))
        nodes = self._compared
        for heap in self._heaps_after(draft):
            nodes |= heap.nodes(self._shareable(draft))
        asked, kinds = flow.all_asked(), frozenset(flow.env.read)
        given = self.assembly.required.get(draft.name, set())
        kept = self.kept.get(draft.name, _NOTHING)
        return Recorded(step, edges, draft, given, kept, cells, setup, asked, kinds, nodes)

    def _step(self, draft: Draft) -> Step:
        implicit = draft.name == SETUP_STEP and draft.name not in self.assembly.options
        flow = self.flow
        own = set(draft.units)
        needed = draft.replayed - own
        foreign = (draft.replayed | draft.carried) - own
        slice_units = sorted(foreign | self._own_imports(foreign, own))
        replayed = [unit for unit in slice_units if unit not in flow.parameters]
        effects = [flow.observed[unit].effects for unit in (*draft.units, *replayed)]
        body = body_of(
            [flow.observed[u].unit for u in draft.units], implicit=implicit, cells=self._cell_list(draft)
        )
        groups = self._groups(draft)
        nodes = self._body_nodes(draft, implicit=implicit)
        options = draft.options
        slice_nodes = noticed(flow, [u for u in replayed if u in needed], (*draft.units, *draft.replayed))
        extra = (
            "metrics",
            *options.metrics,
            "outputs",
            *(options.outputs or ()),
            "inputs",
            *(options.inputs or ()),
        )
        return Step(
            name=draft.name,
            cells=tuple(self._cell_list(draft)),
            options=options,
            implicit=implicit,
            body=body,
            setup=setup_of([flow.observed[unit].unit for unit in replayed]),
            inputs=self._inputs(draft, groups),
            outputs=self._outputs(draft, groups),
            parameters=tuple(
                p.name for i, p in sorted(flow.parameters.items()) if p.name in draft.parameters
            ),
            after=options.after,
            definitions=self._definitions(draft, slice_units, needed),
            binds=frozenset(n for e in effects for n in (*e.binds, *e.deletes) if not is_pseudo(n))
            | self._bound_beside(draft),
            imports=tuple(sorted({name for e in effects for name in e.imports})),
            files_read=self._files(draft, "reads"),
            files_written=self._files(draft, "writes"),
            environment=tuple(sorted({name for e in effects for name in e.environment})),
            draws=self._draws(draft),
            unseeded=self._unseeded(draft),
            volatile=tuple(v for unit in draft.units for v in flow.observed[unit].effects.volatile),
            constants=self._constants(draft, slice_units),
            settings=any(flow.observed[unit].effects.session for unit in draft.units),
            code_digest=code_digest([*slice_nodes, *nodes], *extra),
            body_digest=code_digest(nodes),
        )

    def _own_imports(self, foreign: set[int], own: set[int]) -> set[int]:
        """Return the step's own imports that definitions above its cells read: `def f(x: pd.Series)`."""
        flow = self.flow
        needed = {
            unit
            for index in foreign
            for name in flow.observed[index].effects.reads
            for unit in flow.taken[index][name]
        }
        return {unit for unit in needed & own if flow.shapes[unit] == "import" and flow.replayable[unit]}

    def _cell_list(self, draft: Draft) -> list[int]:
        if draft.name == SETUP_STEP and draft.name not in self.assembly.options:
            return sorted({self.flow.observed[unit].unit.cell.index for unit in draft.units})
        return self.step_cells[draft.name]

    def _body_nodes(self, draft: Draft, *, implicit: bool) -> list[ast.AST]:
        if implicit:
            return [self.flow.observed[unit].unit.node for unit in draft.units]
        return [parse(self.cells.cells[index].python) for index in self._cell_list(draft)]

    def _groups(self, draft: Draft) -> dict[str, int]:
        """Number the names of a step that may share objects when it ends."""
        heaps = self._heaps_after(draft)
        names = self._shareable(draft)
        group: dict[str, int] = {}
        for number, name in enumerate(names):
            if name in group:
                continue
            pending, found = [name], {name}
            while pending:
                current = pending.pop()
                more = {
                    n for n in names if n not in found and any(heap.may_share(current, n) for heap in heaps)
                }
                found |= more
                pending += more
            if len(found) > 1:
                group.update(dict.fromkeys(found, number))
        return group

    def _shareable(self, draft: Draft) -> list[str]:
        return sorted({n for n in (*draft.inputs, *self._given(draft)) if not is_pseudo(n)})

    def _heaps_after(self, draft: Draft) -> list[Snapshot]:
        """Return the heap at the step's end; for the implicit step, that after each of its statements."""
        heap = self.moments.after(draft.name)
        return [heap] if heap is not None else [self.moments.history.after(unit) for unit in draft.units]

    def _inputs(self, draft: Draft, groups: dict[str, int]) -> tuple[Input, ...]:
        return tuple(
            Input(
                name=name.removeprefix(RANDOM),
                producer=taken.source.owner,
                kind=EdgeKind.RANDOM if is_pseudo(name) else EdgeKind.DATA,
                unchanged=shown_by is None or bool(shown_by),
                doubtful=self._is_doubtful(draft, name),
                group=groups.get(name),
                shown_by=shown_by or (),
            )
            for name, taken in sorted(draft.inputs.items())
            for shown_by in (self._shown_by(draft, name),)
        )

    def _shown_by(self, draft: Draft, name: str) -> tuple[str, ...] | None:
        """Return which names show what `name` is bound to when a step begins that binds it to something else.

        None if the step only reads it. Where it changes the object, under whatever name, or nobody else
        shows that, nothing has to be looked at.
        """
        seen = [self.flow.observed[unit] for unit in draft.units]
        writers = [one.effects for one in seen if name in one.writes]
        if not writers or self._stays(draft, name, writers):
            return None
        heap = self.moments.before(draft.name)
        changes = frozenset[str]().union(*(one.effects.changes for one in seen))
        if heap is None or is_pseudo(name) or name in changes:
            return ()
        self._compared |= heap.named
        others = heap.names_sharing(name)
        return () if not changes.isdisjoint(others) else tuple(others)

    def _stays(self, draft: Draft, name: str, writers: list[Effects]) -> bool:
        """Tell whether a step only hands `name` on: a frame over an array's memory, or such an array."""
        if any(name in effects.binds or name in effects.deletes for effects in writers):
            return False
        pairs = self.assembly.pairs.get(draft.name)
        return all(effects.changes[name].handed_on for effects in writers) and any(
            name in pair and self.assembly.is_frame_and_array(*pair)
            for pair in (pairs.names if pairs else ())
        )

    def _is_doubtful(self, draft: Draft, name: str) -> bool:
        """Tell whether the step changes `name` at most by calls that nobody knows."""
        effects = [self.flow.observed[unit].effects for unit in draft.units]
        changes = [e.changes[name] for e in effects if name in e.changes]
        return (
            bool(changes) and all(c.doubtful for c in changes) and not any(name in e.binds for e in effects)
        )

    def _given(self, draft: Draft) -> frozenset[str]:
        return self.kept.get(draft.name, _NOTHING) | self.assembly.required.get(draft.name, _NOTHING)

    def _outputs(self, draft: Draft, groups: dict[str, int]) -> tuple[Output, ...]:
        found = []
        required = self.assembly.required.get(draft.name, _NOTHING)
        for name in sorted(self._given(draft)):
            writers = [u for u in draft.units if name in self.flow.observed[u].writes]
            found.append(
                Output(
                    name=name.removeprefix(RANDOM),
                    required=name in required or name in (draft.options.outputs or ()),
                    kind=EdgeKind.RANDOM if is_pseudo(name) else EdgeKind.DATA,
                    group=groups.get(name),
                    place=self.assembly.place(writers[-1], name) if writers else None,
                )
            )
        return tuple(found)

    def _definitions(self, draft: Draft, slice_units: list[int], needed: set[int]) -> tuple[Definition, ...]:
        found: dict[str, Definition] = {}
        for unit in (*slice_units, *draft.units):
            seen = self.flow.observed[unit].unit
            name = self._defined(unit)
            if not name or not self.flow.replayable[unit] or name.startswith("__"):
                continue
            found[name] = Definition(
                name=name,
                digest=code_digest([seen.node]),
                step=seen.owner,
                reached=unit in needed or unit in draft.units,
            )
        return tuple(found[name] for name in sorted(found))

    def _bound_beside(self, draft: Draft) -> frozenset[str]:
        """Return what scripts bind of which the step needs only a part: they are executed whole."""
        observed = self.flow.observed
        run = {id(origin) for u in draft.units if (origin := observed[u].unit.origin) is not None}
        beside = (s for s in observed.values() if id(s.unit.origin) in run) if run else ()
        return frozenset(name for seen in beside for name in seen.effects.binds if not is_pseudo(name))

    def _defined(self, unit: int) -> str:
        """Return the name of the class or function that the statement defines, or ""."""
        node = self.flow.observed[unit].unit.node
        if is_definition(node):
            return str(getattr(node, "name", ""))
        if self.flow.shapes[unit] == "definition" and (
            is_class_factory(node, self.flow.env) or is_type_alias(node) or may_have_state(node)
        ):
            names = list(self.flow.observed[unit].effects.binds)
            return names[0] if len(names) == 1 else ""
        return ""

    def _files(self, draft: Draft, which: str) -> tuple[str, ...]:
        names = {n for u in draft.units for n in getattr(self.flow.observed[u].effects, which)}
        return tuple(
            sorted(n[len(FILE) :] for n in names if n.startswith(FILE) and n != ANY_FILE and "*" not in n)
        )

    def _draws(self, draft: Draft) -> tuple[str, ...]:
        effects = [self.flow.observed[unit].effects for unit in draft.units]
        names = {name for e in effects for name in e.unseeded}
        names |= {n[len(RANDOM) :] for e in effects for n in (*e.changes, *e.binds) if n.startswith(RANDOM)}
        return tuple(sorted(names & CARRIED))

    def _unseeded(self, draft: Draft) -> tuple[str, ...]:
        return tuple(sorted({n for u in draft.units for n in self.flow.observed[u].effects.unseeded}))

    def _constants(self, draft: Draft, slice_units: list[int]) -> tuple[str, ...]:
        written = {n for u in draft.units for n in self.flow.observed[u].writes}
        names = {
            name
            for unit in slice_units
            if self.flow.is_mutable_constant(unit)
            for name in self.flow.observed[unit].effects.binds
        }
        return tuple(sorted(names - written))

    # -- edges -------------------------------------------------------------------------------------

    def edges(self) -> tuple[Edge, ...]:
        """Return all edges: data and generator states, then files, then `--after`."""
        own = tuple(chain.from_iterable([placed[2] for placed in self.placed.steps.values()]))
        is_asked = self.facts or any(options.after for options in self.assembly.options.values())
        if not is_asked and EdgeKind.FILE not in [edge.kind for edge in own]:
            return own
        found: dict[tuple[str, str, str, EdgeKind], Edge] = {}
        drafts, notebook = self.assembly.drafts, self.cells.original
        for draft in drafts.values():
            if draft.name in self.placed.steps:
                for edge in self.placed.steps[draft.name][2]:
                    found[edge.producer, edge.consumer, edge.name, edge.kind] = edge
            for giver in draft.options.after:
                if giver in drafts and giver != draft.name:
                    edge = Edge(
                        producer=giver, consumer=draft.name, name="", kind=EdgeKind.ORDER,
                        evidence=(self._tag(giver), option_place(notebook, draft.name, "after", giver)),
                    )  # fmt: skip
                    found[edge.producer, edge.consumer, edge.name, edge.kind] = edge
        for fact in self.facts:
            if fact.kind is FactKind.ORDER and fact.names and fact.names[0] in drafts and fact.step in drafts:
                name = fact.names[1] if len(fact.names) > 1 else ""
                edge = Edge(
                    producer=fact.names[0], consumer=fact.step, name=name, kind=EdgeKind.FILE,
                    evidence=(self._tag(fact.names[0]), self._tag(fact.step)),
                )  # fmt: skip
                found.setdefault((edge.producer, edge.consumer, edge.name, edge.kind), edge)
        return _without_detours(tuple(found.values()))

    def _edges_into(self, draft: Draft) -> Iterator[Edge]:
        """Yield the edges for values and files that the step takes."""
        drafts = self.assembly.drafts
        for name, taken in sorted(draft.inputs.items()):
            if taken.source.owner in drafts:
                yield self._data_edge(draft, name, taken)
        for (giver, file), (one, two, doubtful) in sorted(draft.orders.items()):
            if giver in drafts:
                yield Edge(
                    producer=giver, consumer=draft.name, name=file[len(FILE) :], kind=EdgeKind.FILE,
                    doubtful=doubtful, evidence=(one, two),
                )  # fmt: skip

    def _tag(self, step: str) -> Place:
        """Return the `%%step` line of a step; the first line of the implicit one."""
        if step in self.step_cells:
            return tag_place(self.cells.original, self.cells.position(self.step_cells[step][0]))
        unit = self.flow.observed[self.assembly.drafts[step].units[0]].unit
        return Place(cell=self.cells.position(unit.cell.index), line=unit.first_line)

    def _data_edge(self, draft: Draft, name: str, taken: Taken) -> Edge:
        owner = taken.source.owner
        giver = self.assembly.drafts[owner]
        self.flow.ask(taken.source.units)  # whose they are
        own = [u for u in taken.source.units if u in giver.units]
        unit = own[-1] if own else taken.source.last
        changes = [self.flow.observed[u].effects for u in own]
        doubtful = bool(changes) and all(
            name in e.changes and e.changes[name].doubtful and name not in e.binds for e in changes
        )
        return Edge(
            producer=owner,
            consumer=draft.name,
            name=name.removeprefix(RANDOM),
            kind=EdgeKind.RANDOM if is_pseudo(name) else EdgeKind.DATA,
            doubtful=doubtful,
            evidence=(self.assembly.place(unit, name), taken.place),
        )

    # -- order -------------------------------------------------------------------------------------

    def ordered(
        self, steps: tuple[Step, ...], edges: tuple[Edge, ...]
    ) -> tuple[tuple[Step, ...], tuple[Edge, ...]]:
        """Return the steps in an order in which they can run, and the edges of a cycle if there is one."""
        about = [step.name for step in steps], [(edge.producer, edge.consumer) for edge in edges]
        known = self._look.order
        if known is not None and known[0] == about:
            return tuple([steps[number] for number in known[1]]), ()
        ordered, cycle = _ordered(steps, edges)
        position = {step.name: number for number, step in enumerate(steps)}
        self._look.order = None if cycle else (about, [position[step.name] for step in ordered])
        return ordered, cycle


def _ordered(steps: tuple[Step, ...], edges: tuple[Edge, ...]) -> tuple[tuple[Step, ...], tuple[Edge, ...]]:
    before: dict[str, set[str]] = {step.name: set() for step in steps}
    after: dict[str, set[str]] = {step.name: set() for step in steps}
    for edge in edges:
        before[edge.consumer].add(edge.producer)
        after[edge.producer].add(edge.consumer)
    position = {step.name: number for number, step in enumerate(steps)}
    ready = [number for number, step in enumerate(steps) if not before[step.name]]
    done: list[Step] = []
    while ready:
        step = steps[heappop(ready)]
        done.append(step)
        for name in after[step.name]:
            before[name].discard(step.name)
            if not before[name]:
                heappush(ready, position[name])
    if len(done) == len(steps):
        return tuple(done), ()
    names = {step.name for step in done}
    waiting = [step for step in steps if step.name not in names]
    return (*done, *waiting), _cycle({step.name for step in waiting}, edges)


def _cycle(names: set[str], edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Return the edges of one cycle among the steps `names`."""
    into = {name: [e for e in edges if e.consumer == name and e.producer in names] for name in names}
    path: list[Edge] = []
    current = min(name for name in names if into[name])
    seen: list[str] = []
    while current not in seen:
        seen.append(current)
        edge = into[current][0]
        path.append(edge)
        current = edge.producer
    start = seen.index(current)
    return tuple(reversed(path[start:]))


def _without_detours(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Leave out that a step waits for a file's first writer where it waits for one that did so itself."""
    firm = {(e.name, e.producer, e.consumer) for e in edges if e.kind is EdgeKind.FILE and not e.doubtful}
    after: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    before: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for name, giver, taker in firm:
        after[name, giver].add(taker)
        before[name, taker].add(giver)
    return tuple(
        e
        for e in edges
        if e.kind is not EdgeKind.FILE or after[e.name, e.producer].isdisjoint(before[e.name, e.consumer])
    )
