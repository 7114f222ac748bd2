"""The kernel a notebook asks for: does it exist, which interpreter runs it, of which version?

Kernel specifications are read from where Jupyter keeps them, without importing its client: that
would cost more than all other planning of a cached run.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

from stepmill.errors import KernelError

if TYPE_CHECKING:
    from collections.abc import Iterator

NATIVE_KERNEL = "python3"
NATIVE_TITLE = "Python 3 (ipykernel)"
_PROBE = "import json, platform, sys; print(json.dumps([platform.python_version(), sys.path]))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel specification. `executable` runs it; `sys_path` is where that one finds distributions.

    `title` is what Jupyter shows of it.
    """

    name: str
    title: str = ""
    executable: str
    python_version: str
    sys_path: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether it runs in the interpreter that runs us."""
        return self.executable == sys.executable


def find_kernel(name: str) -> Kernel:
    """Return the Python kernel called `name` (empty: Jupyter's default).

    Raises
    ------
    KernelError
        No specification has this name, it is not Python's, or its interpreter does not run.
    """
    wanted = name or NATIVE_KERNEL
    specifications = dict(_specifications())
    folder = specifications.get(wanted.lower())
    if folder is None:
        if wanted == NATIVE_KERNEL:
            return _native()
        available = ", ".join(sorted({*specifications, NATIVE_KERNEL}))
        raise KernelError(
            f"the notebook asks for the kernel {wanted!r}, which is not installed",
            hint=f"installed kernels: {available}; choose one in the notebook, or install it",
        )
    document = _document(folder, wanted)
    language = str(document.get("language", "python")).lower()
    if language != "python":
        raise KernelError(
            f"the kernel {wanted!r} runs {language}; stepmill runs Python notebooks",
            hint="choose a Python kernel in the notebook",
        )
    title = str(document.get("display_name", ""))
    return _described(wanted, title, _executable(document["argv"][0], folder))


def _native() -> Kernel:
    version = python_version()
    return Kernel(
        name=NATIVE_KERNEL,
        title=NATIVE_TITLE,
        executable=sys.executable,
        python_version=version,
        sys_path=tuple(sys.path),
    )


def _described(name: str, title: str, executable: str) -> Kernel:
    if executable == sys.executable:
        version, path = python_version(), tuple(sys.path)
    else:
        version, path = _ask(executable)
    return Kernel(name=name, title=title, executable=executable, python_version=version, sys_path=path)


def _specifications() -> Iterator[tuple[str, Path]]:
    """Yield (lower-case name, folder), the ones that Jupyter would prefer last."""
    from jupyter_core.paths import jupyter_path

    ipython = Path(os.environ.get("IPYTHONDIR", "~/.ipython")).expanduser()
    folders = [*map(Path, jupyter_path("kernels")), ipython / "kernels"]
    for folder in reversed(folders):
        if os.access(folder, os.R_OK | os.X_OK) and folder.is_dir():
            for entry in folder.iterdir():
                if (entry / "kernel.json").is_file():
                    yield entry.name.lower(), entry


def _document(folder: Path, name: str) -> dict[str, Any]:
    path = folder / "kernel.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        document["argv"][0]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise KernelError(
            f"the specification of the kernel {name!r} cannot be used: {error!r}", hint=f"it stands in {path}"
        ) from error
    found: dict[str, Any] = document
    return found


def _executable(command: str, folder: Path) -> str:
    """Return the interpreter that Jupyter starts: its launcher replaces a plain `python` by our own."""
    version = sys.version_info
    if command in ("python", f"python{version[0]}", f"python{version[0]}.{version[1]}"):
        return sys.executable
    found = shutil.which(command.replace("{resource_dir}", str(folder)))
    if found is None:
        raise KernelError(
            f"the kernel's program {command!r} does not exist",
            hint=f"repair or remove the kernel specification in {folder}",
        )
    return found


@lru_cache(maxsize=16)
def _ask(executable: str) -> tuple[str, tuple[str, ...]]:
    """Return version and `sys.path` of another interpreter, from itself."""
    import subprocess

    try:
        done = subprocess.run(
            [executable, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=True, cwd="/"
        )
        version, path = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        # Not every kernel's program is an interpreter (conda wrappers): its own name is its identity then.
        if isinstance(error, subprocess.TimeoutExpired):
            raise KernelError(f"the kernel's program {executable} does not answer") from error
        return f"unknown ({executable})", ()
    return version, tuple(entry for entry in path if entry)
