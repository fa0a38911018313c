"""Contexts to inject, and what can be told of those that were extracted."""

from __future__ import annotations

import pytest

from midspan import context as _context
from midspan.context import Context
from midspan.trace import NonRecordingSpan, SpanContext, TraceState

TRACE_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736
SPAN_ID = 0x00F067AA0BA902B7


@pytest.fixture
def context_of():
    """Return a function that makes a context with a span and baggage."""

    def make(baggage=None, *, trace_id=TRACE_ID, span_id=SPAN_ID, flags=1, state="", debug=False):  # noqa: PLR0913 - a span context's fields
        found = SpanContext(trace_id, span_id, flags, TraceState.parse(state), is_remote=True, is_debug=debug)
        return Context(NonRecordingSpan(found), baggage or {})

    return make


@pytest.fixture
def injected(context_of):
    """Return a function that tells what headers a propagator writes for a span and baggage."""

    def inject(propagator, baggage=None, **identity):
        headers = {}
        propagator.inject(headers, context_of(baggage, **identity))
        return headers

    return inject


@pytest.fixture
def extracted():
    """Return a function that tells the ids, the flags and the debug flag that a propagator finds, or None."""

    def extract(propagator, headers):
        context = propagator.extract(headers, _context.EMPTY)
        if context.span is None:
            return None
        found = context.span.context
        assert found.is_remote
        return found.trace_id, found.span_id, found.trace_flags, found.is_debug

    return extract
