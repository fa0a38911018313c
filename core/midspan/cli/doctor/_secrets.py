"""Hide secrets in everything that is shown, whoever says it: a variable, an error, or a server's answer.

What the variables hold in places where secrets are kept is collected first, and nothing that is shown may
contain it. What looks like a secret is hidden as well, wherever it comes from.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from midspan._redaction import is_secret, redacted_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Secrets"]

_HIDDEN: Final = "..."
_OURS: Final = ("OTEL_", "MIDSPAN_", "JAEGER_")
_SECRET_VARIABLE: Final = re.compile(r"HEADERS|PASSWORD|TOKEN|SECRET|AUTH|CREDENTIAL|API_?KEY|CONFIG$")
# What a server of another protocol says, quoted by a client that could not read it.
_BINARY: Final = re.compile(r"(?:[\x00-\x1f\x7f-\x9f][^\x00-\x1f]{0,2}){4,}")
# Below this, a secret could be a part of any word; it is hidden where it stands, and by its name.
_SHORTEST: Final = 4
_LONG: Final = 8


class Secrets:
    """The secrets of one environment."""

    def __init__(self, environment: Mapping[str, str], more: Iterable[str] = ()) -> None:
        """Take the variables, and further URLs that may hold secrets."""
        found: set[str] = set()
        for name, value in environment.items():
            found.update(_in_variable(name, value))
        for url in more:
            found.update(_in_url(url))
        known = sorted((each for each in found if len(each) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def hide(self, text: str) -> str:
        """Return a text without secrets, and without what could steer a terminal."""
        if self._known is not None:
            text = self._known.sub(_HIDDEN, text)
        text = _BINARY.sub("(binary)", redacted_text(text))
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

    def value(self, name: str, value: str) -> str:
        """Return what may be shown of a variable: of headers their names."""
        if _SECRET_VARIABLE.search(name):
            names = [item.partition("=")[0].strip() for item in value.split(",") if "=" in item]
            return ", ".join(f"{each}={_HIDDEN}" for each in names) or _HIDDEN
        return self.hide(value)


def _in_variable(name: str, value: str) -> Iterator[str]:
    """Yield the secrets of a variable, as they stand there and as they are sent."""
    if not name.startswith(_OURS) and not name.lower().endswith("_proxy"):
        return
    for word in re.split(r"[\s,]+", value):
        yield from _in_url(word)
    pairs = [item.partition("=") for item in value.split(",") if "=" in item.partition("://")[0]]
    for key, _, secret in pairs:
        # A header of any name may hold a key; a short one of an ordinary name is an ordinary word.
        is_long = "HEADERS" in name and len(secret.strip()) >= _LONG
        if is_long or is_secret(key.strip()):
            yield from _forms(secret.strip())
    if _SECRET_VARIABLE.search(name) and not pairs:
        yield from _forms(value.strip())


def _in_url(url: str) -> Iterator[str]:
    """Yield the secrets of a URL: who is calling, and what its query names so."""
    url = url[url.find("http") :] if "http" in url else url
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        return
    if user is not None:
        # A user alone is a token; beside a password, a word like any other.
        yield from _forms(password or user)
        yield base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
    for key, secret in parse_qsl(parts.query):
        if is_secret(key.strip()):
            yield from _forms(secret)


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret, decoded too, and without the word that says its kind."""
    for form in (secret, unquote(secret)):
        yield form
        kind, _, rest = form.partition(" ")
        if rest and kind.isalpha():
            yield rest.strip()
