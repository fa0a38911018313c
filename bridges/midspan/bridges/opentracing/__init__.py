"""OpenTracing over midspan: every library written for OpenTracing makes native spans, unmodified.

>>> import opentracing
>>> from midspan.bridges import opentracing as bridge
>>> tracer = bridge.install()
>>> with opentracing.tracer.start_active_span("charge") as scope:
...     span = scope.span.set_tag("card", "visa")
>>> bridge.uninstall()

What differs from other tracers is listed in docs/opentracing.md, and each row there has a test of its name.
"""

from __future__ import annotations

from midspan.bridges.opentracing._install import install, uninstall
from midspan.bridges.opentracing._scope import Scope, ScopeManager
from midspan.bridges.opentracing._span import Span
from midspan.bridges.opentracing._span_context import SpanContext
from midspan.bridges.opentracing._tracer import Tracer

__all__ = ["Scope", "ScopeManager", "Span", "SpanContext", "Tracer", "install", "uninstall"]
