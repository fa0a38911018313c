"""What a caller decided about recording, or left open, is what happens here."""

from __future__ import annotations

import pytest

from midspan import context as _context
from midspan import propagation, sdk, trace

IDS = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"


@pytest.fixture
def handled(memory):
    """Return a function that handles a request under a sampler, and returns the recorded spans."""

    def handle(names, headers, sampler):
        sdk.configure(exporters=[memory], sampler=sampler, propagators=names, environment={}, detectors=[])
        tracer = trace.get_tracer("test")
        with (
            _context.attached(propagation.extract(headers)),
            tracer.start_as_current_span("handle"),
            tracer.start_as_current_span("inner"),
        ):
            pass
        return {span.name: span for span in memory.spans}

    return handle


@pytest.mark.parametrize(
    ("header", "recorded"),
    [
        (f"{IDS}-1", True),
        (f"{IDS}-0", False),
        (f"{IDS}-d", True),
        (IDS, False),
        ("1", True),
        ("0", False),
        ("d", True),
    ],
)
def test_a_callers_yes_counts_where_roots_are_not_recorded(handled, header, recorded):
    """With ids or without; what was left open is for the root sampler to say, which says no."""
    assert recorded == bool(handled(["b3"], {"b3": header}, "parentbased_always_off"))


@pytest.mark.parametrize(
    ("header", "recorded"),
    [(f"{IDS}-1", True), (f"{IDS}-0", False), (IDS, True), ("1", True), ("0", False), ("d", True)],
)
def test_a_callers_no_counts_where_roots_are_recorded(handled, header, recorded):
    """With ids or without; what was left open is for the root sampler to say, which says yes."""
    assert recorded == bool(handled(["b3"], {"b3": header}, "parentbased_always_on"))


@pytest.mark.parametrize(
    ("names", "headers"),
    [
        (["cloudtrace"], {"x-cloud-trace-context": "4bf92f3577b34da6a3ce929d0e0e4736/5"}),
        (["datadog"], {"x-datadog-trace-id": "5", "x-datadog-parent-id": "6"}),
        (
            ["xray"],
            {"x-amzn-trace-id": f"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent={'5' * 16};Sampled=?"},
        ),
    ],
)
def test_what_is_left_open_is_decided_once(handled, names, headers):
    """The span has the caller for its parent, and its own children are sampled with it."""
    spans = handled(names, headers, "parentbased_always_on")
    assert (True, 1, 1) == (
        spans["handle"].parent.is_remote,
        spans["handle"].context.trace_flags & ~2,
        spans["inner"].context.trace_flags & ~2,
    )


def test_a_debug_id_is_on_the_root_span_alone(handled):
    """Whoever sent it looks for it; the sampler was not asked."""
    spans = handled(["jaeger"], {"jaeger-debug-id": "find-me"}, "always_off")
    assert ({"jaeger-debug-id": "find-me"}, {}, None, True) == (
        spans["handle"].attributes,
        spans["inner"].attributes,
        spans["handle"].parent,
        spans["handle"].context.is_debug,
    )
