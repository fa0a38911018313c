from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from midspan.exporters._http import Answer
from midspan.exporters.otlp._request import Judgement, judge, pack

PROTOBUF, JSON = (
    {"content-type": "application/x-protobuf"},
    {"content-type": "application/json; charset=utf-8"},
)


def test_a_payload_is_packed_as_it_is():
    """Without compression nothing is touched."""
    assert (b"abc", PROTOBUF, "metrics") == pack(b"abc", "http/protobuf", "none", "metrics")


def test_a_payload_is_packed_compressed():
    """The headers say how."""
    request = pack(b"abc" * 1000, "http/json", "gzip")
    assert b"abc" * 1000 == gzip.decompress(request.body)
    assert {"content-type": "application/json", "content-encoding": "gzip"} == request.headers


def test_packing_twice_gives_the_same_bytes():
    """No time of day gets in."""
    assert 1 == len({pack(b"abc", "http/protobuf", "gzip").body for _ in range(3)})


def partial(rejected: int, message: str) -> bytes:
    """Return the answer of a collector that did not like all of it."""
    success = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    return ExportTraceServiceResponse(partial_success=success).SerializeToString()


JSON_PARTIAL = json.dumps({"partialSuccess": {"rejectedSpans": "3", "errorMessage": "no"}}).encode()
# google.rpc.Status: code = 1, message = 2.
STATUS = b"\x08\x08\x12\x08too much"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(200, PROTOBUF, b""), Judgement(accepted=True)),
        (Answer(200, {}, b""), Judgement(accepted=True)),
        (Answer(202, PROTOBUF, b""), Judgement(accepted=True)),
        (Answer(200, JSON, b""), Judgement(accepted=True)),
        (Answer(200, JSON, b"{}"), Judgement(accepted=True)),
        (Answer(200, PROTOBUF, partial(3, "no")), Judgement(accepted=True, rejected=3, message="no")),
        (Answer(200, PROTOBUF, partial(0, "soon full")), Judgement(accepted=True, message="soon full")),
        (Answer(200, JSON, JSON_PARTIAL), Judgement(accepted=True, rejected=3, message="no")),
        (Answer(200, PROTOBUF, partial(-1, "no")), Judgement(accepted=True, message="no")),
        (Answer(429, PROTOBUF, STATUS), Judgement(accepted=False, message="too much")),
        (Answer(503, JSON, b'{"message": "later"}'), Judgement(accepted=False, message="later")),
        (Answer(404, {"content-type": "text/html"}, b"<html>"), Judgement(accepted=False)),
        (Answer(301, {"location": "http://elsewhere"}, b""), Judgement(accepted=False)),
        (Answer(199, {}, b""), Judgement(accepted=False)),
    ],
)
def test_an_answer_is_judged_by_status_and_body(answer, expected):
    """2xx accepts, with what the body adds; everything else refuses, with the reason if there is one."""
    assert expected == judge(answer)


@given(
    st.sampled_from([200, 400]),
    st.sampled_from([PROTOBUF, JSON, {}]),
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.integers() | st.text() | st.floats(),
        lambda inner: st.dictionaries(
            st.sampled_from(["partialSuccess", "rejectedSpans", "errorMessage", "message"]), inner
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_no_answer_raises(status, headers, body):
    """Whatever a server says, its status counts."""
    assert (status == 200) is judge(Answer(status, headers, body)).accepted


@given(st.binary(), st.integers(-(2**63), 2**63 - 1))
def test_what_protobuf_writes_is_understood(noise, rejected):
    """Unknown fields are passed over, whatever their kind."""
    response = ExportTraceServiceResponse.FromString(partial(rejected, "why"))
    response.MergeFromString(
        b"\x7a" + bytes([len(noise[:100])]) + noise[:100] + b"\x81\x01" + bytes(8) + b"\x8d\x01" + bytes(4)
    )
    judgement = judge(Answer(200, PROTOBUF, response.SerializeToString()))
    assert (max(rejected, 0), "why") == (judgement.rejected, judgement.message)
