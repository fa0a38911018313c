"""opencensus-ext-jaeger, and the thrift that reaches an agent and a collector, read by thriftpy2."""

from __future__ import annotations

from pathlib import Path

import _application
import thriftpy2
from _receivers import HTTPReceiver, UDPReceiver
from opencensus.ext.jaeger.trace_exporter import JaegerExporter
from thriftpy2.protocol import TBinaryProtocolFactory, TCompactProtocolFactory
from thriftpy2.transport import TMemoryBuffer

thrift = thriftpy2.load(str(Path(__file__).with_name("jaeger.thrift")), module_name="jaeger_thrift")
VALUES = ("vStr", "vDouble", "vBool", "vLong", "vBinary")


def main(mode):
    """Return what the agent was sent, which is what the collector was sent."""
    with UDPReceiver() as agent, HTTPReceiver() as collector:
        exporter = JaegerExporter(
            "shop",
            host_name="127.0.0.1",
            port=collector.port,
            agent_host_name="127.0.0.1",
            agent_port=agent.port,
        )
        _application.trace_with(mode, exporter)
        batches = [_argument(data, TCompactProtocolFactory(), "emitBatch").batch for data in agent.received()]
    posted = [_argument(body, TBinaryProtocolFactory(), "submitBatches").batches for body in collector.bodies]
    seen = _told(batches)
    assert seen == _told([batch for each in posted for batch in each])
    return seen


def _argument(data, protocols, method):
    protocol = protocols.get_protocol(TMemoryBuffer(data))
    assert method == protocol.read_message_begin()[0]
    arguments = getattr(thrift.Agent if method == "emitBatch" else thrift.Collector, f"{method}_args")()
    protocol.read_struct(arguments)
    return arguments


def _told(batches):
    return _application.told(
        [_row(span, batch.process.serviceName) for batch in batches for span in batch.spans]
    )


def _row(span, service):
    return {
        "id": span.spanId,
        "parent": span.parentSpanId or None,
        "trace": (span.traceIdHigh, span.traceIdLow),
        "name": span.operationName,
        "service": service,
        "flags": span.flags,
        "tags": _tags(span.tags),
        "notes": [_tags(log.fields) for log in span.logs],
        "references": [(each.refType, each.traceIdLow, each.spanId) for each in span.references],
        "took": span.duration >= 0,
    }


def _tags(tags):
    return {tag.key: getattr(tag, VALUES[tag.vType]) for tag in tags if not tag.key.startswith("opencensus.")}
