from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.tests._expected import expected_span
from exporters.tests._oracle import decode, shown, shown_pairs, shown_span
from exporters.tests._strategies import attributes, batches, contexts, records
from midspan import _trouble, sdk, testing, trace
from midspan.exporters.otlp import encode_spans
from midspan.exporters.otlp._spans import Encoder

_encoder = Encoder()


@given(batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
def test_every_span_survives_the_way_there(spans):
    """Protobuf's own runtime reads back each span of a batch, whatever is in it."""
    expected = sorted((expected_span(span) for span in spans), key=repr)
    assert expected == sorted((shown_span(each.span) for each in decode(encode_spans(spans))), key=repr)


@given(records())
def test_resource_and_scope_stand_above_their_spans(span):
    """What made a span is told with all of its attributes and its schema."""
    (decoded,) = decode(encode_spans([span]))
    scope = span.scope
    expected = [
        [(key, shown(value)) for key, value in span.resource.attributes.items()],
        [(key, shown(value)) for key, value in scope.attributes],
        (scope.name, scope.version, scope.schema_url, span.resource.schema_url),
    ]
    assert expected == [
        shown_pairs(decoded.resource.attributes),
        shown_pairs(decoded.scope.attributes),
        (decoded.scope.name, decoded.scope.version, decoded.scope_schema_url, decoded.resource_schema_url),
    ]


def _made(name: str, options: dict[str, Any], events: list[Any], status: Any) -> trace.Span:
    """Make a span of the core's own type, as an application would."""
    if sdk.get_pipeline() is None:
        sdk.configure(exporters=[testing.MemoryExporter()], sampler="always_on", environment={})
    span = trace.get_tracer("laws").start_span(name, **options)
    for event in events:
        span.add_event(*event)
    span.set_status(*status)
    span.end()
    return span


@given(
    name=st.text(),
    options=st.fixed_dictionaries(
        {
            "attributes": attributes(),
            "kind": st.sampled_from(list(trace.SpanKind)),
            "parent": st.none() | contexts(),
            "links": st.lists(st.builds(trace.Link, contexts(), attributes()), max_size=2),
        }
    ),
    events=st.lists(st.tuples(st.text(), attributes()), max_size=3),
    status=st.tuples(st.sampled_from(list(trace.StatusCode)), st.text()),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_the_short_way_writes_what_the_public_face_of_a_span_says(name, options, events, status):
    """A span of the core, whose slots are read, decodes to what its properties say; nothing odd is found."""
    span = _made(name, options, events, status)
    _trouble.reset()
    payload = _encoder.encode([span])
    assert ({}, expected_span(span)) == (_trouble.counts(), shown_span(decode(payload)[0].span))
