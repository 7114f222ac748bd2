from __future__ import annotations

import json
import platform
import sys
import venv
from typing import TYPE_CHECKING, Any

import pytest

from stepmill.errors import KernelError
from stepmill.planning.kernels import find_kernel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for kernel specifications that Jupyter prefers over all others."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return tmp_path / "kernels"


def specify(kernels: Path, name: str, *argv: str, **more: Any) -> None:
    (kernels / name).mkdir(parents=True)
    document = {"argv": [*argv], "display_name": name, "language": "python", **more}
    (kernels / name / "kernel.json").write_text(json.dumps(document))


def test_no_name_means_jupyters_default() -> None:
    kernel = find_kernel("")
    assert (kernel.name, kernel.executable) == ("python3", sys.executable)
    assert kernel.python_version == platform.python_version()
    assert kernel.is_ours


def test_a_plain_python_is_our_own_as_jupyter_starts_it(kernels: Path) -> None:
    specify(kernels, "Mine", "python", "-m", "ipykernel_launcher")
    assert find_kernel("mine").is_ours


def test_another_environment_is_asked_for_version_and_path(kernels: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", symlinks=True)
    python = tmp_path / "env" / "bin" / "python"
    specify(kernels, "other", str(python), "-m", "ipykernel_launcher")
    kernel = find_kernel("other")
    assert not kernel.is_ours
    assert kernel.python_version == platform.python_version()
    assert any(entry.startswith(str(tmp_path / "env")) for entry in kernel.sys_path)


BROKEN = [
    pytest.param({}, "no-such-kernel", "is not installed", id="missing"),
    pytest.param({"argv": []}, "bad", "cannot be used", id="empty-command"),
    pytest.param({"argv": ["/no/such/python"]}, "bad", "does not exist", id="missing-program"),
    pytest.param({"language": "R"}, "bad", "runs r", id="other-language"),
]


@pytest.mark.parametrize(("more", "name", "message"), BROKEN)
def test_unusable_kernels_are_clear_errors(
    kernels: Path, more: dict[str, Any], name: str, message: str
) -> None:
    specify(kernels, "bad", sys.executable, **more)
    with pytest.raises(KernelError, match=message) as caught:
        find_kernel(name)
    assert caught.value.hint


def test_a_damaged_specification_is_a_clear_error(kernels: Path) -> None:
    specify(kernels, "bad", sys.executable)
    (kernels / "bad" / "kernel.json").write_text("{ torn")
    with pytest.raises(KernelError, match="cannot be used"):
        find_kernel("bad")
