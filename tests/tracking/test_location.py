from __future__ import annotations

from pathlib import Path

import pytest

from stepmill.tracking.location import Location, find_location, tracking_environment, without_passwords

ROOT = Path("/project")
BESIDE = Path("/project/notebooks")
URIS = [
    pytest.param("", "sqlite:////project/.stepmill/mlflow.db", id="our-own-by-default"),
    pytest.param("  ", "sqlite:////project/.stepmill/mlflow.db", id="an-empty-variable-is-none"),
    pytest.param("http://host:5000", "http://host:5000", id="a-server"),
    pytest.param("sqlite:////data/m.db", "sqlite:////data/m.db", id="an-absolute-file"),
    pytest.param("sqlite:///m.db", "sqlite:////project/notebooks/m.db", id="relative-to-the-notebook"),
    pytest.param("mlruns", "/project/notebooks/mlruns", id="a-folder"),
    pytest.param("databricks", "databricks", id="a-word-of-mlflow"),
    pytest.param("databricks://profile", "databricks://profile", id="a-profile"),
]


@pytest.mark.parametrize(("variable", "expected"), URIS)
def test_find_location(variable: str, expected: str) -> None:
    location = find_location(ROOT, BESIDE, {"MLFLOW_TRACKING_URI": variable})
    assert location.uri == expected
    assert (location.database is not None) == (not variable.strip())


def test_a_store_is_ready_only_when_its_tables_are_complete(tmp_path: Path) -> None:
    location = find_location(tmp_path, tmp_path, {})
    assert location.database is not None
    with location.locked():
        location.database.touch()
        assert not location.is_ready  # tables may be half made
        location.mark_ready()
    assert location.is_ready
    location.database.unlink()
    assert not location.is_ready
    assert Location("http://host").is_ready


def test_what_the_user_set_is_kept() -> None:
    found = tracking_environment({"MLFLOW_HTTP_REQUEST_TIMEOUT": "99"})
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in found
    assert found["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert found["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"


def test_passwords_in_addresses() -> None:
    text = "no answer from postgresql+psycopg://me:pa55@host/db and https://me@x/y"
    assert without_passwords(text) == "no answer from postgresql+psycopg://host/db and https://x/y"
