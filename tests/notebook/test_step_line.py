"""The grammar of the `%%step` line: what it means, and where exactly it is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.model.cell import StepOptions
from stepmill.notebook import codes
from stepmill.notebook.quantities import parse_duration_s, parse_size_bytes
from stepmill.notebook.step_line import format_step_line, parse_step_line, parse_step_metadata

GOOD = [
    pytest.param("%%step train", "train", {}, id="name alone"),
    pytest.param("  %%step train  ", "train", {}, id="blanks around"),
    pytest.param("%%step\ttrain", "train", {}, id="tab"),
    pytest.param("%%step train # a comment --cpus 3", "train", {}, id="comment"),
    pytest.param("%%step 'train'", "train", {}, id="quoted name"),
    pytest.param("%%step _a-b.c2", "_a-b.c2", {}, id="all allowed characters"),
    pytest.param("%%step größe_数据", "größe_数据", {}, id="letters of any language"),
    pytest.param("%%step cafe\u0301", "caf\u00e9", {}, id="composed to one form"),
    pytest.param(
        "%%step t --inputs a,b --outputs x", "t", {"inputs": ("a", "b"), "outputs": ("x",)}, id="lists"
    ),
    pytest.param("%%step t --inputs a, b --retries 1", "t", {"inputs": ("a", "b"), "retries": 1}, id="a, b"),
    pytest.param("%%step t --inputs 'a, b'", "t", {"inputs": ("a", "b")}, id="quoted list"),
    pytest.param('%%step t --inputs ""', "t", {"inputs": ()}, id="explicitly no inputs"),
    pytest.param("%%step t --after a --after b,c", "t", {"after": ("a", "b", "c")}, id="after repeats"),
    pytest.param("%%step t --after setup", "t", {"after": ("setup",)}, id="after the implicit step"),
    pytest.param("%%step t --no-cache", "t", {"cache": False}, id="no cache"),
    pytest.param("%%step t --cache-for 1d", "t", {"cache_for_s": 86400.0}, id="cache for a day"),
    pytest.param("%%step t --timeout=1h30m", "t", {"timeout_s": 5400.0}, id="option=value"),
    pytest.param("%%step t --retries 2 --cpus 0.5", "t", {"retries": 2, "cpus": 0.5}, id="numbers"),
    pytest.param(
        "%%step t --gpus 0 --memory 8GB", "t", {"gpus": 0.0, "memory_bytes": 8 * 10**9}, id="resources"
    ),
    pytest.param("%%step t --metrics f1,auc", "t", {"metrics": ("f1", "auc")}, id="metrics"),
]


@pytest.mark.parametrize(("line", "name", "options"), GOOD)
def test_a_good_line(line: str, name: str, options: dict[str, object]) -> None:
    parsed = parse_step_line(line)
    assert parsed.problems == ()
    assert (parsed.name, parsed.options) == (name, StepOptions(**options))  # type: ignore[arg-type]
    assert parsed.given == options.keys()


BAD = [
    pytest.param("%%step", codes.NAME_MISSING, 6, "%%step NAME", id="no name"),
    pytest.param("%%step --cpus 2", codes.NAME_MISSING, 7, "comes first", id="option before the name"),
    pytest.param("%%step ''", codes.NAME_MISSING, 7, "%%step NAME", id="empty name"),
    pytest.param("%%step a/b", codes.NAME_INVALID, 8, "'a_b'", id="path separator"),
    pytest.param("%%step ..", codes.NAME_INVALID, 7, "", id="parent folder"),
    pytest.param("%%step a\\b", codes.NAME_INVALID, 8, "'a_b'", id="backslash"),
    pytest.param("%%step 1st", codes.NAME_INVALID, 7, "'step_1st'", id="begins with a digit"),
    pytest.param("%%step 'a b'", codes.NAME_INVALID, 9, "'a_b'", id="blank inside"),
    pytest.param("%%step a\x00b", codes.NAME_INVALID, 8, "", id="control character"),
    pytest.param("%%step a.", codes.NAME_INVALID, 8, "", id="full stop at the end"),
    pytest.param("%%step setup", codes.NAME_INVALID, 7, "another", id="reserved"),
    pytest.param("%%step " + "x" * 101, codes.NAME_INVALID, 7, "100", id="too long"),
    pytest.param("%%step " + "数" * 90, codes.NAME_INVALID, 7, "200 bytes", id="too many bytes for a folder"),
    pytest.param("%%step t u", codes.OPTION_UNKNOWN, 9, "commas", id="second word"),
    pytest.param("%%step t --retires 2", codes.OPTION_UNKNOWN, 9, "--retries?", id="typing mistake"),
    pytest.param("%%step t --no_cache", codes.OPTION_UNKNOWN, 9, "--no-cache?", id="underscore"),
    pytest.param("%%step t -retries 2", codes.OPTION_UNKNOWN, 9, "--retries?", id="one dash"),
    pytest.param("%%step t --retries", codes.VALUE_MISSING, 9, "--retries 2", id="value missing at the end"),
    pytest.param("%%step t --retries --no-cache", codes.VALUE_MISSING, 9, "", id="option instead of a value"),
    pytest.param("%%step t --no-cache=1", codes.VALUE_MISSING, 9, "just", id="value where none belongs"),
    pytest.param("%%step t --retries -1", codes.VALUE_INVALID, 19, "", id="negative retries"),
    pytest.param("%%step t --retries=two", codes.VALUE_INVALID, 19, "", id="word for a number"),
    pytest.param("%%step t --cpus nan", codes.VALUE_INVALID, 16, "", id="not a number"),
    pytest.param("%%step t --cpus 0", codes.VALUE_INVALID, 16, "", id="no cpu at all"),
    pytest.param("%%step t --timeout soon", codes.VALUE_INVALID, 19, "10m", id="no duration"),
    pytest.param("%%step t --timeout 0s", codes.VALUE_INVALID, 19, "", id="duration of nothing"),
    pytest.param("%%step t --memory 8XB", codes.VALUE_INVALID, 18, "8GB", id="no size"),
    pytest.param("%%step t --inputs a,2b", codes.VALUE_INVALID, 20, "", id="no variable name"),
    pytest.param("%%step t --inputs a,,b", codes.VALUE_INVALID, 20, "", id="name missing between commas"),
    pytest.param("%%step t --inputs class", codes.VALUE_INVALID, 18, "", id="keyword as a name"),
    pytest.param("%%step t --after a/b", codes.NAME_INVALID, 18, "", id="odd name after --after"),
    pytest.param("%%step t --after t", codes.VALUE_INVALID, None, "", id="after itself"),
    pytest.param("%%step t --cpus 1 --cpus 2", codes.OPTION_TWICE, 18, "keep one", id="given twice"),
    pytest.param(
        "%%step t --no-cache --cache-for 1d", codes.OPTION_TWICE, 20, "keep one", id="exclude each other"
    ),
    pytest.param("%%step t --inputs 'a", codes.QUOTE_OPEN, 18, "close it", id="open quotation mark"),
]


@pytest.mark.parametrize(("line", "code", "column", "hint"), BAD)
def test_a_bad_line_says_where_and_what_to_do(line: str, code: str, column: int | None, hint: str) -> None:
    parsed = parse_step_line(line)
    assert not parsed.is_good
    assert [(problem.code, problem.column) for problem in parsed.problems] == [(code, column)]
    assert hint in parsed.problems[0].hint


def test_several_mistakes_are_all_said() -> None:
    problems = parse_step_line("%%step t --cpus x --timeout y --memory z").problems
    assert [problem.column for problem in problems] == [16, 28, 39]


METADATA = [
    pytest.param({"step": "t"}, {}, id="name alone"),
    pytest.param({"step": "t", "after": ["a", "b"]}, {"after": ("a", "b")}, id="list"),
    pytest.param({"step": "t", "after": "a"}, {"after": ("a",)}, id="text"),
    pytest.param({"step": "t", "cache": False}, {"cache": False}, id="cache false"),
    pytest.param({"step": "t", "cache": True}, {}, id="cache true is the default"),
    pytest.param({"step": "t", "no-cache": True}, {"cache": False}, id="no-cache true"),
    pytest.param({"step": "t", "cache_for": "1d"}, {"cache_for_s": 86400.0}, id="underscore"),
    pytest.param({"step": "t", "timeout": 90, "retries": 2}, {"timeout_s": 90.0, "retries": 2}, id="numbers"),
    pytest.param({"step": "t", "memory": "1GiB"}, {"memory_bytes": 2**30}, id="size"),
    pytest.param({"step": "t", "inputs": []}, {"inputs": ()}, id="explicitly no inputs"),
]


@pytest.mark.parametrize(("metadata", "options"), METADATA)
def test_metadata_means_the_same_as_the_line(metadata: dict[str, object], options: dict[str, object]) -> None:
    parsed = parse_step_metadata(metadata)
    assert parsed.problems == ()
    assert (parsed.name, parsed.options) == ("t", StepOptions(**options))  # type: ignore[arg-type]


BAD_METADATA = [
    pytest.param({"step": 3}, codes.METADATA_INVALID, id="name is no text"),
    pytest.param({"step": "a/b"}, codes.NAME_INVALID, id="odd name"),
    pytest.param({"step": "t", "retires": 2}, codes.METADATA_UNKNOWN, id="unknown key"),
    pytest.param({"step": "t", "retries": True}, codes.METADATA_INVALID, id="true for a number"),
    pytest.param({"step": "t", "timeout": {}}, codes.METADATA_INVALID, id="object for a duration"),
    pytest.param({"step": "t", "cpus": "x"}, codes.VALUE_INVALID, id="text for a number"),
]


@pytest.mark.parametrize(("metadata", "code"), BAD_METADATA)
def test_bad_metadata_is_said(metadata: dict[str, object], code: str) -> None:
    problems = parse_step_metadata(metadata).problems
    assert code in [problem.code for problem in problems]
    assert all(problem.column is None for problem in problems)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("1h30m", 5400), ("1d", 86400), ("2w", 1209600),
     ("500ms", 0.5), ("", None), ("h", None), ("1x", None), ("1h!", None), ("1h 30m", None), ("-1s", None)],
)  # fmt: skip
def test_durations(text: str, seconds: float | None) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("512", 512), ("1kB", 1000), ("1KiB", 1024), ("8G", 8 * 10**9), ("8GB", 8 * 10**9), ("8Gi", 2**33),
     ("1.5TB", 15 * 10**11), ("", None), ("GB", None), ("8 XB", None), ("-1", None)],
)  # fmt: skip
def test_sizes(text: str, size_bytes: int | None) -> None:
    assert parse_size_bytes(text) == size_bytes


NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name.isidentifier() and not __import__("keyword").iskeyword(name)
)
LISTS = st.lists(NAMES, max_size=3, unique=True).map(tuple)
OPTIONS = st.builds(
    StepOptions,
    inputs=st.none() | LISTS,
    outputs=st.none() | LISTS,
    after=LISTS.map(lambda names: tuple(f"{name}-x" for name in names)),
    cache=st.booleans(),
    retries=st.integers(0, 9),
    timeout_s=st.none() | st.integers(1, 10**6).map(float),
    cpus=st.none() | st.floats(0.1, 64),
    gpus=st.none() | st.integers(0, 8).map(float),
    memory_bytes=st.none() | st.integers(1, 2**40),
    metrics=LISTS,
)


@given(name=NAMES, options=OPTIONS)
def test_what_is_written_is_read_back(name: str, options: StepOptions) -> None:
    parsed = parse_step_line(format_step_line(f"{name}.step", options))
    assert (parsed.problems, parsed.name, parsed.options) == ((), f"{name}.step", options)


@given(st.text(max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    parsed = parse_step_line(f"%%step {text}")
    assert parsed.is_good == bool(parsed.name and not parsed.problems)
    assert all(
        0 <= problem.column <= len(text) + 7 for problem in parsed.problems if problem.column is not None
    )
