"""A context for a child process, in its environment variables."""

from __future__ import annotations

import os
import subprocess
import sys

from midspan import context as _context
from midspan import propagation
from midspan.context import Context
from midspan.propagation import environment
from midspan.trace import NonRecordingSpan, SpanContext, TraceState

CONTEXT = Context(
    NonRecordingSpan(SpanContext(0xA, 0xB, 1, TraceState((("v", "1"),)), is_remote=True)), {"tier": "gold"}
)
VARIABLES = {"TRACEPARENT": f"00-{'a':0>32}-{'b':0>16}-01", "TRACESTATE": "v=1", "BAGGAGE": "tier=gold"}
CHILD = """
import os
from midspan import propagation
from midspan.propagation import environment
found = propagation.extract(os.environ, getter=environment.getter)
print(found.span.context, found.span.context.trace_state, found.baggage["tier"])
"""


def test_names_are_in_capitals():
    """The variables of OpenTelemetry's specification, beside what was there."""
    variables = {"PATH": "/bin"}
    propagation.inject(variables, CONTEXT, setter=environment.setter)
    assert {"PATH": "/bin", **VARIABLES} == variables


def test_variables_are_read():
    """What a parent wrote, a child finds."""
    found = propagation.extract(VARIABLES, _context.EMPTY, environment.getter)
    assert (CONTEXT.span.context, {"tier": "gold"}) == (found.span.context, dict(found.baggage))


def test_names_in_lower_case_are_other_variables():
    """Outside Windows a variable's name has a case."""
    assert _context.EMPTY is propagation.extract(
        {"traceparent": VARIABLES["TRACEPARENT"]}, None, environment.getter
    )


def test_what_no_variable_may_be_called_becomes_an_underscore():
    """Dashes above all; a digit cannot stand first."""
    variables = {}
    environment.setter(variables, "x-b3-trace.id", "1")
    environment.setter(variables, "3d", "2")
    assert {"X_B3_TRACE_ID": "1", "_3D": "2"} == variables


def test_every_format_of_text_can_be_sent_through_variables():
    """The way back finds dashes where they were."""
    names = ["b3multi", "jaeger", "ottrace", "xray", "cloudtrace", "opencensus-text", "datadog"]
    found = []
    for name in names:
        variables = {}
        propagation.set_global(propagation.by_name([name]))
        propagation.inject(variables, CONTEXT, setter=environment.setter)
        found.append(propagation.extract(variables, _context.EMPTY, environment.getter).span.context.span_id)
    assert [0xB] * len(names) == found


def test_a_binary_value_is_left_out():
    """A variable holds text."""
    variables = {}
    propagation.set_global(propagation.by_name(["opencensus-binary"]))
    propagation.inject(variables, CONTEXT, setter=environment.setter)
    assert {} == variables


def test_the_variable_of_a_lambda_function_is_read():
    """AWS sets the X-Ray header with an underscore in front."""
    propagation.set_global(propagation.by_name(["xray"]))
    header = f"Root=1-{'a':0>8}-{'b':0>24};Parent={'c':0>16};Sampled=1"
    found = propagation.extract({"_X_AMZN_TRACE_ID": header}, _context.EMPTY, environment.getter)
    assert 0xC == found.span.context.span_id


def test_a_child_process_continues_the_trace():
    """A real one."""
    child = dict(os.environ)
    propagation.inject(child, CONTEXT, setter=environment.setter)
    output = subprocess.run(
        [sys.executable, "-c", CHILD], env=child, capture_output=True, text=True, check=True
    )
    assert f"{CONTEXT.span.context} TraceState('v=1') gold\n" == output.stdout
