"""Read any carrier as a dictionary of lower-case names, and write such a dictionary into any carrier.

This is the edge: past it, formats are pure functions between a plain `dict` and native values. What comes
in may be a mapping of any class, a multi-mapping, a WSGI environment or a list of pairs, with names and
values of `str` or `bytes`, in any mixture with values that are no headers at all.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Carrier", "Headers", "all_lower", "only", "read", "several", "write"]

# Names are lower-case text. A value is as it was found; a name that came more than once has a list.
Headers: TypeAlias = "dict[str, Any]"
# No type covers all that people keep headers in: the interfaces that they have in common are tried.
Carrier: TypeAlias = Any

_NOTHING: Final[Headers] = {}
_PAIR: Final = 2


def read(carrier: Carrier) -> Headers:
    """Return the headers of a carrier, not to be changed; one that fails has none, and is reported."""
    if type(carrier) is dict and all_lower(carrier):
        return carrier
    try:
        return _collected(carrier)
    except Exception as error:  # noqa: BLE001 - a carrier is the application's own and may fail anywhere
        _trouble.report("propagation.carrier", "a carrier of type %s failed", type(carrier), error=error)
        return _NOTHING


def all_lower(headers: dict[Any, Any]) -> bool:
    """Say whether all names are text in lower case already, in one pass that runs in C."""
    try:
        return "\n".join(headers).islower()
    except TypeError:  # a name that is not text
        return False


def _collected(carrier: Carrier) -> Headers:
    if carrier is None:
        return _NOTHING
    items = getattr(carrier, "items", None)
    pairs = list(items() if callable(items) else carrier)
    try:
        # What nearly every carrier is: pairs, with names that are text and all different.
        headers = {name.lower(): value for name, value in pairs}
        if len(headers) < len(pairs) or not "".join(headers):
            headers = _sifted(pairs)
            if isinstance(carrier, dict):
                # The same name in two spellings: somebody put their own beside what was there already.
                headers.update([(name, carrier[name]) for name in headers if name in carrier])
    except (AttributeError, TypeError, ValueError):
        headers = _sifted(pairs)
    # Only a gateway can put a tuple here; a header that is called so is text, and does not fool us.
    if type(headers.get("wsgi.version")) is tuple:
        return {key[5:].replace("_", "-"): headers[key] for key in headers if key.startswith("http_")}
    return headers


def _sifted(pairs: Iterable[Any]) -> Headers:
    """Take what is a pair with a name, and put together what came more than once."""
    headers: Headers = {}
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != _PAIR:
            continue
        key = _name(pair[0])
        if key in headers:
            _repeat(headers, key, pair[1])
        elif key:
            headers[key] = pair[1]
    return headers


def _name(name: object) -> str:
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    return name.lower() if isinstance(name, str) else ""


def _repeat(headers: Headers, key: str, value: object) -> None:
    """Add a further value of a header to those before it."""
    before = headers[key]
    if type(before) is _Repeated:
        before.append(value)
    else:
        headers[key] = _Repeated((before, value))


class _Repeated(list[Any]):
    """The values of a header that came more than once; a list of our own, so that no carrier's is changed."""


def only(headers: Headers, name: str, limit: int) -> str | None:
    """Return the one value of a header, without white space around; None if there is none or more than one.

    A value longer than `limit` characters is none.
    """
    value = headers.get(name)
    if value is None:
        return None
    if type(value) is not str:
        found = _texts(value, limit)
        if len(found) != 1:
            return None
        value = found[0]
    return value.strip(" \t") if len(value) <= limit else None


def several(headers: Headers, name: str, limit: int) -> str | None:
    """Return the values of a header that is a list, joined with commas; None if there is none.

    Past `limit` characters, no more values are joined; what is returned is then longer than that.
    """
    value = headers.get(name)
    if value is None or type(value) is str:
        return value
    return ",".join(_texts(value, limit)) or None


def _texts(value: object, limit: int) -> list[str]:
    """Return what is text in a value, itself or the members of a list, until there is more than `limit`."""
    if isinstance(value, str):
        return [str.__str__(value)[: limit + 1]]
    if isinstance(value, bytes):
        return [value[: limit + 1].decode("latin-1")]
    found: list[str] = []
    if isinstance(value, (list, tuple)):
        size = 0
        for each in value:
            if isinstance(each, (str, bytes)):
                found += _texts(each, limit)
                size += len(found[-1])
                if size > limit:
                    break
    return found


def write(carrier: Carrier, headers: Headers) -> None:
    """Put headers into a mutable mapping or a list of pairs, in place of those of the same names.

    A carrier that fails is reported and left as it is.
    """
    try:
        if isinstance(carrier, list):
            _write_pairs(carrier, headers)
        else:
            _write_mapping(carrier, headers)
    except Exception as error:  # noqa: BLE001 - a carrier is the application's own and may fail anywhere
        _trouble.report("propagation.carrier", "a carrier of type %s failed", type(carrier), error=error)


def _write_pairs(carrier: list[Any], headers: Headers) -> None:
    as_bytes = bool(carrier) and isinstance(carrier[0][0], bytes)
    carrier[:] = [pair for pair in carrier if _name(pair[0]) not in headers]
    for name, value in headers.items():
        if as_bytes:
            carrier.append((name.encode("latin-1"), value if isinstance(value, bytes) else value.encode()))
        else:
            carrier.append((name, value))


def _write_mapping(carrier: Carrier, headers: Headers) -> None:
    # Two spellings of one name would go out as two headers.
    if isinstance(carrier, MutableMapping):
        for other in [name for name in carrier if _name(name) in headers and name not in headers]:
            del carrier[other]
    appends = hasattr(carrier, "replace_header")  # email.message.Message adds where others replace
    for name, value in headers.items():
        if appends:
            del carrier[name]
        carrier[name] = value
