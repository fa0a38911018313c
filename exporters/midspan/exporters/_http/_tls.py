"""TLS as an endpoint has it: whom to trust, and who we are."""

from __future__ import annotations

import os
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from midspan.exporters._http._exchange import NotSentError
from midspan.exporters._http._secure import SecureStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from midspan.exporters._http._connection import Stream
    from midspan.exporters._http._deadline import Deadline
    from midspan.exporters._http._exchange import Endpoint

__all__ = ["Trust"]

_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_NOBODY: Final = "no authority to trust was found: name a PEM file as the certificate, or install certifi"


def _certifis() -> str | None:
    try:
        import certifi  # noqa: PLC0415 - it need not be there
    except ImportError:
        return None
    return certifi.where()


# Looked for here and not when it is wanted: so what that imports is imported by one thread alone.
_CERTIFIS: Final = _certifis()


class Trust:
    """Put TLS above streams. Its files are read anew once they have changed: certificates are replaced."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._made: dict[bool, tuple[object, ssl.SSLContext]] = {}

    def secured(self, stream: Stream, host: str, deadline: Deadline, *, proves: bool) -> SecureStream:
        """Return a stream that is encrypted, to a server that is the one it should be.

        Raises:
            OSError: It is not (`ssl.SSLError`), or there was no time; a file cannot be read.
            ValueError: The client's key cannot be used.
            NotSentError: There is nobody to trust.
        """
        context = self._context(proves=proves)
        secure = SecureStream(stream, context, host.partition("%")[0].rstrip("."))
        secure.settimeout(deadline.left_s())
        secure.do_handshake()
        return secure

    def _context(self, *, proves: bool) -> ssl.SSLContext:
        where = self._endpoint.certificate or _bundle()
        files = (self._endpoint.client_certificate, self._endpoint.client_key) if proves else (None, None)
        # gevent, where it comes late, puts another class in this one's place.
        state = ssl.SSLContext, *(_state(path) for path in (where, *files))
        made = self._made.get(proves)
        if made is None or made[0] != state:
            made = self._made[proves] = state, _new_context(where, *files)
        return made[1]


def _new_context(where: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    # It verifies the certificate and the host; it never asks the environment for a file to log keys to.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if where is None:
        _trust_the_systems(context)
    else:
        is_folder = os.path.isdir(where)  # noqa: PTH112 - what a path is, `ssl` knows best
        with _naming(where):
            context.load_verify_locations(None if is_folder else where, where if is_folder else None)
    if certificate is not None:
        with _naming(key or certificate):
            context.load_cert_chain(certificate, key, password=_no_password)
    return context


def _bundle() -> str | None:
    """Return a file of authorities, or a folder: one that is named for all programs, or certifi's."""
    return next(filter(None, map(os.environ.get, _BUNDLES)), _CERTIFIS)


def _trust_the_systems(context: ssl.SSLContext) -> None:
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    folder = ssl.get_default_verify_paths().capath
    # What is in the folder is read when it is looked for.
    if not context.cert_store_stats()["x509_ca"] and not (folder and os.listdir(folder)):  # noqa: PTH208
        raise NotSentError(_NOBODY, permanent=True)


def _no_password() -> str:
    # Without this, OpenSSL would ask on the terminal, and wait there.
    raise ValueError("it is encrypted: name one that is not")


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Say of which file an error tells: OpenSSL does not."""
    try:
        yield
    except ssl.SSLError as error:
        raise ssl.SSLError(f"{path}: {error}") from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _state(path: str | None) -> object:
    """Return what changes when a file is replaced."""
    if path is None:
        return None
    try:
        found = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return path
    return path, found.st_ino, found.st_size, found.st_mtime_ns
