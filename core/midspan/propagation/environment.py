"""Environment variables as a carrier: a context for a child process, or from a parent.

The names are those of the headers in capitals, with `_` for what no variable may be called by:
`TRACEPARENT`, `TRACESTATE`, `BAGGAGE`, `X_B3_TRACEID` (OpenTelemetry, environment variables as carriers).

>>> import os, subprocess, sys
>>> from midspan import propagation
>>> from midspan.propagation import environment
>>> child = dict(os.environ)
>>> propagation.inject(child, setter=environment.setter)          # in the parent
>>> context = propagation.extract(os.environ, getter=environment.getter)    # in the child
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

__all__ = ["getter", "setter"]

_forbidden: Final = re.compile(r"[^A-Z0-9_]")


def getter(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables under the names of the headers that they stand for.

    A variable may stand for two, with dashes and with underscores, for the way there cannot be reversed.
    AWS Lambda's `_X_AMZN_TRACE_ID` has an underscore in front.
    """
    found: dict[str, str] = {}
    for name, value in variables.items():
        if name.isupper():
            lower = name.lower()
            found[lower] = value
            found[lower.lstrip("_").replace("_", "-")] = value
    return found


def setter(variables: MutableMapping[str, str], name: str, value: Any) -> None:  # noqa: ANN401 - some are bytes
    """Set the variable that stands for a header; one that is binary cannot be a variable, and is left out."""
    if isinstance(value, str):
        variable = _forbidden.sub("_", name.upper())
        variables[f"_{variable}" if variable[:1].isdigit() else variable] = value
