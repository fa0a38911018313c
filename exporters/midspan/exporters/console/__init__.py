"""Print traces on the terminal, as trees that a person enjoys reading.

>>> import sys
>>> from midspan import sdk, trace
>>> pipeline = sdk.configure(service_name="shop", exporters=[ConsoleExporter(sys.stdout)])
>>> with trace.get_tracer("shop").start_as_current_span("charge"):
...     pass
── trace ...
   1 span: 1 native · ...
"""

from __future__ import annotations

from midspan.exporters.console._exporter import ConsoleExporter
from midspan.exporters.console._render import render

__all__ = ["ConsoleExporter", "render"]
