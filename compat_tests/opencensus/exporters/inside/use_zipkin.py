"""opencensus-ext-zipkin, and the JSON that reaches a server."""

from __future__ import annotations

import json

import _application
from _receivers import HTTPReceiver
from opencensus.ext.zipkin.trace_exporter import ZipkinExporter


def main(mode):
    """Return what the server was sent."""
    with HTTPReceiver(status=202) as server:
        exporter = ZipkinExporter("shop", host_name="127.0.0.1", port=server.port)
        _application.trace_with(
            mode, exporter, **({"one_trace_at_a_time": False} if mode == "native" else {})
        )
    assert {"/api/v2/spans"} == set(server.paths)
    return _application.told([_row(span) for body in server.bodies for span in json.loads(body)])


def _row(span):
    return {
        "id": span["id"],
        "parent": span.get("parentId"),
        "trace": span["traceId"],
        "name": span["name"],
        "kind": span.get("kind"),
        "service": span["localEndpoint"]["serviceName"],
        "tags": {key: value for key, value in span["tags"].items() if not key.startswith("opencensus.")},
        "notes": [each["value"] for each in span["annotations"]],
        "took": span["duration"] >= 0,
    }
