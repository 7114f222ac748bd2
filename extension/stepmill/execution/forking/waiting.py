"""A fork server between two runs: it listens for the next one, for a while.

Whoever connects sends one JSON object: `{"adopt": …}` by a run that wants it, which then has it for itself;
`{"end": true}`; anything else asks who it is. Only processes of the same user are heard.

Runs in the kernel's own environment: standard library only, nothing of stepmill.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time

_MOST_BYTES = 1 << 20
_PATIENCE_S = 1.0


class Door:
    """Where the next run knocks: a socket, listening from now on."""

    def __init__(self, path):
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(path)
        self._listener.listen()

    def close(self):
        os.unlink(self._path)
        self._listener.close()

    def wait(self, seconds, answer):
        """Return the connection to the run that takes over, or None if nobody does.

        `answer` is called with each question. It returns what to say, and whether to wait no longer; nothing
        to say means that the run may have it.
        """
        deadline = time.monotonic() + seconds
        while (left_s := deadline - time.monotonic()) > 0:
            self._listener.settimeout(left_s)
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                break
            taken, is_over = _talk(connection, answer)
            if taken or is_over:
                return connection if taken else None
            connection.close()
        return None


def _talk(connection, answer):
    connection.settimeout(_PATIENCE_S)
    try:
        if not _is_ours(connection):
            return False, False
        message = json.loads(connection.recv(_MOST_BYTES) or b"null")
        if message is None:
            return False, False
        if "end" in message:
            return False, True
        said, is_over = answer(message)
        if said is None:
            connection.settimeout(None)
            return True, False
        connection.send(json.dumps(said).encode())
    except (OSError, ValueError):  # it went away
        return False, False
    return False, is_over


def _is_ours(connection):
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1] == os.geteuid()
