"""opencensus-ext-prometheus, which takes the data of views, and what is scraped from it."""

from __future__ import annotations

import urllib.request

import _application
from _receivers import free_port
from opencensus.ext.prometheus import stats_exporter
from prometheus_client.parser import text_string_to_metric_families


def main(mode):
    """Return what is scraped; there is no way to it but from OpenCensus's views."""
    port = free_port()
    exporter = stats_exporter.new_stats_exporter(
        stats_exporter.Options(namespace="shop", port=port, address="127.0.0.1")
    )
    _application.record_views(mode, exporter)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sorted(
        (sample.name, sorted(sample.labels.items()), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("shop_") and not sample.name.endswith("_created")
    )
