"""The tables of a new store: made anew where an earlier attempt was cut short, never where runs are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from stepmill.tracking.location import find_location
from stepmill.tracking.new_store import quick_tables

if TYPE_CHECKING:
    from pathlib import Path

HALF = "CREATE TABLE _alembic_tmp_experiments (a)"
EMPTY = "CREATE TABLE runs (run_uuid)"
ONE = "INSERT INTO runs VALUES ('r')"


@pytest.mark.parametrize(
    ("statements", "stays"),
    [
        pytest.param((HALF,), False, id="before there was room for runs"),
        pytest.param((HALF, EMPTY), False, id="no run was logged"),
        pytest.param((EMPTY, ONE), True, id="a run was logged"),
    ],
)
def test_what_was_left_half_made(tmp_path: Path, statements: tuple[str, ...], stays: bool) -> None:
    location = find_location(tmp_path, tmp_path, {})
    assert location.database is not None
    location.database.parent.mkdir()
    with closing(sqlite3.connect(location.database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    with quick_tables(location):
        assert location.database.exists() is stays
        location.database.touch()


def test_what_is_no_database_and_a_store_in_use_are_left_alone(tmp_path: Path) -> None:
    location = find_location(tmp_path, tmp_path, {})
    assert location.database is not None
    location.database.parent.mkdir()
    location.database.write_text("something else of the user's, longer than a header of sqlite is" * 3)
    with quick_tables(location):
        assert location.database.exists()
    location.database.write_bytes(b"")
    location.mark_ready()
    with quick_tables(location):
        assert location.database.exists()
