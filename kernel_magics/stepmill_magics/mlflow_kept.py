"""What the user's code logs while MLflow's server does not answer: kept in files, delivered later.

Between mlflow's clients and the pipeline's tracking store stands `KeepingStore`. From the first call
that the store does not take, a file store of MLflow's own in the run's folder takes its place for the
rest of the step, so that runs, metrics, parameters, figures, models and autologging work as before.
`stepmill.tracking.kept` delivers what it holds. Questions that only the server can answer fail, and
say so: an answer from the files alone could be a wrong one.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial, wraps
from inspect import signature
from pathlib import Path
from typing import Any

from stepmill import atomic

KEPT_VARIABLE = "STEPMILL_MLFLOW_KEPT"
ABOUT_FILE = "about.json"
FILES_VARIABLE = "MLFLOW_ALLOW_FILE_STORE"
_DELIVERED_LATER = "is kept and delivered by the next run that reaches it, or by `stepmill sync`"
_RUN_CALLS = frozenset(
    {
        *("create_run", "get_run", "update_run_info", "get_metric_history", "get_experiment"),
        *("log_metric", "log_param", "log_batch", "set_tag", "delete_tag", "log_inputs", "log_outputs"),
        *("record_logged_model", "create_logged_model", "get_logged_model", "finalize_logged_model"),
        *("log_logged_model_params", "set_logged_model_tags", "delete_logged_model_tag"),
    }
)
_BATCHES = frozenset({"log_metric", "log_param", "set_tag", "log_batch"})
_QUEUED = frozenset(
    {
        *("log_batch_async", "log_metric_async", "log_param_async", "set_tag_async"),
        *("end_async_logging", "flush_async_logging", "shut_down_async_logging"),
    }
)
_UPLOADS = ("log_artifact", "log_artifacts", "log_model_artifact", "log_model_artifacts")


@dataclass
class Logged:
    """What this process logged into one run: the last value of each metric, parameter and tag."""

    metrics: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, Any] = field(default_factory=dict)
    parent: str = ""
    name: str = ""

    def note(self, metrics: Any = (), params: Any = (), tags: Any = ()) -> None:
        """Note entities of MLflow's; its last value of a metric is the one of the largest step."""
        for metric in metrics:
            known = self.metrics.get(metric.key)
            if known is None or (known.step, known.timestamp) <= (metric.step, metric.timestamp):
                self.metrics[metric.key] = metric
        self.params.update((param.key, param) for param in params)
        self.tags.update((tag.key, tag) for tag in tags)


class KeepingStore:
    """A tracking store for one step; every call that is not named here goes to the pipeline's store.

    `make_real` connects to that. `run_id` is the step's run, "" if the server gave none; `folder` is
    where calls are kept, None if they cannot be. `about` is written beside them for the delivery.
    """

    def __init__(
        self,
        make_real: Callable[[], Any],
        folder: Path | None,
        about: Mapping[str, Any],
        *,
        uri: str,
        run_id: str,
        experiment_id: str,
        say: Callable[[str], None],
    ) -> None:
        self._make_real = make_real
        self._made: Any = None
        self._uri = uri
        self._folder = folder
        self._about = dict(about)
        self._say = say
        self._lock = threading.RLock()
        self._files: Any = None
        self._problem = ""
        self._stand_ins: set[str] = set()
        self._queue_owner: Any = None
        self.run_id = run_id
        self.experiment_id = experiment_id or "0"
        self.logged: dict[str, Logged] = {run_id: Logged()} if run_id else {}

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # mlflow prints links if the store is one on a server
        return KeepingStore if self._files is not None else type(self._real())

    def _real(self) -> Any:
        if self._made is None:
            self._made = self._make_real()
        return self._made

    @property
    def is_away(self) -> bool:
        """Whether calls are kept."""
        return self._files is not None

    def go_away(self, problem: str) -> None:
        """Keep all calls from now on; the step's run gets an id of its own if it has none."""
        with self._lock:
            if self.is_away:
                return
            assert self._folder is not None
            os.environ[FILES_VARIABLE] = "true"
            self._problem = problem
            self._files = self._new_files(self._folder)
            if not self.run_id:
                run = self._files.create_run(self.experiment_id, "", int(time.time() * 1000), [], None)
                self.run_id = run.info.run_id
                self.logged[self.run_id] = Logged()
            else:
                self._stand_in(self.run_id)
            self._write_about()
            _stay_with(self._uri)
            # processes that the user's code starts log there too
            os.environ["MLFLOW_TRACKING_URI"] = self._folder.as_uri()
            os.environ["MLFLOW_RUN_ID"] = self.run_id
            os.environ["MLFLOW_EXPERIMENT_ID"] = self.experiment_id
        self._say(f"MLflow cannot be reached ({problem}); what this step logs {_DELIVERED_LATER}")

    def keeps(self, error: BaseException) -> bool:
        """Tell whether what failed with `error` can be done again, into files."""
        if not is_outage(error) or self._folder is None:
            return False
        try:
            self.go_away(_cause(error))
        except Exception as problem:  # noqa: BLE001 - an MLflow without the names that we know: as without us
            self._say(f"calls of mlflow cannot be kept ({type(problem).__name__}: {problem})")
            return False
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _QUEUED:
            return getattr(self._queue, name)
        if self.is_away and name in _RUN_CALLS:
            return partial(self._call, name)
        found = getattr(self._real(), name)
        return partial(self._call, name) if callable(found) else found

    @property
    def _queue(self) -> Any:
        """MLflow's queue of asynchronous calls, which ends in our `log_batch`."""
        from mlflow.store.tracking import abstract_store

        base: Any = abstract_store.AbstractStore
        with self._lock:
            if self._queue_owner is None:
                methods = {name: getattr(base, name) for name in _QUEUED}
                owner = type("Queue", (), {**methods, "log_batch": partial(self._call, "log_batch")})()
                base.__init__(owner)
                self._queue_owner = owner
        return self._queue_owner

    def _call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        if not self.is_away:
            try:
                result = getattr(self._real(), name)(*args, **kwargs)
            except Exception as error:
                if not self.keeps(error):
                    raise
            else:
                self._note(name, args, kwargs, result)
                return result
        return self._keep(name, args, kwargs)

    def _keep(self, name: str, args: Any, kwargs: Any) -> Any:
        from mlflow.exceptions import MlflowException

        if name not in _RUN_CALLS:
            raise self._no_answer(name)
        run_id = _bound(getattr(self._files, name), args, kwargs).get("run_id")
        with self._lock:
            if run_id in self.logged:
                self._stand_in(run_id)
        if name == "get_metric_history" and run_id in self._stand_ins:
            raise self._no_answer(name)
        try:
            result = getattr(self._files, name)(*args, **kwargs)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise self._no_answer(name) from error
            raise
        self._note(name, args, kwargs, result)
        return result

    def _no_answer(self, name: str) -> Exception:
        from mlflow.exceptions import MlflowException

        return MlflowException(
            f"{name.replace('_', ' ')}: only the tracking server knows, and it cannot be reached "
            f"({self._problem}). What this step logged {_DELIVERED_LATER}; run the step again when the "
            "server is back"
        )

    def _note(self, name: str, args: Any, kwargs: Any, result: Any) -> None:
        if name != "create_run" and name not in _BATCHES:
            return
        given = _bound(getattr(self._files or self._real(), name), args, kwargs)
        if name == "create_run":
            tags = {tag.key: tag for tag in given.get("tags") or ()}
            parent = tags["mlflow.parentRunId"].value if "mlflow.parentRunId" in tags else ""
            run_name = result.info.run_name or ""
            self.logged[result.info.run_id] = Logged(tags=tags, parent=parent, name=run_name)
        else:
            logged = self.logged.setdefault(given.pop("run_id"), Logged())
            logged.note(**{f"{key.rstrip('s')}s": _many(value) for key, value in given.items()})

    def _new_files(self, folder: Path) -> Any:
        from mlflow.store.tracking import file_store

        make: Any = file_store.FileStore
        files = make(folder.as_uri(), folder.as_uri())  # with an experiment "0"
        if self.experiment_id != "0" and not (folder / self.experiment_id).exists():
            files._create_experiment_with_id("the pipeline's", self.experiment_id, None, None)
        return files

    def _stand_in(self, run_id: str) -> None:
        """Make a run in the files that has the id of one on the server, and what is known of it."""
        assert self._folder is not None
        place = self._folder / self.experiment_id
        if (place / run_id).exists():
            return
        known = self.logged[run_id]
        made = self._files.create_run(self.experiment_id, "", int(time.time() * 1000), [], known.name or None)
        about = place / made.info.run_id / "meta.yaml"
        about.write_text(about.read_text("utf-8").replace(made.info.run_id, run_id), "utf-8")
        about.parent.rename(place / run_id)
        self._files.log_batch(
            run_id, list(known.metrics.values()), list(known.params.values()), list(known.tags.values())
        )
        self._stand_ins.add(run_id)
        self._write_about()

    def _write_about(self) -> None:
        assert self._folder is not None
        document = {"schema": 1, **self._about, "run_id": self.run_id, "on_server": sorted(self._stand_ins)}
        atomic.write_text(self._folder / ABOUT_FILE, json.dumps(document))


def install(uri: str, store_of: Callable[[Callable[[], Any]], KeepingStore]) -> KeepingStore:
    """Put what `store_of` returns in the place of the store at `uri`; private names, all of them."""
    from mlflow.tracking._tracking_service import client, utils

    registry: Any = utils._tracking_store_registry
    real = registry._get_store_with_resolved_uri
    store = store_of(lambda: real(uri))
    registry._get_store_with_resolved_uri = lambda resolved, artifact_uri=None: (
        store if resolved == uri else real(resolved, artifact_uri)
    )
    for name in _UPLOADS:
        _upload_again(client.TrackingServiceClient, name, uri, store)
    return store


def _upload_again(cls: Any, name: str, uri: str, store: KeepingStore) -> None:
    upload = getattr(cls, name)

    @wraps(upload)
    def uploaded(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return upload(self, *args, **kwargs)
        except Exception as error:
            if self.tracking_uri != uri or store.is_away or not store.keeps(error):
                raise
        return upload(self, *args, **kwargs)

    setattr(cls, name, uploaded)


def is_outage(error: BaseException | None) -> bool:
    """Tell whether `error` means that the server cannot be reached, or a gateway cannot reach it."""
    from requests import exceptions

    gateway = re.compile(r"failed with error code 50[234]\b")
    away = (exceptions.ConnectionError, exceptions.Timeout, exceptions.RetryError)
    while error is not None:
        if isinstance(error, away) or gateway.search(str(error)):
            return True
        if isinstance(error, exceptions.HTTPError) and error.response is not None:
            return error.response.status_code in (502, 503, 504)
        error = error.__cause__ or error.__context__
    return False


def _cause(error: BaseException) -> str:
    """Return the cause of `error` in a word: its text may hold an address with a password."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return type(error).__name__


def _stay_with(uri: str) -> None:
    """Keep this process at `uri`, where our store stands, and look anew where each run's files go."""
    from mlflow.tracking._tracking_service import utils

    vars(utils)["_tracking_uri"] = uri
    utils._artifact_repos_cache.clear()


def _bound(function: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    return dict(signature(function).bind(*args, **kwargs).arguments)


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
