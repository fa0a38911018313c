"""Import `grpcio` without its log.

Its C library writes to standard error what comes back as a status as well: a handshake that failed, say. How
much, it takes from a variable when it is imported; who has set that is not overruled.
"""

from __future__ import annotations

import os

__all__ = ["ChannelOptions", "grpc"]

_VARIABLE = "GRPC_VERBOSITY"
_is_ours = _VARIABLE not in os.environ
if _is_ours:
    os.environ[_VARIABLE] = "NONE"
try:
    import grpc
    from grpc.experimental import ChannelOptions
finally:
    # Not for the processes that this one starts.
    if _is_ours:
        del os.environ[_VARIABLE]
