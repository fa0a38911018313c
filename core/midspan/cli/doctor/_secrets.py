"""Hide secrets in everything that is shown, whoever says it: a variable, an error, or a server's answer.

What the variables hold in places where secrets are kept is collected first, and nothing that is shown may
contain it. What looks like a secret is hidden as well, wherever it comes from.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Secrets"]

_HIDDEN: Final = "..."
_NAME: Final = (
    "authorization|cookie|password|passwd|secret|token|credential|signature|"
    "api[-_]?key|access[-_]?key|private[-_]?key|account[-_]?key|x-amz-"
)
# In the query of a URL these are secrets, too; elsewhere they are ordinary words.
_SECRET_NAME: Final = re.compile(rf"(?i){_NAME}|^(?:key|sig|code|pwd|session)$")
_SECRET_VARIABLE: Final = re.compile(r"HEADERS|PASSWORD|TOKEN|SECRET|AUTH|CREDENTIAL|API_?KEY", re.IGNORECASE)
_SHOWN_VARIABLE: Final = re.compile(r"CLIENT_KEY")
_USER_INFO: Final = re.compile(r"(?<=://)[^\s/@?#]*@")
_QUERY: Final = re.compile(r"(?i)([?&](?:key|sig|code|pwd|session)=)[^\s&'\"]+")
_PAIR: Final = re.compile(rf"(?i)([\w.-]*(?:{_NAME})[\w.-]*[\"']?\s*[=:]\s*[\"']?)(?!\.\.\.)[^\s&;,'\"}}\]]+")
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w+/=.~-]{6,}")
# Below this, a secret could be a part of any word; it is hidden where it stands, and by its name.
_SHORTEST: Final = 4


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
        text = _USER_INFO.sub(f"{_HIDDEN}@", text)
        text = _BEARER.sub(_HIDDEN, text)
        for pattern in (_QUERY, _PAIR):
            text = pattern.sub(rf"\1{_HIDDEN}", text)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

    def value(self, name: str, value: str) -> str:
        """Return what may be shown of a variable: of headers their names."""
        if _is_secret(name):
            names = [item.partition("=")[0].strip() for item in value.split(",") if "=" in item]
            is_list = "HEADERS" in name.upper()
            return ", ".join(f"{each}={_HIDDEN}" for each in names) if is_list and names else _HIDDEN
        return self.hide(value)


def _is_secret(name: str) -> bool:
    return bool(_SECRET_VARIABLE.search(name)) and not _SHOWN_VARIABLE.search(name)


def _in_variable(name: str, value: str) -> Iterator[str]:
    """Yield the secrets of a variable, as they stand there and as they are sent."""
    if name.startswith(("OTEL_", "MIDSPAN_", "JAEGER_")) and _is_secret(name):
        for item in [value, *value.split(",")]:
            secret = item.partition("=")[2] if "HEADERS" in name else item
            yield from _forms(secret.strip())
    if name.startswith(("OTEL_", "MIDSPAN_", "JAEGER_")) or name.lower().endswith("_proxy"):
        for word in re.split(r"[\s,]+", value):
            yield from _in_url(word)
        for key, equals, secret in (item.partition("=") for item in value.split(",")):
            if equals and "://" not in key and _SECRET_NAME.search(key):
                yield from _forms(secret.strip())


def _in_url(url: str) -> Iterator[str]:
    """Yield the secrets of a URL: who is calling, and what its query names so."""
    url = url[url.find("http") :] if "http" in url else url
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        return
    if user is not None:
        yield from _forms(user)
        yield from _forms(password or "")
        yield base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
    for key, secret in parse_qsl(parts.query):
        if _SECRET_NAME.search(key):
            yield from _forms(secret)


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret, decoded too, and without the word that says its kind."""
    for form in (secret, unquote(secret)):
        yield form
        kind, _, rest = form.partition(" ")
        if rest and kind.isalpha():
            yield rest.strip()
