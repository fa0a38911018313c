"""The variables that midspan reads, by who reads them, and those that it leaves to others.

This is the one list of them. A test holds it against what the code really reads, whichever exporter is
configured; where a value comes from is never looked up here, but recorded while it is read.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ELSEWHERE", "FOREIGN", "KNOWN", "OF_INTEGRATIONS", "OLD", "variable_of"]

_OTLP: Final = (
    "ENDPOINT",
    "HEADERS",
    "TIMEOUT",
    "COMPRESSION",
    "PROTOCOL",
    "CERTIFICATE",
    "CLIENT_KEY",
    "CLIENT_CERTIFICATE",
)

# Settings of the pipeline first; the names of exporters are those that OTEL_TRACES_EXPORTER knows.
KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "service": ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"),
    "detectors": ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",),
    "sampler": (
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
        "JAEGER_SAMPLING_ENDPOINT",
        "JAEGER_SAMPLER_MANAGER_HOST_PORT",
        "JAEGER_AGENT_HOST",
    ),
    "propagators": ("OTEL_PROPAGATORS",),
    "exporters": ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"),
    "batch": (
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BSP_EXPORT_TIMEOUT",
    ),
    "metrics": ("OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT"),
    "exemplars": ("OTEL_METRICS_EXEMPLAR_FILTER",),
    "limits": (
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    ),
    "ids": ("OTEL_PYTHON_ID_GENERATOR",),
    "self-metrics": ("MIDSPAN_SELF_METRICS",),
    "spill": ("MIDSPAN_SPILL",),
    "sigterm": ("MIDSPAN_FLUSH_ON_SIGTERM",),
    "log level": ("OTEL_LOG_LEVEL",),
    "disabled": ("OTEL_SDK_DISABLED",),
    "otlp": (
        *(f"OTEL_EXPORTER_OTLP_{signal}{name}" for signal in ("", "TRACES_", "METRICS_") for name in _OTLP),
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
    ),
    "jaeger": (
        "OTEL_EXPORTER_JAEGER_ENDPOINT",
        "OTEL_EXPORTER_JAEGER_AGENT_HOST",
        "OTEL_EXPORTER_JAEGER_AGENT_PORT",
        "OTEL_EXPORTER_JAEGER_USER",
        "OTEL_EXPORTER_JAEGER_PASSWORD",
        "OTEL_EXPORTER_JAEGER_TIMEOUT",
        "JAEGER_ENDPOINT",
        "JAEGER_AGENT_HOST",
        "JAEGER_AGENT_PORT",
        "JAEGER_USER",
        "JAEGER_PASSWORD",
        "JAEGER_AUTH_TOKEN",
    ),
    "zipkin": (
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        "OTEL_EXPORTER_ZIPKIN_PROTOCOL",
    ),
    "prometheus": (
        "OTEL_EXPORTER_PROMETHEUS_HOST",
        "OTEL_EXPORTER_PROMETHEUS_PORT",
        "PROMETHEUS_MULTIPROC_DIR",
    ),
    "prometheus_remote_write": (
        "MIDSPAN_PROMETHEUS_REMOTE_WRITE_ENDPOINT",
        "MIDSPAN_PROMETHEUS_REMOTE_WRITE_HEADERS",
        "MIDSPAN_PROMETHEUS_REMOTE_WRITE_TIMEOUT",
    ),
    "jsonl": ("MIDSPAN_JSONL_PATH", "MIDSPAN_JSONL_METRICS_PATH"),
    "kafka": (
        "MIDSPAN_KAFKA_BROKERS",
        "MIDSPAN_KAFKA_TRACES_TOPIC",
        "MIDSPAN_KAFKA_METRICS_TOPIC",
        "MIDSPAN_KAFKA_TRACES_KEY",
        "MIDSPAN_KAFKA_METRICS_KEY",
        "MIDSPAN_KAFKA_CLIENT_ID",
        "MIDSPAN_KAFKA_COMPRESSION",
        "MIDSPAN_KAFKA_ACKS",
        "MIDSPAN_KAFKA_TIMEOUT",
        "MIDSPAN_KAFKA_CONFIG",
    ),
    "opencensus_agent": (
        "MIDSPAN_OPENCENSUS_AGENT_ENDPOINT",
        "MIDSPAN_OPENCENSUS_AGENT_HEADERS",
        "MIDSPAN_OPENCENSUS_AGENT_TIMEOUT",
        "OC_AGENT_HOST",
    ),
    # What midspan.bridges.opentracing takes over from jaeger-client.
    "the OpenTracing bridge": ("JAEGER_SERVICE_NAME", "JAEGER_TAGS", "JAEGER_AGENT_HOST"),
    "the integrations": (
        "OTEL_PYTHON_EXCLUDED_URLS",
        "OTEL_PYTHON_LOG_CORRELATION",
        "OTEL_PYTHON_LOG_FORMAT",
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        "MIDSPAN_SEMCONV",
        "MIDSPAN_INBOUND",
        "MIDSPAN_DB_STATEMENTS",
        "MIDSPAN_SQL_COMMENTS",
    ),
    "what hides credentials": ("MIDSPAN_UNREDACTED",),
    "midspan run": ("MIDSPAN_RUN", "MIDSPAN_RUN_SAID"),
}

# Those that read when an application brings them into play: it cannot be seen here.
ELSEWHERE: Final = ("the OpenTracing bridge", "the integrations", "what hides credentials", "midspan run")
# One for each library, or for each kind of header.
OF_INTEGRATIONS: Final = re.compile(
    r"OTEL_PYTHON_\w+_EXCLUDED_URLS|OTEL_PYTHON_GRPC_EXCLUDED_SERVICES"
    r"|OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_\w+"
)

# Names of before OpenTelemetry, which are read where the newer ones say nothing.
OLD: Final = re.compile(r"JAEGER_\w+")

_NO_LOGS: Final = "midspan has no logs"
_OTHERS: Final = "it is for other OpenTelemetry software"
# Of the specification, or of its other implementations: well spelt, and of no effect here.
FOREIGN: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"OTEL_LOGS_EXPORTER|OTEL_(BLRP|LOGRECORD)_\w+|OTEL_EXPORTER_OTLP_LOGS_\w+"), _NO_LOGS),
    (
        re.compile(r"OTEL_(EXPERIMENTAL_)?CONFIG_FILE"),
        "midspan reads no configuration file, and these variables count",
    ),
    (
        re.compile(r"OTEL_(PYTHON|INSTRUMENTATION|SEMCONV|JAVA|JAVAAGENT|DOTNET|NODE|GO|RUBY|PHP)_\w+"),
        _OTHERS,
    ),
)


def variable_of(exporter: str, ending: str) -> str:
    """Return the first variable of an exporter with this ending; "" if there is none."""
    return next((name for name in KNOWN.get(exporter, ()) if name.endswith(ending)), "")
