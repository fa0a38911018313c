"""Print traces as trees and metrics as tables, on a terminal, for a person who enjoys reading them.

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
from midspan.exporters.console._table import render_metrics

__all__ = ["ConsoleExporter", "render", "render_metrics"]
