"""Record where gRPC makes its channels' callables, and its servers.

Below `grpc.insecure_channel` and `grpc.server`, which a program may have imported by name long ago. A channel
stays the object that it is; what it makes for each method (a stub does that when it is made) records.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from grpc import _channel, _server, aio
from grpc.aio import _channel as _aio_channel
from grpc.aio import _server as _aio_server

from midspan import trace
from midspan.integrations._grpc._aio_client import AIO
from midspan.integrations._grpc._aio_server import AioServerInterceptor
from midspan.integrations._grpc._begin import Calling
from midspan.integrations._grpc._callables import record
from midspan.integrations._grpc._client import BLOCKING
from midspan.integrations._grpc._legacy import CarryingInterceptor, among_interceptors
from midspan.integrations._grpc._server import ServerInterceptor
from midspan.integrations._rpc import NOWHERE, Peer, read_target

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from midspan.integrations._grpc._callables import Kind
    from midspan.integrations._grpc._serving import Serving
    from midspan.integrations._patches import Patches
    from midspan.integrations._rpc import ClientPolicy

__all__ = ["instrument_channels", "instrument_servers", "target_of"]

_SHAPES: Final = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
# Where channels of `grpc.aio` lead: they do not say. Known of those that were made while instrumented.
_targets: Final[MutableMapping[Any, str]] = WeakKeyDictionary()


def instrument_channels(patches: Patches, policy: ClientPolicy, channel: Any = None) -> None:  # noqa: ANN401 - one of either kind
    """Record the calls of one channel, or without one, of all of either kind."""
    is_aio = isinstance(channel, aio.Channel)
    for shape in _SHAPES:
        if channel is None or not is_aio:
            patches.around(channel or _channel.Channel, shape, _making(patches, policy, BLOCKING))
        if channel is None or is_aio:
            patches.around(channel or _aio_channel.Channel, shape, _making(patches, policy, AIO))
    if channel is None:
        patches.around(_aio_channel.Channel, "__init__", _noting)


def instrument_servers(patches: Patches, serving: Serving) -> None:
    """Record the calls that servers get which are made from now on."""
    patches.around(_server._Server, "__init__", _starting(ServerInterceptor(serving), patches))
    patches.around(_aio_server.Server, "__init__", _starting(AioServerInterceptor(serving), patches))


def target_of(channel: Any) -> Peer:  # noqa: ANN401 - a channel of either kind
    """Return where a channel leads, if that can be known."""
    target = _targets.get(channel)
    if target is None:
        ask = getattr(getattr(channel, "_channel", None), "target", None)
        target = ask() if callable(ask) else ask
    if isinstance(target, bytes):
        target = target.decode("utf-8", "replace")
    return read_target(target) if isinstance(target, str) else NOWHERE


def _making(patches: Patches, policy: ClientPolicy, kind: Kind) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def make(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - gRPC's own
            made = native(self, *arguments, **named)
            # What an exporter makes stays as it is.
            if patches.on and not trace.is_suppressed():
                record(made, Calling(policy, patches, target_of(self)), kind)
            return made

        return make

    return around


def _noting(native: Callable[..., None]) -> Callable[..., None]:
    @wraps(native)
    def __init__(self: Any, target: str, *arguments: Any, **named: Any) -> None:  # noqa: ANN401, N807 - the patched name
        native(self, target, *arguments, **named)
        _targets[self] = target

    return __init__


def _starting(interceptor: Any, patches: Patches) -> Callable[[Any], Any]:  # noqa: ANN401 - one of two kinds
    def around(native: Callable[..., None]) -> Callable[..., None]:
        @wraps(native)
        def __init__(  # noqa: N807 - the patched name
            self: Any,  # noqa: ANN401 - gRPC's own
            thread_pool: Any,  # noqa: ANN401 - as above
            generic_handlers: Any,  # noqa: ANN401 - as above
            interceptors: Any,  # noqa: ANN401 - as above
            *arguments: Any,  # noqa: ANN401 - as above
            **named: Any,  # noqa: ANN401 - as above
        ) -> None:
            if patches.on:
                first = CarryingInterceptor() if among_interceptors(interceptors) else interceptor
                interceptors = (first, *(interceptors or ()))
            native(self, thread_pool, generic_handlers, interceptors, *arguments, **named)

        return __init__

    return around
