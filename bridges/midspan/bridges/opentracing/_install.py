"""Put the bridge in the place of OpenTracing's global tracer, and take it out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import opentracing

from midspan.bridges.opentracing import _mirror, _no_parent, _takeover
from midspan.bridges.opentracing._jaeger import Legacy, of_config, of_environment
from midspan.bridges.opentracing._tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.bridges.opentracing._formats import Selection

__all__ = ["install", "uninstall"]


class _Installation:
    """What was there before, and what is there now. The one global of this bridge."""

    def __init__(self) -> None:
        self.tracer: Tracer | None = None
        self.before: dict[str, Any] = {}


_installation = _Installation()


def install(
    scope_manager: Any = None,
    *,
    propagators: Selection = None,
    jaeger_config: Mapping[str, Any] | None = None,
    takeover: bool = True,
    tracer: Tracer | None = None,
) -> Tracer:
    """Make a bridge tracer OpenTracing's global one, and return it.

    `scope_manager` and `propagators` are those of `Tracer`; `tracer` is one of your own instead. What
    `jaeger_config` (jaeger-client's `Config` dictionary) and the variables JAEGER_SERVICE_NAME and
    JAEGER_TAGS say is handed to the pipeline, which uses what it was not told otherwise.

    With `takeover`, a tracer that legacy start-up code makes global later does not replace the bridge: this
    is said once, the pipeline takes over its service name, sampler and tags where they can be read, and
    whoever uses that tracer uses the bridge. A second call changes only what it is given anew.

    >>> from midspan.bridges import opentracing as bridge
    >>> tracer = bridge.install()
    >>> bridge.uninstall()

    Raises:
        ValueError: A value in `jaeger_config`, JAEGER_TAGS or `propagators` cannot be.
    """
    current = _installation.tracer
    if current is not None and (scope_manager, propagators, jaeger_config, tracer) == (None,) * 4:
        _takeover.watch(current) if takeover else _takeover.unwatch()
        return current
    legacy = of_environment(Legacy() if jaeger_config is None else of_config(jaeger_config))
    if tracer is None:
        tracer = Tracer(scope_manager, propagators=propagators)
    if propagators is None:
        legacy.choose_formats(tracer)
    if current is None:
        _installation.before = {name: _now(name) for name in ("tracer", "is_tracer_registered")}
    _installation.tracer = tracer
    _takeover.unwatch()
    opentracing.tracer = tracer
    if hasattr(opentracing, "is_tracer_registered"):
        opentracing.is_tracer_registered = True
    legacy.tell_pipeline()
    if takeover:
        _takeover.watch(tracer)
    return tracer


def uninstall() -> None:
    """Put back the global tracer that was there before; do nothing if the bridge is not installed.

    Spans that are open go on; whoever holds the bridge's tracer can go on using it.
    """
    tracer, _installation.tracer = _installation.tracer, None
    if tracer is None:
        return
    _takeover.unwatch()
    for name, value in _installation.before.items():
        if value is not None:
            setattr(opentracing, name, value)
    _installation.before = {}
    _no_parent.forget(tracer.scope_manager)
    _mirror.unfollow(tracer.scope_manager)


def _now(name: str) -> Any:
    return getattr(opentracing, name, None)
