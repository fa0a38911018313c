"""A client with opencensus-ext-requests, where OpenCensus has no tracer: it records nothing there."""

from __future__ import annotations

import contextlib

import _requests

_requests.ask(contextlib.nullcontext)
