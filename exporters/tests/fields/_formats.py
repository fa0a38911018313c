"""What each format makes of a span, or of metrics, decoded by somebody else's code into plain values.

Numbers are numbers and texts are texts; bytes are shown as hexadecimal digits. A document begins at the span,
and at the metrics by their names; what stands around them is under names with capitals, as the document says.
"""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest as classic_text
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as classic_families

from exporters.tests.jaeger._oracle import batch_of_call, batch_of_request
from exporters.tests.opencensus_agent import _decoder as agent
from exporters.tests.prometheus._write_oracle import decode as decode_write_request
from exporters.tests.zipkin._decoder import decode_protobuf as decode_zipkin
from midspan.exporters.jaeger._encoding import for_agent, for_collector
from midspan.exporters.jaeger._frames import split
from midspan.exporters.jsonl import JSONLinesExporter
from midspan.exporters.opencensus_agent import encode_metrics as agent_metrics
from midspan.exporters.opencensus_agent import encode_spans as agent_spans
from midspan.exporters.otlp import OTLPExporter
from midspan.exporters.prometheus import PrometheusExporter, encode_write_request
from midspan.exporters.zipkin import encode_json, encode_protobuf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from midspan.metrics import Metric
    from midspan.trace import Span

__all__ = ["METRIC_FORMS", "SPAN_FORMS", "plain"]


def plain(message: Any) -> Any:
    """Return a protobuf message, or a struct of thrift's, as dictionaries and lists of what is set."""
    if hasattr(message, "ListFields"):
        return {field.name: plain(value) for field, value in message.ListFields()}
    if hasattr(message, "thrift_spec"):
        return {name: plain(value) for name, value in vars(message).items() if value is not None}
    if isinstance(message, bytes):
        return message.hex()
    if isinstance(message, (str, bool, int, float)):
        return message
    return [plain(each) for each in message]


def _otlp_span(spans: Sequence[Span]) -> Any:
    body = OTLPExporter(environment={}).encode_spans(spans)
    (of_resource,) = plain(ExportTraceServiceRequest.FromString(body))["resource_spans"]
    (of_scope,) = of_resource.pop("scope_spans")
    (span,) = of_scope.pop("spans")
    return span | {"ResourceSpans": of_resource, "ScopeSpans": of_scope}


def _json_span(spans: Sequence[Span]) -> Any:
    return _of_json_span(OTLPExporter(protocol="http/json", environment={}).encode_spans(spans))


def _line_span(spans: Sequence[Span]) -> Any:
    file = io.StringIO()
    JSONLinesExporter(file).export_spans(spans)
    return _of_json_span(file.getvalue())


def _of_json_span(text: str | bytes) -> Any:
    (of_resource,) = json.loads(text)["resourceSpans"]
    (of_scope,) = of_resource.pop("scopeSpans")
    (span,) = of_scope.pop("spans")
    return _typed(span | {"ResourceSpans": of_resource, "ScopeSpans": of_scope})


# What is a text in the JSON form because JSON's numbers have too few digits.
_LONG = frozenset({"intValue", "asInt", "count", "zeroCount", "timeUnixNano", "startTimeUnixNano"})
_LONG |= {"endTimeUnixNano", "bucketCounts"}


def _typed(form: Any, name: str = "") -> Any:
    """Return the JSON form with numbers for the texts that stand for them, and bytes as elsewhere."""
    if isinstance(form, dict):
        return {key: _typed(value, key) for key, value in form.items()}
    if isinstance(form, list):
        return [_typed(each, name) for each in form]
    if name == "bytesValue":
        return base64.b64decode(form, validate=True).hex()
    return int(form) if name in _LONG and isinstance(form, str) else form


def _zipkin_json(spans: Sequence[Span]) -> Any:
    (span,) = json.loads(encode_json(spans))
    return span


def _zipkin_protobuf(spans: Sequence[Span]) -> Any:
    """Return the fields of the protobuf form by the names that they have in JSON."""
    (span,) = decode_zipkin(encode_protobuf(spans))
    ids = {"traceId": ("trace_id", 32), "parentId": ("parent_id", 16), "id": ("id", 16)}
    same = ("kind", "name", "timestamp", "duration", "tags", "debug")
    shown = {name: f"{span[own]:0{digits}x}" for name, (own, digits) in ids.items() if own in span}
    shown |= {name: span[name] for name in same if name in span}
    for name, own in {"localEndpoint": "local", "remoteEndpoint": "remote"}.items():
        if own in span:
            renamed = {"name": "serviceName", "address": "ipv4", "port": "port"}
            shown[name] = {renamed[key]: value for key, value in span[own].items()}
    if "annotations" in span:
        shown["annotations"] = [{"timestamp": time, "value": text} for time, text in span["annotations"]]
    return shown


def _jaeger_agent(spans: Sequence[Span]) -> Any:
    (frame,) = split(for_agent().encode(spans))
    return _of_batch(batch_of_call(frame.message))


def _jaeger_collector(spans: Sequence[Span]) -> Any:
    (frame,) = split(for_collector().encode(spans))
    return _of_batch(batch_of_request(frame.message))


def _of_batch(batch: Any) -> Any:
    (span,) = batch.spans
    return plain(span) | {"Process": plain(batch.process)}


def _agent_span(spans: Sequence[Span]) -> Any:
    request = agent.decode_spans(agent_spans(spans))
    (span,) = request["spans"]
    return _hex(span | {"Node": request["node"], "Resource": request["resource"]})


def _hex(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hex(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hex(each) for each in value]
    return value.hex() if isinstance(value, bytes) else value


def _otlp_metrics(metrics: Sequence[Metric]) -> Any:
    body = OTLPExporter(environment={}).encode_metrics(metrics)
    (of_resource,) = plain(ExportMetricsServiceRequest.FromString(body))["resource_metrics"]
    return _by_name(of_resource, "scope_metrics")


def _json_metrics(metrics: Sequence[Metric]) -> Any:
    body = OTLPExporter(protocol="http/json", environment={}).encode_metrics(metrics)
    (of_resource,) = json.loads(body)["resourceMetrics"]
    return _typed(_by_name(of_resource, "scopeMetrics"))


def _by_name(of_resource: Any, of_scopes: str) -> Any:
    (of_scope,) = of_resource.pop(of_scopes)
    by_name = {metric.pop("name"): metric for metric in of_scope.pop("metrics")}
    return by_name | {"ResourceMetrics": of_resource, "ScopeMetrics": of_scope}


class _Given:
    """A source of metrics that are collected already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        return self._metrics


def _scraped(metrics: Sequence[Metric]) -> Any:
    return _shown(text_string_to_metric_families(openmetrics(_registry(metrics)).decode()))


def _scraped_classic(metrics: Sequence[Metric]) -> Any:
    return _shown(classic_families(classic_text(_registry(metrics)).decode()))


def _registry(metrics: Sequence[Metric]) -> CollectorRegistry:
    registry = CollectorRegistry()
    exporter = PrometheusExporter(registry=registry, serve=False, environment={})
    exporter.follow_metrics(_Given(metrics))
    return registry


def _shown(families: Iterable[Any]) -> Any:
    shown: dict[str, Any] = {"TYPE": {}, "HELP": {}, "UNIT": {}}
    for family in families:
        shown["TYPE"][family.name] = family.type
        shown["HELP"][family.name] = family.documentation
        shown["UNIT"][family.name] = family.unit
        for sample in family.samples:
            series = {"labels": dict(sample.labels), "value": sample.value}
            if sample.exemplar is not None:
                exemplar = {"labels": dict(sample.exemplar.labels), "value": sample.exemplar.value}
                series["exemplar"] = exemplar
            shown.setdefault(sample.name, []).append(series)
    return shown


def _remotely_written(metrics: Sequence[Metric]) -> Any:
    request = plain(decode_write_request(encode_write_request(metrics)))
    shown: dict[str, Any] = {
        "METADATA": {each.pop("metric_family_name"): each for each in request.get("metadata", ())}
    }
    for series in request.get("timeseries", ()):
        for each in (series, *series.get("exemplars", ())):
            each["labels"] = {label["name"]: label["value"] for label in each.get("labels", ())}
        shown.setdefault(series["labels"].pop("__name__"), []).append(series)
    return shown


def _agent_metrics(metrics: Sequence[Metric]) -> Any:
    request = agent.decode_metrics(agent_metrics(metrics))
    by_name = {metric["metric_descriptor"].pop("name"): metric for metric in request.get("metrics", ())}
    return _hex(by_name | {name.title(): request[name] for name in ("node", "resource") if name in request})


# By the columns of the tables, and the names of the forms that a format has.
SPAN_FORMS: dict[str, dict[str, Callable[[Sequence[Span]], Any]]] = {
    "OTLP": {"protobuf": _otlp_span, "JSON": _json_span, "JSON lines": _line_span},
    "Zipkin": {"json": _zipkin_json, "protobuf": _zipkin_protobuf},
    "Jaeger": {"compact": _jaeger_agent, "binary": _jaeger_collector},
    "OpenCensus agent": {"protobuf": _agent_span},
}
METRIC_FORMS: dict[str, dict[str, Callable[[Sequence[Metric]], Any]]] = {
    "OTLP": {"protobuf": _otlp_metrics, "JSON": _json_metrics},
    "Prometheus": {"OpenMetrics": _scraped, "classic": _scraped_classic},
    "Remote write": {"protobuf": _remotely_written},
    "OpenCensus agent": {"protobuf": _agent_metrics},
}
