"""A `jupyter lab` of its own, which tests may stop, and start again with or without stepmill."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import BinaryIO

BUNDLE = Path(__file__).parents[2] / "extension" / "stepmill" / "labextension"
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


class Server:
    """JupyterLab with the panel as it was built last; `root` is the folder that it shows."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "root"
        self.root.mkdir()
        (home / "labextensions").mkdir()
        (home / "labextensions" / "stepmill").symlink_to(BUNDLE)
        (home / "config" / "labconfig").mkdir(parents=True)
        overrides = home / "config" / "labconfig" / "default_setting_overrides.json"
        overrides.write_text(json.dumps(SETTINGS))
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self, *, has_stepmill: bool = True) -> None:
        """Start it and wait until it answers; at the same address each time."""
        extensions = {"stepmill": has_stepmill}
        if importlib.util.find_spec("notebook.app"):
            extensions["notebook"] = True
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self._port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.root,
            "ServerApp.jpserver_extensions": str(extensions),
            "IdentityProvider.token": "",
            "LabApp.expose_app_in_browser": True,
            "LabApp.extra_labextensions_path": self.home / "labextensions",
            "JupyterNotebookApp.extra_labextensions_path": self.home / "labextensions",
        }
        with self._log.open("ab") as log:
            self._process = self._started(options, log)
        self._wait()

    def stop(self) -> None:
        """End it, as Ctrl-C twice does.

        A signal in the middle of a request for contents leaves one of anyio's threads behind, which are
        no daemons: that Jupyter server never ends by itself, with or without stepmill.
        """
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
                return
        pytest.fail(f"jupyter lab could not be ended:\n{self._log.read_text()[-3000:]}")

    def _started(self, options: dict[str, object], log: BinaryIO) -> subprocess.Popen[bytes]:
        folders = {
            f"JUPYTER_{kind.upper()}_DIR": str(self.home / kind) for kind in ("config", "data", "runtime")
        }
        command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
        return subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            env={**os.environ, **folders, "JUPYTER_PLATFORM_DIRS": "0"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def _log(self) -> Path:
        return self.home / "server.log"

    def _wait(self) -> None:
        end_s = time.monotonic() + 120
        while time.monotonic() < end_s:
            if self._process is None or self._process.poll() is not None:
                pytest.fail(f"jupyter lab ended:\n{self._log.read_text()[-3000:]}")
            url = f"{self.url}/api/status"
            with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):
                return
            time.sleep(0.2)
        pytest.fail(f"jupyter lab did not answer:\n{self._log.read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
