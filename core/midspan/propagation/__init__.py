"""Carry a trace and its baggage from one process to the next, in whatever format the neighbours speak.

>>> from midspan import propagation
>>> headers = {}
>>> propagation.inject(headers)                # the current span and baggage, into a request
>>> arrived = propagation.extract(headers)     # and out of it again, on the other side
"""

from __future__ import annotations

from midspan.propagation._composite import Composite
from midspan.propagation._format import ROOT_ATTRIBUTES, Propagator
from midspan.propagation._global import extract, get_global, inject, set_global
from midspan.propagation._names import by_name

__all__ = [
    "ROOT_ATTRIBUTES",
    "Composite",
    "Propagator",
    "by_name",
    "extract",
    "get_global",
    "inject",
    "set_global",
]
