from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from stepmill.execution.printed import PrintedText, Streams


def out(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


SHOWN: dict[str, Any] = {"output_type": "display_data", "data": {}}
ERR = "stderr"

CASES = [
    pytest.param([], [], id="nothing"),
    pytest.param([out("a"), out("b\n")], [out("ab\n")], id="neighbours-join"),
    pytest.param([out("a"), SHOWN, out("b")], [out("a"), SHOWN, out("b")], id="displays-part"),
    pytest.param(
        [out("a"), out("b", ERR), out("c", ERR), out("d")],
        [out("a"), out("bc", ERR), out("d")],
        id="streams-keep-their-order",
    ),
    pytest.param([SHOWN, out("a"), out("b"), SHOWN], [SHOWN, out("ab"), SHOWN], id="between-displays"),
    pytest.param([out("10%\r"), out("20%"), out("\n")], [out("20%\n")], id="return-overwrites"),
    pytest.param([out("a\r\nb")], [out("a\r\nb")], id="dos-line-ends-stay"),
    pytest.param([out("x\ny1\ry2\n")], [out("x\ny2\n")], id="return-is-of-one-line"),
    pytest.param([out("abc\b\bX")], [out("aX")], id="backspace"),
]


@pytest.mark.parametrize(("came", "kept"), CASES)
def test_outputs_of_a_cell(came: list[dict[str, Any]], kept: list[dict[str, Any]]) -> None:
    streams, outputs = Streams(), []
    for output in came:
        outputs.append(dict(output))
        streams.take(outputs)
        streams.show()  # whoever saves in between changes nothing
    streams.settle()
    assert (outputs, streams.left_out) == (kept, 0)


def test_an_output_that_was_cleared_does_not_go_on() -> None:
    streams, outputs = Streams(), [out("old")]
    streams.take(outputs)
    outputs[:] = [out("new")]
    streams.take(outputs)
    streams.settle()
    assert outputs == [out("new")]


LINES = "".join(f"{i:6d}\n" for i in range(10_000))


@pytest.mark.parametrize("piece", [1, 7, 999, len(LINES)])
def test_of_much_the_beginning_and_the_end_are_kept(piece: int) -> None:
    text = PrintedText(kept=1_000)
    for start in range(0, len(LINES), piece):
        text.add(LINES[start : start + piece])
    shown, left_out = text.text()
    head, notice, tail = shown.partition(
        f"[stepmill: {left_out:,} characters are left out here; they are in the step's log.txt]\n"
    )
    assert notice
    assert (LINES.startswith(head), LINES.endswith(tail)) == (True, True)
    assert (left_out, left_out % 7) == (len(LINES) - len(head) - len(tail), 0)  # whole lines
    assert 1_980 < len(head) + len(tail) <= 2_000


def test_what_fits_is_whole_whatever_was_overwritten() -> None:
    text = PrintedText(kept=1_000)
    text.add("begin\n")
    for number in range(10_000):
        text.add(f"\r{number:5d} of 10,000")
    text.add("\nend\n")
    assert text.text() == ("begin\n 9999 of 10,000\nend\n", 0)


def test_a_flood_takes_no_memory() -> None:
    text, line = PrintedText(kept=10_000), "x" * 999 + "\n"
    tracemalloc.start()
    try:
        for _ in range(20_000):
            text.add(line)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert text.text()[1] > 19_000_000
