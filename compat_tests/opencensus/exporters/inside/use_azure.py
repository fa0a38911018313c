"""opencensus-ext-azure, and the envelopes that reach its ingestion endpoint: spans and metrics."""

from __future__ import annotations

import json
import os

import _application
from _receivers import HTTPReceiver

os.environ["APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL"] = "true"
from opencensus.ext.azure.metrics_exporter import MetricsExporter
from opencensus.ext.azure.trace_exporter import AzureExporter

KEY = "11111111-2222-3333-4444-555555555555"
ACCEPTED = json.dumps({"itemsReceived": 1, "itemsAccepted": 1, "errors": []}).encode()


def main(mode):
    """Return what the endpoint was sent."""
    with HTTPReceiver(answer=ACCEPTED) as server:
        endpoint = {
            "connection_string": f"InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:{server.port}",
            "enable_local_storage": False,
            "enable_standard_metrics": False,
            "export_interval": 0.1,
        }
        exporter = AzureExporter(**endpoint)
        _application.trace_with(mode, exporter)
        exporter._worker.stop(10)
        spans = [envelope for body in server.bodies for envelope in json.loads(body)]
        server.bodies.clear()
        _application.measure_with(mode, MetricsExporter(**endpoint))
        metrics = [envelope for body in server.bodies for envelope in json.loads(body)]
    assert {"/v2.1/track"} == set(server.paths)
    return {**_application.told([_row(each) for each in spans]), "metrics": sorted(map(_metric, metrics))}


def _row(envelope):
    data = envelope["data"]["baseData"]
    return {
        "id": data["id"],
        "parent": envelope["tags"].get("ai.operation.parentId"),
        "trace": envelope["tags"]["ai.operation.id"],
        "name": data["name"],
        "type": envelope["data"]["baseType"],
        "key": envelope["iKey"],
        "success": data["success"],
        "code": data.get("resultCode", data.get("responseCode")),
        "properties": {k: v for k, v in data["properties"].items() if not k.startswith("opencensus.")},
    }


def _metric(envelope):
    data = envelope["data"]["baseData"]
    return [(each["name"], each["value"], data["properties"]) for each in data["metrics"]]
