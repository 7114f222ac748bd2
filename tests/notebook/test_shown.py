"""What two runs of the same code have in common of their outputs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.notebook.shown import Shown, shown, without_durations


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def result(count: int = 1, **data: Any) -> dict[str, Any]:
    bundle = {kind.replace("_", "/"): text for kind, text in data.items()}
    return {"output_type": "execute_result", "execution_count": count, "data": bundle, "metadata": {}}


def bundle(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data["data"], "metadata": {}}


SAME = [
    pytest.param("<A at 0x7f12ab34cd56>", "<A at 0x7f99ab34cd00>", id="addresses"),
    pytest.param("\x1b[31mred\x1b[0m", "red", id="colours"),
    pytest.param("Wall time: 3.1 ms", "Wall time: 12 s", id="wall-time"),
    pytest.param(
        "CPU times: user 3 ms, sys: 0 ns, total: 3 ms", "CPU times: user 9 ms, total: 9 ms", id="cpu"
    ),
    pytest.param(
        "1.2 µs ± 3 ns per loop (mean ± std. dev. of 7 runs)",
        "9 ns ± 1 ns per loop (mean ± std)",
        id="timeit",
    ),
    pytest.param(
        "100%|████| 10/10 [00:01<00:00,  9.3it/s]", "100%|██| 10/10 [00:00<00:00, 99.1it/s]", id="tqdm"
    ),
    pytest.param("10it [00:01,  9.30it/s]", "10it [00:09,  1.02it/s]", id="tqdm-without-total"),
    pytest.param(
        "8/8 ━━━━━━━━━━ 0s 2ms/step - loss: 0.5", "8/8 ━━━━━━━━━━ 1s 90ms/step - loss: 0.5", id="keras"
    ),
    pytest.param("6f1ed002-ab9f-4a86-9ae2-0a3c1f1b8f11", "00000000-ab9f-4a86-9ae2-0a3c1f1b8f11", id="uuids"),
    pytest.param("a\r\nb", "a\nb", id="line-ends"),
]
DIFFERENT = [
    pytest.param("0.91", "0.87", id="numbers"),
    pytest.param("took 3 s", "took 4 s", id="a-time-that-the-user-printed"),
    pytest.param("loss: 0.5 0x12", "loss: 0.5 0x13", id="short-hexadecimal-numbers"),
    pytest.param("50%", "60%", id="percentages"),
    pytest.param(
        "8/8 ━━━━━━━━━━ 0s 2ms/step - loss: 0.5", "8/8 ━━━━━━━━━━ 0s 2ms/step - loss: 0.6", id="losses"
    ),
    pytest.param("a\n", "a", id="a-last-line-end"),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_what_says_nothing_is_blanked(left: str, right: str) -> None:
    assert shown([stream(left)]) == shown([stream(right)])


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_what_says_something_is_kept(left: str, right: str) -> None:
    assert shown([stream(left)]) != shown([stream(right)])


def test_ids_in_html_are_blanked_and_its_text_is_not() -> None:
    def table(number: int, text: str) -> Shown:
        return shown([result(text_plain="R()", text_html=f'<div id="sk-container-id-{number}">{text}</div>')])

    assert table(1, "Ridge") == table(2, "Ridge")
    assert table(1, "Ridge") != table(1, "Lasso")


def test_pictures_count_by_their_bytes() -> None:
    left, right = (bundle(data={"image/png": text, "text/plain": "<Figure>"}) for text in ("QUJD", "QUJE"))
    assert shown([left]) != shown([right])
    assert shown([left]) == shown([bundle(data={"image/png": "QU\nJD\n", "text/plain": "<Figure>"})])


def test_a_widget_counts_by_its_kind() -> None:
    def widget(model: str, text: str) -> Shown:
        mime = "application/vnd.jupyter.widget-view+json"
        return shown([bundle(data={mime: {"model_id": model}, "text/plain": text})])

    assert widget("a1", "IntSlider(value=3)") == widget("b2", "IntSlider(value=4)")
    assert widget("a1", "IntSlider(value=3)") != widget("a1", "Text(value='3')")


def test_execution_counts_and_pieces_of_a_stream_do_not_count() -> None:
    apart = [stream("a"), stream("oh\n", "stderr"), stream("b\n"), result(7, text_plain="3")]
    together = [stream("ab\n"), result(1, text_plain="3")]
    assert shown(apart).lines == shown(together).lines == ("ab", "", "3")
    assert shown(apart).warnings == ("oh", "")


def test_an_error_counts_without_its_traceback() -> None:
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["…"]}
    assert shown([error]).lines == ("ValueError: no",)


def test_durations_are_blanked_where_the_clock_is_read() -> None:
    assert without_durations("took 3.2 s for 5 rows, 1e-3ms") == "took <time> s for 5 rows, <time>ms"


PLAIN = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Z")), max_size=40)


@given(PLAIN, st.integers(2**24, 2**48), st.integers(2**24, 2**48))
def test_any_address_is_blanked_in_any_text(text: str, one: int, other: int) -> None:
    texts = [f"{text} {number:#x} {text}" for number in (one, other)]
    assert shown([stream(texts[0])]) == shown([stream(texts[1])])


@given(st.lists(PLAIN, max_size=5), st.data())
def test_where_a_stream_is_cut_does_not_matter(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    cut = data.draw(st.integers(0, len(text)))
    whole = shown([stream(text)])
    assert shown([stream(text[:cut]), stream(text[cut:])]) == whole


@given(PLAIN)
def test_blanking_twice_changes_nothing_more(text: str) -> None:
    once = shown([stream(text)]).lines
    assert shown([stream("\n".join(once))]).lines == once
