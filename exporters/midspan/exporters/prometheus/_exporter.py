"""Let Prometheus pull metrics out of a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan._environment import ConfigurationError, Environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prometheus_client import CollectorRegistry

    from midspan.exporters.prometheus._collector import PipelineCollector, Source
    from midspan.exporters.prometheus._server import Served
    from midspan.metrics import Metric

__all__ = ["PrometheusExporter"]

_HOST: Final = "localhost"
_PORT: Final = 9464
_MAX_PORT: Final = 65_535
_MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"


class PrometheusExporter:
    """Show a pipeline's metrics to Prometheus, as they are when it asks.

    The metrics are collected for each scrape, through a registry of prometheus_client: by a server of this
    exporter's own, or, with `serve=False`, by whatever serves that registry already.
    """

    name = "prometheus"
    synchronous = True
    temporality = "cumulative"

    def __init__(  # noqa: PLR0913 - independent choices, all by name
        self,
        *,
        host: str | None = None,
        port: int | None = None,
        registry: CollectorRegistry | None = None,
        serve: bool = True,
        scope_labels: bool = True,
        target_info: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take where to listen and what to show.

        - `host` (`OTEL_EXPORTER_PROMETHEUS_HOST`, `localhost`) and `port` (`OTEL_EXPORTER_PROMETHEUS_PORT`,
          9464; 0 is any free one).
        - `registry`: where the metrics are registered (`prometheus_client.REGISTRY`); what others have
          registered there is served, too.
        - `serve`: whether to listen at all.
        - `scope_labels`: whether each series has labels with its scope (`otel_scope_name` and so on).
        - `target_info`: whether there is a metric with the attributes of the resource.

        Raises:
            ConfigurationError: The port is none, or is taken, or `PROMETHEUS_MULTIPROC_DIR` is set.
            ImportError: `prometheus_client` is missing (`pip install 'midspan[prometheus]'`).
        """
        import prometheus_client  # noqa: PLC0415 - remote write does without

        from midspan.exporters.prometheus._collector import PipelineCollector  # noqa: PLC0415 - the same

        read = Environment(environment)
        _refuse_several_processes(read)
        self.collector: PipelineCollector = PipelineCollector(
            scope_labels=scope_labels, target_info=target_info
        )
        self._registry = prometheus_client.REGISTRY if registry is None else registry
        self._host = host or read.text("OTEL_EXPORTER_PROMETHEUS_HOST") or _HOST
        self._served = _served(self._host, _port(port, read), self._registry) if serve else None

    @property
    def port(self) -> int | None:
        """The port that is listened at; None without a server."""
        return None if self._served is None else self._served.port

    def follow_metrics(self, source: Source) -> None:
        """Collect from a pipeline that begins."""
        if self.collector.source is None:
            self._registry.register(self.collector)
        self.collector.source = source

    def unfollow_metrics(self, source: Source) -> None:
        """Collect no more from a pipeline that has ended. Another may have begun before."""
        if self.collector.source is source:
            self.collector.source = None
            self._registry.unregister(self.collector)

    def export_metrics(self, metrics: Sequence[Metric]) -> None:
        """Do nothing with what there is at the end: Prometheus has asked, or it has not."""

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - a quarter of a second at most
        """Listen no more."""
        served, self._served = self._served, None
        if served is not None:
            served.close()

    def __repr__(self) -> str:
        where = "not served" if self._served is None else f"http://{self._host}:{self.port}/metrics"
        return f"PrometheusExporter({where})"


def _port(port: int | None, read: Environment) -> int:
    variable = "OTEL_EXPORTER_PROMETHEUS_PORT"
    who = variable if port is None else "port"
    chosen = read.integer(variable) if port is None else port
    if chosen is None:
        return _PORT
    if isinstance(chosen, bool) or not isinstance(chosen, int) or not 0 <= chosen <= _MAX_PORT:
        message = f"{who}={chosen!r} is not valid: allowed is a whole number from 0 to {_MAX_PORT}"
        raise ConfigurationError(message)
    return chosen


def _served(host: str, port: int, registry: CollectorRegistry) -> Served:
    from midspan.exporters.prometheus._server import serve  # noqa: PLC0415 - needs prometheus_client

    try:
        return serve(host, port, registry)
    except OSError as error:
        message = (
            f"{host}:{port} (OTEL_EXPORTER_PROMETHEUS_HOST and _PORT) cannot be listened at ({error}): "
            "allowed is an address of this host that no other process has"
        )
        raise ConfigurationError(message) from error


def _refuse_several_processes(read: Environment) -> None:
    if read.text(_MULTIPROCESS) is not None:
        message = (
            f"{_MULTIPROCESS} is set, but the exporter 'prometheus' tells of one process only: let prefork "
            "servers push ('prometheus_remote_write', 'otlp'), or unset it to scrape each process by itself"
        )
        raise ConfigurationError(message)
