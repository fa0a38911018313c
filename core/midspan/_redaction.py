"""Take credentials out of what is recorded: out of URLs, queries, and texts that quote them.

What counts as a credential is told by its name. `MIDSPAN_UNREDACTED` lists names, separated by commas, that
an application wants to see all the same: `code`, for one, is a postal code to some. It is read once.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Final

__all__ = ["REDACTED", "is_secret", "redacted_query", "redacted_text", "redacted_trace", "redacted_url"]

REDACTED: Final = "REDACTED"
_LONGEST_URL: Final = 8192

_WORDS: Final = (
    r"access_?key(?:_?id)?|api_?key|auth|authorization|bearer|code|cookie|credentials?|jwt|key|pass|passphrase"
    r"|passwd|password|pwd|secret|session|session_?id|sid|sig|signature|token"
)
# Whole, as the last part of a longer name (`client_secret`, `sas-token`, `aws.accessKeyId`), or run together.
_SECRET: Final = re.compile(
    rf"(?:^|[-_.])(?:{_WORDS})$|(?:token|secret|password|apikey|accesskeyid|signature|sessionid)$|^x-(?:amz|goog)-",
    re.IGNORECASE,
)
_AUTHORITY: Final = re.compile(r"(://)[^/?#\s@]*@")
# What a text quotes: a query's pairs; those of a connection string; and what headers and mappings look like.
# In prose a "code: 404" or a "key=3" is no credential, so there fewer names count.
_VALUE: Final = r"""(?:"[^"\n]{1,4096}"|'[^'\n]{1,4096}'|[^\s&;,"'<>)\]}]{1,4096})"""
_IN_QUERY: Final = re.compile(rf"(?P<is>[?&](?P<name>[\w.%-]{{1,64}})=)(?P<value>{_VALUE})")
_IN_TEXT: Final = re.compile(
    rf"""(?P<is>(?<![\w?&])(?:[\w-]{{1,32}}[_-])?
         (?:(?:passwd|password|pwd|secret|token|api_?key|access_?key|signature)["']?\s?=\s?
         |(?:passwd|password|secret|x-api-key)["']?:\s?))
         {_VALUE}""",
    re.IGNORECASE | re.VERBOSE,
)
# These hold several values, to the end of the line or of the quoted text.
_HEADER: Final = re.compile(
    r"""(?P<is>(?<![\w-])(?:proxy-authorization|authorization|set-cookie|cookie)(?:["']:\s?["']|:\s))[^"'\n]{1,4096}""",
    re.IGNORECASE,
)
_SCHEME: Final = re.compile(r"\b(Basic|Bearer|Digest|Negotiate)\s+[\w.~+/=-]{4,4096}", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"%[0-9a-fA-F]{2}")


@lru_cache(maxsize=1)
def _unredacted() -> frozenset[str]:
    names = os.environ.get("MIDSPAN_UNREDACTED", "").split(",")
    return frozenset(name.strip().lower() for name in names if name.strip())


@lru_cache(maxsize=512)
def is_secret(name: str) -> bool:
    """Say whether a parameter, a header or a setting of this name holds a credential."""
    # A name that hides behind escapes is judged by what the other side reads.
    plain = _ESCAPED.sub(lambda escape: chr(int(escape[0][1:], 16)), name)
    return _SECRET.search(plain) is not None and plain.lower() not in _unredacted()


def redacted_query(query: str) -> str:
    """Return a query (without its `?`), of at most 8,192 characters, without the values of credentials."""
    query = query[:_LONGEST_URL]
    return "&".join([_shown(pair) for pair in query.split("&")]) if "=" in query else query


def _shown(pair: str) -> str:
    name, _, value = pair.partition("=")
    return f"{name}={REDACTED}" if value and is_secret(name[:256]) else pair


def redacted_url(url: str) -> str:
    """Return a URL, of at most 8,192 characters, without user and password, fragment, and credentials."""
    url = url[:_LONGEST_URL]
    if "@" in url:
        url = _AUTHORITY.sub(r"\1", url, count=1)
    if "#" in url:
        url = url.partition("#")[0]
    if "?" in url:
        bare, _, query = url.partition("?")
        url = f"{bare}?{redacted_query(query)}"
    return url


def redacted_text(text: str) -> str:
    """Return a text without the credentials in URLs, connection strings and headers that it quotes.

    An error's message often holds one: what could not be connected to, and as whom.
    """
    if "=" in text or ":" in text:
        text = _IN_QUERY.sub(_without_value, _redacted_schemes(text))
        text = _HEADER.sub(rf"\g<is>{REDACTED}", text)
        text = _IN_TEXT.sub(rf"\g<is>{REDACTED}", text)
    return text


def redacted_trace(text: str) -> str:
    """Return a stack trace without the credentials that its messages quote.

    Of lines of code only what looks like a URL with a password is changed: `password = ask()` tells nothing.
    """
    return "\n".join(
        redacted_text(line) if is_message else _redacted_schemes(line) for is_message, line in _lines(text)
    )


def _lines(text: str) -> list[tuple[bool, str]]:
    return [(not line.startswith(("  File ", "    ")), line) for line in text.split("\n")]


def _redacted_schemes(text: str) -> str:
    text = _AUTHORITY.sub(rf"\1{REDACTED}@", text) if "://" in text else text
    return _SCHEME.sub(rf"\1 {REDACTED}", text)


def _without_value(pair: re.Match[str]) -> str:
    return pair["is"] + REDACTED if is_secret(pair["name"]) else pair[0]
