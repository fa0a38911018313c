"""Send finished spans and metrics to anything that speaks OTLP, over HTTP or gRPC.

>>> from midspan import sdk
>>> pipeline = sdk.configure(exporters=[OTLPExporter("http://localhost:4318", compression="gzip")])
>>> pipeline = sdk.configure(exporters=[OTLPExporter("http://localhost:4317", protocol="grpc")])
"""

from __future__ import annotations

from midspan.exporters._http import Answer, NotSentError, Request, Transport
from midspan.exporters.otlp._exporter import OTLPExporter
from midspan.exporters.otlp._halving import halve_protobuf
from midspan.exporters.otlp._metrics import encode_metrics
from midspan.exporters.otlp._spans import encode_spans

__all__ = [
    "Answer",
    "NotSentError",
    "OTLPExporter",
    "Request",
    "Transport",
    "encode_metrics",
    "encode_spans",
    "halve_protobuf",
]
