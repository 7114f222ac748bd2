from __future__ import annotations

import itertools
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.drawing.graph_picture import graph_svg
from stepmill.model.diagnostic import Place
from stepmill.model.pipeline import Edge, EdgeKind, Parameter, Pipeline, Step

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    count = draw(st.integers(0, 14))
    names = [f"step {n}" + "x" * draw(st.integers(0, 40)) for n in range(count)]
    pairs = list(itertools.combinations(names, 2))
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=30)) if pairs else []
    kinds = st.sampled_from(list(EdgeKind))
    carried = st.text(max_size=40)
    return Pipeline(
        name="p",
        steps=tuple(Step(name=name, cells=(0,)) for name in names),
        edges=tuple(Edge(producer=a, consumer=b, name=draw(carried), kind=draw(kinds)) for a, b in chosen),
    )


@settings(deadline=None)
@given(pipelines())
def test_boxes_and_labels_never_overlap_and_lie_in_the_picture(pipeline: Pipeline) -> None:
    root = ET.fromstring(graph_svg(pipeline))
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    left, top = _moved(root)
    rects = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") in ("step", "label")]
    boxes = [[float(rect.get(key, "")) for key in ("x", "y", "width", "height")] for rect in rects]
    assert sum(rect.get("class") == "step" for rect in rects) == len(pipeline.steps)
    for x, y, w, h in boxes:
        assert min(x, y) >= -0.1
        assert x + w + left <= width + 1
        assert y + h + top <= height + 1
    for (x, y, w, h), (u, v, _, k) in itertools.permutations(boxes, 2):
        assert y + h <= v or v + k <= y or u >= x + w - 0.1 or u < x


@settings(deadline=None)
@given(pipelines())
def test_each_pair_of_steps_has_one_line_and_one_label(pipeline: Pipeline) -> None:
    root = ET.fromstring(graph_svg(pipeline))
    lines = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    pairs = {(edge.producer, edge.consumer) for edge in pipeline.edges}
    assert len(lines) == len(pairs)
    assert len([rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "label"]) == len(pairs)
    assert graph_svg(pipeline) == graph_svg(pipeline)


def test_names_are_escaped_and_statuses_written() -> None:
    steps = (Step(name="<b> & co", cells=(0,)), Step(name="x" * 80, cells=(1,)))
    edge = Edge(producer="<b> & co", consumer="x" * 80, name="out\x00.csv", kind=EdgeKind.FILE)
    svg = graph_svg(Pipeline(name="<p>", steps=steps, edges=(edge,)), {"<b> & co": "cached"})
    texts = [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert texts == ["file out\ufffd.csv", "<b> & co", "cached", "x" * 31 + "…"]
    assert "stroke-dasharray" in svg


def test_only_edges_without_data_are_dashed() -> None:
    for kind in EdgeKind:
        edge = Edge(producer="a", consumer="b", name="n", kind=kind)
        steps = (Step(name="a", cells=(0,)), Step(name="b", cells=(1,)))
        svg = graph_svg(Pipeline(name="p", steps=steps, edges=(edge,)))
        assert ("stroke-dasharray" in svg) == (kind is not EdgeKind.DATA)


def test_labels_say_what_flows_and_how_much_more() -> None:
    names = ("X_train", "X_test", "y_train", "a_very_long_name_indeed")
    edges = tuple(Edge(producer="a", consumer="b", name=name, doubtful=name == "X_test") for name in names)
    svg = graph_svg(
        Pipeline(name="p", steps=(Step(name="a", cells=(0,)), Step(name="b", cells=(1,))), edges=edges)
    )
    texts = [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert texts[0] == "X_test?, X_train +2"
    assert "a → b: X_test?, X_train, a_very_long_name_indeed, y_train" in svg


def test_parameters_stand_on_top_and_secrets_do_not() -> None:
    place = Place(cell=0, line=1)
    parameters = tuple(
        Parameter(name=name, type="str", default=value, place=place, span=(1, 0, 1, 1))
        for name, value in (("alpha", 0.1), ("api_token", "hunter2"), ("label", "a<b"))
    )
    step = Step(name="a", cells=(0,), parameters=("alpha",))
    svg = graph_svg(Pipeline(name="p", steps=(step,), parameters=parameters))
    texts = [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert texts[0].startswith("alpha = 0.1 · api_token = ")
    assert texts[0].endswith('label = "a<b"')
    assert "hunter2" not in svg
    assert texts[-1] == "reads alpha"


def test_forty_parallel_steps_are_as_wide_as_a_notebook() -> None:
    names = ["first", *(f"step_{n}" for n in range(40)), "last"]
    edges = [Edge(producer="first", consumer=name, name="df") for name in names[1:-1]]
    edges += [Edge(producer=name, consumer="last", name=f"result_{name}") for name in names[1:-1]]
    steps = tuple(Step(name=name, cells=(0,)) for name in names)
    root = ET.fromstring(graph_svg(Pipeline(name="p", steps=steps, edges=tuple(edges))))
    assert float(root.get("width", "")) < 1000


def test_it_loads_nothing() -> None:
    svg = graph_svg(Pipeline(name="p", steps=(Step(name="a", cells=(0,)),)))
    assert svg.count("http") == 1  # the name space
    assert "<script" not in svg


def _moved(root: ET.Element) -> tuple[float, float]:
    group = next(group for group in root.iter(f"{SVG}g") if group.get("transform"))
    left, top = (group.get("transform") or "").removeprefix("translate(").removesuffix(")").split()
    return float(left), float(top)
