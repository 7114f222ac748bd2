from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.notebooks import Workplace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A folder that is a project of its own."""
    (tmp_path / "pyproject.toml").write_text("")
    return Workplace(tmp_path)
