"""The process that reads notebooks for the server: questions in turn, the newest first, never the last."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.conftest import notebook_of
from stepmill.server.analyst import Analyst
from stepmill.server.analyst_process import AnalystError, AnalystProcess, SupersededError
from stepmill.server.base import RefusedError


def question(source: str, path: Path | None = None) -> dict[str, Any]:
    document = notebook_of(f"%%step a\n{source}")
    return {"what": "analyze", "path": None if path is None else str(path), "document": document}


def outputs(answer: bytes | str) -> list[str]:
    return list(json.loads(answer)["graph"]["steps"][0]["outputs"])


@pytest.fixture
def process() -> Iterator[AnalystProcess]:
    made = AnalystProcess()
    yield made
    made.close()


async def test_questions_are_answered_in_turn(process: AnalystProcess) -> None:
    answers = await asyncio.gather(*(process.ask(question(f"x{number} = 1")) for number in range(5)))
    assert [outputs(answer) for answer in answers] == [[f"x{number}"] for number in range(5)]


async def test_of_one_clients_waiting_questions_only_the_newest_counts(process: AnalystProcess) -> None:
    asked = [process.ask(question(f"x{number} = 1"), client="tab") for number in range(4)]
    other = process.ask(question("y = 1"), client="another tab")
    being_answered, *old, newest, others = await asyncio.gather(*asked, other, return_exceptions=True)
    assert [outputs(answer) for answer in (being_answered, newest, others)] == [["x0"], ["x3"], ["y"]]
    assert [type(each) for each in old] == [SupersededError] * 2


async def test_who_is_gone_is_not_answered(process: AnalystProcess) -> None:
    with pytest.raises(SupersededError):
        await process.ask(question("x = 1"), is_gone=lambda: True)


async def test_an_error_comes_as_its_document(process: AnalystProcess) -> None:
    with pytest.raises(RefusedError) as caught:
        await process.ask({**question("x = 1"), "document": [1]})
    assert caught.value.document["error"]["code"] == "SM010"
    assert outputs(await process.ask(question("x = 1"))) == ["x"]


async def test_one_that_hangs_or_dies_is_replaced(process: AnalystProcess) -> None:
    process._timeout_s = 0.0
    with pytest.raises(AnalystError, match="ended unexpectedly"):
        await process.ask(question("x = 1"))
    process._timeout_s = 60.0
    assert outputs(await process.ask(question("x = 1"))) == ["x"]
    assert process._process is not None
    process._process.kill()
    process._process.wait()
    assert outputs(await process.ask(question("y = 1"))) == ["y"]


async def test_what_is_closed_starts_nothing_more(process: AnalystProcess) -> None:
    process.warm_up()
    process.close()
    process._thread.shutdown(wait=True)
    assert process._process is None
    assert process._running() is None
    with pytest.raises(AnalystError, match="the Jupyter server is stopping"):
        await process.ask(question("x = 1"))


def test_an_answer_is_remembered_until_a_run_finds_something_out(tmp_path: Path) -> None:
    (tmp_path / ".stepmill" / "facts").mkdir(parents=True)
    analyst = Analyst()
    asked = question("x = 1", tmp_path / "nb.ipynb")
    analyst.answer(asked)
    analyst.answer(asked)
    assert len(analyst._known) == 1
    (tmp_path / ".stepmill" / "facts" / "new.json").write_text("{}")
    analyst.answer(asked)
    assert len(analyst._known) == 2


@pytest.mark.parametrize(
    "source",
    [
        "(" * 50_000,
        "x = " + "-" * 100_000 + "1",
        "x" + ".a" * 20_000,
        "x = '\0'",
        "x = '\ud800'",
        "\ufeffx = 1",
    ],
    ids=["parentheses", "signs", "attributes", "nul", "surrogate", "byte-order-mark"],
)
def test_no_cell_is_too_strange(source: str) -> None:
    answer = Analyst().answer(question(source))
    assert answer[0] == "+"
    assert [step["name"] for step in json.loads(answer[1:])["graph"]["steps"]] == ["a"]
