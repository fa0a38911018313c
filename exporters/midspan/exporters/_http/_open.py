"""Open the way to an endpoint; `requests` is imported when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from midspan.exporters._http._exchange import Endpoint, Transport

__all__ = ["http_transport"]


def http_transport(endpoint: Endpoint, extra: str) -> Transport:
    """Return what exchanges requests for answers with an endpoint.

    Raises:
        ImportError: The `requests` library is missing; the message names the extra that brings it.
    """
    try:
        from midspan.exporters._http._transport import HTTPTransport  # noqa: PLC0415 - as said
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'midspan[{extra}]'") from error
    return HTTPTransport(endpoint)
