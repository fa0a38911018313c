"""Let Prometheus pull metrics out of a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan._environment import ConfigurationError, Environment
from midspan.exporters.prometheus._gauges import checked_gauges
from midspan.exporters.prometheus._shared import Shared

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from prometheus_client import CollectorRegistry

    from midspan.exporters.prometheus._collector import PipelineCollector, Source
    from midspan.exporters.prometheus._folder import Folder
    from midspan.exporters.prometheus._server import Served
    from midspan.metrics import Metric

__all__ = ["PrometheusExporter"]

_HOST: Final = "localhost"
_PORT: Final = 9464
_MAX_PORT: Final = 65_535
_PATIENCE_S: Final = 5.0
# How long the end of a process may be put off by a thread that collects for somebody else.
_LAST_S: Final = 1.0


class PrometheusExporter:
    """Show a pipeline's metrics to Prometheus, as they are when it asks.

    The metrics are collected for each scrape, through a registry of prometheus_client: by a server of this
    exporter's own, or, with `serve=False`, by whatever serves that registry already.

    With `multiprocess` several processes share a directory, and whichever is asked tells of all of them.
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
        multiprocess: str | os.PathLike[str] | bool | None = None,
        gauges: str | Mapping[str, str] | None = None,
        snapshot_interval_s: float = 5.0,
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
        - `multiprocess`: the directory that the application's processes share (`PROMETHEUS_MULTIPROC_DIR`);
          False for one process, whatever the variable says. The registry is then one of the exporter's own
          by default, with what prometheus_client's users share in the variable's directory.
        - `gauges`: what becomes of the processes' levels: "all" (each, with a label `process`), "livesum",
          "sum", "max", "min" or "mostrecent"; or one of these for each of some patterns of names.
        - `snapshot_interval_s`: how many seconds' counts a process that is killed may lose at most.

        Raises:
            ConfigurationError: The port is none, or is taken; the directory cannot be used; there is no such
                mode. With several processes, that the port is taken is found out by `sdk.configure`.
            ImportError: `prometheus_client` is missing (`pip install 'midspan[prometheus]'`).
        """
        from midspan.exporters.prometheus._collector import PipelineCollector  # noqa: PLC0415 - remote write does without its library
        from midspan.exporters.prometheus._sharing import read_sharing, registry_of  # noqa: PLC0415 - the same

        read = Environment(environment)
        sharing = read_sharing(
            multiprocess, checked_gauges(gauges), snapshot_interval_s, read, scope_labels=scope_labels
        )
        self._shared = None if sharing is None else Shared(sharing, self._listen)
        self.collector: PipelineCollector = PipelineCollector(
            scope_labels=scope_labels, target_info=target_info, shared=self._shared
        )
        self._registry = registry_of(sharing, read) if registry is None else registry
        self._host = host or read.text("OTEL_EXPORTER_PROMETHEUS_HOST") or _HOST
        self._port = _port(port, read)
        self._serves = serve
        self._served: Served | None = None
        if serve and self._shared is None:
            self._served = _served(self._host, self._port, self._registry)

    @property
    def registry(self) -> CollectorRegistry:
        """Where the metrics are registered: what to serve with `serve=False`."""
        return self._registry

    @property
    def port(self) -> int | None:
        """The port that is listened at; None without a server."""
        return None if self._served is None else self._served.port

    def follow_metrics(self, source: Source) -> None:
        """Collect from a pipeline that begins."""
        if self.collector.source is None:
            self._registry.register(self.collector)
        self.collector.source = source
        if self._shared is not None:
            self._begin_to_share(self._shared, source)

    def _begin_to_share(self, shared: Shared, source: Source) -> None:
        try:
            shared.follow(source)
        except OSError as error:
            self.unfollow_metrics(source)
            message = f"multiprocess is not valid: the processes cannot share the directory ({error})"
            raise ConfigurationError(message) from error
        except BaseException:
            self.unfollow_metrics(source)
            raise

    def unfollow_metrics(self, source: Source) -> None:
        """Collect no more from a pipeline that has ended. Another may have begun before."""
        if self.collector.source is source:
            if self._shared is not None:
                # A sibling answers from now on: who asked here already is still told of all.
                self._close()
            self.collector.source = None
            self._registry.unregister(self.collector)
            if self._shared is not None:
                self._shared.unfollow()

    def export_metrics(self, metrics: Sequence[Metric], timeout_s: float = _LAST_S) -> None:  # noqa: ARG002 - see below
        """Leave what there is at the end to the other processes. Alone: Prometheus has asked or not."""
        if self._shared is not None:
            # Collected anew: another thread may have told of later ones than `metrics`.
            self._shared.snapshot(min(timeout_s, _LAST_S))

    def _listen(self, folder: Folder) -> None:
        """Listen with the others; in a forked child for itself."""
        if not self._serves:
            return
        with folder.alone(_PATIENCE_S):
            is_first = not folder.joins(self._port)
            if self._served is not None and self._served.is_open:
                return
            self._served = _served(
                self._host, self._port, self._registry, shares_port=True, alone=is_first and self._port != 0
            )
            # A child is to be found where its parent was.
            self._port = self._served.port
            folder.joins(self._port)

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - a quarter of a second at most
        """Listen no more."""
        self._close()

    def _close(self) -> None:
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


def _served(
    host: str, port: int, registry: CollectorRegistry, *, shares_port: bool = False, alone: bool = False
) -> Served:
    """Listen; `alone` when none of those who would share the port listens yet: it must be nobody else's."""
    from midspan.exporters.prometheus._server import check_free, serve  # noqa: PLC0415 - needs prometheus_client

    try:
        if alone:
            check_free(host, port)
        return serve(host, port, registry, shares_port=shares_port)
    except OSError as error:
        message = (
            f"{host}:{port} (OTEL_EXPORTER_PROMETHEUS_HOST and _PORT) cannot be listened at ({error}): "
            "allowed is an address of this host that no other process has"
        )
        raise ConfigurationError(message) from error
