"""Find exporters by name, and put each behind a queue of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import propagation
from midspan.sdk._batch import BatchQueue, BatchSettings
from midspan.sdk._direct import Direct
from midspan.sdk._environment import ConfigurationError, Environment
from midspan.sdk._exporter import ExporterHandle
from midspan.sdk._readers import MetricSettings, OnFlushReader, PeriodicReader
from midspan.sdk._settings import checked_batch

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from midspan.sdk._outlets import MetricReader, Sink

__all__ = ["Batch", "Outlets", "Simple", "Waits", "load_exporter", "outlets_of", "propagator_of"]

_GROUP: Final = "midspan.exporters"


class Batch:
    """An exporter with its own queue settings: `configure(exporters=[Batch(mine, BatchSettings(...))])`."""

    def __init__(self, exporter: Any, settings: BatchSettings | None = None) -> None:  # noqa: ANN401 - name or object
        """Take an exporter or the name of one, and the settings of its queue (default: the pipeline's)."""
        self.exporter = exporter
        self.settings = settings


class Simple:
    """An exporter that is handed each span at once, in the thread that ended it."""

    def __init__(self, exporter: Any) -> None:  # noqa: ANN401 - name or object
        """Take an exporter or the name of one."""
        self.exporter = exporter


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


def outlets_of(exporters: Sequence[Any] | None, waits: Waits, environment: Environment) -> Outlets:
    """Return the outlets that exporters make, for each signal that they take.

    Raises:
        ConfigurationError: An exporter's name is not known, or what it needs is not installed.
    """
    outlets = Outlets({}, {})
    if exporters is None:
        spans = environment.names("OTEL_TRACES_EXPORTER") or ["otlp"]
        metrics = environment.names("OTEL_METRICS_EXPORTER") or ["otlp"]
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
    exporter = given if how is None else how.exporter
    named = exporter if isinstance(exporter, str) else ""
    handle = ExporterHandle(load_exporter(exporter) if named else exporter)
    name = named or handle.name
    is_direct = isinstance(how, Simple) or (handle.synchronous and how is None)
    if wanted[0] and handle.takes_spans:
        handle.holders += 1
        own = how.settings if isinstance(how, Batch) else None
        batch = waits.batch if own is None else checked_batch(own)
        sink = Direct(handle, batch.export_timeout_s) if is_direct else BatchQueue(handle, batch)
        outlets.sinks[_free(name, outlets.sinks)] = sink
    if wanted[1] and handle.takes_metrics:
        handle.holders += 1
        outlets.readers[_free(name, outlets.readers)] = _reader(handle, waits, is_direct=is_direct)


def _reader(handle: ExporterHandle, waits: Waits, *, is_direct: bool) -> MetricReader:
    """Return who collects for an exporter: one that wishes for an interval is pushed to, direct or not."""
    wish_s = getattr(handle.exporter, "metric_interval_s", None)
    if wish_s is None:
        return OnFlushReader(handle) if is_direct else PeriodicReader(handle, waits.metrics)
    metrics = waits.metrics if waits.interval_is_given else waits.metrics._replace(interval_s=wish_s)
    return PeriodicReader(handle, metrics)


def _free(name: str, taken: Container[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def load_exporter(name: str) -> Any:  # noqa: ANN401 - whatever the entry point makes
    """Make the exporter that is registered under `name`, configured from the environment.

    Raises:
        ConfigurationError: No such exporter is registered, or a library that it needs is missing.
    """
    from importlib import metadata  # noqa: PLC0415 - 15 ms, needed only for names

    found = {point.name: point for point in metadata.entry_points(group=_GROUP)}
    if name not in found:
        allowed = ", ".join([*sorted(found), "none"])
        message = f"exporter {name!r} (OTEL_TRACES_EXPORTER) is not valid: allowed is any of {allowed}"
        raise ConfigurationError(message)
    try:
        return found[name].load()()
    except ImportError as error:
        message = f"exporter {name!r} needs a library ({error}): pip install 'midspan[{name}]'"
        raise ConfigurationError(message) from error


def propagator_of(propagators: Sequence[Any]) -> propagation.Propagator:
    """Return one propagator for a list of names and propagators.

    Raises:
        ConfigurationError: A name is not known.
    """
    parts: list[Any] = []
    for given in propagators:
        if isinstance(given, str):
            try:
                parts.append(propagation.by_name([given]))
            except ValueError as error:
                message = f"propagator {given!r} (OTEL_PROPAGATORS) is not valid: {error}"
                raise ConfigurationError(message) from None
        else:
            parts.append(given)
    return parts[0] if len(parts) == 1 else propagation.Composite(parts)
