"""Tell failures that will not pass from those that may: gRPC has one code for both."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_final"]

# What the TLS library says of a certificate, ours or the server's, and of a server that speaks no TLS; what
# gRPC says of one that was issued to another host.
_HANDSHAKE: Final = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|is not in peer certificate|Hostname Verification Check failed"
    r"|ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE|ALERT_CERTIFICATE_|ALERT_ACCESS_DENIED|WRONG_VERSION_NUMBER"
)


def is_final(code: str, message: str) -> bool:
    """Say whether a call failed in a way in which the next attempt would fail, too."""
    return code == "UNAVAILABLE" and _HANDSHAKE.search(message) is not None
