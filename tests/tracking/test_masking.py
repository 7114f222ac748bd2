from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepmill.model.secrets import MASK
from stepmill.tracking.masking import Mask

TEXTS = [
    pytest.param(["hunter2"], "pw = 'hunter2'", f"pw = '{MASK}'", id="in-a-literal"),
    pytest.param(["it's"], "pw = 'it\\'s' or \"it's\"", f"pw = 'it\\'s' or \"{MASK}\"", id="as-it-is"),
    pytest.param(["a\\b\n"], "pw = 'a\\\\b\\n'", f"pw = '{MASK}'", id="escaped-as-python-does"),
    pytest.param(["pä55"], '"p\\u00e455"', f'"{MASK}"', id="escaped-as-json-does"),
    pytest.param(["ab"], "table 'ab'", f"table '{MASK}'", id="short-ones-between-quotes-only"),
    pytest.param([12345], "pin = 12345", f"pin = {MASK}", id="numbers"),
    pytest.param(["abcd", "abcdef"], "abcdef", MASK, id="the-longest-first"),
    pytest.param(["", None, True], "True and None", "True and None", id="nothing-hides-nothing"),
]


@pytest.mark.parametrize(("secrets", "text", "expected"), TEXTS)
def test_text(secrets: list[object], text: str, expected: str) -> None:
    assert Mask(secrets).text(text) == expected


def test_document_masks_by_value_and_by_name() -> None:
    document = {
        "parameters": {"api_key": "other", "n": 3},
        "text": ["see hunter2"],
        "graph": {"api_key": {"type": "str", "default": "d"}},
    }
    assert Mask(["hunter2"]).document(document) == {
        "parameters": {"api_key": MASK, "n": 3},
        "text": [f"see {MASK}"],
        "graph": {"api_key": {"type": "str", "default": MASK}},
    }


@settings(deadline=None)  # other processes may have the machine
@given(st.text(min_size=4, max_size=30), st.text(max_size=20))
def test_no_spelling_of_a_secret_is_left(secret: str, around: str) -> None:
    text = f"{around}{secret}{around} {secret!r} {json.dumps(secret)}"
    masked = Mask([secret]).text(text)
    assert secret not in masked.replace(MASK, "\0") or secret in around * 2
