from __future__ import annotations

import itertools
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.model.pipeline import Edge, EdgeKind, Pipeline, Step
from stepmill.tracking.graph_picture import graph_svg

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    count = draw(st.integers(0, 12))
    names = [f"step {n}" for n in range(count)]
    pairs = list(itertools.combinations(names, 2))
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=20)) if pairs else []
    kinds = st.sampled_from(list(EdgeKind))
    return Pipeline(
        name="p",
        steps=tuple(Step(name=name, cells=(0,)) for name in names),
        edges=tuple(Edge(producer=a, consumer=b, name="x", kind=draw(kinds)) for a, b in chosen),
    )


@settings(deadline=None)
@given(pipelines())
def test_boxes_never_overlap_and_lie_in_the_picture(pipeline: Pipeline) -> None:
    root = ET.fromstring(graph_svg(pipeline))
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    boxes = [
        [float(rect.get(key, "")) for key in ("x", "y", "width", "height")]
        for rect in root.iter(f"{SVG}rect")
    ]
    assert len(boxes) == len(pipeline.steps)
    for x, y, w, h in boxes:
        assert min(x, y) >= 0
        assert x + w <= width
        assert y + h <= height
    for (x, y, w, _), (u, v, _, _) in itertools.permutations(boxes, 2):
        assert y != v or u >= x + w or u < x


@settings(deadline=None)
@given(pipelines())
def test_each_pair_of_steps_has_one_line(pipeline: Pipeline) -> None:
    root = ET.fromstring(graph_svg(pipeline))
    lines = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    assert len(lines) == len({(edge.producer, edge.consumer) for edge in pipeline.edges})
    assert graph_svg(pipeline) == graph_svg(pipeline)


def test_names_are_escaped_and_statuses_written() -> None:
    steps = (Step(name="<b> & co", cells=(0,)), Step(name="x" * 80, cells=(1,)))
    edge = Edge(producer="<b> & co", consumer="x" * 80, name="out.csv", kind=EdgeKind.FILE)
    svg = graph_svg(Pipeline(name="<p>", steps=steps, edges=(edge,)), {"<b> & co": "cached"})
    texts = [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert texts == ["out.csv (file)", "<b> & co", "cached", "x" * 31 + "…"]
    assert "stroke-dasharray" in svg


def test_it_loads_nothing() -> None:
    svg = graph_svg(Pipeline(name="p", steps=(Step(name="a", cells=(0,)),)))
    assert svg.count("http") == 1  # the name space
    assert "<script" not in svg
