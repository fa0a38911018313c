"""Record calls over gRPC, of `grpc` and of `grpc.aio`, those that are made and those that are served.

A span is named by the method (`shop.Cart/Add`), and its identity goes with the call's metadata. That of a
stream ends with the stream: when it is over, cancelled, or dropped before its end. On the server it is
current in the service's code, also in a generator of responses.

A client's call is an error unless it ends with OK. For a server, UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
INTERNAL, UNAVAILABLE and DATA_LOSS are: the other statuses tell a client of its own mistake, or wish.

What a channel's stubs call is recorded if they were made while the channel was instrumented; what a server
serves, if the server was made then. midspan's own exporters over gRPC are never recorded.

Beside the interceptors of opencensus-ext-grpc or grpcio-opentracing, this integration stands back.

Names are those of OpenTelemetry's semantic conventions for RPC, 1.45; with `semconv="legacy"`, 1.37.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._integration import Integration
from midspan.integrations._library import Library
from midspan.integrations._patches import Patches
from midspan.integrations._rpc import NOWHERE, ClientPolicy, ServerPolicy, read_target, rpc_settings

if TYPE_CHECKING:
    from grpc import Channel, aio
    from typing_extensions import Unpack

    from midspan.integrations._rpc import RpcOptions

__all__ = [
    "LIBRARY",
    "aio_client_interceptors",
    "aio_server_interceptor",
    "client_interceptor",
    "instrument",
    "server_interceptor",
    "uninstrument",
]

LIBRARY: Final = Library("grpcio", "grpc", oldest="1.49")

_integration: Final = Integration("grpc", LIBRARY)
_SCOPE: Final = "midspan.integrations.grpc"


def instrument(channel: Channel | aio.Channel | None = None, **options: Unpack[RpcOptions]) -> None:
    """Record the calls of one channel, or, without one, of every channel and every server of the process.

    Stubs are to be made after this; so are servers. A single server takes `server_interceptor()`.

    Hooks are called with gRPC's own objects: of a client with `grpc.ClientCallDetails`, of a server with the
    context that the service gets.

    Raises:
        ConfigurationError: grpcio is missing or too old, or an option is not valid.
    """
    settings = rpc_settings("grpc", options)
    client = ClientPolicy(_SCOPE, "grpc", settings)
    server = ServerPolicy(_SCOPE, "grpc", settings)

    def put(patches: Patches) -> None:
        from midspan.integrations import _grpc  # noqa: PLC0415 - only who instruments it must have it

        _grpc.instrument_channels(patches, client, channel)
        if channel is None:
            _grpc.instrument_servers(patches, _grpc.Serving(server, patches))

    if channel is None:
        _integration.turn_on(("grpc", "grpc.aio"), put)
    else:
        _integration.turn_on_for(channel, put)


def uninstrument(channel: Channel | aio.Channel | None = None) -> None:
    """Take back what `instrument` did to one channel, or to all of them and to servers."""
    if channel is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(channel)


def client_interceptor(target: str | None = None, **options: Unpack[RpcOptions]) -> Any:  # noqa: ANN401 - of four types
    """Return an interceptor for `grpc.intercept_channel`; `target` is where the channel leads.

    Raises:
        ConfigurationError: As `instrument` does.
    """
    from midspan.integrations import _grpc  # noqa: PLC0415 - only who instruments it must have it

    return _grpc.ClientInterceptor(_calling(target, options))


def aio_client_interceptors(target: str | None = None, **options: Unpack[RpcOptions]) -> list[Any]:
    """Return interceptors for `grpc.aio.insecure_channel(target, interceptors=...)`: one a shape of call.

    Raises:
        ConfigurationError: As `instrument` does.
    """
    from midspan.integrations import _grpc  # noqa: PLC0415 - as above

    return list(_grpc.aio_interceptors(_calling(target, options)).values())


def server_interceptor(**options: Unpack[RpcOptions]) -> Any:  # noqa: ANN401 - a grpc.ServerInterceptor
    """Return an interceptor for `grpc.server(pool, interceptors=[...])`, where it should stand first.

    Raises:
        ConfigurationError: As `instrument` does.
    """
    from midspan.integrations import _grpc  # noqa: PLC0415 - as above

    return _grpc.ServerInterceptor(_serving(options))


def aio_server_interceptor(**options: Unpack[RpcOptions]) -> Any:  # noqa: ANN401 - a grpc.aio.ServerInterceptor
    """Return an interceptor for `grpc.aio.server(interceptors=[...])`, where it should stand first.

    Raises:
        ConfigurationError: As `instrument` does.
    """
    from midspan.integrations import _grpc  # noqa: PLC0415 - as above

    return _grpc.AioServerInterceptor(_serving(options))


def _calling(target: str | None, options: RpcOptions) -> Any:  # noqa: ANN401 - it is imported only here
    from midspan.integrations import _grpc  # noqa: PLC0415 - as above

    policy = ClientPolicy(_SCOPE, "grpc", rpc_settings("grpc", options))
    return _grpc.Calling(policy, Patches(), NOWHERE if target is None else read_target(target))


def _serving(options: RpcOptions) -> Any:  # noqa: ANN401 - as above
    from midspan.integrations import _grpc  # noqa: PLC0415 - as above

    return _grpc.Serving(ServerPolicy(_SCOPE, "grpc", rpc_settings("grpc", options)), Patches())
