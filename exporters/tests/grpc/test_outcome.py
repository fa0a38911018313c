"""What delivery is told to do about each way to fail."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from hypothesis import given

from midspan import delivery
from midspan.exporters._grpc import Reply, outcome_of_failure
from midspan.exporters._grpc._final import is_final
from midspan.exporters._grpc._outcome import retry_delay_s
from midspan.exporters._wire import delimited

SAID = "c:4317: {} why"


def details(delay=None, kind="google.rpc.RetryInfo"):
    """Return a google.rpc.Status with one detail."""
    info = b"" if delay is None else delimited(b"\x0a", delay.SerializeToString())
    detail = Any(type_url=f"type.googleapis.com/{kind}", value=info)
    return b"\x08\x0e" + delimited(b"\x12", b"why") + delimited(b"\x1a", detail.SerializeToString())


def outcome(code, message="why", status=b"", **options):
    """Return what becomes of a message."""
    return outcome_of_failure(Reply(code, message, details=status, **options), "c:4317")


@pytest.mark.parametrize(
    "code", ["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"]
)
def test_what_passes_is_sent_again(code):
    """As the specification of OTLP lists it."""
    assert delivery.retry(SAID.format(code)) == outcome(code)


@pytest.mark.parametrize(
    "code",
    [
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAUTHENTICATED",
    ],
)
def test_what_does_not_pass_is_not_sent_again(code):
    """Everything else."""
    assert delivery.refused(SAID.format(code)) == outcome(code)


def test_an_answer_that_was_not_read_is_asked_for_again():
    """Which gRPC tells by its message alone: the code is the one for what the server does not know."""
    message = "Stream removed (Data frame with END_STREAM flag received)"
    assert delivery.retry(f"c:4317: UNKNOWN {message}") == outcome("UNKNOWN", message)


def test_a_failure_that_is_final_is_not_sent_again():
    """Whatever its code is."""
    assert delivery.refused(SAID.format("UNAVAILABLE")) == outcome("UNAVAILABLE", is_final=True)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_retry_info_says_when(code):
    """And that an exhausted resource is not so for good."""
    status = details(Duration(seconds=7, nanos=500_000_000))
    assert delivery.retry(SAID.format(code), 7.5) == outcome(code, status=status)


def test_retry_info_makes_no_final_failure_passing():
    """A server that does not know the method does not learn it."""
    assert delivery.refused(SAID.format("UNIMPLEMENTED")) == outcome("UNIMPLEMENTED", status=details())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (b"", None),
        (b"\x08\x0e", None),
        (details(kind="google.rpc.ErrorInfo"), None),
        (details(Duration(seconds=1)), 1.0),
        (details(Duration(nanos=250_000_000)), 0.25),
        (details(Duration(seconds=-5, nanos=-500_000_000)), -5.5),
        (details(Duration(seconds=2**63 - 1)), 2.0**63),
        (details(), 0.0),
        (details(kind="google.rpc.ErrorInfo") + details(Duration(seconds=3)), 3.0),
        (details(Duration(seconds=1))[:-1], None),
        (b"\xff" * 100, None),
    ],
)
def test_the_delay_is_read_from_the_status(status, expected):
    """As googleapis' messages have it; what cannot be read asks for nothing."""
    assert expected == retry_delay_s(status)


@given(st.binary(max_size=2_000))
def test_hostile_details_ask_for_nothing_or_for_a_number(status):
    """And nothing is raised."""
    assert isinstance(retry_delay_s(status), float | None)


@given(st.integers(-(2**40), 2**40), st.integers(-999_999_999, 999_999_999))
def test_any_duration_is_read_as_protobuf_has_written_it(seconds, nanos):
    """Negative numbers take ten bytes."""
    assert seconds + nanos / 1e9 == retry_delay_s(details(Duration(seconds=seconds, nanos=nanos)))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RESOURCE_EXHAUSTED", "Received message larger than max (5000000 vs. 4194304)"),
        ("RESOURCE_EXHAUSTED", "SERVER: Received message larger than max (5000000 vs. 4194304)"),
        ("RESOURCE_EXHAUSTED", "Decompressed message larger than max"),
        ("RESOURCE_EXHAUSTED", "grpc: received message larger than max (5000000 vs. 4194304)"),
        ("RESOURCE_EXHAUSTED", "grpc: received message after decompression larger than max 4194304"),
        ("RESOURCE_EXHAUSTED", "gRPC message exceeds maximum size 4194304: 5000000"),
        (
            "OUT_OF_RANGE",
            "Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304",
        ),
        ("UNKNOWN", "Received http2 header with status: 413"),
    ],
)
def test_a_message_that_is_too_large_is_cut(code, message):
    """As servers of several languages, and proxies, say it."""
    assert delivery.too_large(f"c:4317: {code} {message}") == outcome(code, message)


@pytest.mark.parametrize(
    ("code", "message", "sent_bytes", "expected"),
    [
        ("UNAVAILABLE", "Connection refused", 10, False),
        ("UNAVAILABLE", "SSL_ERROR_SSL: error:1000007d:CERTIFICATE_VERIFY_FAILED: self signed", 10, True),
        ("INTERNAL", "CERTIFICATE_VERIFY_FAILED", 10, False),
        ("RESOURCE_EXHAUSTED", "quota", 10, False),
        ("RESOURCE_EXHAUSTED", "CLIENT: Received message larger than max (5000000 vs. 4194304)", 10, True),
        ("RESOURCE_EXHAUSTED", "SERVER: Received message larger than max (10 vs. 9)", 10, False),
        ("RESOURCE_EXHAUSTED", "Received message larger than max (10 vs. 9)", 10, False),
        ("RESOURCE_EXHAUSTED", "Received message larger than max (11 vs. 9)", 10, True),
        ("RESOURCE_EXHAUSTED", "Received message larger than max (11 vs. 9)", None, False),
        ("RESOURCE_EXHAUSTED", "Decompressed message larger than max", 10, True),
        ("RESOURCE_EXHAUSTED", "Decompressed message larger than max", None, False),
    ],
)
def test_what_will_not_pass_is_known_by_its_words(code, message, sent_bytes, expected):
    """A certificate, and an answer that is too large: where only gRPC knows, it may have been the request."""
    assert expected is is_final(code, message, sent_bytes)
