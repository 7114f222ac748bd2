"""One fork server per worker process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oracle.harness import ForkServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def server() -> Iterator[ForkServer]:
    made = ForkServer()
    yield made
    made.close()
