from __future__ import annotations

from typing import Any

import pytest

from stepmill.execution.client import join_streams


def out(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


SHOWN: dict[str, Any] = {"output_type": "display_data", "data": {}}
ERR = "stderr"

CASES = [
    pytest.param([], [], [], id="nothing"),
    pytest.param([out("a"), out("b\n")], [out("ab\n")], [0, 0], id="neighbours-join"),
    pytest.param([out("a"), SHOWN, out("b")], [out("a"), SHOWN, out("b")], [0, 1, 2], id="displays-part"),
    pytest.param(
        [out("a"), out("b", ERR), out("c", ERR), out("d")],
        [out("a"), out("bc", ERR), out("d")],
        [0, 1, 1, 2],
        id="streams-keep-their-order",
    ),
    pytest.param([SHOWN, out("a"), out("b"), SHOWN], [SHOWN, out("ab"), SHOWN], [0, 1, 1, 2], id="indices"),
    pytest.param([out("10%\r"), out("20%"), out("\n")], [out("20%\n")], [0, 0, 0], id="return-overwrites"),
    pytest.param([out("a\r\nb")], [out("a\r\nb")], [0], id="dos-line-ends-stay"),
    pytest.param([out("x\ny1\ry2\n")], [out("x\ny2\n")], [0], id="return-is-of-one-line"),
    pytest.param([out("abc\b\bX")], [out("aX")], [0], id="backspace"),
]


@pytest.mark.parametrize(("outputs", "joined", "moved"), CASES)
def test_join_streams(outputs: list[Any], joined: list[Any], moved: list[int]) -> None:
    assert join_streams([dict(output) for output in outputs]) == (joined, moved)
