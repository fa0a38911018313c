"""Send finished spans and metrics to Kafka, as an OpenTelemetry Collector's Kafka receiver reads them.

>>> from midspan import sdk
>>> pipeline = sdk.configure(exporters=[KafkaExporter("kafka-1:9092,kafka-2:9092")])
"""

from __future__ import annotations

from midspan.exporters.kafka._exporter import KafkaExporter

__all__ = ["KafkaExporter"]
