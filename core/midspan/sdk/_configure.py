"""Put a pipeline together and into force. This module holds the one global of the SDK."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from midspan import _trouble, propagation
from midspan._forks import has_frozen_threads
from midspan.metrics._seam import binding as instruments
from midspan.resource import Resource
from midspan.sdk import _plugins, _resources, _samplers, _settings, _wiring
from midspan.sdk._clock import Clock, Guarded, SystemClock
from midspan.sdk._environment import Environment
from midspan.sdk._exit import at_exit
from midspan.sdk._offers import chosen_filter
from midspan.sdk._pipeline import Pipeline
from midspan.sdk._recorder import Settings
from midspan.sdk._samplers import Surroundings
from midspan.sdk.sampling import RateLimiting
from midspan.trace._seam import Unconfigured, binding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan.sdk._batch import BatchSettings
    from midspan.sdk._delivery import DeliverySettings, SpillSettings
    from midspan.sdk._outlets import MetricReader
    from midspan.sdk._readers import MetricSettings
    from midspan.sdk.ids import IdGenerator
    from midspan.sdk.sampling import Sampler
    from midspan.sdk.views import View
    from midspan.trace import SpanLimits
    from midspan.trace._seam import Wishes

__all__ = ["configure", "get_pipeline", "reset"]

_pipeline: Pipeline | None = None
_exit_registered = False
_exit_timeout_s = 0.0
_RECONFIGURE_TIMEOUT_S = 5.0
# A process with a dead collector is to be gone within 5 s of its last statement; the interpreter takes some.
_EXIT_TIMEOUT_S = 4.5
_FROZEN = (
    "uWSGI lets other threads run only while it answers a request, so spans and metrics may leave as late as "
    "at the end of a worker: start it with --enable-threads"
)


def configure(  # noqa: PLR0913 - the one place where everything can be said; all of it by name
    *,
    service_name: str | None = None,
    exporters: Sequence[Any] | None = None,
    sampler: Sampler | str | None = None,
    processors: Sequence[Any] = (),
    propagators: Sequence[Any] | None = None,
    resource: Resource | Mapping[str, Any] | None = None,
    detectors: Sequence[str] | None = None,
    limits: SpanLimits | None = None,
    batch: BatchSettings | None = None,
    delivery: DeliverySettings | None = None,
    spill: SpillSettings | str | None = None,
    views: Sequence[View] = (),
    metric_readers: Sequence[MetricReader] = (),
    metrics: MetricSettings | None = None,
    exemplars: str | None = None,
    self_metrics: bool | None = None,
    ids: IdGenerator | str | None = None,
    forced_per_second: float = 10.0,
    exit_timeout_s: float = _EXIT_TIMEOUT_S,
    flush_on_sigterm: bool | None = None,
    clock: Clock | None = None,
    strict: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Pipeline:
    """Configure the process and return its pipeline; one that was in force is flushed and shut down.

    Every argument wins over its variable, and every variable over its default:

    - `service_name` (`OTEL_SERVICE_NAME`), `resource` (`OTEL_RESOURCE_ATTRIBUTES`), `detectors`
      (`OTEL_EXPERIMENTAL_RESOURCE_DETECTORS`): what runs.
    - `exporters` (`OTEL_TRACES_EXPORTER`, by default `otlp`): names, exporters, or `Batch` and `Simple`
      around an exporter. An empty list exports nothing.
    - `sampler` (`OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`): a name such as
      `"parentbased_traceidratio:0.1"`, or a function.
    - `processors`: functions of a finished span, asked in order before the export. Each may change the
      span; False drops it. Objects with any of `on_start(span, context)`, `on_end(span)`,
      `force_flush(timeout_s)`, `shutdown(timeout_s)` serve as well.
    - `propagators` (`OTEL_PROPAGATORS`): names or propagators.
    - `views`: what becomes of which instrument's measurements. `metric_readers`: who collects them beside
      the exporters, a `PullReader` say. `metrics` (`OTEL_METRIC_EXPORT_INTERVAL`,
      `OTEL_METRIC_EXPORT_TIMEOUT`): how often they are pushed. `exporters` holds for both signals, each
      exporter being given what it takes; by variable, `OTEL_METRICS_EXPORTER` says who takes metrics.
      `exemplars` (`OTEL_METRICS_EXEMPLAR_FILTER`): `"trace_based"`, `"always_on"` or `"always_off"`.
    - `self_metrics` (`MIDSPAN_SELF_METRICS`): whether the pipeline's own account is among the metrics. Unless
      it is said, exporters that are pushed to at an interval take it along with what else there is.
    - `limits` (`OTEL_SPAN_*_LIMIT`, `OTEL_ATTRIBUTE_*_LIMIT`), `batch` (`OTEL_BSP_*`), `ids`
      (`OTEL_PYTHON_ID_GENERATOR`).
    - `delivery`: how long what a backend does not take is sent again, and how much of it is kept in memory.
      `spill` (`MIDSPAN_SPILL`): a folder for what memory cannot hold, and for what could not be sent at the
      end of a process; see `midspan.sdk.SpillSettings`.
    - `forced_per_second`: how many traces a second callers from outside may force into being recorded.
    - `exit_timeout_s`: how many seconds the end of the process may take to export what still waits.
      `flush_on_sigterm` (`MIDSPAN_FLUSH_ON_SIGTERM`): whether what waits is exported when SIGTERM comes, too;
      the application's own handler, or the default action, follows.
    - `clock`, `environment`, `strict`: for tests; `strict` raises where midspan would log.

    `OTEL_LOG_LEVEL` sets the level of midspan's own logger, and `OTEL_SDK_DISABLED` switches all of it off.

    Raises:
        ConfigurationError: A value cannot be; the message names it, its variable and what is allowed.
    """
    global _exit_timeout_s  # noqa: PLW0603 - it goes with the pipeline in force
    read = Environment(environment)
    settings = Settings()
    settings.clock = SystemClock() if clock is None else Guarded(clock)
    settings.limits = _settings.span_limits(limits, read)
    settings.ids = _settings.id_generator(ids, read)
    given = _resources.given_resource(service_name, resource, read)
    settings.resource = _resources.detected_resource(detectors, read).merge(given)
    about = _surroundings(settings, read)
    settings.forced = RateLimiting(forced_per_second, clock_s=about.clock_s)
    settings.sampler = _samplers.sampler_of(sampler, about)
    named = propagators if propagators is not None else read.names("OTEL_PROPAGATORS")
    propagator = None if named is None else _plugins.propagator_of(named)
    disabled = read.boolean("OTEL_SDK_DISABLED")
    log_level = _settings.log_level(read)
    follows_sigterm = _settings.flush_on_sigterm(flush_on_sigterm, read)
    waits = _wiring.Waits(
        _settings.batch_settings(batch, read),
        _settings.metric_settings(metrics, read),
        interval_is_given=metrics is not None or read.text("OTEL_METRIC_EXPORT_INTERVAL") is not None,
        delivery=_settings.delivery_settings(delivery),
        spill=_settings.spill_settings(spill, read),
    )
    outlets = _wiring.outlets_of([] if disabled else exporters, waits, read)
    pipeline = Pipeline(
        settings,
        outlets,
        processors,
        views=views,
        exemplars=chosen_filter(exemplars, read),
        self_metrics=_settings.self_metrics(self_metrics, read),
        wishes_welcome=_Welcome(given, about, has_sampler=sampler is not None),
        resource_of_child=functools.partial(_resources.child_resource, given),
    )
    for reader in metric_readers:
        pipeline.add_reader(reader)
    _trouble.set_strict(strict)
    if log_level is not None:
        _trouble.prepare().getLogger("midspan").setLevel(log_level)
    if propagator is not None:
        propagation.set_global(propagator)
    _put_into_force(pipeline, disabled=disabled)
    _exit_timeout_s = exit_timeout_s
    _follow_sigterm(wanted=follows_sigterm and not disabled)
    if has_frozen_threads():
        _trouble.report("uwsgi.threads", _FROZEN)
    return pipeline


def _put_into_force(pipeline: Pipeline, *, disabled: bool) -> None:
    global _pipeline, _exit_registered  # noqa: PLW0603 - the global that this module is for
    previous, _pipeline = _pipeline, pipeline
    _trouble.prepare()
    binding.engine = Unconfigured() if disabled else pipeline.engine
    instruments.install(None if disabled else pipeline.meters)
    if binding.wishes is not None:
        pipeline.adopt(binding.wishes)
    if previous is not None:
        previous.shutdown(_RECONFIGURE_TIMEOUT_S)
    if not _exit_registered:
        _exit_registered = True
        at_exit(_at_exit)


def get_pipeline() -> Pipeline | None:
    """Return the pipeline in force, or None before `configure()`."""
    return _pipeline


def reset(timeout_s: float = _RECONFIGURE_TIMEOUT_S) -> None:
    """Shut the pipeline down; forget it, the propagators, the adopted wishes and every count: for tests."""
    global _pipeline
    previous, _pipeline = _pipeline, None
    binding.engine = Unconfigured()
    binding.wishes = None
    instruments.install(None)
    propagation.set_global(None)
    _follow_sigterm(wanted=False)
    if previous is not None:
        previous.shutdown(timeout_s)
    _trouble.set_strict(False)
    _trouble.reset()


def _at_exit() -> None:
    if _pipeline is not None:
        _pipeline.shutdown(_exit_timeout_s)


def _flush() -> None:
    if _pipeline is not None:
        _pipeline.force_flush(_exit_timeout_s)


def _follow_sigterm(*, wanted: bool) -> None:
    # Imported when it is wanted: `signal` costs a millisecond.
    if wanted:
        from midspan.sdk import _sigterm  # noqa: PLC0415 - see above

        _sigterm.turn_on(_flush, _at_exit, _exit_timeout_s)
    elif (loaded := sys.modules.get("midspan.sdk._sigterm")) is not None:
        loaded.turn_off()


def _surroundings(settings: Settings, read: Environment) -> Surroundings:
    clock = settings.clock
    return Surroundings(
        service_name=lambda: str(settings.resource.attributes.get("service.name", "")),
        clock_s=lambda: clock.monotonic_ns() / 1e9,
        environment=read,
    )


class _Welcome:
    """Decide what a pipeline takes over from legacy start-up code: only what nobody configured here."""

    def __init__(self, given: Resource, about: Surroundings, *, has_sampler: bool) -> None:
        self._is_named = "service.name" in given.attributes
        self._has_sampler = has_sampler or about.environment.text("OTEL_TRACES_SAMPLER") is not None
        self._about = about

    def __call__(self, pipeline: Pipeline, wishes: Wishes) -> None:
        resource = _resources.plain_resource(wishes.resource_attributes).merge(pipeline.resource)
        if wishes.service_name and not self._is_named:
            resource = resource.merge(Resource({"service.name": str(wishes.service_name)}))
        sampler = None
        if wishes.sampler and not self._has_sampler:
            sampler = self._sampler(wishes.sampler)
        pipeline.change(resource=resource, sampler=sampler)

    def _sampler(self, spec: str) -> Sampler | None:
        try:
            return _samplers.sampler_of(spec, self._about)
        except ValueError as error:
            _trouble.report("adopt.sampler", "a legacy sampler could not be taken over", error=error)
            return None
