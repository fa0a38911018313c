"""Stay the global tracer when legacy start-up code sets its own, and use what that one was told.

OpenTracing's global tracer is set in two ways: by `set_global_tracer`, which modules may have imported by
name before the bridge was installed, and, as OpenTracing 2.0 wants it, by assigning to `opentracing.tracer`.
Both are watched. The legacy tracer itself, which the application may go on using, becomes a facade of the
bridge.
"""

from __future__ import annotations

import logging
import types
from typing import TYPE_CHECKING, Any

import opentracing

from midspan import _trouble
from midspan.bridges.opentracing._jaeger import of_tracer

if TYPE_CHECKING:
    from midspan.bridges.opentracing._tracer import Tracer

__all__ = ["absorb", "unwatch", "watch"]


_logger = logging.getLogger("midspan")


class _Watch:
    """The bridge that stays, the setter's own code, and the tracers that were absorbed with their classes."""

    def __init__(self) -> None:
        self.bridge: Tracer | None = None
        self.code: types.CodeType | None = None
        self.absorbed: list[tuple[Any, type]] = []
        self.has_said = False


_watch = _Watch()


class _Watched:
    """Mixed into the class of the module `opentracing`: nobody can assign another tracer to it."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, absorb(value) if name == "tracer" else value)


def _set_global_tracer(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - the original's signature
    # This code runs in the original function, with the globals of opentracing: names must be imported here.
    if value is None:
        raise ValueError("there must be a global tracer; None is none")
    import opentracing  # noqa: PLC0415 - as said above

    opentracing.tracer = value
    opentracing.is_tracer_registered = True


def watch(bridge: Tracer) -> None:
    """Let `bridge` stay the global tracer until `unwatch`."""
    _watch.bridge = bridge
    own_class = type(opentracing)
    if not issubclass(own_class, _Watched):
        opentracing.__class__ = type(own_class.__name__, (_Watched, own_class), {})
    setter = getattr(opentracing, "set_global_tracer", None)
    # The code is exchanged, not the function: modules may have imported the function by name.
    if _watch.code is None and isinstance(setter, types.FunctionType):
        _watch.code = setter.__code__
        setter.__code__ = _set_global_tracer.__code__


def unwatch() -> None:
    """Let everybody set the global tracer again, and give absorbed tracers back their own behaviour."""
    _watch.bridge = None
    _watch.has_said = False
    if issubclass(type(opentracing), _Watched):
        opentracing.__class__ = type(opentracing).__bases__[1]
    if _watch.code is not None:
        opentracing.set_global_tracer.__code__ = _watch.code
        _watch.code = None
    while _watch.absorbed:
        legacy, own_class = _watch.absorbed.pop()
        legacy.__class__ = own_class


def absorb(value: Any) -> Any:
    """Return the tracer that shall be global when `value` was to be: the bridge, unless `value` is one."""
    from midspan.bridges.opentracing._tracer import Tracer  # noqa: PLC0415 - it rests on this package's rest

    bridge = _watch.bridge
    if bridge is None or isinstance(value, Tracer):
        return value
    if not isinstance(value, _Facade):
        _say(value)
        _take_from(value, bridge)
        _cover(value)
    return bridge


def _say(value: Any) -> None:
    if not _watch.has_said:
        _watch.has_said = True
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        _logger.warning("%s was to become the global tracer; the bridge stays in its place", kind)


def _take_from(value: Any, bridge: Tracer) -> None:
    try:
        legacy = of_tracer(value)
        legacy.choose_formats(bridge)
        legacy.tell_pipeline()
    except Exception as error:  # noqa: BLE001 - any class at all may have been meant as a tracer
        _trouble.report("opentracing.takeover", "the settings of %s cannot be read", type(value), error=error)


class _Facade:
    """What an absorbed tracer answers: all that OpenTracing knows goes to the bridge."""

    @property
    def scope_manager(self) -> Any:
        return _bridge().scope_manager

    @property
    def active_span(self) -> Any:
        return _bridge().active_span

    def start_active_span(self, *args: Any, **kwargs: Any) -> Any:
        return _bridge().start_active_span(*args, **kwargs)

    def start_span(self, *args: Any, **kwargs: Any) -> Any:
        return _bridge().start_span(*args, **kwargs)

    def inject(self, *args: Any, **kwargs: Any) -> None:
        _bridge().inject(*args, **kwargs)

    def extract(self, *args: Any, **kwargs: Any) -> Any:
        return _bridge().extract(*args, **kwargs)

    def close(self) -> Any:
        _bridge().close()
        # Its threads and sockets are its own to close; what it returns, a future say, its users await.
        close = getattr(super(), "close", None)
        return close() if callable(close) else None


def _bridge() -> Tracer:
    assert _watch.bridge is not None  # noqa: S101 - for the type checker: `unwatch` uncovers every tracer
    return _watch.bridge


def _cover(value: Any) -> None:
    """Turn a tracer into a facade of its own class, if its class allows that."""
    own_class = type(value)
    try:
        value.__class__ = type(own_class.__name__, (_Facade, own_class), {"__module__": own_class.__module__})
    except TypeError:
        return
    _watch.absorbed.append((value, own_class))
