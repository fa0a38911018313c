"""Stay installed when legacy start-up code sets its own tracer; take over what that one was told."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opentracing import Format
from opentracing.scope_managers import ThreadLocalScopeManager

from midspan import sdk, trace
from midspan.bridges import opentracing as bridge
from midspan.bridges.opentracing import Tracer

if TYPE_CHECKING:
    from midspan.testing import MemoryExporter

has_setter = pytest.mark.skipif(
    not hasattr(opentracing, "set_global_tracer"), reason="OpenTracing before 2.1"
)


class ProbabilisticSampler:
    """As jaeger-client has it: known by its name and its rate."""

    rate = 0.25


class LegacyTracer(opentracing.Tracer):
    """A tracer with jaeger-client's attributes, that makes no spans of its own worth having."""

    def __init__(self) -> None:
        super().__init__()
        self.service_name = "legacy-shop"
        self.sampler = ProbabilisticSampler()
        self.tags = {"region": "eu", "jaeger.version": "Python-4.8.0", "hostname": "h", "ip": "10.0.0.1"}
        self.closed = 0

    def close(self) -> str:
        """Count."""
        self.closed += 1
        return "a future"


def configured(**options: Any) -> tuple[sdk.Pipeline, Any]:
    """Configure without exporters; return the pipeline and a function that starts a native span."""
    pipeline = sdk.configure(**{"exporters": [], "environment": {}, **options})
    return pipeline, trace.get_tracer("shop").start_span


def test_install_makes_the_bridge_the_global_tracer() -> None:
    """Libraries that take `opentracing.tracer` find it."""
    tracer = bridge.install()
    assert tracer is opentracing.tracer
    if hasattr(opentracing, "global_tracer"):
        assert tracer is opentracing.global_tracer()
        assert opentracing.is_global_tracer_registered()


def test_install_twice_is_install_once() -> None:
    """The second call returns what is there."""
    tracer = bridge.install()
    assert tracer is bridge.install()


def test_install_again_with_something_new_replaces_the_tracer() -> None:
    """What is given later counts, and `uninstall` goes back to the very beginning."""
    before = opentracing.tracer
    bridge.install()
    tracer = bridge.install(propagators="jaeger")
    assert tracer is opentracing.tracer
    bridge.uninstall()
    assert before is opentracing.tracer


def test_install_takes_a_tracer_of_ones_own() -> None:
    """One that was made before."""
    tracer = Tracer()
    assert tracer is bridge.install(tracer=tracer)


def test_uninstall_leaves_nothing_behind() -> None:
    """OpenTracing is as it was, down to its functions; twice is as good as once."""
    before = {name: getattr(opentracing, name) for name in dir(opentracing)}
    setter = getattr(opentracing, "set_global_tracer", None)
    code = None if setter is None else setter.__code__
    bridge.install()
    opentracing.tracer = legacy = LegacyTracer()
    bridge.uninstall()
    bridge.uninstall()
    assert before == {name: getattr(opentracing, name) for name in dir(opentracing)}
    assert LegacyTracer is type(legacy)
    if setter is not None:
        assert code is setter.__code__


def test_uninstall_gives_a_scope_manager_back() -> None:
    """One that was followed has its own methods again."""
    manager = ThreadLocalScopeManager()
    bridge.install(manager)
    followed = "activate" in vars(manager)
    bridge.uninstall()
    assert (True, False) == (followed, "activate" in vars(manager))


@has_setter
def test_a_setter_imported_before_the_bridge_is_absorbed_too() -> None:
    """`from opentracing import set_global_tracer` at the top of a module is older than `install()`."""
    from opentracing import set_global_tracer

    tracer = bridge.install()
    set_global_tracer(LegacyTracer())
    assert (tracer, True) == (opentracing.global_tracer(), opentracing.is_global_tracer_registered())


@has_setter
def test_setting_none_is_still_an_error() -> None:
    """OpenTracing says so."""
    bridge.install()
    with pytest.raises(ValueError, match="None"):
        opentracing.set_global_tracer(None)


def test_another_bridge_tracer_may_take_the_place() -> None:
    """Only tracers that are no bridge are absorbed."""
    bridge.install()
    mine = Tracer()
    opentracing.tracer = mine
    assert mine is opentracing.tracer


def test_the_absorbed_tracer_is_a_facade_of_the_bridge(memory: MemoryExporter) -> None:
    """Start-up code keeps what it made, and hands it to libraries: their spans are in the trace too."""
    configured(sampler="always_on", exporters=[memory])
    tracer = bridge.install()
    legacy = LegacyTracer()
    opentracing.tracer = legacy
    with legacy.start_active_span("outer") as scope:
        assert scope.span is legacy.active_span is tracer.active_span
        assert scope is legacy.scope_manager.active
        legacy.start_span("inner").finish()
        headers: dict[str, str] = {}
        legacy.inject(scope.span.context, Format.TEXT_MAP, headers)
        assert scope.span.span_id == legacy.extract(Format.TEXT_MAP, headers).span_id
    assert ["inner", "outer"] == [span.name for span in memory.spans]
    assert isinstance(legacy, LegacyTracer)


def test_closing_the_absorbed_tracer_flushes_and_closes_it() -> None:
    """Its own threads are its own to end, and whoever waits for its future gets it."""
    bridge.install()
    legacy = LegacyTracer()
    opentracing.tracer = legacy
    assert ("a future", 1) == (legacy.close(), legacy.closed)


def test_service_name_sampler_and_tags_are_taken_over() -> None:
    """The pipeline uses what it was not told otherwise."""
    pipeline, start = configured()
    bridge.install()
    opentracing.tracer = LegacyTracer()
    kept = {"service.name": "legacy-shop", "region": "eu"}
    assert kept == {key: pipeline.resource.attributes.get(key) for key in kept}
    assert not {"jaeger.version", "hostname", "ip"} & set(pipeline.resource.attributes)
    sampled = sum(start("x").is_recording() for _ in range(1_000))
    assert 150 < sampled < 350


def test_what_the_pipeline_was_told_stays() -> None:
    """New configuration wins over old."""
    pipeline, start = configured(service_name="shop", sampler="always_on", resource={"region": "us"})
    bridge.install()
    opentracing.tracer = LegacyTracer()
    found = (pipeline.resource.attributes["service.name"], pipeline.resource.attributes["region"])
    assert ("shop", "us") == found
    assert all(start("x").is_recording() for _ in range(100))


def test_what_was_told_before_the_pipeline_is_configured_is_kept_for_it() -> None:
    """Legacy code may start up first."""
    sdk.reset()
    bridge.install()
    opentracing.tracer = LegacyTracer()
    pipeline, _ = configured()
    assert "legacy-shop" == pipeline.resource.attributes["service.name"]


def test_what_was_taken_over_is_kept_for_the_next_pipeline() -> None:
    """A worker process configures anew."""
    configured()
    bridge.install()
    opentracing.tracer = LegacyTracer()
    pipeline, _ = configured()
    assert "legacy-shop" == pipeline.resource.attributes["service.name"]


def test_a_tracer_of_which_nothing_can_be_read_is_absorbed_all_the_same() -> None:
    """Even one whose attributes raise, and one whose class is fixed."""
    sdk.configure(exporters=[], environment={})
    tracer = bridge.install()

    class Hostile(opentracing.Tracer):
        @property
        def service_name(self) -> str:
            raise RuntimeError

    for legacy in (Hostile(), 5):
        opentracing.tracer = legacy
        assert tracer is opentracing.tracer


PLAIN = {"service_name": "shop", "sampler": {"type": "const", "param": 1}}
CONFIG = {
    **PLAIN,
    "tags": {"region": "eu"},
    "trace_id_header": "X-Trace-ID",
    "baggage_header_prefix": "X-Bag-",
}


def test_a_jaeger_config_is_read_without_jaeger_client() -> None:
    """Service name and tags go to the pipeline, header names to the tracer, beside the process's own."""
    pipeline, _ = configured()
    tracer = bridge.install(jaeger_config=CONFIG)
    span = tracer.start_span("x").set_baggage_item("user", "ada")
    headers: dict[str, str] = {}
    tracer.inject(span.context, Format.HTTP_HEADERS, headers)
    assert {"x-trace-id", "x-bag-user", "traceparent", "baggage"} == set(headers)
    found = (pipeline.resource.attributes["service.name"], pipeline.resource.attributes["region"])
    assert ("shop", "eu") == found


def test_a_mixed_fleet_is_understood_in_both_formats() -> None:
    """A neighbour may send either header."""
    tracer = bridge.install(jaeger_config=PLAIN)
    for headers in ({"Uber-Trace-Id": "7:8:0:1"}, {"Traceparent": f"00-{7:032x}-{8:016x}-01"}):
        context = tracer.extract(Format.HTTP_HEADERS, headers)
        assert context is not None
        assert (7, 8) == (context.trace_id, context.span_id)


def test_jaeger_encodes_baggage_in_headers_and_not_in_text_maps() -> None:
    """As jaeger-client does."""
    tracer = bridge.install(jaeger_config=PLAIN)
    span = tracer.start_span("x").set_baggage_item("user", "ada l.")
    found = []
    for format_ in (Format.HTTP_HEADERS, Format.TEXT_MAP):
        headers: dict[str, str] = {}
        tracer.inject(span.context, format_, headers)
        found.append(headers["uberctx-user"])
    assert ["ada%20l.", "ada l."] == found


def test_jaegers_b3_propagation_is_for_http_headers() -> None:
    """As jaeger-client's `propagation: b3` is."""
    tracer = bridge.install(jaeger_config={**PLAIN, "propagation": "b3"})
    context = tracer.extract(Format.HTTP_HEADERS, {"X-B3-TraceId": f"{7:032x}", "X-B3-SpanId": f"{8:016x}"})
    assert context is not None
    headers: dict[str, str] = {}
    tracer.inject(context, Format.TEXT_MAP, headers)
    assert (7, True) == (context.trace_id, "uber-trace-id" in headers)


def test_given_propagators_win_over_jaegers() -> None:
    """What was said to the bridge counts."""
    tracer = bridge.install(propagators="tracecontext", jaeger_config=CONFIG)
    headers: dict[str, str] = {}
    tracer.inject(tracer.start_span("x").context, Format.HTTP_HEADERS, headers)
    assert ["traceparent"] == list(headers)


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ({"type": "const", "param": 1}, "parentbased_jaeger_const:1"),
        ({"type": "const", "param": "true"}, "parentbased_jaeger_const:1"),
        ({"type": "const", "param": False}, "parentbased_jaeger_const:0"),
        ({"type": "probabilistic", "param": 0.1}, "parentbased_jaeger_probabilistic:0.1"),
        ({"type": "ratelimiting", "param": "10"}, "parentbased_jaeger_ratelimiting:10"),
        ({"type": "rate_limiting", "param": 2.5}, "parentbased_jaeger_ratelimiting:2.5"),
        (
            {"type": "remote"},
            "parentbased_jaeger_remote:endpoint=http://agent:5778,pollingIntervalMs=60000",
        ),
    ],
)
def test_each_sampler_of_jaeger_is_understood(
    sampler: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of OTEL_TRACES_SAMPLER; Jaeger's samplers follow the caller's decision."""
    from midspan.bridges.opentracing._jaeger import of_config

    monkeypatch.setenv("JAEGER_AGENT_HOST", "agent")
    assert expected == of_config({"sampler": sampler}).sampler


@pytest.mark.parametrize(
    "config",
    [
        {"sampler": {"type": "psychic", "param": 1}},
        {"sampler": {"type": "probabilistic", "param": "often"}},
        {"sampler": {"type": "probabilistic", "param": 1.5}},
        {"sampler": {"type": "ratelimiting"}},
        {"propagation": "pigeon"},
    ],
)
def test_a_bad_jaeger_config_raises_where_it_is_given(config: dict[str, Any]) -> None:
    """And nothing is installed."""
    before = opentracing.tracer
    with pytest.raises(ValueError, match=r"psychic|often|1.5|ratelimiting|pigeon"):
        bridge.install(jaeger_config=config)
    assert before is opentracing.tracer


def test_root_spans_say_which_sampler_chose_them(memory: MemoryExporter) -> None:
    """As jaeger-client's do: Jaeger's adaptive sampling reads it."""
    configured(exporters=[memory])
    tracer = bridge.install(jaeger_config=PLAIN)
    with tracer.start_active_span("root"):
        tracer.start_span("child").finish()
    marks = {"sampler.type": "const", "sampler.param": True}
    assert [{}, marks] == [span.attributes for span in memory.spans]


def test_jaegers_variables_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """JAEGER_SERVICE_NAME and JAEGER_TAGS, as with jaeger-client."""
    monkeypatch.setenv("JAEGER_SERVICE_NAME", "from-variable")
    monkeypatch.setenv("JAEGER_TAGS", "region=eu, zone = b")
    pipeline, _ = configured()
    bridge.install()
    expected = {"service.name": "from-variable", "region": "eu", "zone": "b"}
    assert expected == {key: pipeline.resource.attributes.get(key) for key in expected}


def test_bad_jaeger_tags_are_an_error_that_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing mistake is found at the start."""
    monkeypatch.setenv("JAEGER_TAGS", "region")
    with pytest.raises(ValueError, match="JAEGER_TAGS"):
        bridge.install()


def test_takeover_is_said_as_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log learns that a second tracer was configured."""
    bridge.install()
    with caplog.at_level(logging.WARNING, "midspan"):
        opentracing.tracer = LegacyTracer()
    assert "LegacyTracer" in caplog.text


def test_b3_without_ids_is_no_context(tracer: Tracer) -> None:
    """A decision not to sample, alone, says nothing that a new trace could use."""
    tracer.register_propagator(Format.TEXT_MAP, "b3")
    assert tracer.extract(Format.TEXT_MAP, {"b3": "0"}) is None
