from __future__ import annotations

import pytest

from stepmill.execution.environment import available_cpus, kernel_environment


def test_threads_are_the_share_of_one_job() -> None:
    assert kernel_environment({}, jobs=1, base={})["OMP_NUM_THREADS"] == str(available_cpus())
    assert kernel_environment({}, jobs=1000, base={})["MKL_NUM_THREADS"] == "1"


@pytest.mark.parametrize(("cpus", "threads"), [(3, "3"), (0.5, "1"), (1.5, "2")])
def test_cpus_decide_the_threads(cpus: float, threads: str) -> None:
    assert kernel_environment({}, cpus=cpus, jobs=8, base={})["OPENBLAS_NUM_THREADS"] == threads


def test_what_the_user_set_stays_and_the_task_wins() -> None:
    base = {"OMP_NUM_THREADS": "5", "PYTHONHASHSEED": "random", "HOME": "/h", "X": "base"}
    made = kernel_environment({"X": "task"}, cpus=2, base=base)
    assert (made["OMP_NUM_THREADS"], made["HOME"], made["X"]) == ("5", "/h", "task")
    assert made["PYTHONHASHSEED"] == "0"
    assert kernel_environment({"PYTHONHASHSEED": "7"}, base=base)["PYTHONHASHSEED"] == "7"


def test_no_telemetry() -> None:
    made = kernel_environment({}, base={})
    assert (made["MLFLOW_DISABLE_TELEMETRY"], made["DO_NOT_TRACK"]) == ("true", "true")
