"""Send finished spans to Jaeger: to an agent over UDP, or to a collector over HTTP.

>>> from midspan import sdk
>>> pipeline = sdk.configure(service_name="shop", exporters=[JaegerExporter(agent_host="localhost")])
"""

from __future__ import annotations

from midspan.exporters.jaeger._exporter import JaegerExporter

__all__ = ["JaegerExporter"]
