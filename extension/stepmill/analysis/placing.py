"""Records with the positions of cells in the place of their labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from stepmill.model.pipeline import Edge, Fragment, Output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepmill.analysis.labels import Labelled
    from stepmill.model.pipeline import Parameter, Step


def placed_step(step: Step, cells: Labelled) -> Step:
    """Return a step with the positions of its cells."""
    return replace(
        step,
        cells=tuple([cells.position(cell) for cell in step.cells]),
        body=_placed_fragments(step.body, cells),
        setup=_placed_fragments(step.setup, cells),
        outputs=tuple([_placed_output(output, cells) for output in step.outputs]),
        volatile=tuple([replace(v, place=cells.placed(v.place)) for v in step.volatile]),
    )


def placed_edge(edge: Edge, cells: Labelled) -> Edge:
    """Return an edge with the positions of the cells that show it."""
    return Edge(
        producer=edge.producer, consumer=edge.consumer, name=edge.name, kind=edge.kind,
        doubtful=edge.doubtful, evidence=tuple([cells.placed(place) for place in edge.evidence]),
    )  # fmt: skip


def placed_parameter(parameter: Parameter, cells: Labelled) -> Parameter:
    """Return a parameter with the position of its cell."""
    return replace(parameter, place=cells.placed(parameter.place))


def _placed_fragments(fragments: tuple[Fragment, ...], cells: Labelled) -> tuple[Fragment, ...]:
    return tuple([Fragment(cell=cells.position(f.cell), line=f.line, source=f.source) for f in fragments])


def _placed_output(output: Output, cells: Labelled) -> Output:
    place = None if output.place is None else cells.placed(output.place)
    return Output(
        name=output.name, required=output.required, kind=output.kind, group=output.group, place=place
    )


def last_cell(step: Step, edges: Iterable[Edge]) -> int:
    """Return the greatest label of a cell that a step and edges into it speak of."""
    found = [*step.cells, *[one.cell for one in (*step.body, *step.setup)]]
    found += [output.place.cell for output in step.outputs if output.place is not None]
    found += [volatile.place.cell for volatile in step.volatile]
    found += [place.cell for edge in edges for place in edge.evidence]
    return max(found)
