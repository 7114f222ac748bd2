"""What steps need of the machine while they run, and what there is of it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """CPUs, GPUs and bytes of memory: of one step, or all that may be used."""

    cpus: float = 1.0
    gpus: float = 0.0
    memory_bytes: float = 0.0

    def hold(self, wanted: Collection[Resources]) -> bool:
        """Return whether there is room for all of them at a time."""
        return (
            sum(one.cpus for one in wanted) <= self.cpus
            and sum(one.gpus for one in wanted) <= self.gpus
            and sum(one.memory_bytes for one in wanted) <= self.memory_bytes
        )


USUAL = Resources()
"""What a step takes that says nothing about it."""
UNLIMITED = Resources(cpus=math.inf, gpus=math.inf, memory_bytes=math.inf)


def available_cpus() -> int:
    """Return the number of CPUs this process may use: those it is bound to, or fewer by its control group."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(bound, _cpu_limit())))


def available(jobs: int) -> Resources:
    """Return what the steps of a run may take together: `jobs` CPUs if that is more than there are."""
    return Resources(
        cpus=max(jobs, available_cpus()),
        gpus=_gpus(),
        memory_bytes=min(_memory_bytes(), _memory_limit()),
    )


def oom_kills() -> int:
    """Return how many processes this machine has killed because memory ran out, if it says."""
    try:
        counts = Path("/proc/vmstat").read_text().splitlines()
        return next(int(line.split()[1]) for line in counts if line.startswith("oom_kill "))
    except (OSError, StopIteration):  # no Linux, or an old one
        return 0


def _gpus() -> float:
    """Return how many GPUs there are; no limit where we see none: the steps know better."""
    return float(len(list(Path("/dev").glob("nvidia[0-9]*")))) or math.inf


def _memory_bytes() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # not on Windows
        return math.inf


def _cpu_limit() -> float:
    quotas = []
    for folder in _own_groups("cpu"):
        quotas.append(_limit(folder / "cpu.max"))
        quota = _limit(folder / "cpu.cfs_quota_us")  # version 1; -1: none
        if quota >= 0:
            quotas.append(quota / _limit(folder / "cpu.cfs_period_us"))
    return min(quotas, default=math.inf)


def _memory_limit() -> float:
    files = ("memory.max", "memory.limit_in_bytes")  # of version 2 and 1
    return min((_limit(group / file) for group in _own_groups("memory") for file in files), default=math.inf)


def _own_groups(controller: str) -> Iterator[Path]:
    """Yield the folders of this process' control groups that may limit it, of either version.

    In a container the file tells of groups that only the host can see: those above them are looked at.
    """
    try:
        lines = _OWN_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = _CGROUPS / controllers if controllers else _CGROUPS
        folder = root / path.lstrip("/")
        yield from (one for one in (folder, *folder.parents) if one.is_relative_to(root))


def _limit(path: Path) -> float:
    """Return the number in a file such as `max`, `2147483648` or `150000 100000`: the latter is 1.5."""
    try:
        amount, *period = path.read_text().split()
        return float(amount) / float(period[0] if period else 1)
    except (OSError, ValueError):  # there is none, or it says "max"
        return math.inf
