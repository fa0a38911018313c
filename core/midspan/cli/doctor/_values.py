"""Read what is in force off the pipeline that was configured, and who said it off what was read meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import propagation
from midspan.cli.doctor._known import KNOWN, OLD
from midspan.cli.doctor._report import BROKEN, Setting
from midspan.propagation import _names
from midspan.sdk._batch import BatchQueue
from midspan.sdk._environment import Environment
from midspan.sdk._readers import PeriodicReader
from midspan.sdk._resources import given_resource
from midspan.sdk.sampling import ALWAYS, ParentBased, Situation, threshold_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from midspan.cli.doctor._report import Report
    from midspan.sdk import Pipeline

__all__ = ["ask_sampler", "look_at_settings", "said_by"]

_NAME: Final = "service.name"


def said_by(readings: Mapping[str, str | None], owner: str) -> tuple[str, ...]:
    """Return the variables of a setting, or an exporter, that were read and said something."""
    return tuple(
        f"{name} (jaeger-client's)" if OLD.fullmatch(name) else name
        for name in KNOWN.get(owner, ())
        if readings.get(name)
    )


def look_at_settings(report: Report, pipeline: Pipeline, readings: Mapping[str, str | None]) -> None:
    """Note what is in force, and warn of what keeps spans from being sent or found."""
    report.settings = list(_settings(pipeline, readings))
    name = str(pipeline.resource.attributes.get(_NAME, ""))
    if name.startswith("unknown_service"):
        report.add("warning", f"the service has no name: it is called {name}", "set OTEL_SERVICE_NAME")
    sampler = pipeline._settings.sampler
    if threshold_of(sampler, Situation.ROOT) == 0:
        report.trouble(
            f"nothing will be sent: the sampler is {sampler!r}, which takes no new trace",
            f"set OTEL_TRACES_SAMPLER, or leave it out ({', '.join(said_by(readings, 'sampler'))})",
            BROKEN,
        )


def ask_sampler(report: Report, pipeline: Pipeline, readings: Mapping[str, str | None]) -> None:
    """Have a sampler that goes by what a server says ask it once, and warn if there is no answer."""
    sampler = pipeline._settings.sampler
    root = sampler._samplers[Situation.ROOT] if isinstance(sampler, ParentBased) else sampler
    refresh = getattr(root, "refresh", None)
    if callable(refresh) and not refresh():
        report.add(
            "warning",
            f"the sampler {sampler!r} is not told what to sample: nobody gives an answer that it can follow",
            f"check whom it asks ({', '.join(said_by(readings, 'sampler'))})",
        )


def _settings(pipeline: Pipeline, readings: Mapping[str, str | None]) -> Iterator[Setting]:
    yield from _resource(pipeline, readings)
    for owner, value in (
        ("sampler", _sampler(pipeline)),
        ("propagators", ", ".join(_propagators())),
        ("batch", _batch(pipeline)),
        ("metrics", _interval(pipeline)),
        ("limits", _limits(pipeline)),
        ("ids", type(pipeline._settings.ids).__name__),
        ("exemplars", pipeline.meters._exemplars),
        # Words of the variables themselves; unless they are set, there is nothing to tell.
        ("self-metrics", readings.get("MIDSPAN_SELF_METRICS") or ""),
        ("sigterm", readings.get("MIDSPAN_FLUSH_ON_SIGTERM") or ""),
        ("log level", readings.get("OTEL_LOG_LEVEL") or ""),
    ):
        if value:
            yield Setting(owner, value, said_by(readings, owner))


def _sampler(pipeline: Pipeline) -> str:
    sampler = pipeline._settings.sampler
    bound = threshold_of(sampler, Situation.ROOT)
    share = "" if bound is None or bound in (0, ALWAYS) else f" ({bound / ALWAYS:.3g} of new traces)"
    return f"{sampler!r}{share}"


def _propagators() -> list[str]:
    chosen: Any = propagation.get_global()
    called = {maker: name for name, (_, maker) in reversed(_names._BUILT_IN.items())}
    makers = [type(member).__name__ for member in getattr(chosen, "members", [chosen])]
    return [called.get(maker, maker) for maker in makers]


def _batch(pipeline: Pipeline) -> str:
    queues = [sink for sink in pipeline._sinks.values() if isinstance(sink, BatchQueue)]
    if not queues:
        return ""
    settings = queues[0]._settings
    size = "" if settings.max_export_batch_size is None else f", {settings.max_export_batch_size:,} at once"
    return f"{settings.max_queue_size:,} spans wait at most, for {settings.schedule_delay_s:g} s{size}"


def _interval(pipeline: Pipeline) -> str:
    waits = [
        each._settings.interval_s for each in pipeline._readers.values() if isinstance(each, PeriodicReader)
    ]
    return f"pushed every {waits[0]:g} s" if waits else ""


def _limits(pipeline: Pipeline) -> str:
    limits = pipeline._settings.limits
    return (
        f"{limits.attributes} attributes, {limits.events} events, {limits.links} links, "
        f"{limits.value_length:,} characters a value"
    )


def _resource(pipeline: Pipeline, readings: Mapping[str, str | None]) -> Iterator[Setting]:
    """Yield what was given of the service, and by which variable."""
    attributes = pipeline.resource.attributes
    who = {
        key: name
        for name in reversed(said_by(readings, "service"))
        for key, value in _given_by(name, readings).items()
        if attributes.get(key) == value
    }
    for key in dict.fromkeys((_NAME, *who)):
        yield Setting(key, str(attributes.get(key, "")), (who[key],) if key in who else ())


def _given_by(name: str, readings: Mapping[str, str | None]) -> Mapping[str, Any]:
    """Return the attributes that one variable gives by itself."""
    return given_resource(None, None, Environment({name: readings[name] or ""})).attributes
