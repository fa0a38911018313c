"""The same verbs of the peer's interface, each given one value that may be anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import baggage, context, metrics, propagate, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VERBS"]

_tracer = trace.get_tracer("harmless")


def _with(manager: Any) -> None:
    with manager:
        pass


def _on(use: Callable[[Any], object]) -> None:
    with _tracer.start_as_current_span("used") as span:
        use(span)


def _started(**arguments: Any) -> None:
    _tracer.start_span(**({"name": "started"} | arguments)).end()
    with _tracer.start_as_current_span(**({"name": "started"} | arguments)) as span:
        _with(_tracer.start_as_current_span("below"))
        repr(span)


def _after_end(name: Any) -> None:
    span = _tracer.start_span(name)
    span.end()
    span.set_attribute("key", 1)
    span.end()


def _carried(ctx: Any) -> None:
    token = context.attach(ctx)
    propagate.inject({})
    context.detach(token)


def _context() -> Any:
    return _tracer.start_span("x").get_span_context()


_reader = InMemoryMetricReader()
_provider = MeterProvider([_reader])
_meter = _provider.get_meter("harmless")
_counter = _meter.create_counter("counter")
_up_down = _meter.create_up_down_counter("up_down")
_histogram = _meter.create_histogram("histogram")
_gauge = _meter.create_gauge("gauge")
_observation = metrics.Observation


def _measured(counter: Any) -> None:
    counter.add(1, {"key": "value"})
    _collect()


def _observed(callback: Any) -> None:
    _meter.create_observable_gauge("observed", callbacks=[callback])
    _collect()


def _collect() -> None:
    _reader.get_metrics_data()


def _of_key(odd: Any) -> dict[Any, Any]:
    """Return attributes with an odd key; what no dictionary takes is not midspan's to take."""
    try:
        return {odd: 1}
    except Exception:
        return {}


VERBS: dict[str, Callable[[Any], object]] = {
    "start: name": lambda odd: _started(name=odd),
    "start: kind": lambda odd: _started(kind=odd),
    "start: attributes": lambda odd: _started(attributes=odd),
    "start: attribute": lambda odd: _started(attributes={"key": odd}),
    "start: links": lambda odd: _started(links=odd),
    "start: link": lambda odd: _started(links=[odd]),
    "start: link's context": lambda odd: _started(links=[trace.Link(odd)]),
    "start: link's attributes": lambda odd: _started(links=[trace.Link(_context(), odd)]),
    "start: parent": lambda odd: _started(context=odd),
    "start: time": lambda odd: _started(start_time=odd),
    "set_attribute: key": lambda odd: _on(lambda span: span.set_attribute(odd, 1)),
    "set_attribute: value": lambda odd: _on(lambda span: span.set_attribute("key", odd)),
    "set_attributes": lambda odd: _on(lambda span: span.set_attributes(odd)),
    "add_event: name": lambda odd: _on(lambda span: span.add_event(odd)),
    "add_event: attributes": lambda odd: _on(lambda span: span.add_event("event", odd)),
    "add_event: time": lambda odd: _on(lambda span: span.add_event("event", None, odd)),
    "add_link": lambda odd: _on(lambda span: span.add_link(odd)),
    "add_link: attributes": lambda odd: _on(lambda span: span.add_link(_context(), odd)),
    "set_status": lambda odd: _on(lambda span: span.set_status(odd)),
    "set_status: description": lambda odd: _on(lambda span: span.set_status(trace.StatusCode.ERROR, odd)),
    "set_status: Status": lambda odd: _on(lambda span: span.set_status(trace.Status(odd, odd))),
    "update_name": lambda odd: _on(lambda span: span.update_name(odd)),
    "record_exception": lambda odd: _on(lambda span: span.record_exception(odd)),
    "record_exception: attributes": lambda odd: _on(lambda span: span.record_exception(ValueError("x"), odd)),
    "record_exception: time": lambda odd: _on(lambda span: span.record_exception(ValueError("x"), None, odd)),
    "end: time": lambda odd: _tracer.start_span("ended").end(odd),
    "verbs after the end": _after_end,
    "use_span": lambda odd: _with(trace.use_span(odd, end_on_exit=True)),
    "get_tracer: name": lambda odd: trace.get_tracer(odd).start_span("x").end(),
    "get_tracer: version": lambda odd: trace.get_tracer("x", odd).start_span("x").end(),
    "get_tracer: attributes": lambda odd: trace.get_tracer("x", attributes=odd).start_span("x").end(),
    "get_tracer: attribute": lambda odd: trace.get_tracer("x", attributes={"key": odd}).start_span("x").end(),
    "attach": lambda odd: context.detach(context.attach(odd)),
    "detach": context.detach,
    "set_baggage: name": lambda odd: _carried(baggage.set_baggage(odd, "value")),
    "set_baggage: value": lambda odd: _carried(baggage.set_baggage("name", odd)),
    "get_baggage": baggage.get_baggage,
    "remove_baggage": baggage.remove_baggage,
    "inject: carrier": propagate.inject,
    "inject: context": lambda odd: propagate.inject({}, odd),
    "extract: carrier": propagate.extract,
    "extract: context": lambda odd: propagate.extract({}, odd),
    "create: name": lambda odd: _measured(_meter.create_counter(odd)),
    "create: unit": lambda odd: _measured(_meter.create_counter("unit", unit=odd)),
    "create: description": lambda odd: _measured(_meter.create_counter("description", description=odd)),
    "add: amount": _counter.add,
    "add: attributes": lambda odd: _counter.add(1, odd),
    "add: attribute": lambda odd: _counter.add(1, {"key": odd}),
    "add: key": lambda odd: _counter.add(1, _of_key(odd)),
    "up and down: amount": _up_down.add,
    "record: value": _histogram.record,
    "record: attributes": lambda odd: _histogram.record(1, odd),
    "set: value": _gauge.set,
    "observe: callback": _observed,
    "observe: what it returns": lambda odd: _observed(lambda *_: odd),
    "observe: value": lambda odd: _observed(lambda *_: [_observation(odd)]),
    "observe: attributes": lambda odd: _observed(lambda *_: [_observation(1, odd)]),
    "get_meter: name": lambda odd: _measured(_provider.get_meter(odd).create_counter("named")),
    "get_meter: version": lambda odd: _measured(_provider.get_meter("x", odd).create_counter("named")),
    "extract: headers": lambda odd: propagate.extract(
        {"traceparent": odd, "tracestate": odd, "baggage": odd}
    ),
}
