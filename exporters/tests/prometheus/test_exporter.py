"""The exporter in a pipeline: what is scraped, where, and from when to when."""

from __future__ import annotations

import os
import urllib.error
import urllib.request

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry

from midspan import metrics, sdk, trace
from midspan._environment import ConfigurationError
from midspan.exporters.prometheus import PrometheusExporter


def scrape(exporter: PrometheusExporter, accept: str = "") -> str:
    """Return what is answered to a scrape."""
    request = urllib.request.Request(f"http://127.0.0.1:{exporter.port}/metrics", headers={"accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def test_a_scrape_tells_how_things_are_now(exporter):
    """Each one collects anew."""
    orders = metrics.get_meter("shop").create_counter("orders")
    orders.add(1)
    assert 'orders_total{otel_scope_name="shop"} 1.0\n' in scrape(exporter)
    orders.add(1)
    assert 'orders_total{otel_scope_name="shop"} 2.0\n' in scrape(exporter)


def test_exemplars_are_for_who_reads_openmetrics(exporter):
    """Only that format has them."""
    with trace.get_tracer("shop").start_as_current_span("order") as span:
        metrics.get_meter("shop").create_counter("orders").add(1)
    trace_id = f"{span.context.trace_id:032x}"
    assert trace_id in scrape(exporter, "application/openmetrics-text;version=1.0.0")
    assert trace_id not in scrape(exporter)


def test_histograms_of_any_aggregation_are_cumulative(exporter):
    """The reader asks for totals."""
    assert ("cumulative", True) == (exporter.temporality, exporter.synchronous)
    for _ in range(2):
        metrics.get_meter("shop").create_histogram("latency", "s").record(0.3)
        text = scrape(exporter)
    assert 'latency_seconds_bucket{le="+Inf",otel_scope_name="shop"} 2.0' in text


def test_what_others_registered_is_served_too():
    """One registry, one scrape, for an application that moves from prometheus_client."""
    registry = CollectorRegistry()
    prometheus_client.Counter("old", "of before", registry=registry).inc(3)
    exporter = PrometheusExporter(host="127.0.0.1", port=0, registry=registry, environment={})
    sdk.configure(exporters=[exporter], environment={})
    metrics.get_meter("shop").create_counter("new").add(4)
    text = scrape(exporter)
    assert ("old_total 3.0" in text, 'new_total{otel_scope_name="shop"} 4.0' in text) == (True, True)


def test_without_a_server_the_registry_is_enough():
    """Whatever serves it serves the pipeline's metrics."""
    registry = CollectorRegistry()
    exporter = PrometheusExporter(registry=registry, serve=False, environment={})
    pipeline = sdk.configure(exporters=[exporter], environment={})
    metrics.get_meter("shop").create_counter("orders").add(4)
    labels = {"otel_scope_name": "shop"}
    assert (None, 4.0) == (exporter.port, registry.get_sample_value("orders_total", labels))
    assert pipeline.shutdown(5) is True
    assert registry.get_sample_value("orders_total", labels) is None


def test_a_shutdown_closes_the_port(exporter):
    """Nobody is answered any more."""
    port = exporter.port
    assert sdk.get_pipeline().shutdown(5) is True
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5)


def test_who_configures_anew_keeps_the_port(exporter):
    """The pipeline that begins listens before the one that ends lets go, and answers alone."""
    port = exporter.port
    sdk.reset()
    given = {"host": "127.0.0.1", "port": port, "environment": {}}
    for number in (1, 2):
        latest = PrometheusExporter(**given, registry=CollectorRegistry())
        sdk.configure(service_name=f"shop-{number}", exporters=[latest], environment={})
    metrics.get_meter("shop").create_counter("orders").add(1)
    assert 'service_name="shop-2"' in scrape(latest)


def test_variables_say_where(monkeypatch):
    """As the specification has them, for an exporter that is chosen by name."""
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_HOST", "127.0.0.1")
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", "0")
    exporter = PrometheusExporter(registry=CollectorRegistry())
    try:
        assert f"PrometheusExporter(http://127.0.0.1:{exporter.port}/metrics)" == repr(exporter)
    finally:
        exporter.shutdown(1)


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_a_port_that_is_none_is_refused(port):
    """By the variable's name."""
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_PROMETHEUS_PORT"):
        PrometheusExporter(environment={"OTEL_EXPORTER_PROMETHEUS_PORT": port})


def test_a_port_that_is_taken_is_refused(exporter):
    """Where it is configured; the address is named."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}"):
            PrometheusExporter(host="127.0.0.1", port=port, environment={})


def test_a_forked_child_does_not_answer_for_its_parent(exporter):
    """It closes its copy of the socket: the port ends with the parent's server."""
    metrics.get_meter("shop").create_counter("orders").add(1)
    child = os.fork()
    if child == 0:
        os._exit(0 if exporter._served._listener.socket.fileno() == -1 else 1)
    assert 0 == os.waitpid(child, 0)[1]
    assert "orders_total" in scrape(exporter)
