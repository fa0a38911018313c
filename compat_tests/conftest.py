"""What all tests against software that nobody here wrote have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from compat_tests._scenarios._servers import Servers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers that libraries talk to, started as they are needed."""
    servers = Servers()
    yield servers
    servers.close()
