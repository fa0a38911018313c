from __future__ import annotations

import json
import subprocess
import sys

import pytest

from exporters.tests._oracle import decode, decode_one
from midspan import sdk, trace
from midspan.exporters.jsonl import read
from midspan.exporters.otlp import Answer, NotSentError, OTLPExporter

CODE = """
import sys
from midspan.exporters.otlp import OTLPExporter
print(OTLPExporter(transport=object()))
print("midspan.exporters._http._transport" in sys.modules)
"""


def exporter(endpoint, **options):
    """Return an exporter that nothing outside the test configures."""
    return OTLPExporter(endpoint, environment={}, **options)


class Script:
    """A transport that answers as it was told, and remembers what it was given."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.timeouts = []
        self.closed = False

    def send(self, request, timeout_s):
        self.requests.append(request)
        self.timeouts.append(timeout_s)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed = True


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_spans_arrive_in_protobuf(collector, make_span, compression):
    """Compressed or not."""
    assert exporter(collector.url, compression=compression).export_spans([make_span("charge")]) is True
    (received,) = collector.received
    assert ("application/x-protobuf", "charge") == (
        received.headers["content-type"],
        decode_one(received.body).name,
    )


def test_spans_arrive_in_json(collector, make_span):
    """With the other protocol."""
    assert exporter(collector.url, protocol="http/json").export_spans([make_span("charge")]) is True
    (received,) = collector.received
    assert ("application/json", ["charge"]) == (
        received.headers["content-type"],
        [span.name for span in read([received.body])],
    )


def test_it_is_configured_by_name_and_variables(collector, monkeypatch):
    """`exporters=["otlp"]` and the variables of the specification are all that is needed."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip")
    pipeline = sdk.configure(service_name="shop", exporters=["otlp"])
    for number in range(3):
        trace.get_tracer("shop").start_span(f"n{number}").end()
    assert pipeline.shutdown(10) is True
    (received,) = collector.received
    assert ("/v1/traces", "blue", "gzip", 3) == (
        received.path,
        received.headers["x-tenant"],
        received.headers["content-encoding"],
        len(decode(received.body)),
    )


def test_the_account_of_the_pipeline_is_the_collectors(collector):
    """What it took is exported, what it refused is dropped."""
    pipeline = sdk.configure(exporters=[exporter(collector.url)], environment={})
    tracer = trace.get_tracer("x")
    tracer.start_span("a").end()
    assert pipeline.force_flush(10) is True
    collector.answer = (500, {}, b"")
    tracer.start_span("b").end()
    assert pipeline.force_flush(10) is False
    stats = pipeline.stats().exporters["otlp"]
    assert (1, {"refused": 1}) == (stats.exported, stats.dropped)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_a_refusal_is_a_failure_counted_and_said_once(make_span, troubles, caplog, status):
    """With the status, and the collector's own words in one line."""
    answer = Answer(
        status, {"content-type": "application/json"}, json.dumps({"message": "too\nmuch"}).encode()
    )
    one = exporter("http://collector:4318", transport=Script(*[answer] * 3))
    assert [False] * 3 == [one.export_spans([make_span()]) for _ in range(3)]
    assert {"otlp.refused": 3} == troubles()
    assert [f"http://collector:4318/v1/traces refused spans: HTTP {status} too\\nmuch"] == caplog.messages


def test_a_partial_success_is_counted_and_said(make_span, troubles, caplog):
    """The batch was taken and must not be sent again; that some of it was not is no secret."""
    body = json.dumps({"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old"}}).encode()
    one = exporter("http://c", transport=Script(Answer(200, {"content-type": "application/json"}, body)))
    assert one.export_spans([make_span()]) is True
    assert ({"otlp.rejected": 1}, ["http://c/v1/traces rejected 3 spans of a batch: too old"]) == (
        troubles(),
        caplog.messages,
    )


def test_a_warning_is_said(make_span, caplog):
    """A collector may accept everything and have something to say."""
    body = json.dumps({"partialSuccess": {"errorMessage": "nearly full"}}).encode()
    one = exporter("http://c", transport=Script(Answer(200, {"content-type": "application/json"}, body)))
    assert one.export_spans([make_span()]) is True
    assert ["http://c/v1/traces accepted spans with a warning: nearly full"] == caplog.messages


def test_a_collector_that_is_away_is_counted_and_said_once(make_span, troubles, caplog):
    """Silence, or one line."""
    one = exporter("http://127.0.0.1:1")
    assert [False] * 3 == [one.export_spans([make_span()]) for _ in range(3)]
    assert ({"otlp.not_sent": 3}, 1) == (troubles(), len(caplog.messages))
    assert caplog.messages[0].startswith(
        "spans were not sent to http://127.0.0.1:1/v1/traces: ConnectionRefused"
    )


def test_a_request_without_a_limit_is_still_bounded(make_span):
    """A day, if neither the pipeline nor the configuration says anything else."""
    script = Script(Answer(200, {}, b""))
    variables = {"OTEL_EXPORTER_OTLP_TIMEOUT": "0"}
    OTLPExporter("http://c", transport=script, environment=variables).export_spans([make_span()])
    assert [86_400.0] == script.timeouts


def test_a_transport_of_somebodys_own_gets_ready_requests(make_span):
    """Encoded and compressed, so that what stands in between may keep, split or send them."""
    script = Script(NotSentError("later"), Answer(200, {}, b""))
    one = exporter("http://c", transport=script, compression="gzip")
    assert [False, True] == [one.export_spans([make_span()]) for _ in range(2)]
    assert {"gzip"} == {request.headers["content-encoding"] for request in script.requests}


def test_an_empty_batch_is_no_request():
    """There is nothing to send."""
    script = Script()
    assert (True, []) == (exporter("http://c", transport=script).export_spans([]), script.requests)


def test_shutdown_closes_the_transport(make_span, collector, troubles):
    """What comes later fails, and is counted."""
    one = exporter(collector.url)
    one.shutdown(1)
    assert (False, {"otlp.not_sent": 1}, []) == (
        one.export_spans([make_span()]),
        troubles(),
        collector.received,
    )


def test_it_shows_itself_without_secrets():
    """Names of headers, but no values; neither password nor query of the endpoint."""
    one = exporter("https://user:secret@c/base?token=secret", headers={"X-Key": "secret"}, compression="gzip")
    where = "'https://c/base/v1/traces', 'https://c/base/v1/metrics'"
    assert f"OTLPExporter({where}, http/protobuf, gzip, authorization=..., x-key=...)" == repr(one)


@pytest.mark.parametrize(
    ("endpoint", "headers", "warned"),
    [
        ("http://collector.example.org:4318", {"authorization": "Bearer x"}, True),
        ("http://user:pass@collector.example.org:4318", {}, True),
        ("http://10.0.0.7:4318", {"api-key": "x"}, True),
        ("http://collector.example.org:4318", {"x-tenant": "x"}, False),
        ("https://collector.example.org:4318", {"authorization": "Bearer x"}, False),
        ("http://localhost:4318", {"authorization": "Bearer x"}, False),
        ("http://127.1.2.3:4318", {"authorization": "Bearer x"}, False),
        ("http://[::1]:4318", {"authorization": "Bearer x"}, False),
    ],
)
def test_credentials_in_clear_to_another_host_are_warned_of(caplog, endpoint, headers, warned):
    """The line names the header and the endpoint, and no secret."""
    exporter(endpoint, headers=headers)
    assert warned is ("is sent unencrypted to http://" in caplog.text)
    assert "Bearer" not in caplog.text


def test_with_a_transport_of_ones_own_no_other_is_loaded():
    """Nor what it would need."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    where = "'http://localhost:4318/v1/traces', 'http://localhost:4318/v1/metrics'"
    assert f"OTLPExporter({where}, http/protobuf, none)\nFalse\n" == done.stdout


def test_what_sending_does_is_not_traced():
    """A span that an instrumented library would start while spans are sent is not recorded."""
    recorded = []

    class Traced(Script):
        def send(self, request, timeout_s):
            recorded.append(trace.get_tracer("requests").start_span("POST").is_recording())
            return super().send(request, timeout_s)

    script = Traced(Answer(200, {}, b""))
    pipeline = sdk.configure(exporters=[exporter("http://c", transport=script)], environment={})
    trace.get_tracer("x").start_span("x").end()
    assert (True, [False]) == (pipeline.force_flush(10), recorded)


def test_shutdown_is_kept_while_a_collector_hangs(speak, elapsed):
    """The pipeline's deadline holds, and the answer is the truth."""
    pipeline = sdk.configure(exporters=[exporter(speak(b""))], environment={})
    trace.get_tracer("x").start_span("x").end()
    assert pipeline.shutdown(0.5) is False
    assert elapsed() < 1
