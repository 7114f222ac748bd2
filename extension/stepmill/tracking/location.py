"""Where a project's runs are logged: the tracking URI, the artifact root, the lock for the first use."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATE_FOLDER = ".stepmill"
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
HTTP_LIMITS = {
    # MLflow's own defaults (7 retries, 120 s each) let a dead server hold a run for many minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}


def without_passwords(text: str) -> str:
    """Return `text` without the user and password part of the addresses in it."""
    return re.sub(r"://[^/\s@]*@", "://", text)


@dataclass(frozen=True, slots=True)
class Location:
    """A tracking store. `database` is the sqlite file where it is our own; None for the user's."""

    uri: str
    database: Path | None = None

    @property
    def artifact_root(self) -> Path | None:
        """Folder for artifacts of our own store; a store of the user's has its own rules."""
        return self.database.with_name("mlflow-artifacts") if self.database else None

    @property
    def public_uri(self) -> str:
        """The URI without user name and password, fit to be written down."""
        return without_passwords(self.uri)

    @property
    def is_ready(self) -> bool:
        """Whether the store can be used without making its tables first (known without mlflow)."""
        return self.database is None or (self.database.is_file() and self._mark.is_file())

    @property
    def _mark(self) -> Path:
        assert self.database is not None
        return self.database.with_suffix(".ready")

    def mark_ready(self) -> None:
        """Note that the tables are complete; call it with the lock held."""
        if self.database is not None:
            self._mark.touch()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes of this project from making tables or experiments meanwhile."""
        if self.database is None:
            yield
            return
        self.database.parent.mkdir(parents=True, exist_ok=True)
        with self.database.with_suffix(".lock").open("a+b") as file:
            _lock(file.fileno())
            try:
                yield
            finally:
                _unlock(file.fileno())


def find_location(project_root: Path, notebook_folder: Path, environ: Mapping[str, str]) -> Location:
    """Return the store named by `MLFLOW_TRACKING_URI`, else the project's own sqlite file.

    A relative path in the variable counts from the notebook's folder, where its kernel works too.
    """
    uri = environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not uri:
        database = project_root / STATE_FOLDER / "mlflow.db"
        return Location(f"sqlite:///{database.as_posix()}", database)
    if uri.startswith("sqlite:///") and not uri.startswith("sqlite:////"):
        path = uri.removeprefix("sqlite:///")
        if path != ":memory:" and not Path(path).is_absolute():
            uri = f"sqlite:///{(notebook_folder / path).as_posix()}"
    elif "://" not in uri and ":" not in uri and uri not in ("databricks", "uc"):
        uri = str(notebook_folder / uri)
    return Location(uri)


def tracking_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what every process that talks to MLflow for us should have set, where `environ` has not."""
    return {**QUIET, **{name: value for name, value in HTTP_LIMITS.items() if name not in environ}}


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
