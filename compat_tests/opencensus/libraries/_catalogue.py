"""List the libraries and what each needs: a line here, a file in scenarios/, pins in a requirements file."""

from __future__ import annotations

from compat_tests._scenarios._library import Library
from compat_tests.opencensus.libraries._stores import STORES

# The second form feeds the pipeline alone, as an application does that has moved.
_BOTH = ("midspan", "midspan-replace")

LIBRARIES = (
    Library("opencensus-ext-flask", "web", "use_flask", actors=_BOTH),
    Library("opencensus-ext-flask in every format", "web", "use_formats"),
    Library("opencensus-ext-django", "web", "use_django"),
    Library("opencensus-ext-fastapi", "web", "use_fastapi"),
    Library("opencensus-ext-pyramid", "web", "use_pyramid"),
    Library("opencensus-ext-requests", "web", "use_requests", actors=_BOTH),
    Library("opencensus-ext-httpx", "web", "use_httpx"),
    Library("opencensus-ext-httplib", "web", "use_httplib"),
    Library("opencensus-ext-grpc", "web", "use_grpc", actors=_BOTH),
    Library("opencensus-ext-threading", "web", "use_threading", actors=_BOTH),
    Library("opencensus-ext-logging", "web", "use_logging"),
    Library("opencensus-ext-gevent", "web", "use_gevent"),
    *STORES,
)
