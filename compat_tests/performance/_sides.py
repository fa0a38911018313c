"""The sides: which environment each needs, and what it is called in the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Side:
    """A folder of `sides/`, run in an environment of its own made of `requirements/<name>.txt`.

    `distributions` are named, with their versions, above the table. `imports` is what the import rows import.
    """

    name: str
    title: str
    distributions: tuple[str, ...]
    from_checkout: bool = False
    imports: str = ""


SIDES = {
    side.name: side
    for side in (
        Side("midspan", "midspan", ("midspan",), from_checkout=True, imports="midspan.trace"),
        Side(
            "opentelemetry",
            "OpenTelemetry",
            (
                "opentelemetry-sdk",
                "opentelemetry-exporter-otlp-proto-common",
                "opentelemetry-opencensus-shim",
                "opentelemetry-opentracing-shim",
                "protobuf",
            ),
            imports="opentelemetry.trace",
        ),
        Side(
            "opentelemetry_web",
            "opentelemetry-instrument",
            ("opentelemetry-distro", "flask", "gunicorn", "fastapi", "uvicorn"),
        ),
        Side("jaeger", "jaeger-client", ("jaeger-client",)),
        Side("opencensus", "OpenCensus", ("opencensus",)),
        Side("prometheus", "prometheus_client", ("prometheus-client",)),
        Side("ddtrace", "ddtrace", ("ddtrace",)),
        # ddtrace 4 has no OpenTracing any more; 3.19 is the last line that has.
        Side("ddtrace_opentracer", "ddtrace 3 (opentracer)", ("ddtrace",)),
    )
}
