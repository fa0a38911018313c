"""Let Prometheus scrape metrics, or write them to it.

>>> import urllib.request
>>> from midspan import metrics, sdk
>>> exporter = PrometheusExporter(port=0)
>>> pipeline = sdk.configure(service_name="shop", exporters=[exporter])
>>> metrics.get_meter("shop").create_counter("orders").add(2, {"route": "/checkout"})
>>> with urllib.request.urlopen(f"http://localhost:{exporter.port}/metrics") as answer:
...     [line for line in answer.read().decode().splitlines() if line.startswith("orders")]
['orders_total{otel_scope_name="shop",route="/checkout"} 2.0']
>>> pipeline.shutdown()
True
"""

from __future__ import annotations

from midspan.exporters.prometheus._exporter import PrometheusExporter
from midspan.exporters.prometheus._remote_write import RemoteWriteExporter
from midspan.exporters.prometheus._write_request import encode_write_request

__all__ = ["PrometheusExporter", "RemoteWriteExporter", "encode_write_request"]
