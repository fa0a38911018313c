"""Send finished spans to Zipkin, or to anything that takes its v2 form over HTTP, as JSON or as protobuf.

>>> from midspan import sdk
>>> pipeline = sdk.configure(exporters=[ZipkinExporter("http://localhost:9411/api/v2/spans")])
"""

from __future__ import annotations

from midspan.exporters.zipkin._exporter import ZipkinExporter
from midspan.exporters.zipkin._json import encode_json
from midspan.exporters.zipkin._protobuf import encode_protobuf

__all__ = ["ZipkinExporter", "encode_json", "encode_protobuf"]
