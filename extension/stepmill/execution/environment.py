"""The environment variables of a step's kernel."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from stepmill.execution.resources import available_cpus

if TYPE_CHECKING:
    from collections.abc import Mapping

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def kernel_environment(
    extra: Mapping[str, str],
    *,
    cpus: float | None = None,
    jobs: int = 1,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the whole environment of a kernel.

    The order of precedence: `extra`; then the hash seed, which is fixed so that sets of strings
    have the same order in every run; then `base` (ours, if None); then thread counts (`cpus` if
    given, else the machine's share of one of `jobs` parallel steps) and no telemetry.
    """
    threads = math.ceil(cpus) if cpus else max(1, available_cpus() // max(1, jobs))
    defaults = dict.fromkeys(THREAD_VARIABLES, str(threads)) | QUIET
    inherited = dict(os.environ if base is None else base)
    return defaults | inherited | {"PYTHONHASHSEED": "0"} | dict(extra)
