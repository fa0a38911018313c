"""A Django application with the middleware of opencensus-ext-django."""

from __future__ import annotations

import _asked
import _django

from midspan.bridges import opencensus as bridge

_asked.begin()
bridge.install()
# By default, the middleware keeps one trace in 10,000.
sampler = "opencensus.trace.samplers.AlwaysOnSampler()"
_django.serve(
    "opencensus.ext.django.middleware.OpencensusMiddleware", OPENCENSUS={"TRACE": {"SAMPLER": sampler}}
)
