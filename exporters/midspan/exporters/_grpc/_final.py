"""Tell failures that will not pass from those that may: gRPC has one code for both."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_final"]

# What the TLS library says of a certificate, ours or the server's, and of a server that speaks no TLS; what
# gRPC says of one that was issued to another host, and of a file that holds none.
_HANDSHAKE: Final = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|is not in peer certificate|Hostname Verification Check failed"
    r"|ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE|ALERT_CERTIFICATE_|ALERT_ACCESS_DENIED|WRONG_VERSION_NUMBER"
    r"|Failed to create security handshaker"
)
# gRPC's C library says this on both sides, and names its side only in newer releases; the first number is the
# size of what was too large.
_LARGER: Final = re.compile(r"(?:Received|Decompressed) message larger than max(?: \((\d+) vs)?")


def is_final(code: str, message: str, sent_bytes: int | None) -> bool:
    """Say whether a call failed in a way in which the next attempt would fail, too.

    `sent_bytes` is the size of the message as the server has seen it, None if only gRPC knows that.
    """
    if code == "UNAVAILABLE":
        return _HANDSHAKE.search(message) is not None
    return code == "RESOURCE_EXHAUSTED" and _is_of_the_answer(message, sent_bytes)


def _is_of_the_answer(message: str, sent_bytes: int | None) -> bool:
    """Say whether not the message, but the answer to it was too large."""
    if "CLIENT:" in message:
        return True
    larger = _LARGER.search(message)
    if larger is None or "SERVER:" in message or sent_bytes is None:
        return False
    return larger[1] is None or int(larger[1]) != sent_bytes
