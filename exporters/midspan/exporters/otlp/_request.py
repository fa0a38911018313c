"""What is sent and what comes back, apart from how: the steps between encoding and the network.

`pack` makes a request out of a payload, a `Transport` exchanges it for an answer, `judge` says what the
answer means, and `outcome_of` what delivery is to do about it.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan import delivery
from midspan.exporters._http import Request, outcome_of_failure
from midspan.exporters.otlp._wire import read_fields

if TYPE_CHECKING:
    from midspan.delivery import Outcome
    from midspan.exporters._http import Answer

__all__ = ["Judgement", "compress", "decompress", "judge", "outcome_of", "pack", "wrap"]

_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_MEDIA_TYPES: Final = {"http/protobuf": _PROTOBUF, "http/json": _JSON}
# Level 6 takes twice the time for a payload 6 % smaller (the mixed batch of compat_tests/performance).
_GZIP_LEVEL: Final = 3
_MAX_INT64: Final = (1 << 63) - 1


class Judgement(NamedTuple):
    """What an answer means: whether the batch was taken, how many of its items were not, and why."""

    accepted: bool
    rejected: int = 0
    message: str = ""


def pack(payload: bytes, protocol: str, compression: str, signal: str = "traces") -> Request:
    """Return the request that carries a payload."""
    return wrap(compress(payload, compression), protocol, compression, signal)


def compress(payload: bytes, compression: str) -> bytes:
    """Return the body that carries a payload."""
    # No time is written: the same payload gives the same bytes.
    return payload if compression == "none" else gzip.compress(payload, _GZIP_LEVEL, mtime=0)


def decompress(body: bytes, compression: str) -> bytes:
    """Return the payload that a body of our own carries."""
    return body if compression == "none" else gzip.decompress(body)


def wrap(body: bytes, protocol: str, compression: str, signal: str) -> Request:
    """Return the request that carries a body which is compressed already."""
    headers = {"content-type": _MEDIA_TYPES[protocol]}
    return Request(
        body, headers if compression == "none" else {**headers, "content-encoding": compression}, signal
    )


def outcome_of(answer: Answer, where: str) -> Outcome:
    """Return what became of a request (OTLP specification, "Failures" and "OTLP/HTTP Throttling")."""
    judgement = judge(answer)
    said = f"{where}: HTTP {answer.status} {judgement.message}".rstrip()
    if not judgement.accepted:
        return outcome_of_failure(answer, said)
    told = judgement.rejected or judgement.message
    return delivery.accepted(judgement.rejected, said if told else "")


def judge(answer: Answer) -> Judgement:
    """Return what an answer means (OTLP specification, "OTLP/HTTP Response").

    A body that cannot be read says nothing; then the status alone counts.
    """
    accepted = 200 <= answer.status < 300  # noqa: PLR2004 - what HTTP calls successful
    said = _json_says if _JSON in answer.headers.get("content-type", "").lower() else _protobuf_says
    try:
        rejected, message = said(answer.body, accepted=accepted)
    except (ValueError, TypeError, AttributeError, RecursionError):
        rejected, message = 0, ""
    return Judgement(accepted, max(rejected, 0), message)


def _protobuf_says(body: bytes, *, accepted: bool) -> tuple[int, str]:
    """Return how many spans or points were rejected, and why.

    Accepted, the body is an ExportTraceServiceResponse (partial_success = 1) with an
    ExportTracePartialSuccess (rejected_spans = 1, error_message = 2), or what has the same numbers for
    metrics (rejected_data_points = 1); else a google.rpc.Status (message = 2).
    """
    fields = read_fields(body)
    if accepted:
        fields = read_fields(_bytes(fields.get(1)))
    rejected = fields.get(1) if accepted else 0
    # A number that is negative comes as one beyond 63 bits.
    count = rejected if isinstance(rejected, int) and rejected <= _MAX_INT64 else 0
    return count, _bytes(fields.get(2)).decode("utf-8", "replace")


def _json_says(body: bytes, *, accepted: bool) -> tuple[int, str]:
    """Return the same from the JSON form of the same messages."""
    document = json.loads(body or b"{}")
    if not accepted:
        return 0, str(document.get("message") or "")
    partial = document.get("partialSuccess") or {}
    rejected = partial.get("rejectedSpans") or partial.get("rejectedDataPoints") or 0
    return int(rejected), str(partial.get("errorMessage") or "")


def _bytes(value: int | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else b""
