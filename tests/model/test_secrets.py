from __future__ import annotations

import pytest

from stepmill.model.secrets import is_secret_name

SECRET_NAMES = [
    *("api_key", "API_KEY", "apiKey", "token", "hf_token"),
    *("password", "db_password", "password_db", "secret", "client_secret"),
]
OPEN_NAMES = ["key", "max_tokens", "tokenizer", "keyword", "alpha", "monkey", "n_keys", "secretary"]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OPEN_NAMES)
def test_names_that_hold_no_secret(name: str) -> None:
    assert not is_secret_name(name)
