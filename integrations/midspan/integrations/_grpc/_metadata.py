"""Carry the trace in gRPC's metadata.

Names are in lower case, of few characters; values are printable ASCII, or bytes where the name ends in
`-bin`. One pair that is not so would fail the whole call. Source: gRPC over HTTP/2, Custom-Metadata.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble, propagation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from midspan.context import Context

__all__ = ["carrier_of", "with_trace"]

_is_name: Final = re.compile(r"[0-9a-z_.-]+").fullmatch
_is_text: Final = re.compile(r"[ -~]*").fullmatch


def with_trace(given: Iterable[Any] | None, context: Context) -> list[Any]:
    """Return pairs of metadata with the trace of `context` among them; `given` stays as it is."""
    headers: dict[str, Any] = {}
    propagation.inject(headers, context)
    ours: dict[str, Any] = {}
    for key, value in headers.items():
        name = key.lower()
        if _is_valid(name, value):
            ours[name] = value
        else:
            _trouble.report("integration.grpc.metadata", "%s cannot be metadata: not sent", name)
    return [*(pair for pair in given or () if pair[0] not in ours), *ours.items()]


def _is_valid(name: str, value: object) -> bool:
    if not _is_name(name):
        return False
    if name.endswith("-bin"):
        return isinstance(value, bytes)
    return isinstance(value, str) and _is_text(value) is not None


def carrier_of(metadata: Iterable[Any] | None) -> Any:  # noqa: ANN401 - a carrier
    """Return metadata that was received in a form that propagators read."""
    pairs = [(pair[0], pair[1]) for pair in metadata or ()]
    found = dict(pairs)
    # What came twice is for the formats to judge.
    return found if len(found) == len(pairs) else pairs
