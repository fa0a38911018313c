"""Stand back where a legacy instrumentation records the same already, and say so."""

from __future__ import annotations

import logging
from typing import Final

__all__ = ["stands_back"]

_said: Final[set[tuple[str, str]]] = set()


def stands_back(integration: str, legacy: str | None) -> bool:
    """Say whether `legacy`, an instrumentation found in the application, records what `integration` would.

    Its spans come through a bridge, into the same trace. Two spans of the same request would be one too many.
    """
    if legacy is None:
        return False
    if (integration, legacy) not in _said:
        _said.add((integration, legacy))
        logging.getLogger("midspan").info(
            "the integration %s stands back: %s records the same already", integration, legacy
        )
    return True
