"""Read gRPC's status codes, in each of the ways in which they are kept."""

from __future__ import annotations

from typing import Final

import grpc

from midspan.integrations._rpc import Status

__all__ = ["CANCELLED", "DEADLINE_EXCEEDED", "OK", "UNIMPLEMENTED", "UNKNOWN", "details_of", "status_of"]

_STATUSES: Final = {code: Status(code.name, code.value[0]) for code in grpc.StatusCode}
_NUMBERS: Final = {status.number: status for status in _STATUSES.values()}
CANCELLED: Final = _STATUSES[grpc.StatusCode.CANCELLED]
DEADLINE_EXCEEDED: Final = _STATUSES[grpc.StatusCode.DEADLINE_EXCEEDED]
OK: Final = _STATUSES[grpc.StatusCode.OK]
UNIMPLEMENTED: Final = _STATUSES[grpc.StatusCode.UNIMPLEMENTED]
UNKNOWN: Final = _STATUSES[grpc.StatusCode.UNKNOWN]


def status_of(code: object) -> Status:
    """Return what a code means; what is none of gRPC's goes out as UNKNOWN."""
    if isinstance(code, grpc.StatusCode):
        return _STATUSES[code]
    return _NUMBERS.get(code, UNKNOWN) if isinstance(code, int) else UNKNOWN


def details_of(details: object) -> str | None:
    """Return the details of a status as text."""
    if isinstance(details, bytes):
        return details.decode("utf-8", "replace")
    return details if isinstance(details, str) else None
