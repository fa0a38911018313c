"""Each test leaves no instrument behind: the next one's collections would tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from midspan.metrics._seam import binding

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_instruments_left() -> Iterator[None]:
    """Forget what a test has made."""
    before = set(binding.instruments)
    yield
    for identity, instrument in list(binding.instruments.items()):
        if identity not in before:
            binding.forget(instrument)
