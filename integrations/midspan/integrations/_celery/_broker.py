"""Keep the integrations of what a broker is made of silent for Celery's own traffic."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._plumbing import mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._patches import Patches

__all__ = ["quiet"]

_REDIS: Final = "kombu.transport.redis"


def quiet(patches: Patches) -> None:
    """Mark the connections of Redis that Celery's transport opens from now on.

    Transports are imported when they are asked for, so that is where they are met.
    """
    from kombu import connection  # noqa: PLC0415 - only who instruments Celery must have it

    patches.around(connection, "get_transport_cls", _choosing(patches))


def _choosing(patches: Patches) -> Callable[[Any], Any]:
    met: set[type] = set()

    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def get_transport_cls(transport: Any = None) -> Any:  # noqa: ANN401 - a name or a class
            chosen = native(transport)
            channel: Any = getattr(chosen, "Channel", None)
            # Sentinel's channel makes its pools itself.
            if patches.on and getattr(channel, "__module__", "") == _REDIS and channel not in met:
                met.add(channel)
                patches.around(channel, "_get_pool", _opening(patches))
            return chosen

        return get_transport_cls

    return around


def _opening(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def _get_pool(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - kombu's own
            pool = native(self, *arguments, **named)
            if patches.on:
                mark(pool)
            return pool

        return _get_pool

    return around
