"""Find the interceptors of legacy libraries that record the same calls."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import grpc

from midspan import _trouble, context, propagation
from midspan.integrations._beside import marks, stands_back
from midspan.integrations._grpc._metadata import carrier_of, with_trace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CarryingInterceptor", "among_interceptors", "calls_here", "carried", "serves_with"]

_LEGACY: Final = ("opencensus.ext.grpc", "grpc_opentracing")
_CLIENTS: Final = ("opencensus.ext.grpc.client_interceptor", "grpc_opentracing._client")
# Between a legacy interceptor and ours stand only frames of gRPC's own, two or three for each interceptor.
_NEAR: Final = 32


def calls_here() -> bool:
    """Say whether a legacy interceptor is what makes this call: its frame is on the stack then."""
    if not any(name in sys.modules for name in _CLIENTS):
        return False
    frame: Any = sys._getframe(1)
    for _ in range(_NEAR):
        if frame is None:
            return False
        module = frame.f_globals.get("__name__", "")
        if module in _CLIENTS:
            # OpenCensus's makes no span where nobody has made a tracer.
            is_idle = module == _CLIENTS[0] and not _is_opencensus_calling()
            return not is_idle and stands_back("grpc", module)
        frame = frame.f_back
    return False


def _is_opencensus_calling() -> bool:
    """Say whether the span that is current is one that OpenCensus's client has made of a call."""
    return "grpc.method" in marks()


def carried(metadata: Any, made_of: Callable[[list[Any]], Any]) -> Any:  # noqa: ANN401 - gRPC's own
    """Return a call's metadata, with the trace where a legacy interceptor sends OpenCensus's header alone.

    grpcio keeps that header from every server in Python.
    """
    if not _is_opencensus_calling():
        return metadata
    try:
        return made_of(with_trace(metadata, context.current()))
    except Exception as error:  # noqa: BLE001 - it may come from an application's own interceptor
        _trouble.report("integration.grpc", "a call does not carry the trace", error=error)
        return metadata


class CarryingInterceptor(grpc.ServerInterceptor):
    """Makes no span, but a caller's trace current, in which a legacy interceptor then makes its span."""

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:  # noqa: ANN401 - gRPC's own
        """Return the handler of a call, around which the trace is."""
        from midspan.integrations._grpc._serving import kind_of, with_behavior  # noqa: PLC0415 - it needs this module

        handler = continuation(handler_call_details)
        if handler is None:
            return None
        asked = propagation.extract(carrier_of(handler_call_details.invocation_metadata))
        behavior = getattr(handler, kind_of(handler))

        @wraps(behavior)
        def serve(request: Any, servicer_context: Any) -> Any:  # noqa: ANN401 - as above
            with context.attached(asked):
                return behavior(request, servicer_context)

        return with_behavior(handler, serve)


def serves_with(behavior: object) -> bool:
    """Say whether what serves a call is a legacy interceptor's function."""
    module = getattr(behavior, "__module__", None) or ""
    return module.startswith(_LEGACY) and stands_back("grpc", module)


def among_interceptors(interceptors: Any) -> bool:  # noqa: ANN401 - what an application gave to `grpc.server`
    """Say whether a legacy library's is among a server's interceptors."""
    modules = [type(each).__module__ for each in interceptors or ()]
    return any(module.startswith(_LEGACY) and stands_back("grpc", module) for module in modules)
