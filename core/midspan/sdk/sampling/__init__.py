"""Decide which spans are recorded: a sampler is one function from a request to a result.

>>> from midspan.sdk import sampling
>>> def only_errors_of_shop(request):
...     return sampling.SAMPLE if request.name.startswith("shop.") else sampling.DROP
"""

from __future__ import annotations

from midspan.sdk.sampling._decision import (
    ALWAYS,
    DROP,
    RECORD,
    SAMPLE,
    Decision,
    Sampler,
    SamplingRequest,
    SamplingResult,
    Situation,
    close,
    threshold_of,
)
from midspan.sdk.sampling._rules import AlwaysRecord, Rule, Rules
from midspan.sdk.sampling._samplers import ParentBased, RateLimiting, TraceIdRatio, always_off, always_on

__all__ = [
    "ALWAYS",
    "DROP",
    "RECORD",
    "SAMPLE",
    "AlwaysRecord",
    "Decision",
    "ParentBased",
    "RateLimiting",
    "Rule",
    "Rules",
    "Sampler",
    "SamplingRequest",
    "SamplingResult",
    "Situation",
    "TraceIdRatio",
    "always_off",
    "always_on",
    "close",
    "threshold_of",
]
