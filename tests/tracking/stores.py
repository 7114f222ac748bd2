"""What stands in an MLflow store, read by a process of its own: mlflow stays out of the tests' process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

_READ = """
import json, sys
from mlflow import MlflowClient
from mlflow.entities import ViewType
client = MlflowClient(sys.argv[1])
experiments = client.search_experiments(ViewType.ALL)
def files(run_id, path=None):
    for item in client.list_artifacts(run_id, path):
        if item.is_dir:
            yield from files(run_id, item.path)
        else:
            yield item.path
def models(run):
    logged = [client.get_logged_model(out.model_id) for out in run.outputs.model_outputs]
    return [
        {"id": m.model_id, "name": m.name, "status": str(m.status), "tags": m.tags, "params": m.params,
         "folder": m.artifact_location}
        for m in logged
    ]
runs = [
    {
        "run_id": run.info.run_id, "name": run.info.run_name, "status": run.info.status,
        "start": run.info.start_time, "end": run.info.end_time,
        "experiment": e.name, "artifact_uri": run.info.artifact_uri,
        "tags": dict(run.data.tags), "params": dict(run.data.params), "metrics": dict(run.data.metrics),
        "parent": run.data.tags.get("mlflow.parentRunId"), "files": sorted(files(run.info.run_id)),
        "datasets": [
            {"name": d.dataset.name, "digest": d.dataset.digest, "source": json.loads(d.dataset.source),
             "type": d.dataset.source_type, "tags": {t.key: t.value for t in d.tags}}
            for d in run.inputs.dataset_inputs
        ],
        "models": models(run),
    }
    for e in experiments for run in client.search_runs([e.experiment_id], max_results=5000)
]
print("RUNS" + json.dumps(runs))
"""


def run_python(
    source: str, *arguments: str, environ: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run `source` as a script in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-P", "-c", source, *arguments],
        env={**clean_environ(), **environ},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def clean_environ() -> dict[str, str]:
    """The environment without settings of MLflow's and the hook's, telemetry off."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "STEPMILL_MLFLOW"))} | QUIET


def all_runs(uri: str, cwd: Path, environ: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Return every run of the store, oldest first."""
    done = run_python(_READ, uri, environ=environ or {}, cwd=cwd)
    assert "RUNS" in done.stdout, done.stderr
    runs: list[dict[str, Any]] = json.loads(done.stdout.partition("RUNS")[2])
    return sorted(runs, key=lambda run: run["start"])
