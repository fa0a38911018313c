"""What an error of the network means for the request, and what of it may be told."""

from __future__ import annotations

import sys

from midspan.exporters._http._exchange import NotSentError
from midspan.exporters._http._incoming import BrokenAnswerError

__all__ = ["StaleError", "is_hang_up", "not_sent"]

# Of those of `ssl`, these tell of the connection and not of what was said over it.
_HANG_UPS = ("SSLEOFError", "SSLZeroReturnError", "SSLSyscallError")


class StaleError(Exception):
    """A kept connection was at its end, and nobody has taken the request that went out over it."""


def is_hang_up(error: OSError) -> bool:
    """Say whether the other side has closed the connection."""
    return isinstance(error, ConnectionError) or type(error).__name__ in _HANG_UPS


def not_sent(error: Exception, timeout_s: float) -> NotSentError:
    """Return why there is no answer."""
    if isinstance(error, TimeoutError):
        return NotSentError(f"no complete answer within {timeout_s:g} s")
    if isinstance(error, BrokenAnswerError):
        return NotSentError(str(error))
    # Neither a certificate nor a setting will be another one at the next attempt.
    is_final = not isinstance(error, OSError) or (_is_of_tls(error) and not is_hang_up(error))
    return NotSentError(f"{type(error).__name__}: {error}", permanent=is_final)


def _is_of_tls(error: OSError) -> bool:
    # If it is not loaded, nobody has raised anything of its.
    ssl = sys.modules.get("ssl")
    return ssl is not None and isinstance(error, ssl.SSLError)
