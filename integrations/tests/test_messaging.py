"""What a task queue or a messaging system sends and processes: names, context, links, durations."""

from __future__ import annotations

import pytest

from midspan import context, propagation, sdk, trace
from midspan._environment import ConfigurationError, Environment
from midspan.integrations._messaging import Message, MessagingPolicy, messaging_settings
from midspan.trace import SpanKind, StatusCode


def policy_of(**options):
    """Return the policy of an integration with these options."""
    return MessagingPolicy("midspan.integrations.t", messaging_settings("t", options, Environment({})))


def headers_of(name):
    """Return the headers of a message that was sent in a span of its own, and that span."""
    headers = {}
    with trace.get_tracer("t").start_as_current_span(name) as span:
        propagation.inject(headers)
    return headers, span


def test_a_span_is_named_by_the_operation_and_the_destination(memory):
    """The subject stands in place of the destination where it says more."""
    policy = policy_of()
    with policy.send(Message("kafka", "orders")), policy.send(Message("kafka", "orders", subject="charge")):
        pass
    policy.process(Message("kafka"), {}).end()
    assert ["send charge", "send orders", "process"] == [span.name for span in memory.spans]
    assert [SpanKind.PRODUCER, SpanKind.PRODUCER, SpanKind.CONSUMER] == [span.kind for span in memory.spans]


@pytest.mark.parametrize(
    ("inbound", "is_continued", "links"), [("continue", True, 0), ("link", False, 1), ("ignore", False, 0)]
)
def test_one_message_continues_the_trace_unless_told_otherwise(memory, inbound, is_continued, links):
    """It may be linked instead, or be left out."""
    headers, sender = headers_of("sender")
    running = policy_of(inbound=inbound).process(Message("kafka", "orders"), headers)
    running.end()
    assert (is_continued, links) == (
        running.span.context.trace_id == sender.context.trace_id,
        len(running.span.links),
    )


def test_a_batch_is_linked_to_the_traces_of_all_its_messages(memory):
    """It belongs to none of them, and says how many they are; one without a trace has no link."""
    first, second = headers_of("first"), headers_of("second")
    running = policy_of().process(Message("kafka", "orders"), first[0], {}, second[0])
    running.end()
    span = memory.spans[-1]
    assert (None, 3) == (span.parent, span.attributes["messaging.batch.message_count"])
    assert [first[1].context.span_id, second[1].context.span_id] == [
        link.context.span_id for link in span.links
    ]


def test_a_message_is_processed_in_the_senders_baggage_and_its_own_span(memory):
    """What was current before is so again afterwards."""
    running = policy_of().process(Message("kafka", "orders"), {"baggage": "tenant=acme"})
    with trace.get_tracer("t").start_as_current_span("before") as before:
        running.begin("a message")
        inside = context.current()
        running.end()
        assert trace.get_current_span() is before
    assert (running.span, {"tenant": "acme"}) == (inside.span, dict(inside.baggage))


def test_what_leaves_is_an_error_even_if_it_is_no_exception(memory):
    """SystemExit takes a message with it; the first that is told counts."""
    running = policy_of().process(Message("kafka", "orders"), {})
    running.failed(SystemExit(3))
    running.failed(ValueError("later"))
    running.end()
    (span,) = memory.spans
    assert (StatusCode.ERROR, "SystemExit") == (span.status.code, span.attributes["error.type"])


def test_durations_have_what_messages_have_in_common(memory):
    """System, operation, destination and the field's own; no message's id."""
    policy = policy_of()
    message = Message("kafka", "orders", id="7", dimensions={"team": "shop"})
    with pytest.raises(ValueError), policy.send(message):
        raise ValueError
    policy.process(message, {}).end()
    sdk.get_pipeline().force_flush(timeout_s=5)
    found = {
        metric.name: dict(point.attributes)
        for metric in memory.metrics
        if metric.name.startswith("messaging.")
        for point in metric.points
    }
    common = {"messaging.system": "kafka", "messaging.destination.name": "orders", "team": "shop"}
    assert found == {
        "messaging.client.operation.duration": {
            **common,
            "messaging.operation.name": "send",
            "error.type": "ValueError",
        },
        "messaging.process.duration": {**common, "messaging.operation.name": "process"},
    }


@pytest.mark.parametrize(
    ("options", "variables", "names"),
    [
        ({"excluded": ["shop.a*", "shop.b"]}, {}, ["shop.a", "shop.ab", "shop.b"]),
        ({"excluded": "shop.b, shop.c"}, {"MIDSPAN_T_EXCLUDED": "shop.a"}, ["shop.b", "shop.c"]),
        ({}, {"MIDSPAN_T_EXCLUDED": "*b,shop.c"}, ["shop.ab", "shop.b", "shop.c"]),
        ({}, {}, []),
    ],
)
def test_names_are_excluded_whole_or_by_pattern(options, variables, names):
    """By the option, else by the variable."""
    settings = messaging_settings("t", options, Environment(variables))
    assert names == [name for name in ("shop.a", "shop.ab", "shop.b", "shop.c") if settings.excludes(name)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exclude": ["x"]}, "takes no exclude: allowed are excluded, inbound"),
        ({"inbound": "trust"}, "inbound='trust' of t is not valid: allowed are continue, link, ignore"),
    ],
)
def test_what_cannot_be_is_refused(options, said):
    """With what could be."""
    with pytest.raises(ConfigurationError) as trouble:
        messaging_settings("t", options, Environment({}))
    assert said in str(trouble.value)
