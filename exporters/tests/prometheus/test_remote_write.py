"""The exporter that writes: where to, as whom, and what becomes of what it sends."""

from __future__ import annotations

import base64
import http.server
import os
import threading

import pytest
from cramjam import snappy

from exporters.tests.prometheus._write_oracle import decode, samples_of
from midspan import metrics, sdk
from midspan._environment import ConfigurationError
from midspan.delivery import Verdict
from midspan.exporters._http import Answer
from midspan.exporters.prometheus import RemoteWriteExporter


class Answering(http.server.BaseHTTPRequestHandler):
    """A receiver that gives one answer after the other, and the last one for ever."""

    def do_POST(self):
        """Take a request."""
        body = self.rfile.read(int(self.headers["content-length"]))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if len(body) > self.server.max_bytes:
            answer = 413
        self.server.requests.append((self.path, dict(self.headers), body))
        self.server.answered.append(answer)
        self.send_response(answer)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture
def receiver():
    """A receiver whose `answers` a test says, and which keeps its `requests`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.answers, server.requests = [204], []
        server.answered, server.max_bytes = [], 1_000_000
        server.url = f"http://127.0.0.1:{server.server_port}/api/v1/write"
        work = threading.Thread(target=server.serve_forever, args=(0.05,))
        work.start()
        yield server
        server.shutdown()
        work.join()


def count_orders(exporter: RemoteWriteExporter) -> sdk.Pipeline:
    """Count three orders in a pipeline with this exporter."""
    pipeline = sdk.configure(service_name="shop", exporters=[exporter], self_metrics=False, environment={})
    metrics.get_meter("shop").create_counter("orders").add(3)
    return pipeline


def values(body: bytes) -> dict[str, float]:
    """Return what was written, by name."""
    samples = samples_of(decode(bytes(snappy.decompress_raw(body))))
    return {dict(labels)["__name__"]: sample[0][0] for labels, sample in samples.items()}


def test_a_pipeline_writes_when_it_is_flushed(receiver):
    """In snappy's block format, with the headers that the protocol asks for."""
    exporter = RemoteWriteExporter(receiver.url, bearer_token="3f9a", environment={})
    pipeline = count_orders(exporter)
    assert pipeline.force_flush(10) is True
    ((path, headers, body),) = receiver.requests
    assert ("/api/v1/write", {"orders_total": 3.0, "target_info": 1.0}) == (path, values(body))
    expected = {
        "content-type": "application/x-protobuf",
        "content-encoding": "snappy",
        "x-prometheus-remote-write-version": "0.1.0",
        "authorization": "Bearer 3f9a",
    }
    assert expected == {name.lower(): text for name, text in headers.items() if name.lower() in expected}


def test_what_a_server_could_not_take_is_written_again(receiver):
    """A 500 is its own fault and may pass, so the protocol has it; the same bytes come again."""
    receiver.answers = [500, 204]
    pipeline = count_orders(RemoteWriteExporter(receiver.url, environment={}))
    assert pipeline.force_flush(20) is True
    first, second = receiver.requests
    assert first[2] == second[2]


def test_what_was_refused_is_not_written_again(receiver):
    """A 400 says that the samples will never be taken: it is counted, and said."""
    receiver.answers = [400]
    pipeline = count_orders(RemoteWriteExporter(receiver.url, environment={}))
    assert pipeline.force_flush(10) is False
    assert 1 == len(receiver.requests)


def test_what_is_too_large_is_cut_until_it_is_not(receiver):
    """Each counter arrives once, and the pipeline's account says so."""
    receiver.max_bytes = 3_000
    exporter = RemoteWriteExporter(receiver.url, target_info=False, environment={})
    pipeline = sdk.configure(exporters=[exporter], self_metrics=False, environment={})
    for number in range(100):
        metrics.get_meter("shop").create_counter(f"orders.{number}").add(
            number, {"cart": os.urandom(20).hex()}
        )
    assert pipeline.force_flush(20) is True
    taken = [
        values(body)
        for (*_, body), answer in zip(receiver.requests, receiver.answered, strict=True)
        if answer == 204
    ]
    assert {f"orders_{number}_total": float(number) for number in range(100)} == {
        name: value for each in taken for name, value in each.items()
    }
    assert (100, {}) == (sum(map(len, taken)), pipeline.stats().metrics[exporter.name].dropped)
    assert 413 in receiver.answered


def test_a_series_that_is_too_large_alone_is_lost_alone(receiver):
    """It is counted by its reason; the others arrive."""
    receiver.max_bytes = 3_000
    exporter = RemoteWriteExporter(receiver.url, target_info=False, environment={})
    pipeline = sdk.configure(exporters=[exporter], self_metrics=False, environment={})
    orders = metrics.get_meter("shop").create_counter("orders")
    orders.add(1, {"cart": os.urandom(3_000).hex()})
    for number in range(9):
        orders.add(1, {"cart": str(number)})
    assert pipeline.force_flush(20) is False
    stats = pipeline.stats().metrics[exporter.name]
    assert (9, {"too_large": 1}) == (stats.exported, stats.dropped)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.ACCEPTED),
        (204, Verdict.ACCEPTED),
        (301, Verdict.REFUSED),
        (400, Verdict.REFUSED),
        (401, Verdict.REFUSED),
        (413, Verdict.TOO_LARGE),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY),
        (503, Verdict.RETRY),
    ],
)
def test_an_answer_is_judged_by_the_protocol(status, verdict):
    """5xx and 429 may pass, nothing else does."""

    class Transport:
        """One answer to all."""

        def send(self, request, timeout_s):
            return Answer(status, {"retry-after": "7"}, b"why")

        def close(self):
            pass

    exporter = RemoteWriteExporter(transport=Transport(), environment={})
    outcome = exporter.send("metrics", b"", 5)
    assert verdict is outcome.verdict
    assert (7.0 if verdict is Verdict.RETRY else None) == outcome.after_s


def test_nobody_there_is_a_reason_to_try_again():
    """Within the time that there is."""
    exporter = RemoteWriteExporter("http://127.0.0.1:1/api/v1/write", environment={})
    assert (Verdict.RETRY, Verdict.RETRY) == (
        exporter.send("metrics", b"", 5).verdict,
        exporter.send("metrics", b"", 0).verdict,
    )


def test_a_user_is_authenticated(receiver):
    """By what code says, or by what the URL says."""
    basic = "Basic " + base64.b64encode(b"ann:p:w").decode()
    exporter = RemoteWriteExporter(receiver.url, basic_auth=("ann", "p:w"), environment={})
    count_orders(exporter).force_flush(10)
    in_url = receiver.url.replace("//", "//ann:p%3Aw@")
    count_orders(RemoteWriteExporter(in_url, environment={})).force_flush(10)
    sent = {headers["authorization"] for _, headers, _ in receiver.requests}
    assert {basic} == sent


def test_secrets_are_not_shown():
    """Neither in what an exporter says of itself nor in its address."""
    exporter = RemoteWriteExporter(
        "https://ann:hidden@prometheus.example.org/api/v1/write?token=hidden",
        headers={"x-scope-orgid": "hidden"},
        environment={},
    )
    assert "hidden" not in repr(exporter) + exporter.address


def test_variables_say_where():
    """And how long, for an exporter that is chosen by name."""
    prefix = "MIDSPAN_PROMETHEUS_REMOTE_WRITE_"
    exporter = RemoteWriteExporter(
        environment={
            f"{prefix}ENDPOINT": "http://127.0.0.1:1/push",
            f"{prefix}HEADERS": "x-scope-orgid=shop",
            f"{prefix}TIMEOUT": "1500",
        }
    )
    assert ("RemoteWriteExporter('http://127.0.0.1:1/push', x-scope-orgid=...)", 1.5) == (
        repr(exporter),
        exporter._remote.timeout_s,
    )


@pytest.mark.parametrize(
    ("given", "who"),
    [
        ({"endpoint": "prometheus:9090"}, "endpoint"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"basic_auth": ("a", "b"), "bearer_token": "hidden"}, "bearer_token"),
        ({"bearer_token": "hidden\n"}, "bearer_token"),
        ({"basic_auth": ("a:b", "hidden")}, "basic_auth"),
        ({"certificate": "/nowhere.pem"}, "certificate"),
    ],
)
def test_what_cannot_be_is_refused(given, who):
    """By its name, and without telling a secret."""
    with pytest.raises(ConfigurationError, match=who) as raised:
        RemoteWriteExporter(**given, environment={})
    assert "hidden" not in str(raised.value)
