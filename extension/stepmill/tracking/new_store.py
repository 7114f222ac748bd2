"""Makes the tables of a new sqlite store without waiting for the disk after each of 60 migrations."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from stepmill.tracking.location import Location


@contextmanager
def quick_tables(location: Location) -> Iterator[None]:
    """Open `location` for the first time inside; afterwards what it holds is on the disk.

    MLflow's migrations commit one by one. A busy disk makes that 10 s instead of 3; and half a
    store is worth nothing, so they need not be safe one by one. Later commits are. One that was left
    half made, by a kill or a full disk, is made anew: MLflow's migrations do not go on from there.
    """
    if location.is_ready or location.database is None:
        yield
        return
    if location.database.is_file() and not _holds_runs(location.database):
        for suffix in ("", "-journal", "-wal", "-shm"):
            location.database.with_name(location.database.name + suffix).unlink(missing_ok=True)
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import Pool

    event.listen(Engine, "connect", _hasty)
    try:
        yield
    finally:
        event.remove(Engine, "connect", _hasty)
        event.listen(Pool, "checkout", _careful)  # the pool keeps the hasty connections
    descriptor = os.open(location.database, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _holds_runs(database: Path) -> bool:
    """Tell whether anything was ever logged there; what is no database is for MLflow to complain of."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT 1 FROM runs LIMIT 1").fetchone() is not None
    except sqlite3.OperationalError:
        return False  # it has no such table yet
    except sqlite3.DatabaseError:
        return True


def _hasty(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _careful(connection: Any, _record: Any, _proxy: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")
