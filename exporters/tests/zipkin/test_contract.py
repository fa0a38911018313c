"""The exporter keeps the contract of all exporters, in both forms."""

from __future__ import annotations

import pytest

from exporters.tests.zipkin._decoder import decode_json, decode_protobuf
from midspan.exporters.zipkin import ZipkinExporter
from midspan.testing import ExporterContract


class TestZipkinJSON(ExporterContract):
    """JSON over HTTP."""

    protocol, decode = "http/json", staticmethod(decode_json)

    @pytest.fixture(autouse=True)
    def server(self, collector):
        """Give each test a server of its own."""
        self.collector = collector

    def make_exporter(self) -> ZipkinExporter:
        return ZipkinExporter(self.collector.url, protocol=self.protocol)

    def received(self, exporter: ZipkinExporter) -> list[str]:
        return [
            span.get("name", "") for request in self.collector.received for span in self.decode(request.body)
        ]


class TestZipkinProtobuf(TestZipkinJSON):
    """Protobuf over HTTP."""

    protocol, decode = "http/protobuf", staticmethod(decode_protobuf)
