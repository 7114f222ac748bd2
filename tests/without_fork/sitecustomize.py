"""Takes from every Python that has this folder on its path what only Linux has: `make spawn`.

Kernels are then started as on macOS and Windows, and their end is polled for.
"""

import os
import socket

for module, name in (
    (os, "pidfd_open"),
    (os, "memfd_create"),
    (os, "sched_getaffinity"),
    (socket, "recv_fds"),
    (socket, "send_fds"),
):
    if hasattr(module, name):
        delattr(module, name)
