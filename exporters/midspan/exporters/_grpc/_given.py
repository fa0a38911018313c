"""Check what code and variables say about where to send and as whom; each check names who said it.

`who` is an argument or a variable. A value that may be a secret is never shown.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from midspan.exporters._http import (
    Endpoint,
    checked_headers,
    checked_url,
    refused,
    secrets_in_clear,
    without_credentials,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.exporters._grpc._exchange import Target

__all__ = ["Address", "checked_address", "checked_metadata", "credentials_in_clear"]

# Names that gRPC resolves in its own way (grpc/doc/naming.md), and takes as they are.
_OWN_FORM: Final = re.compile(r"(unix|unix-abstract|dns|ipv4|ipv6):.+")
_SOCKET: Final = re.compile(r"unix(-abstract)?:")
# PROTOCOL-HTTP2.md of gRPC: Custom-Metadata.
_NAME: Final = re.compile(r"[0-9a-z_.-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")


class Address(NamedTuple):
    """Where to send to: an address as gRPC writes it, and what a URL has told besides."""

    address: str
    # None if nothing was said of it.
    is_secure: bool | None = None
    # The header that says the user and the password of a URL.
    credentials: Mapping[str, str] = {}

    @property
    def is_socket(self) -> bool:
        """Whether it is a Unix socket, which nobody on another machine can listen to."""
        return _SOCKET.match(self.address) is not None


def checked_address(who: str, value: object, port: int) -> Address:
    """Return an address: of a URL, whose scheme says whether to use TLS, of `host`, or of `unix:path`.

    A URL or a host without a port has `port`.

    Raises:
        ConfigurationError: It is none.
    """
    if isinstance(value, str) and "://" not in value and not _OWN_FORM.fullmatch(value):
        url = _split(f"//{value}")
        if url is not None and url.hostname and url.username is None and not (url.path or url.query):
            return Address(_with_port(url, port))
    elif isinstance(value, str) and _OWN_FORM.fullmatch(value):
        return Address(value)
    elif isinstance(value, str):
        # What is none is refused there, or here: a call over gRPC has the path of its method.
        url = checked_url(who, value, f"http://localhost:{port}")
        if url.path in {"", "/"} and not url.query:
            _, credentials = without_credentials(url)
            return Address(_with_port(url, port), url.scheme == "https", credentials)
    shown = re.sub(r"[^/@]*@", "...@", value) if isinstance(value, str) else value
    raise refused(
        who, shown, f"a URL without a path such as http://localhost:{port}, host:port, or unix:path"
    )


def _split(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        return None if url.port == 0 or text.endswith(":") else url
    except ValueError:  # a port that is none, a bracket that is not closed
        return None


def _with_port(url: SplitResult, port: int) -> str:
    host = url.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{url.port or port}"


def checked_metadata(
    who: str, value: str | Mapping[str, str | bytes] | None
) -> tuple[tuple[str, str | bytes], ...]:
    """Return metadata: of a mapping, or of `name=value,name=value`, percent-encoded.

    A name that ends in "-bin" stands for bytes, which text gives in base64.

    Raises:
        ConfigurationError: A name or a value can be in no call.
    """
    given = {} if isinstance(value, str) or value is None else value
    binary = {name: data for name, data in given.items() if isinstance(data, bytes)}
    text = {name: data for name, data in given.items() if not isinstance(data, bytes)}
    headers: Mapping[str, str | bytes] = checked_headers(who, value if isinstance(value, str) else text)
    pairs: list[tuple[str, str | bytes]] = []
    for name, words in {**headers, **{name.lower(): data for name, data in binary.items()}}.items():
        # What is wrong is told without the value: it may be a secret.
        if not _NAME.fullmatch(name):
            raise refused(who, name, "names of letters, digits, dots, hyphens and underscores")
        pairs.append((name, _checked_value(who, name, words)))
    return tuple(pairs)


def _checked_value(who: str, name: str, value: str | bytes) -> str | bytes:
    if name.endswith("-bin"):
        return value if isinstance(value, bytes) else _from_base64(who, name, value)
    if isinstance(value, bytes) or not _VALUE.fullmatch(value):
        raise refused(who, f"{name}=...", "values of printable ASCII characters")
    return value


def _from_base64(who: str, name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise refused(who, f"{name}=...", "base64, for the name ends in -bin") from None


def credentials_in_clear(target: Target) -> list[str]:
    """Return the metadata that looks like credentials, where it goes to another host unencrypted."""
    if target.is_secure or _SOCKET.match(target.address):
        return []
    host = target.address.removeprefix("dns:").rpartition("/")[2]
    return secrets_in_clear(Endpoint(f"http://{host}", {name: "" for name, _ in target.metadata}))
