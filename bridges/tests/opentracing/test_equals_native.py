"""A law: a program makes the same spans through the bridge, natively, and through both mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402 - only if it is there
from hypothesis import strategies as st  # noqa: E402

from midspan import baggage, context, sdk, testing, trace  # noqa: E402
from midspan.bridges.opentracing import Tracer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

names = st.text("abc", min_size=1, max_size=2)
values = st.one_of(st.text(max_size=5), st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False))
pairs = st.dictionaries(names, values, max_size=3)
kinds = st.sampled_from(["client", "server", "producer", "consumer"])

step = st.one_of(
    st.tuples(st.just("tag"), names, values),
    st.tuples(st.just("log"), names, pairs),
    st.tuples(st.just("baggage"), names, names),
    st.tuples(st.just("kind"), kinds),
    st.tuples(st.just("error"), st.booleans()),
    st.tuples(st.just("rename"), names),
)
# A span: its name, its tags, whether the mixed run makes it natively, and what happens in it.
programs = st.recursive(
    st.lists(step, max_size=4),
    lambda body: st.lists(
        st.one_of(step, st.tuples(st.just("span"), names, pairs, st.booleans(), body)), max_size=4
    ),
    max_leaves=12,
)


class Player:
    """Plays a program; a span is made natively if `native` says so, of what the program says of it."""

    def __init__(self, native: Any) -> None:
        self.memory = testing.MemoryExporter()
        sdk.configure(exporters=[self.memory], strict=True, environment={})
        self._is_native = native
        self._ot = Tracer()
        self._native = trace.get_tracer("law")
        self.baggage: list[dict[str, str]] = []

    def play(self, program: list[Any], span: Any) -> None:
        """Do one step after the other."""
        for verb, *arguments in program:
            if verb == "span":
                self._span(*arguments)
            elif isinstance(span, trace.Span):
                self._native_step(span, verb, *arguments)
            elif span is not None:
                self._ot_step(span, verb, *arguments)

    def _span(self, name: str, tags: dict[str, Any], native: bool, body: list[Any]) -> None:
        self.baggage.append(dict(baggage.get_all()))
        if self._is_native(native):
            with self._native.start_as_current_span(name, attributes=tags) as span:
                self.play(body, span)
        else:
            with self._ot.start_active_span(name, tags=tags) as scope:
                self.play(body, scope.span)

    @staticmethod
    def _ot_step(span: Any, verb: str, *arguments: Any) -> None:
        if verb == "tag":
            span.set_tag(*arguments)
        elif verb == "log":
            span.log_kv({**arguments[1], "event": arguments[0]})
        elif verb == "baggage":
            span.set_baggage_item(*arguments)
        elif verb == "kind":
            span.set_tag("span.kind", *arguments)
        elif verb == "error":
            span.set_tag("error", *arguments)
        else:
            span.set_operation_name(*arguments)

    @staticmethod
    def _native_step(span: trace.Span, verb: str, *arguments: Any) -> None:
        if verb == "tag":
            span.set_attribute(*arguments)
        elif verb == "log":
            span.add_event(*arguments)
        elif verb == "baggage":
            key, value = arguments
            context.amend_baggage(span, {**baggage.get_all(), key: value})
        elif verb == "kind":
            span.set_kind(trace.SpanKind[arguments[0].upper()])
        elif verb == "error":
            span.status = trace.Status(trace.StatusCode.ERROR if arguments[0] else trace.StatusCode.OK)
        else:
            span.update_name(*arguments)

    def record(self) -> Any:
        """Return what was exported, without ids and times, and the baggage at each start."""
        order = {span.context.span_id: index for index, span in enumerate(self.memory.spans)}
        traces: dict[int, int] = {}
        return self.baggage, [
            (
                span.name,
                span.kind,
                span.status,
                span.attributes,
                [(event.name, dict(event.attributes)) for event in span.events],
                None if span.parent is None else order[span.parent.span_id],
                traces.setdefault(span.context.trace_id, len(traces)),
            )
            for span in self.memory.spans
        ]


def run(program: list[Any], native: Any) -> Any:
    """Play a program and return its record."""
    player = Player(native)
    player.play(program, None)
    assert not trace.get_current_span().context.is_valid
    return player.record()


@pytest.fixture(autouse=True)
def _nothing_is_configured_afterwards() -> Iterator[None]:
    yield
    sdk.reset()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(programs)
def test_bridge_equals_native(program: list[Any]) -> None:
    """Names, parents, kinds, statuses, tags, logs and baggage are the same, whoever makes which span."""
    through_native = run(program, lambda _: True)
    assert through_native == run(program, lambda _: False)
    assert through_native == run(program, lambda native: native)
