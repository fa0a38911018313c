"""Give each exporter a queue for its spans and a reader for its metrics, and choose how it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from midspan.sdk._batch import BatchQueue, BatchSettings
from midspan.sdk._courier import Courier
from midspan.sdk._delivery import DeliverySettings, SpillSettings
from midspan.sdk._direct import Direct
from midspan.sdk._environment import ConfigurationError, Environment
from midspan.sdk._exporter import ExporterHandle
from midspan.sdk._plugins import Batch, Simple, load_exporter
from midspan.sdk._readers import MetricSettings, OnFlushReader, PeriodicReader
from midspan.sdk._routes import Call, Carriage
from midspan.sdk._settings import checked_batch

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from midspan.sdk._outlets import MetricReader, Sink
    from midspan.sdk._routes import Route

__all__ = ["Outlets", "Waits", "is_carrier", "named_exporters", "outlets_of"]


class Outlets(NamedTuple):
    """Where telemetry leaves: spans through sinks, metrics through readers, each by a name of its own."""

    sinks: dict[str, Sink]
    readers: dict[str, MetricReader]


class Waits(NamedTuple):
    """How spans and metrics wait to leave, unless an exporter says otherwise."""

    batch: BatchSettings
    metrics: MetricSettings
    # Whether somebody said how often metrics are pushed: then no exporter knows better.
    interval_is_given: bool = False
    # How what exporters have encoded waits to be acknowledged, and where on disk.
    delivery: DeliverySettings = DeliverySettings()
    spill: SpillSettings | None = None


def outlets_of(exporters: Sequence[Any] | None, waits: Waits, environment: Environment) -> Outlets:
    """Return the outlets that exporters make, for each signal that they take.

    Raises:
        ConfigurationError: An exporter's name is not known, or what it needs is not installed.
    """
    outlets = Outlets({}, {})
    if exporters is None:
        spans, metrics = named_exporters(environment)
        for name in dict.fromkeys([*spans, *metrics]):
            _open(name, outlets, waits, (name in spans, name in metrics))
        _hold_to(environment, "OTEL_TRACES_EXPORTER", outlets.sinks)
        _hold_to(environment, "OTEL_METRICS_EXPORTER", outlets.readers)
        return outlets
    if isinstance(exporters, str):
        message = f"exporters={exporters!r} is not valid: allowed is a list, as in exporters=[{exporters!r}]"
        raise ConfigurationError(message)
    for given in exporters:
        _open(given, outlets, waits, (True, True))
    return outlets


def named_exporters(environment: Environment) -> tuple[list[str], list[str]]:
    """Return the names of the exporters that the variables ask for: for spans, and for metrics."""
    return (
        environment.names("OTEL_TRACES_EXPORTER") or ["otlp"],
        environment.names("OTEL_METRICS_EXPORTER") or ["otlp"],
    )


def _hold_to(environment: Environment, variable: str, outlets: Container[str]) -> None:
    """Refuse a variable that names an exporter which does not take its signal."""
    for name in environment.names(variable) or ():
        if name != "none" and name not in outlets:
            message = f"exporter {name!r} ({variable}) is not valid: it does not take this signal"
            raise ConfigurationError(message)


def _open(given: Any, outlets: Outlets, waits: Waits, wanted: tuple[bool, bool]) -> None:  # noqa: ANN401 - name, exporter, Batch or Simple
    """Put one exporter behind a sink, a reader, or both."""
    if given == "none":
        return
    how = given if isinstance(given, (Batch, Simple)) else None
    named = given if how is None else how.exporter
    exporter = load_exporter(named) if isinstance(named, str) else named
    if isinstance(how, Batch) and how.settings is not None:
        waits = waits._replace(batch=checked_batch(how.settings))
    is_direct = isinstance(how, Simple) or (how is None and bool(getattr(exporter, "synchronous", False)))
    outlet = _Outlet(exporter, waits, is_direct=is_direct)
    name = named if isinstance(named, str) else outlet.name
    if wanted[0] and outlet.takes("spans"):
        outlets.sinks[_free(name, outlets.sinks)] = outlet.sink()
    if wanted[1] and outlet.takes("metrics"):
        outlets.readers[_free(name, outlets.readers)] = outlet.reader()


def _free(name: str, taken: Container[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


class _Outlet:
    """One exporter, and what stands before it for each signal."""

    def __init__(self, exporter: Any, waits: Waits, *, is_direct: bool) -> None:  # noqa: ANN401 - called, or a Carrier
        self._exporter = exporter
        self._waits = waits
        self._is_direct = is_direct
        is_carried = is_carrier(exporter) and not is_direct
        self._verb = "encode" if is_carried else "export"
        self._behind = _courier(exporter, waits) if is_carried else ExporterHandle(exporter)
        self.name = self._behind.name

    def takes(self, signal: str) -> bool:
        """Say whether the exporter has anything to do with a signal."""
        return callable(getattr(self._exporter, f"{self._verb}_{signal}", None))

    def sink(self) -> Sink:
        """Return what takes finished spans."""
        batch, behind = self._waits.batch, self._behind
        if self._is_direct and isinstance(behind, ExporterHandle):
            return Direct(_held(behind), batch.export_timeout_s)
        return BatchQueue(self._route("spans"), batch)

    def reader(self) -> MetricReader:
        """Return who collects: an exporter that wishes for an interval is pushed to, direct or not."""
        behind = self._behind
        wish_s = getattr(self._exporter, "metric_interval_s", None)
        if self._is_direct and wish_s is None and isinstance(behind, ExporterHandle):
            return OnFlushReader(_held(behind))
        metrics = self._waits.metrics
        if wish_s is not None and not self._waits.interval_is_given:
            metrics = metrics._replace(interval_s=wish_s)
        route = self._route("metrics")
        return PeriodicReader(route, metrics, self._exporter, takes_account=not self._is_direct)

    def _route(self, signal: str) -> Route:
        behind = self._behind
        return Carriage(behind, signal) if isinstance(behind, Courier) else Call(_held(behind), signal)


def _held(handle: ExporterHandle) -> ExporterHandle:
    """Hold a handle once more: the last holder to let go shuts the exporter down."""
    handle.holders.join()
    return handle


def _courier(exporter: Any, waits: Waits) -> Courier:  # noqa: ANN401 - a Carrier
    spill = None
    if waits.spill is not None:
        from midspan.sdk._spill import Spill  # noqa: PLC0415 - SQLite is for who wants it

        # Two exporters of one name that send to different places must not take each other's parcels.
        whose = f"{exporter.name} {getattr(exporter, 'address', '')}".strip()
        spill = Spill(waits.spill, whose)
    timeout_s = waits.batch.export_timeout_s
    courier = Courier(exporter, waits.delivery, request_timeout_s=timeout_s, spill=spill)
    if spill is not None and spill.holds_any:
        # What an earlier process has left need not wait for the first span of this one.
        courier.start()
    return courier


def is_carrier(exporter: Any) -> bool:  # noqa: ANN401 - any exporter
    """Say whether an exporter encodes and sends (see `midspan.delivery`), rather than exports."""
    encodes = any(callable(getattr(exporter, f"encode_{signal}", None)) for signal in ("spans", "metrics"))
    return encodes and callable(getattr(exporter, "send", None))
