"""Say where something is sent without telling secrets, and find those that are sent in the clear."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from midspan.exporters._http._exchange import Endpoint

__all__ = ["secrets_in_clear", "shown"]

_SECRET: Final = re.compile(r"auth|cookie|token|key|secret|password|credential|session", re.IGNORECASE)


def shown(url: str) -> str:
    """Return a URL as it may be shown: its query may hold a token."""
    return urlsplit(url)._replace(query="").geturl()


def secrets_in_clear(endpoint: Endpoint) -> list[str]:
    """Return the headers that look like credentials, where they go to another host unencrypted."""
    url = urlsplit(endpoint.url)
    if url.scheme != "http" or _is_loopback(url.hostname or ""):
        return []
    return [name for name in endpoint.headers if _SECRET.search(name)]


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
