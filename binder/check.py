"""Build and start what Binder would, in a clean environment: `python binder/check.py`.

A copy of the repository as git has it, a new virtual environment and an empty home stand for the
image. Needs Python with venv and the package index; takes a minute or two.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = "examples/churn/churn.ipynb"
STARTS_WITHIN_S = 60.0
PIP = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "1"}  # what is not imported is not compiled


def main() -> int:
    """Return 0 if JupyterLab comes up with panel and example; print what is wrong else."""
    with tempfile.TemporaryDirectory(prefix="binder-") as scratch:
        repository, environment = _image(Path(scratch))
        problems = _extension_problems(environment)
        problems += _server_problems(repository, environment)
    for problem in problems:
        print(f"binder: {problem}", file=sys.stderr)
    print("binder: " + ("FAILED" if problems else "the example and the panel are there"))
    return 1 if problems else 0


def _image(scratch: Path) -> tuple[Path, dict[str, str]]:
    """Do what repo2docker does: copy, requirements.txt, postBuild."""
    repository, home, venv = scratch / "repository", scratch / "home", scratch / "venv"
    home.mkdir()
    for name in _files_of_the_repository():
        target = repository / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
        target.chmod((ROOT / name).stat().st_mode)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "JUPYTER", "VIRTUAL_ENV", "STEPMILL"))
    }
    path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**kept, "PATH": path, "HOME": str(home), **PIP}
    install = ["python", "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt"]
    for command in (install, ["binder/postBuild"]):
        subprocess.run(command, cwd=repository, env=environment, check=True)
    return repository, environment


def _files_of_the_repository() -> list[str]:
    """Return what a clone has: tracked files, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _extension_problems(environment: dict[str, str]) -> list[str]:
    """Return what `jupyter` says against our two halves."""
    problems = []
    for command in (["labextension", "list"], ["server", "extension", "list"]):
        done = subprocess.run(
            ["jupyter", *command], env=environment, capture_output=True, text=True, check=False
        )
        said = (done.stdout + done.stderr).replace("\x1b[32m", "").replace("\x1b[0m", "")
        lines = [line for line in said.splitlines() if "stepmill" in line]
        if not any("enabled" in line for line in lines) or not any("OK" in line for line in lines):
            problems.append(f"jupyter {' '.join(command)} says:\n{said}")
    return problems


def _server_problems(repository: Path, environment: dict[str, str]) -> list[str]:
    """Start JupyterLab by `start`, ask it for its first page, the example and the panel; stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--ip=127.0.0.1", f"--port={port}", "--no-browser", "--IdentityProvider.token=binder"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    server = subprocess.Popen(["binder/start", "jupyter-lab", *options], cwd=repository, env=environment)
    try:
        site = f"http://127.0.0.1:{port}"
        if not _answers(site, server):
            return [f"JupyterLab did not answer within {STARTS_WITHIN_S:.0f} s"]
        return list(filter(None, (_first_page(site), _layout(site), _analysis(repository, site))))
    finally:
        server.terminate()
        server.wait(timeout=20)


def _answers(site: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            _get(f"{site}/api/status")
        except OSError:
            time.sleep(0.3)
        else:
            return True
    return False


def _first_page(site: str) -> str:
    with _get(f"{site}/") as answer:
        page, address = answer.read().decode(), answer.geturl()
    if not address.endswith(f"/lab/tree/{EXAMPLE}"):
        return f"the first page is {address}, not the example"
    if "jupyter-config-data" not in page or '"name": "stepmill"' not in page:
        return "the first page does not load the panel"
    return ""


def _layout(site: str) -> str:
    with _get(f"{site}/lab/api/workspaces/default") as answer:
        layout = json.load(answer)["data"].get("layout-restorer:data", {})
    shown = (layout.get("main", {}).get("current"), layout.get("right", {}).get("current"))
    wanted = (f"notebook:{EXAMPLE}", "stepmill-panel")
    return "" if shown == wanted else f"the first page shows {shown}, not {wanted}"


def _analysis(repository: Path, site: str) -> str:
    """Ask the server half for the example's graph, as the panel does."""
    notebook = json.loads((repository / EXAMPLE).read_text("utf-8"))
    body = json.dumps({"path": EXAMPLE, "notebook": notebook}).encode()
    with _get(f"{site}/stepmill/api/analyze", body) as answer:
        steps = [step["name"] for step in json.load(answer)["graph"]["steps"]]
    return "" if "train" in steps else f"the example has the steps {steps}"


def _get(address: str, body: bytes | None = None) -> urllib.request.http.client.HTTPResponse:  # type: ignore[name-defined]
    headers = {"Authorization": "token binder", "Content-Type": "application/json"}
    request = urllib.request.Request(address, data=body, headers=headers)
    return urllib.request.urlopen(request, timeout=30)


if __name__ == "__main__":
    sys.exit(main())
