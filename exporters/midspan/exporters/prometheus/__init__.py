"""Let Prometheus scrape metrics.

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

__all__ = ["PrometheusExporter"]
