"""Look at where an exporter sends to, from the outside: is there such a host, who listens, what is spoken.

Nothing of this is needed to send. It is what explains why sending failed, and what a server's clock says. No
credential is sent, and nothing that is received is believed further than that.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Place", "Reached", "places_in", "reach"]

_PORTS: Final = {"http": 80, "https": 443}
_PATIENCE_S: Final = 2.0
_MOST: Final = 4096
_DATE: Final = re.compile(rb"(?i)\r\ndate: ([^\r]+)")
# An HTTP/2 server speaks first: a SETTINGS frame of stream 0 (RFC 9113, 4.1 and 3.4), or a GOAWAY.
_FIRST_FRAMES: Final = (4, 7)
_FRAME_HEADER: Final = 9


class Place(NamedTuple):
    """An address taken apart."""

    scheme: str
    host: str
    port: int
    path: str


class Reached(NamedTuple):
    """What is at a place: `state` is "open", "unknown host", "refused", "silent" or "unreachable"."""

    place: Place
    state: str
    said: str = ""
    seconds: float | None = None
    # "http/1.1", "http/2", or "" where that was not found out.
    speaks: str = ""
    is_tls: bool = False
    # How far the server's clock is ahead of ours.
    skew_s: float | None = None


def places_in(addresses: str, scheme: str = "tcp") -> list[Place]:
    """Return the places that an exporter's address names; what cannot be read is left out.

    `scheme` is that of addresses which have none; of "http" and "https" it is found out what is spoken there.
    """
    found = []
    for word in re.split(r"[\s,]+", addresses.strip()):
        with contextlib.suppress(ValueError):
            url = urlsplit(word if "://" in word else f"{scheme}://{word}")
            port = url.port or _PORTS.get(url.scheme)
            if url.hostname and port:
                found.append(Place(url.scheme, url.hostname, port, url.path))
    return found


def reach(places: Iterable[Place], timeout_s: float) -> list[Reached]:
    """Look at places, at all of them at once; looking a name up may hang, and is then left behind."""
    places = list(dict.fromkeys(places))
    found: dict[Place, Reached] = {}
    patience_s = min(timeout_s, _PATIENCE_S)

    def look(place: Place) -> None:
        found[place] = _reached(place, patience_s)

    threads = [threading.Thread(target=look, args=(place,), daemon=True) for place in places]
    for thread in threads:
        thread.start()
    deadline_s = time.monotonic() + 4 * patience_s
    for thread in threads:
        thread.join(max(deadline_s - time.monotonic(), 0.0))
    return [found.get(place, Reached(place, "silent", "looking at it took too long")) for place in places]


def _reached(place: Place, patience_s: float) -> Reached:
    began_s = time.monotonic()
    try:
        if place.scheme == "udp":
            socket.getaddrinfo(place.host, place.port, type=socket.SOCK_DGRAM)
            return Reached(place, "open")
        socket.create_connection((place.host, place.port), patience_s).close()
    except socket.gaierror as error:
        return Reached(place, "unknown host", str(error))
    except ConnectionRefusedError as error:
        return Reached(place, "refused", str(error))
    except TimeoutError as error:
        return Reached(place, "silent", str(error))
    except OSError as error:
        return Reached(place, "unreachable", str(error))
    reached = Reached(place, "open", seconds=time.monotonic() - began_s)
    return _listened(reached, patience_s) if place.scheme in _PORTS else reached


def _listened(reached: Reached, patience_s: float) -> Reached:
    """Find out what is spoken: first what the scheme says, then the other."""
    place = reached.place
    ways = [(_in_clear, False), (_in_tls, True)]
    for exchange, is_tls in ways if place.scheme == "http" else reversed(ways):
        said = _exchanged(exchange, place, patience_s)
        if said is None:
            continue
        spoken = _spoken(said)
        # Servers of TLS answer plain HTTP with a 400, or not at all.
        if spoken == "http/1.1" and not is_tls and b" 400 " in said[:32] and place.scheme == "http":
            again = _exchanged(_in_tls, place, patience_s)
            if again is not None:
                return reached._replace(speaks=_spoken(again), is_tls=True, skew_s=_skew_s(again))
        if spoken or is_tls:
            return reached._replace(speaks=spoken, is_tls=is_tls, skew_s=_skew_s(said))
    return reached


def _exchanged(
    exchange: Callable[[Place, float, bytes], bytes], place: Place, patience_s: float
) -> bytes | None:
    host = f"[{place.host}]" if ":" in place.host else place.host
    head = f"HEAD / HTTP/1.1\r\nHost: {host}:{place.port}\r\nConnection: close\r\n\r\n"
    try:
        return exchange(place, patience_s, head.encode("ascii", "replace"))
    except (OSError, ValueError):
        return None


def _in_clear(place: Place, patience_s: float, head: bytes) -> bytes:
    with socket.create_connection((place.host, place.port), patience_s) as way:
        way.sendall(head)
        return way.recv(_MOST)


def _in_tls(place: Place, patience_s: float, head: bytes) -> bytes:
    # Whom to trust is the exporter's to check. Here it is asked only whether there is TLS at all.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((place.host, place.port), patience_s) as way,
        context.wrap_socket(way, server_hostname=place.host) as encrypted,
    ):
        try:
            encrypted.sendall(head)
            return encrypted.recv(_MOST)
        except OSError:
            return b""


def _spoken(said: bytes) -> str:
    if said.startswith(b"HTTP/1"):
        return "http/1.1"
    is_frame = len(said) >= _FRAME_HEADER and said[3] in _FIRST_FRAMES and said[5:9] == bytes(4)
    return "http/2" if is_frame else ""


def _skew_s(said: bytes) -> float | None:
    """Return how far the server's clock is ahead of ours, to the second."""
    date = _DATE.search(said)
    try:
        return None if date is None else parsedate_to_datetime(date[1].decode()).timestamp() - time.time()
    except (ValueError, OverflowError, TypeError):
        return None
