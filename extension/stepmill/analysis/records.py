"""The model records of an analysed notebook: steps, edges, their order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from stepmill.analysis.digests import code_digest
from stepmill.analysis.effects import ANY_FILE, FILE, RANDOM, is_pseudo
from stepmill.analysis.flow import Flow, Origin
from stepmill.analysis.fragments import body_of, setup_of
from stepmill.analysis.replay import is_class_factory, is_definition
from stepmill.analysis.units import parse
from stepmill.analysis.values import UNKNOWN, Kind
from stepmill.model.cell import Notebook, Role
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

    from stepmill.analysis.assembly import Assembly, Draft, Taken
    from stepmill.analysis.heap import Heap

NEVER_KEPT = frozenset({Kind.MODULE, Kind.LIBRARY, Kind.FUNCTION, Kind.CLASS, Kind.GENERATOR, Kind.HANDLE})


class Recorder:
    """Turns drafts into records."""

    def __init__(
        self,
        notebook: Notebook,
        flow: Flow,
        assembly: Assembly,
        heaps: dict[str | None, Heap],
        facts: tuple[Fact, ...],
    ) -> None:
        self.notebook = notebook
        self.flow = flow
        self.assembly = assembly
        self.heaps = heaps
        self.facts = facts
        self.kept = self._kept()

    # -- steps -------------------------------------------------------------------------------------

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in notebook order, the implicit one first."""
        return tuple(self._step(draft) for draft in self.assembly.drafts.values() if self._cells(draft))

    def _step(self, draft: Draft) -> Step:
        implicit = draft.name == SETUP_STEP and draft.name not in self.assembly.options
        flow = self.flow
        own = set(draft.units)
        needed = draft.replayed - own
        slice_units = sorted((draft.replayed | draft.carried) - own)
        replayed = [unit for unit in slice_units if unit not in flow.parameters]
        effects = [flow.observed[unit].effects for unit in (*draft.units, *replayed)]
        body = body_of(
            [flow.observed[u].unit for u in draft.units], implicit=implicit, cells=self._cell_list(draft)
        )
        groups = self._groups(draft)
        nodes = self._body_nodes(draft, implicit=implicit)
        options = draft.options
        slice_nodes = [flow.observed[u].unit.node for u in replayed if u in needed]
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
            cells=self._cells(draft),
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
            binds=frozenset(n for e in effects for n in (*e.binds, *e.deletes) if not is_pseudo(n)),
            imports=tuple(sorted({name for e in effects for name in e.imports})),
            files_read=self._files(draft, "reads"),
            files_written=self._files(draft, "writes"),
            environment=tuple(sorted({name for e in effects for name in e.environment})),
            draws=self._draws(draft),
            unseeded=self._unseeded(draft),
            volatile=tuple(v for unit in draft.units for v in flow.observed[unit].effects.volatile),
            constants=self._constants(draft, slice_units),
            code_digest=code_digest([*slice_nodes, *nodes], *extra),
            body_digest=code_digest(nodes),
        )

    def _cell_list(self, draft: Draft) -> list[int]:
        if draft.name == SETUP_STEP and draft.name not in self.assembly.options:
            return sorted({self.flow.observed[unit].unit.cell.index for unit in draft.units})
        return [c.index for c in self.notebook.cells if c.role is Role.STEP and c.step == draft.name]

    def _cells(self, draft: Draft) -> tuple[int, ...]:
        return tuple(self._cell_list(draft))

    def _body_nodes(self, draft: Draft, *, implicit: bool) -> list[ast.AST]:
        if implicit:
            return [self.flow.observed[unit].unit.node for unit in draft.units]
        return [parse(self.notebook.cells[index].python) for index in self._cell_list(draft)]

    def _groups(self, draft: Draft) -> dict[str, int]:
        """Number the names of a step that may share objects when it ends."""
        heap = self.heaps.get(None if draft.name == SETUP_STEP and draft.units else draft.name)
        heap = self.heaps.get(draft.name, heap)
        names = sorted({n for n in (*draft.inputs, *self._given(draft)) if not is_pseudo(n)})
        if heap is None:
            return {}
        group: dict[str, int] = {}
        for number, name in enumerate(names):
            if name in group:
                continue
            pending, found = [name], {name}
            while pending:
                current = pending.pop()
                more = {n for n in names if n not in found and heap.may_share(current, n)}
                found |= more
                pending += more
            if len(found) > 1:
                group.update(dict.fromkeys(found, number))
        return group

    def _inputs(self, draft: Draft, groups: dict[str, int]) -> tuple[Input, ...]:
        return tuple(
            Input(
                name=name.removeprefix(RANDOM),
                producer=taken.source.owner,
                kind=EdgeKind.RANDOM if is_pseudo(name) else EdgeKind.DATA,
                unchanged=not any(name in self.flow.writes[u] for u in draft.units),
                doubtful=self._is_doubtful(draft, name),
                group=groups.get(name),
            )
            for name, taken in sorted(draft.inputs.items())
        )

    def _is_doubtful(self, draft: Draft, name: str) -> bool:
        """Tell whether the step changes `name` at most by calls that nobody knows."""
        effects = [self.flow.observed[unit].effects for unit in draft.units]
        changes = [e.changes[name] for e in effects if name in e.changes]
        return (
            bool(changes) and all(c.doubtful for c in changes) and not any(name in e.binds for e in effects)
        )

    def _given(self, draft: Draft) -> set[str]:
        return draft.required | self.kept.get(draft.name, set())

    def _outputs(self, draft: Draft, groups: dict[str, int]) -> tuple[Output, ...]:
        found = []
        for name in sorted(self._given(draft)):
            writers = [u for u in draft.units if name in self.flow.writes[u]]
            found.append(
                Output(
                    name=name.removeprefix(RANDOM),
                    required=name in draft.required or name in (draft.options.outputs or ()),
                    kind=EdgeKind.RANDOM if is_pseudo(name) else EdgeKind.DATA,
                    group=groups.get(name),
                    place=self.assembly.place(writers[-1], name) if writers else None,
                )
            )
        return tuple(found)

    def _kept(self) -> dict[str, set[str]]:
        """Names whose value after Run All is a step's: kept although nobody takes them."""
        found: dict[str, set[str]] = defaultdict(set)
        for name, version in self.flow.final.items():
            if is_pseudo(name) or self.flow.env.get(name, UNKNOWN).kind in NEVER_KEPT:
                continue
            source = self.flow.source(version)
            if source.origin not in (Origin.STEP, Origin.SETUP) or source.owner not in self.assembly.drafts:
                continue
            effects = self.flow.observed[source.last].effects
            draft = self.assembly.drafts[source.owner]
            has_it = name in draft.inputs or any(
                name in self.flow.observed[u].effects.binds for u in draft.units
            )
            if not has_it:  # only changed through another name
                continue
            if source.last in self.assembly.drafts[source.owner].units and name not in effects.deletes:
                found[source.owner].add(name)
        return found

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

    def _defined(self, unit: int) -> str:
        """Return the name of the class or function that the statement defines, or ""."""
        node = self.flow.observed[unit].unit.node
        if is_definition(node):
            return str(getattr(node, "name", ""))
        if self.flow.shapes[unit] == "definition" and is_class_factory(node, self.flow.env):
            return next(iter(self.flow.observed[unit].effects.binds), "")
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
        return tuple(sorted(names))

    def _unseeded(self, draft: Draft) -> tuple[str, ...]:
        return tuple(sorted({n for u in draft.units for n in self.flow.observed[u].effects.unseeded}))

    def _constants(self, draft: Draft, slice_units: list[int]) -> tuple[str, ...]:
        written = {n for u in draft.units for n in self.flow.writes[u]}
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
        found: dict[tuple[str, str, str, EdgeKind], Edge] = {}
        drafts = self.assembly.drafts
        for draft in drafts.values():
            for name, taken in sorted(draft.inputs.items()):
                if taken.source.owner in drafts:
                    edge = self._data_edge(draft, name, taken)
                    found[edge.producer, edge.consumer, edge.name, edge.kind] = edge
            for (giver, file), (one, two, doubtful) in sorted(draft.orders.items()):
                if giver in drafts:
                    edge = Edge(
                        producer=giver, consumer=draft.name, name=file[len(FILE) :], kind=EdgeKind.FILE,
                        doubtful=doubtful, evidence=(one, two),
                    )  # fmt: skip
                    found[edge.producer, edge.consumer, edge.name, edge.kind] = edge
            for giver in draft.options.after:
                if giver in drafts and giver != draft.name:
                    edge = Edge(producer=giver, consumer=draft.name, name="", kind=EdgeKind.ORDER)
                    found[edge.producer, edge.consumer, edge.name, edge.kind] = edge
        for fact in self.facts:
            if fact.kind is FactKind.ORDER and fact.names and fact.names[0] in drafts and fact.step in drafts:
                name = fact.names[1] if len(fact.names) > 1 else ""
                edge = Edge(producer=fact.names[0], consumer=fact.step, name=name, kind=EdgeKind.FILE)
                found.setdefault((edge.producer, edge.consumer, edge.name, edge.kind), edge)
        return tuple(found.values())

    def _data_edge(self, draft: Draft, name: str, taken: Taken) -> Edge:
        owner = taken.source.owner
        giver = self.assembly.drafts[owner]
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

    @staticmethod
    def ordered(
        steps: tuple[Step, ...], edges: tuple[Edge, ...]
    ) -> tuple[tuple[Step, ...], tuple[Edge, ...]]:
        """Return the steps in an order in which they can run, and the edges of a cycle if there is one."""
        before = {step.name: {e.producer for e in edges if e.consumer == step.name} for step in steps}
        done: list[Step] = []
        waiting = list(steps)
        while waiting:
            names = {step.name for step in done}
            ready = next((step for step in waiting if before[step.name] <= names), None)
            if ready is None:
                return (*done, *waiting), _cycle({step.name for step in waiting}, edges)
            done.append(ready)
            waiting.remove(ready)
        return tuple(done), ()


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
