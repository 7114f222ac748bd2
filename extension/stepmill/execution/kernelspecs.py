"""Where kernelspecs are looked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_core.paths import jupyter_path

from stepmill.plugins import entry_points_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class _ProvisionerFactory(KernelProvisionerFactory):
    """Upstream's, which reads the entry points of all packages for itself."""

    @staticmethod
    def _get_all_provisioners() -> list[EntryPoint]:
        return list(entry_points_of(KernelProvisionerFactory.GROUP_NAME))


def kernel_specs() -> KernelSpecManager:
    """Return a manager that finds what Jupyter finds.

    Jupyter asks IPython for its folder, where kernels once were, and imports all of it to ask. That is
    spared where no such folder has any.
    """
    if not KernelProvisionerFactory.initialized():
        _ProvisionerFactory.instance()
    manager = KernelSpecManager()
    if not any((folder / "kernels").is_dir() for folder in _folders_of_ipython()):
        manager.kernel_dirs = jupyter_path("kernels")
    return manager


def _folders_of_ipython() -> list[Path]:
    """Return all that `IPython.paths.get_ipython_dir` may return."""
    home = Path.home()
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    found = [home / ".ipython", configured / "ipython", home / ".config" / "ipython"]
    named = os.environ.get("IPYTHONDIR")
    return [*found, Path(named).expanduser()] if named else found
