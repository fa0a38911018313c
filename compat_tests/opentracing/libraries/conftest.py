"""Play a library's scenario in the library's environment, once for each tracer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compat_tests._scenarios._play import Player

if TYPE_CHECKING:
    from compat_tests._scenarios._servers import Servers


@pytest.fixture(scope="session")
def play(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Player:
    """What plays a library's scenario over a tracer and returns the record."""
    return Player(Path(__file__).parent, "libraries", servers, tmp_path_factory.mktemp)
