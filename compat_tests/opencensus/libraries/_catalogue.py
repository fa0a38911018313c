"""List the libraries and what each needs: a line here, a file in scenarios/, pins in a requirements file."""

from __future__ import annotations

from compat_tests._scenarios._library import Library
from compat_tests.opencensus.libraries._stores import STORES

# The second form feeds the pipeline alone, as an application does that has moved.
_BOTH = ("midspan", "midspan-replace")

LIBRARIES = (
    Library("opencensus-ext-requests", "web", "use_requests", actors=_BOTH),
    *STORES,
)
