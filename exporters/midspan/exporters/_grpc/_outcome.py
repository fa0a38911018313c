"""What delivery is to do about a call that failed (OTLP specification, "OTLP/gRPC Response")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan import delivery
from midspan.exporters._wire import each_field, read_fields

if TYPE_CHECKING:
    from midspan.delivery import Outcome
    from midspan.exporters._grpc._exchange import Reply

__all__ = ["outcome_of_failure", "retry_delay_s"]

_RETRYABLE: Final = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)
# There is no code for it. So say gRPC in C, C++, Python and Go; Java; Rust; and what answers as HTTP does,
# nginx say: 413 is no code of gRPC's, and a client makes UNKNOWN of it.
_TOO_LARGE: Final = re.compile(
    r"message (?:after decompression )?larger than max|message exceeds maximum size|message length too large"
    r"|status: 413",
    re.IGNORECASE,
)
_CODES_OF_TOO_LARGE: Final = frozenset({"RESOURCE_EXHAUSTED", "OUT_OF_RANGE", "UNKNOWN"})
# gRPC's own word, with UNKNOWN, for a stream whose end it met before it had read what the server says: so do,
# now and then, answers that are HTTP's and not gRPC's, a proxy's 503 say.
_UNREAD: Final = "Stream removed"
_RETRY_INFO: Final = b"google.rpc.RetryInfo"
# More is no answer to an export.
_MAX_DETAILS: Final = 64 * 1024
_INT64: Final = 1 << 64
_MAX_INT64: Final = (1 << 63) - 1


def outcome_of_failure(reply: Reply, where: str) -> Outcome:
    """Return what became of a message whose call did not end with OK."""
    said = f"{where}: {reply.code} {reply.message}".rstrip()
    if reply.is_final:
        return delivery.refused(said)
    if reply.code in _CODES_OF_TOO_LARGE and _TOO_LARGE.search(reply.message):
        return delivery.too_large(said)
    after_s = retry_delay_s(reply.details)
    # A backend that has run out of something says how long that will last, or else it will for good.
    is_passing = reply.code == "RESOURCE_EXHAUSTED" and after_s is not None
    is_unread = reply.code == "UNKNOWN" and reply.message.startswith(_UNREAD)
    if reply.code in _RETRYABLE or is_passing or is_unread:
        return delivery.retry(said, after_s)
    return delivery.refused(said)


def retry_delay_s(details: bytes) -> float | None:
    """Return the seconds that a google.rpc.Status asks for in a RetryInfo; None if there is no such thing.

    Whatever the bytes are: those that cannot be read ask for nothing.
    """
    try:
        return _retry_delay_s(details[:_MAX_DETAILS])
    except ValueError:
        return None


def _retry_delay_s(status: bytes) -> float | None:
    """Read google.rpc.Status (details = 3), Any (type_url = 1, value = 2), RetryInfo (retry_delay = 1)."""
    for number, value, _ in each_field(status):
        if number == 3 and isinstance(value, bytes):  # noqa: PLR2004 - as said
            fields = read_fields(value)
            if _bytes(fields.get(1)).rpartition(b"/")[2] == _RETRY_INFO:
                return _seconds(_bytes(read_fields(_bytes(fields.get(2))).get(1)))
    return None


def _seconds(duration: bytes) -> float:
    """Return a google.protobuf.Duration (seconds = 1, nanos = 2)."""
    fields = read_fields(duration)
    return _signed(fields.get(1)) + _signed(fields.get(2)) / 1e9


def _signed(value: int | bytes | None) -> int:
    number = value % _INT64 if isinstance(value, int) else 0
    return number if number <= _MAX_INT64 else number - _INT64


def _bytes(value: int | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else b""
