"""Send requests over HTTP, with the `requests` library."""

from __future__ import annotations

import functools
import os
import ssl
import sys
import zlib
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from midspan.exporters._http._deadline import POOLS, deadline
from midspan.exporters._http._exchange import Answer, NotSentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.exporters._http._exchange import Endpoint, Request

__all__ = ["HTTPTransport"]

# A collector's answer takes a few hundred bytes; one that takes more is none, or means harm.
_MAX_ANSWER: Final = 4 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_DAY_S: Final = 86_400.0


class HTTPTransport:
    """Exchange requests for answers over kept connections. Safe in threads, and in a child after a fork.

    Nothing that the environment says about HTTP in general can replace what is configured here: no ~/.netrc,
    no proxy variables; REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE count only if no certificate is configured.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._pid = os.getpid()
        self._session: requests.Session | None = _new_session(endpoint)

    def send(self, request: Request, timeout_s: float) -> Answer:
        """Exchange a request for an answer within `timeout_s` seconds, looking up the host name aside.

        Raises:
            NotSentError: There was no answer, or not all of it within the time.
        """
        session, handled = self._session_of_this_process(), sys.exc_info()[1]
        timeout_s = min(timeout_s, _DAY_S)
        try:
            with deadline(timeout_s):
                return self._exchange(session, request, timeout_s)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _not_sent(error, handled, timeout_s) from error

    def _session_of_this_process(self) -> requests.Session:
        if self._pid != os.getpid():
            # The connections belong to the parent, and so may the locks of its pool.
            self._pid = os.getpid()
            if self._session is not None:
                self._session = _new_session(self._endpoint)
        session = self._session
        if session is None:
            raise NotSentError("the exporter was shut down", permanent=True)
        return session

    def _exchange(self, session: requests.Session, request: Request, timeout_s: float) -> Answer:
        response = session.post(
            self._endpoint.url,
            data=request.body,
            headers=dict(request.headers),
            timeout=timeout_s,
            # A redirect could carry credentials to wherever a collector says: it is an answer like any other.
            allow_redirects=False,
            stream=True,
        )
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            body = _read(response.raw)
        finally:
            response.close()
        # Before urllib3 2.0 nobody else looks.
        if len(body) < min(_length(headers), _MAX_ANSWER):
            raise ConnectionError("the answer breaks off")
        return Answer(response.status_code, headers, _decompressed(body, headers.get("content-encoding")))

    def close(self) -> None:
        """Close every connection; what is sent from now on is refused."""
        session, self._session = self._session, None
        if session is not None and self._pid == os.getpid():
            session.close()


class _Adapter(HTTPAdapter):
    """An adapter whose connections keep the deadline, direct ones and those through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - urllib3's ProxyManager
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager


def _new_session(endpoint: Endpoint) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", _Adapter())
    session.mount("https://", _Adapter())
    session.headers.clear()
    session.headers.update({"user-agent": _user_agent(), "accept-encoding": "identity", **endpoint.headers})
    session.verify = endpoint.certificate or _bundle_of_the_system() or True
    if endpoint.client_certificate is not None:
        key = endpoint.client_key
        session.cert = endpoint.client_certificate if key is None else (endpoint.client_certificate, key)
    if endpoint.proxy is not None:
        session.proxies = {"http": endpoint.proxy, "https": endpoint.proxy}
    return session


def _bundle_of_the_system() -> str | None:
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None


@functools.cache
def _user_agent() -> str:
    from importlib import metadata  # noqa: PLC0415 - a few milliseconds, paid by who sends

    try:
        return f"midspan/{metadata.version('midspan')}"
    except metadata.PackageNotFoundError:
        return "midspan"


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() else 0


def _read(raw: Any) -> bytes:  # noqa: ANN401 - urllib3's response
    """Read a body as it comes over the wire, up to the limit."""
    chunks, room = [], _MAX_ANSWER
    while room > 0:
        chunk = raw.read(min(room, _CHUNK), decode_content=False)
        if not chunk:
            break
        chunks.append(chunk)
        room -= len(chunk)
    return b"".join(chunks)


def _decompressed(body: bytes, encoding: str | None) -> bytes:
    """Return a body that came compressed although nobody asked for that, up to the limit."""
    if encoding in {"gzip", "deflate"} and body:
        try:
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, _MAX_ANSWER)
        except zlib.error:
            return b""
    return body


def _not_sent(error: BaseException, handled: BaseException | None, timeout_s: float) -> NotSentError:
    """Return why there is no answer, by the innermost cause: what is around it repeats the whole URL.

    `handled` is the exception that the caller was busy with, where the chain of causes leaves this module.
    """
    cause = error
    while (inner := cause.__cause__ or cause.__context__) is not None and inner is not handled:
        cause = inner
    if isinstance(cause, TimeoutError) or isinstance(error, requests.Timeout):
        return NotSentError(f"no complete answer within {timeout_s:g} s")
    if isinstance(cause, requests.RequestException):
        return NotSentError(type(cause).__name__, permanent=True)
    # Neither a certificate nor a key will be another one at the next attempt.
    return NotSentError(
        f"{type(cause).__name__}: {cause}", permanent=isinstance(cause, (ssl.SSLError, ValueError))
    )
