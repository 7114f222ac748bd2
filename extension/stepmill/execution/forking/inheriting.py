"""What a process hands down to those that it starts, but for environment, folder and open files.

Runs in the kernel's own environment and in the runner: standard library only.
"""

from __future__ import annotations

import os
import signal

_STATUS = (
    *("Umask", "Uid", "Gid", "Groups", "SigBlk", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"),
    *("NoNewPrivs", "Seccomp", "Seccomp_filters", "Speculation_Store_Bypass", "THP_enabled"),
    *("Cpus_allowed", "Mems_allowed"),
)
_FILES = (
    *("limits", "cgroup", "oom_score_adj", "coredump_filter", "timerslack_ns", "personality"),
    *("loginuid", "sessionid"),
    "attr/current",
)
_LINKS = (
    *("root", "ns/cgroup", "ns/ipc", "ns/mnt", "ns/net", "ns/pid_for_children", "ns/time_for_children"),
    *("ns/user", "ns/uts"),
)
_PYTHONS = ("SIGPIPE", "SIGXFSZ")  # ignored by every interpreter, and given back to what it starts


def inherited(ignores_interrupt: bool | None = None) -> dict[str, object]:
    """Return limits, control group, namespaces, rights, umask, signals, CPUs and niceness, by name.

    `ignores_interrupt`: how SIGINT is to be taken, where that is not as the process itself does.
    """
    found: dict[str, object] = {name: _read(f"/proc/thread-self/{name}") for name in _FILES}
    for name in _LINKS:
        try:
            found[name] = os.readlink(f"/proc/thread-self/{name}")
        except OSError:
            found[name] = None
    status = dict(line.partition(":")[::2] for line in _read("/proc/thread-self/status").splitlines())
    found.update((name, status.get(name, "").strip()) for name in _STATUS)
    ignored = {number for number in range(1, 65) if int(status.get("SigIgn", "0"), 16) >> (number - 1) & 1}
    if ignores_interrupt is not None:
        ignored -= {signal.SIGINT}
        ignored |= {signal.SIGINT} if ignores_interrupt else set()
    found["ignored signals"] = sorted(ignored - {getattr(signal, name) for name in _PYTHONS})
    found["priority"] = [
        os.getpriority(os.PRIO_PROCESS, 0),
        os.sched_getscheduler(0),
        os.sched_getparam(0).sched_priority,
    ]
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
