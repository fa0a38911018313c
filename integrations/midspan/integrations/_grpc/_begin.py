"""Begin the span of a call that a channel makes: what both kinds of channels share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from midspan import _trouble
from midspan.integrations._grpc._metadata import with_trace
from midspan.integrations._rpc import read_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._patches import Patches
    from midspan.integrations._rpc import Call, ClientPolicy, Peer

__all__ = ["Calling"]


class Calling(NamedTuple):
    """How the calls of one channel are recorded."""

    policy: ClientPolicy
    patches: Patches
    server: Peer

    def begin(self, details: Any, made_of: Callable[[list[Any]], Any]) -> tuple[Call, Any] | None:  # noqa: ANN401 - grpc.ClientCallDetails
        """Start the span of a call, and return it with the details to call with; None if it is not recorded.

        `made_of` makes metadata of pairs.
        """
        try:
            method = read_method(details.method)
            if not self.patches.on or not self.policy.is_to_record(method):
                return None
            call = self.policy.call(method, self.server)
            metadata = made_of(with_trace(getattr(details, "metadata", None), call.context))
            call.hook(details)
            return call, _with_metadata(details, metadata)
        except Exception as error:  # noqa: BLE001 - details may come from an application's own interceptor
            _trouble.report("integration.grpc", "a call was not recorded", error=error)
            return None


class _Details(grpc.ClientCallDetails):
    """The details of a call, with other metadata."""

    def __init__(self, native: Any, metadata: Any) -> None:  # noqa: ANN401 - an application's own class
        self._native = native
        self.metadata = metadata

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        return getattr(self._native, name)


def _with_metadata(details: Any, metadata: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(details, tuple) and hasattr(details, "_replace"):
        return details._replace(metadata=metadata)
    return _Details(details, metadata)
