"""`correlation-context`: what W3C Baggage was called in its drafts, and what .NET still sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan.propagation.w3c_baggage import Baggage

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CorrelationContext"]


class CorrelationContext(Baggage):
    """Carries what `baggage` carries, under its old name."""

    __slots__ = ()

    fields: Sequence[str] = ("correlation-context",)
