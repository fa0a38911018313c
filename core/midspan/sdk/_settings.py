"""Resolve what was configured: code first, then the `OTEL_*` variables, then the specification's defaults."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from midspan.sdk import ids as _ids
from midspan.sdk._batch import BatchSettings
from midspan.sdk._delivery import DeliverySettings, SpillSettings
from midspan.sdk._environment import ConfigurationError, Environment
from midspan.sdk._readers import MetricSettings
from midspan.trace import SpanLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.sdk.ids import IdGenerator

__all__ = [
    "batch_settings",
    "checked_batch",
    "delivery_settings",
    "flush_on_sigterm",
    "id_generator",
    "log_level",
    "metric_settings",
    "self_metrics",
    "span_limits",
    "spill_settings",
]


def span_limits(limits: SpanLimits | None, environment: Environment) -> SpanLimits:
    """Return the limits of a span."""
    if limits is not None:
        return limits
    read, default = environment.integer, SpanLimits()
    attributes = read("OTEL_ATTRIBUTE_COUNT_LIMIT")
    length = read("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")

    def first(*values: int | None) -> int:
        return next(value for value in values if value is not None)

    return SpanLimits(
        attributes=first(read("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"), attributes, default.attributes),
        events=first(read("OTEL_SPAN_EVENT_COUNT_LIMIT"), default.events),
        links=first(read("OTEL_SPAN_LINK_COUNT_LIMIT"), default.links),
        event_attributes=first(
            read("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"), attributes, default.event_attributes
        ),
        link_attributes=first(read("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"), attributes, default.link_attributes),
        value_length=first(read("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"), length, default.value_length),
    )


def self_metrics(given: bool | None, environment: Environment) -> bool | None:  # noqa: FBT001 - as configure() has it
    """Return whether every reader is told the pipeline's account, or none, or (None) those that push."""
    name = "MIDSPAN_SELF_METRICS"
    return environment.boolean(name) if given is None and environment.text(name) is not None else given


def flush_on_sigterm(given: bool | None, environment: Environment) -> bool:  # noqa: FBT001 - as above
    """Return whether what waits is exported when SIGTERM comes."""
    return environment.boolean("MIDSPAN_FLUSH_ON_SIGTERM") if given is None else given


def batch_settings(batch: BatchSettings | None, environment: Environment) -> BatchSettings:
    """Return how spans wait for their batch.

    Raises:
        ConfigurationError: A batch would be larger than the queue.
    """
    default = BatchSettings()
    if batch is None:
        queue_size = environment.integer("OTEL_BSP_MAX_QUEUE_SIZE", minimum=1)
        batch_size = environment.integer("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", minimum=1)
        delay_s = environment.milliseconds("OTEL_BSP_SCHEDULE_DELAY")
        timeout_s = environment.timeout("OTEL_BSP_EXPORT_TIMEOUT")
        queue_size = default.max_queue_size if queue_size is None else queue_size
        batch = BatchSettings(
            queue_size,
            batch_size,
            default.schedule_delay_s if delay_s is None else delay_s,
            default.export_timeout_s if timeout_s is None else timeout_s,
        )
    return checked_batch(batch)


def checked_batch(batch: BatchSettings) -> BatchSettings:
    """Return settings that can be.

    Raises:
        ConfigurationError: A batch would be larger than the queue, or a time is none.
    """
    size = 1 if batch.max_export_batch_size is None else batch.max_export_batch_size
    if not 1 <= size <= batch.max_queue_size:
        message = (
            f"max_export_batch_size={batch.max_export_batch_size} (OTEL_BSP_MAX_EXPORT_BATCH_SIZE) "
            f"is not valid: allowed is 1 to max_queue_size={batch.max_queue_size} (OTEL_BSP_MAX_QUEUE_SIZE)"
        )
        raise ConfigurationError(message)
    if not batch.max_queue_bytes > 0:
        message = f"max_queue_bytes={batch.max_queue_bytes!r} is not valid: allowed is above 0"
        raise ConfigurationError(message)
    for name in ("schedule_delay_s", "export_timeout_s"):
        if not getattr(batch, name) >= 0:
            message = f"{name}={getattr(batch, name)!r} is not valid: allowed are seconds from 0"
            raise ConfigurationError(message)
    return batch


def delivery_settings(delivery: DeliverySettings | None) -> DeliverySettings:
    """Return how long and how much is kept for a backend that does not answer.

    Raises:
        ConfigurationError: A value is below 0, or no number.
    """
    settings = DeliverySettings() if delivery is None else delivery
    for name, value in settings._asdict().items():
        if not value >= 0:
            message = f"{name}={value!r} is not valid: allowed is a number from 0"
            raise ConfigurationError(message)
    return settings


def spill_settings(spill: SpillSettings | str | None, environment: Environment) -> SpillSettings | None:
    """Return where on disk is kept what memory cannot hold; None keeps nothing there.

    Raises:
        ConfigurationError: The folder has no name, or its bounds are not above 0.
    """
    given = environment.text("MIDSPAN_SPILL") if spill is None else spill
    if given is None:
        return None
    settings = given if isinstance(given, SpillSettings) else SpillSettings(given)
    is_named = isinstance(settings.folder, (str, os.PathLike)) and str(settings.folder)
    if not is_named or not (settings.max_bytes > 0 and settings.max_age_s > 0):
        message = (
            f"spill={spill!r} (MIDSPAN_SPILL) is not valid: "
            "allowed is a folder, or SpillSettings with bounds above 0"
        )
        raise ConfigurationError(message)
    return settings._replace(folder=os.fspath(settings.folder))


def metric_settings(metrics: MetricSettings | None, environment: Environment) -> MetricSettings:
    """Return how often metrics are pushed.

    Raises:
        ConfigurationError: The interval or the timeout is not above 0.
    """
    if metrics is None:
        default = MetricSettings()
        interval_s = environment.milliseconds("OTEL_METRIC_EXPORT_INTERVAL")
        timeout_s = environment.timeout("OTEL_METRIC_EXPORT_TIMEOUT")
        metrics = MetricSettings(
            default.interval_s if interval_s is None else interval_s,
            default.timeout_s if timeout_s is None else timeout_s,
        )
    if not (metrics.interval_s > 0 and metrics.timeout_s > 0):
        message = (
            f"interval_s={metrics.interval_s} (OTEL_METRIC_EXPORT_INTERVAL) and "
            f"timeout_s={metrics.timeout_s} (OTEL_METRIC_EXPORT_TIMEOUT) are not valid: allowed is above 0"
        )
        raise ConfigurationError(message)
    return metrics


def log_level(environment: Environment) -> int | None:
    """Return the level of our own logger, as `logging` counts it; None leaves it as it is.

    Raises:
        ConfigurationError: There is no such level.
    """
    name = environment.text("OTEL_LOG_LEVEL")
    if name is None:
        return None
    level = _LOG_LEVELS.get(name.lower())
    if level is None:
        message = f"OTEL_LOG_LEVEL={name!r} is not valid: allowed is one of {', '.join(_LOG_LEVELS)}"
        raise ConfigurationError(message)
    return level


# The specification names no levels; these are the ones that its other languages take. Beyond 50 is silence.
_LOG_LEVELS: Final = {
    "debug": 10,
    "info": 20,
    "warn": 30,
    "warning": 30,
    "error": 40,
    "fatal": 50,
    "critical": 50,
    "none": 60,
}


def id_generator(ids: IdGenerator | str | None, environment: Environment) -> IdGenerator:
    """Return the id generator; by default random ids."""
    wanted = ids if ids is not None else environment.text("OTEL_PYTHON_ID_GENERATOR") or "random"
    if isinstance(wanted, (_ids.RandomIds, _ids.XRayIds)):
        return wanted
    if not isinstance(wanted, str):
        return _ids.Guarded(wanted)
    if wanted not in _ID_GENERATORS:
        message = (
            f"id generator {wanted!r} (OTEL_PYTHON_ID_GENERATOR) is not valid: allowed is random or xray"
        )
        raise ConfigurationError(message)
    return _ID_GENERATORS[wanted]()


_ID_GENERATORS: Final[dict[str, Callable[[], IdGenerator]]] = {"random": _ids.RandomIds, "xray": _ids.XRayIds}
