"""Log records say which trace they belong to."""

from __future__ import annotations

import json
import logging

import pytest

from midspan import trace
from midspan._environment import ConfigurationError
from midspan.integrations import logging as integration

TRACER = trace.get_tracer("t")


@pytest.fixture(autouse=True)
def _off(memory):
    yield
    integration.uninstrument()


@pytest.fixture
def record(caplog):
    """Return a function that logs a line and returns its record."""

    def logged(message="hello", **named):
        logging.getLogger("shop").warning(message, **named)
        return caplog.records[-1]

    return logged


def test_a_record_has_the_ids_of_the_current_span(record):
    """As hexadecimal digits (the flags: sampled, and random ids); zeros where there is no span."""
    integration.instrument()
    with TRACER.start_as_current_span("work") as span:
        inside = record()
    outside = record()
    context = span.context
    assert (f"{context.trace_id:032x}", f"{context.span_id:016x}", "03") == (
        inside.trace_id,
        inside.span_id,
        inside.trace_flags,
    )
    assert ("0" * 32, "0" * 16, "00") == (outside.trace_id, outside.span_id, outside.trace_flags)


def test_the_names_can_be_those_of_opentelemetry(record):
    """For formats that were written for it."""
    integration.instrument(integration.OPENTELEMETRY_FIELDS)
    found = record()
    assert ("0" * 32, False) == (found.otelTraceID, hasattr(found, "trace_id"))


def test_opentelemetry_s_variable_asks_for_them(record, monkeypatch):
    """Its names come with it."""
    monkeypatch.setenv("OTEL_PYTHON_LOG_CORRELATION", "true")
    integration.instrument()
    assert "0" * 16 == record().otelSpanID


def test_a_factory_of_the_application_s_own_stays_in_force(record):
    """Set before or after; what it adds is there, and what the caller says is believed."""
    before = logging.getLogRecordFactory()
    integration.instrument()
    logging.setLogRecordFactory(lambda *a, **k: setattr(r := before(*a, **k), "mine", 1) or r)
    try:
        found = record(extra={"span_id": "theirs"})
    finally:
        logging.setLogRecordFactory(before)
    assert (1, "theirs", "0" * 32) == (found.mine, found.span_id, found.trace_id)


def test_an_unknown_field_is_refused():
    """With those that there are."""
    with pytest.raises(ConfigurationError, match="fields=service is not known: allowed are trace_id"):
        integration.instrument({"service": "x"})


def test_json_has_one_line_a_record(record):
    """Time, severity, logger, message, ids, exception, and what came as an extra."""
    integration.instrument()
    with TRACER.start_as_current_span("work") as span:
        try:
            int("no")
        except ValueError:
            found = record("hello %s", extra={"tenant": "acme", "odd": {1}}, exc_info=True)
    found.args = ("you",)
    line = integration.JSONFormatter().format(found)
    written = json.loads(line)
    assert "\n" not in line
    assert ("WARNING", "shop", "hello you", "acme", "{1}", f"{span.context.trace_id:032x}") == tuple(
        written[name] for name in ("severity", "logger", "message", "tenant", "odd", "trace_id")
    )
    assert "ValueError" == written["exception"]["type"]
    assert written["exception"]["message"].endswith("'no'")
    assert written["timestamp"].endswith("Z")


def test_a_line_tells_the_ids_once_beside_opencensus(record):
    """What opencensus-ext-logging puts into a record is left out where it says the same, and only there."""
    integration.instrument()
    with TRACER.start_as_current_span("work") as span:
        found = record(extra={"traceId": f"{span.context.trace_id:032x}", "spanId": "another"})
    written = json.loads(integration.JSONFormatter().format(found))
    assert (None, "another") == (written.get("traceId"), written.get("spanId"))


class _Odd:
    def __eq__(self, other):
        raise ValueError

    def __str__(self):
        raise ValueError

    __hash__ = object.__hash__


def _circle():
    circle = {}
    circle["itself"] = circle
    return circle


@pytest.mark.parametrize("odd", [float("nan"), _circle(), {("a", 1): 2}, "\udcff", _Odd(), [[_Odd()]]])
def test_what_json_has_no_word_for_is_text_and_the_rest_is_there(record, odd):
    """One odd value does not cost the line."""
    found = record(extra={"odd": odd, "tenant": {"name": "acmé"}}, stack_info=True)
    line = integration.JSONFormatter().format(found)
    assert line.encode()
    written = json.loads(line, parse_constant=pytest.fail)
    assert ({"name": "acmé"}, True) == (written["tenant"], "odd" in written)
    assert written["stack"].startswith("Stack (most recent call last)")


def test_a_factory_may_make_anything():
    """What cannot hold the ids is handed on."""

    class Slim:
        __slots__ = ()

    previous = logging.getLogRecordFactory()
    logging.setLogRecordFactory(lambda *_, **__: Slim())
    try:
        integration.instrument()
        assert isinstance(logging.getLogger("shop").makeRecord("n", 10, "f", 1, "m", (), None), Slim)
    finally:
        logging.setLogRecordFactory(previous)


def test_uninstrument_restores_what_was_there(record):
    """Records are Python's own again."""
    before = logging.Logger.makeRecord, logging.makeLogRecord
    integration.instrument()
    integration.uninstrument()
    assert before == (logging.Logger.makeRecord, logging.makeLogRecord)
    assert not hasattr(record(), "trace_id")
