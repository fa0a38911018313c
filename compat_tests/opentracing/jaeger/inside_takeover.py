"""An application that starts up with jaeger-client as it always did, where the bridge is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jaeger_client
import opentracing
import pytest
from jaeger_client.sampler import RemoteControlledSampler
from opentracing import Format

from midspan import sdk, testing
from midspan.bridges import opentracing as bridge
from midspan.bridges.opentracing._jaeger import of_config, of_tracer

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = {
    "sampler": {"type": "const", "param": True},
    "tags": {"region": "eu"},
    "trace_id_header": "X-Trace",
    "baggage_header_prefix": "X-Bag-",
    "logging": False,
    "local_agent": {"reporting_host": "127.0.0.1", "sampling_port": 1, "reporting_port": 1},
}


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[testing.MemoryExporter]:
    """A pipeline that was told neither a name nor a sampler, and the bridge."""
    monkeypatch.setattr(jaeger_client.Config, "_initialized", False)
    monkeypatch.setenv("JAEGER_TAGS", "zone=b")
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory], environment={}, strict=True)
    yield memory
    bridge.uninstall()
    sdk.reset()


def started(**config: Any) -> Any:
    """Start up as jaeger-client's documentation has it."""
    tracer = jaeger_client.Config(
        {**CONFIG, **config}, service_name="legacy", validate=False
    ).initialize_tracer()
    assert tracer is not None
    return tracer


def test_the_bridge_stays_and_takes_over(memory: testing.MemoryExporter) -> None:
    """Name, tags and header names are used; what the application holds is a facade."""
    tracer = bridge.install()
    legacy = started()
    pipeline = sdk.get_pipeline()
    assert pipeline is not None
    assert tracer is opentracing.global_tracer()
    wanted = {"service.name": "legacy", "region": "eu", "zone": "b"}
    assert wanted == {key: pipeline.resource.attributes.get(key) for key in wanted}
    with legacy.start_active_span("outer") as scope, opentracing.tracer.start_active_span("inner"):
        scope.span.set_baggage_item("user", "ada")
        headers: dict[str, str] = {}
        legacy.inject(scope.span, Format.HTTP_HEADERS, headers)
    assert {"x-trace", "x-bag-user", "traceparent", "baggage"} == set(headers)
    assert ["inner", "outer"] == [span.name for span in memory.spans]
    legacy.close()


def test_uninstall_gives_the_tracer_back(memory: testing.MemoryExporter) -> None:
    """It is jaeger-client's again."""
    bridge.install()
    legacy = started()
    bridge.uninstall()
    assert jaeger_client.Tracer is type(legacy)
    assert isinstance(legacy.start_span("x"), jaeger_client.Span)
    assert [] == memory.spans
    legacy.close()


@pytest.mark.parametrize(
    "sampler",
    [
        {"type": "const", "param": True},
        {"type": "const", "param": False},
        {"type": "probabilistic", "param": 0.25},
        {"type": "ratelimiting", "param": 5},
    ],
)
def test_a_tracer_says_what_its_config_says(sampler: dict[str, Any]) -> None:
    """Read from the dictionary or from the tracer that jaeger-client made of it: the same."""
    config = {**CONFIG, "sampler": sampler, "propagation": "b3"}
    tracer = jaeger_client.Config(config, service_name="legacy").new_tracer()
    read, expected = of_tracer(tracer), of_config({**config, "service_name": "legacy"})
    tracer.close()
    # jaeger-client keeps the names of headers in lower case.
    assert expected._replace(headers=None) == read._replace(headers=None)
    assert [name.lower() for name in expected.headers or ()] == list(read.headers or ())


def test_a_remote_sampler_is_read() -> None:
    """Where its agent listens and how often it is asked."""
    config = {**CONFIG, "sampler": {"type": "remote"}, "sampling_refresh_interval": 30}
    tracer = jaeger_client.Config({**config, "sampler": {}}, service_name="legacy").new_tracer()
    assert isinstance(tracer.sampler, RemoteControlledSampler)
    assert of_config(config).sampler == of_tracer(tracer).sampler
    tracer.close()
