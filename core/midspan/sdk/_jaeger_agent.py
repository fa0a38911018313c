"""Ask a Jaeger agent over HTTP, and take no more from it than an answer."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

__all__ = ["DEFAULT_ENDPOINT", "Agent", "url_of"]

DEFAULT_ENDPOINT: Final = "http://localhost:5778/sampling"
_TIMEOUT_S: Final = 10.0
_MAX_BYTES: Final = 4 * 1024 * 1024
_CHUNK: Final = 65_536


class Agent:
    """Where to ask for sampling strategies."""

    def __init__(self, endpoint: str) -> None:
        """Take a URL.

        Raises:
            ValueError: It is no URL for HTTP.
        """
        self.endpoint = url_of(endpoint)
        self._opener = _opener()

    def strategies_of(self, service: str) -> object:
        """Return what the agent says about a service, as it came; raises what the network does."""
        joint = "&" if "?" in self.endpoint else "?"
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            f"{self.endpoint}{joint}service={quote(service, safe='')}", headers={"Accept": "application/json"}
        )
        deadline_s = time.monotonic() + _TIMEOUT_S
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                answer: object = json.loads(_read(response, deadline_s))
        except HTTPError as error:
            error.close()  # It holds the connection.
            raise
        return answer


def url_of(endpoint: str) -> str:
    """Return the URL to ask, with the agent's path if it has none."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        message = "an endpoint is a URL such as http://localhost:5778/sampling"
        raise ValueError(message)
    _ = parts.port  # raises ValueError for what is no port
    return (parts if parts.path.strip("/") else parts._replace(path="/sampling")).geturl()


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens a URL of ours and nothing else: no proxy, no redirect to another place, no file."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    return opener


def _read(response: Any, deadline_s: float) -> bytes:  # noqa: ANN401 - an http.client.HTTPResponse
    """Read a body that is neither too long nor too slow."""
    body = b""
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > _MAX_BYTES:
            message = f"the answer is longer than {_MAX_BYTES} bytes"
            raise ValueError(message)
        if time.monotonic() > deadline_s:
            message = f"the answer takes longer than {_TIMEOUT_S:g} s"
            raise TimeoutError(message)
    return body
