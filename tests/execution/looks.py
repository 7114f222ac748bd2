# Run in a kernel as a cell: prints what user code can see of its process.
import atexit as _atexit
import gc as _gc
import json as _json
import locale as _locale
import logging as _logging
import os as _os
import resource as _resource
import signal as _signal
import sys as _sys
import threading as _threading
import time as _time
import warnings as _warnings

_numbers = [getattr(_signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGCHLD", "SIGALRM")]
print(
    _json.dumps(
        {
            # an empty module that Cython makes for itself belongs to whichever of its modules comes first
            "modules": sorted(name for name in _sys.modules if not name.startswith("_cyutility")),
            "submodules": {
                name: sorted(k for k in vars(module) if f"{name}.{k}" in _sys.modules)
                for name, module in list(_sys.modules.items())
                if hasattr(module, "__path__")
            },
            "path": _sys.path,
            "finders": sorted(
                type(f).__name__ for f in _sys.meta_path if "stepmill" not in type(f).__module__
            ),
            "arguments": [_sys.argv[0], _sys.argv[1]],
            "flags": str(_sys.flags),
            "options": str(_sys._xoptions),
            "signals": [str(_signal.getsignal(n)) for n in _numbers],
            "mask": str(_signal.pthread_sigmask(_signal.SIG_BLOCK, [])),
            # the one that looks whether the parent lives has no name; a forked kernel needs none
            "threads": sorted(t.name for t in _threading.enumerate() if not t.name.startswith("Thread-")),
            "group": (_os.getpid() == _os.getpgrp(), _os.getsid(0) == _os.getpid()),
            "folder": _os.getcwd(),  # noqa: PTH109
            "environment": dict(_os.environ),
            "locale": _locale.getlocale(),
            "streams": (_sys.stdout.encoding, _sys.__stdout__.encoding, str(_sys.stdin)),
            "collector": (_gc.get_threshold(), _gc.isenabled()),
            "main": _sys.modules["__main__"].__dict__ is globals(),
            "limit": _sys.getrecursionlimit(),
            "loggers": sorted(_logging.root.manager.loggerDict),
            "exit handlers": _atexit._ncallbacks(),
            "hashes": (hash("a"), hash(b"b")),
            "zone": _time.tzname,
            "limits": [_resource.getrlimit(number) for number in range(9)],
            "name": open("/proc/self/comm").read(),  # noqa: PTH123, SIM115
            "filters": [str(f[:1] + f[2:]) for f in _warnings.filters],
        }
    )
)
