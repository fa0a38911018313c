"""Find the interceptors of legacy libraries that record the same calls."""

from __future__ import annotations

import sys
from typing import Any, Final

from midspan.integrations._beside import marks, stands_back

__all__ = ["among_interceptors", "calls_here", "serves_with"]

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
            # OpenCensus's makes no span where nobody has made a tracer; where it does, the span is current.
            is_idle = module == _CLIENTS[0] and "grpc.method" not in marks()
            return not is_idle and stands_back("grpc", module)
        frame = frame.f_back
    return False


def serves_with(behavior: object) -> bool:
    """Say whether what serves a call is a legacy interceptor's function."""
    module = getattr(behavior, "__module__", None) or ""
    return module.startswith(_LEGACY) and stands_back("grpc", module)


def among_interceptors(interceptors: Any) -> bool:  # noqa: ANN401 - what an application gave to `grpc.server`
    """Say whether a legacy library's is among a server's interceptors."""
    modules = [type(each).__module__ for each in interceptors or ()]
    return any(module.startswith(_LEGACY) and stands_back("grpc", module) for module in modules)
