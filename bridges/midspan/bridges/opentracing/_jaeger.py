"""Read what jaeger-client was told: by its `Config` dictionary or its variables, or by a tracer it made.

jaeger-client itself is not needed. A tracer of any other making is read the same way, as far as it goes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentracing import Format

from midspan.bridges.opentracing._formats import OF_PROCESS
from midspan.propagation.jaeger import Jaeger
from midspan.trace._seam import Wishes, binding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.bridges.opentracing._tracer import Tracer

__all__ = ["Headers", "Legacy", "of_config", "of_environment", "of_tracer"]

# What jaeger-client adds to a tracer's tags by itself; the pipeline's resource says it in its own words.
_ADDED: Final = frozenset({"jaeger.version", "hostname", "ip", "client-uuid"})


class Headers(NamedTuple):
    """The names of jaeger-client's headers."""

    trace_id: str = "uber-trace-id"
    baggage_prefix: str = "uberctx-"
    debug_id: str = "jaeger-debug-id"
    baggage: str = "jaeger-baggage"


class Legacy(NamedTuple):
    """What a legacy tracer was told; None for what is not known."""

    service_name: str | None = None
    sampler: str | None = None
    tags: Mapping[str, Any] = {}
    headers: Headers | None = None
    speaks_b3: bool = False
    one_span_per_rpc: bool = False

    def tell_pipeline(self) -> None:
        """Hand it to the pipeline, there or to come, which uses what it was not told otherwise."""
        if self.service_name or self.sampler or self.tags:
            wishes = Wishes(self.service_name, self.sampler, dict(self.tags))
            binding.engine.adopt(wishes)
            # For a pipeline that is configured anew later, in a worker process for instance.
            binding.wishes = wishes

    def choose_formats(self, tracer: Tracer) -> None:
        """Let a tracer speak as its neighbours are used to, in addition to the process's formats."""
        if self.one_span_per_rpc:
            tracer.one_span_per_rpc = True
        if self.headers is None:
            return
        for format_ in (Format.TEXT_MAP, Format.HTTP_HEADERS):
            if not tracer.has_propagator(format_):
                is_b3 = self.speaks_b3 and format_ == Format.HTTP_HEADERS
                own = "b3multi" if is_b3 else _propagator(self.headers, format_)
                tracer.register_propagator(format_, [own, OF_PROCESS])


def _propagator(headers: Headers, format_: Any) -> Any:
    # jaeger-client does not encode the values of baggage in text maps.
    return Jaeger(*headers, url_encoding=format_ == Format.HTTP_HEADERS)


def of_config(config: Mapping[str, Any]) -> Legacy:
    """Read jaeger-client's `Config` dictionary.

    Raises:
        ValueError: The sampler or the propagation is none that jaeger-client knows.
    """
    propagation = config.get("propagation") or "jaeger"
    if propagation not in ("jaeger", "b3"):
        raise ValueError(f"propagation is jaeger or b3, not {propagation!r}")
    default = Headers()
    return Legacy(
        service_name=config.get("service_name"),
        sampler=_sampler_of_config(config),
        tags=dict(config.get("tags") or {}),
        headers=Headers(
            config.get("trace_id_header", default.trace_id),
            config.get("baggage_header_prefix", default.baggage_prefix),
            config.get("debug_id_header", default.debug_id),
        ),
        speaks_b3=propagation == "b3",
    )


def _sampler_of_config(config: Mapping[str, Any]) -> str:
    sampler = config.get("sampler") or {}
    if not hasattr(sampler, "get"):
        return _sampler_of(sampler) or _named("const", 1)
    kind, param = str(sampler.get("type") or "remote"), sampler.get("param", "")
    if kind == "remote":
        return _remote(config.get("local_agent") or {}, config)
    if kind == "const":
        return _named("const", int(_is_true(param)))
    if kind == "probabilistic":
        return _named(kind, _number(kind, param, highest=1.0))
    if kind in ("ratelimiting", "rate_limiting"):
        return _named("ratelimiting", _number(kind, param))
    raise ValueError(f"a sampler is const, probabilistic, ratelimiting or remote, not {kind!r}")


def _number(kind: str, param: Any, highest: float = float("inf")) -> float:
    try:
        number = float(param)
    except (TypeError, ValueError):
        number = -1.0
    if not 0.0 <= number <= highest:
        allowed = "a number from 0" if highest > 1.0 else "from 0 to 1"
        raise ValueError(f"the param of a {kind} sampler is {allowed}, not {param!r}")
    return number


def _is_true(value: Any) -> bool:
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def _remote(agent: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    host = agent.get("reporting_host") or os.environ.get("JAEGER_AGENT_HOST") or "localhost"
    seconds = float(config.get("sampling_refresh_interval") or 60)
    return _named(
        "remote",
        f"endpoint=http://{host}:{agent.get('sampling_port') or 5778},pollingIntervalMs={seconds * 1000:.0f}",
    )


def _named(name: str, argument: float | str) -> str:
    """Return a sampler as `OTEL_TRACES_SAMPLER` names it. Jaeger's follow the caller's decision, always."""
    shown = argument if isinstance(argument, str) else f"{argument:g}"
    return f"parentbased_jaeger_{name}:{shown}"


def of_environment(legacy: Legacy) -> Legacy:
    """Add what jaeger-client reads from JAEGER_SERVICE_NAME and JAEGER_TAGS.

    Raises:
        ValueError: JAEGER_TAGS is no list of `key=value`.
    """
    tags = dict(legacy.tags)
    for pair in filter(None, os.environ.get("JAEGER_TAGS", "").split(",")):
        key, equals, value = pair.partition("=")
        if not (equals and key.strip()):
            raise ValueError(f"JAEGER_TAGS is a list such as a=1,b=2; {pair!r} is no key=value")
        tags[key.strip()] = value.strip()
    return legacy._replace(
        tags=tags, service_name=legacy.service_name or os.environ.get("JAEGER_SERVICE_NAME") or None
    )


def of_tracer(tracer: Any) -> Legacy:
    """Read a jaeger-client tracer, or as much as another tracer has in common with it."""
    service_name = getattr(tracer, "service_name", None)
    tags = getattr(tracer, "tags", None)
    codecs = getattr(tracer, "codecs", None)
    codec = codecs.get(Format.TEXT_MAP) if isinstance(codecs, dict) else None
    http = codecs.get(Format.HTTP_HEADERS) if isinstance(codecs, dict) else None
    return Legacy(
        service_name=service_name if isinstance(service_name, str) else None,
        sampler=_sampler_of(getattr(tracer, "sampler", None)),
        tags={key: tags[key] for key in tags if key not in _ADDED} if isinstance(tags, dict) else {},
        headers=_headers_of(codec),
        speaks_b3=type(http).__name__ == "B3Codec",
        one_span_per_rpc=getattr(tracer, "one_span_per_rpc", None) is True,
    )


def _headers_of(codec: Any) -> Headers | None:
    names = (
        getattr(codec, name, None)
        for name in ("trace_id_header", "baggage_prefix", "debug_id_header", "baggage_header")
    )
    found = [name for name in names if isinstance(name, str)]
    return Headers(*found) if len(found) == len(Headers._fields) else None


def _sampler_of(sampler: Any) -> str | None:
    """Name one of jaeger-client's samplers; by its class's name, for the library need not be there."""
    kind = type(sampler).__name__
    try:
        if kind == "ConstSampler":
            return _named("const", int(bool(sampler.decision)))
        if kind == "ProbabilisticSampler":
            return _named("probabilistic", float(sampler.rate))
        if kind == "RateLimitingSampler":
            return _named("ratelimiting", float(sampler.traces_per_second))
        if kind == "RemoteControlledSampler":
            return _remote_of(sampler)
    except (AttributeError, TypeError, ValueError):
        return None
    return None


def _remote_of(sampler: Any) -> str:
    http = sampler._channel.local_agent_http
    agent = {"reporting_host": http.agent_http_host, "sampling_port": http.agent_http_port}
    return _remote(agent, {"sampling_refresh_interval": sampler.sampling_refresh_interval})
