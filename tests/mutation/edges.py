"""Which edges does no result need?

`python tests/mutation/edges.py [--every N] [NAME…]` takes the cases of the oracle (those with one of NAME in
their name, every Nth) whose pipeline equals Run All, and runs each once more for each of its edges without
that edge: the consumer does not get the value, and need not wait for it. If all is equal still, in the
notebook's order and in the reversed one, the edge is false. Prints the false ones, and the precision per
category. Cases whose first run taught the analysis something are left out: their edges are others then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

from oracle.harness import CellRun, ForkServer, lay_out, linear_run
from oracle.judge import Verdict, has_free_choices, judge_pipeline
from oracle.table import all_cases
from stepmill import api
from stepmill.model.pipeline import EdgeKind
from stepmill.running import bench, inspecting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from oracle.case import Case
    from stepmill.model.pipeline import Edge, Pipeline


def units(edges: Iterable[Edge]) -> list[tuple[Edge, ...]]:
    """Return the edges that are tried, those together that stand for one dependency."""
    together: dict[tuple[object, ...], list[Edge]] = {}
    for edge in edges:
        if edge.kind is not EdgeKind.ORDER:
            name = "" if edge.kind is EdgeKind.FILE else edge.name
            together.setdefault((edge.producer, edge.consumer, edge.kind, name), []).append(edge)
    return [tuple(each) for each in together.values()]


def without(pipeline: Pipeline, dropped: Sequence[Edge]) -> Pipeline:
    """Return the pipeline without some edges and without the inputs that come by them."""
    keys = {(edge.producer, edge.consumer, edge.name, edge.kind) for edge in dropped}
    edges = tuple(e for e in pipeline.edges if (e.producer, e.consumer, e.name, e.kind) not in keys)
    steps = []
    for step in pipeline.steps:
        inputs = tuple(
            given for given in step.inputs if (given.producer, step.name, given.name, given.kind) not in keys
        )
        steps.append(replace(step, inputs=inputs))
    return replace(pipeline, edges=edges, steps=tuple(steps))


@contextmanager
def dropping(edges: Sequence[Edge]) -> Iterator[None]:
    """Let the analysis find all edges but these."""
    whole = inspecting.analyze_with_facts

    def analyze(*arguments: Any, **options: Any) -> Pipeline:
        return without(whole(*arguments, **options), edges)

    with (
        mock.patch.object(bench, "analyze_with_facts", analyze),
        mock.patch.object(inspecting, "analyze_with_facts", analyze),
    ):
        yield


def learned(
    case: Case, truth: Sequence[CellRun], server: ForkServer, dropped: Sequence[Edge], folder: Path
) -> set[str] | None:
    """Return what the runs without some edges, in either order, found out; None if they are not equal."""
    with dropping(dropped):
        for reverse in (False, True):
            place = folder / f"pipeline {reverse}"
            if judge_pipeline(case, truth, server, place, reverse=reverse).verdict is not Verdict.EQUAL:
                return None
            if not has_free_choices(api.analyze(place / "case.ipynb")):
                break
    return {fact.read_text() for fact in folder.glob("pipeline */.stepmill/facts/*")}


def try_case(case: Case, server: ForkServer) -> tuple[int, list[tuple[Edge, ...]]] | None:
    """Return the number of dependencies, and those that nothing needs; None if the pipeline is not equal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = linear_run(case, server, folder / "linear")
        known = learned(case, truth, server, (), folder)
        if known is None:
            return None
        edges = api.analyze(lay_out(case, folder / "bare"), project=folder / "bare").edges
        place = folder / "pipeline False"
        if edges != api.analyze(place / "case.ipynb", project=place).edges:
            return None
    found = []
    tried = units(edges)
    for unit in tried:
        with tempfile.TemporaryDirectory() as name:
            facts = learned(case, truth, server, unit, Path(name))
            if facts is not None and facts <= known:
                found.append(unit)
    return len(tried), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    chosen = [c for c in all_cases() if not options.names or any(name in c.name for name in options.names)]
    server = ForkServer()
    edges, false = Counter[str](), Counter[str]()
    for case in chosen[:: options.every]:
        found = try_case(case, server) if case.expect != "refused" else None
        if found is None:
            continue
        edges[case.category] += found[0]
        false[case.category] += len(found[1])
        for unit in found[1]:
            names = ", ".join(repr(edge.name) for edge in unit)
            print(
                f"{case.name}: {unit[0].producer} -> {unit[0].consumer} {names} ({unit[0].kind})", flush=True
            )
    server.close()
    for category in sorted(edges):
        print(_line(category, edges[category], false[category]))
    print(_line("all", edges.total(), false.total()))


def _line(title: str, edges: int, false: int) -> str:
    share = 100 * (edges - false) / edges if edges else 100.0
    return f"{title:<20}{edges:>6} edges {false:>4} never needed {share:>7.1f} %"


if __name__ == "__main__":
    main()
