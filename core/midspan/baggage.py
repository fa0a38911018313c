"""Carry names and values along with a request: through calls, tasks, threads and, by propagation, services.

>>> from midspan import baggage
>>> with baggage.attached({"tenant": "acme"}):
...     baggage.get_baggage("tenant")
'acme'
"""

from __future__ import annotations

from types import MappingProxyType

from midspan import _trouble
from midspan import context as _context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from midspan.context import Context

__all__ = ["Value", "attached", "clear", "get_all", "get_baggage", "remove_baggage", "set_baggage"]

_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


class Value(str):
    """A baggage value with the properties that came with it (W3C Baggage, section 3.2.1.3), e.g. `"ttl=30"`.

    It is an ordinary string wherever a string is wanted; propagators that know properties send them on.
    """

    __slots__ = ("properties",)

    properties: str

    def __new__(cls, text: str, properties: str = "") -> Value:  # noqa: PYI034 - Self is newer than 3.10
        """Make a value with its properties as they stand on the wire, without the leading semicolon."""
        value = super().__new__(cls, text)
        value.properties = properties
        return value


def get_all(context: Context | None = None) -> Mapping[str, str]:
    """Return the baggage of `context` (default: the current one) as a read-only mapping."""
    return MappingProxyType(dict(_meant(context).baggage))


def get_baggage(name: str, context: Context | None = None) -> str | None:
    """Return one baggage value, or None."""
    return _meant(context).baggage.get(_text(name))


def set_baggage(name: str, value: str, context: Context | None = None) -> Context:
    """Return `context` (default: the current one) with one more baggage value; attach it to use it."""
    base = _meant(context)
    return base.with_baggage({**base.baggage, _text(name): _text(value)})


def remove_baggage(name: str, context: Context | None = None) -> Context:
    """Return `context` (default: the current one) without the baggage value `name`."""
    base, name = _meant(context), _text(name)
    return base.with_baggage({key: value for key, value in base.baggage.items() if key != name})


def clear(context: Context | None = None) -> Context:
    """Return `context` (default: the current one) with no baggage: do this before calling a third party."""
    return _meant(context).with_baggage(_EMPTY)


def attached(baggage: Mapping[str, str]) -> _context.attached:
    """Run a block with these values added to the baggage that is current."""
    base = _context.current()
    merged = dict(base.baggage)
    try:
        for name, value in baggage.items():
            merged[_text(name)] = _text(value)
    except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
        _trouble.report("baggage.unreadable", "baggage could not be read", error=error)
    return _context.attached(base.with_baggage(merged))


def _meant(context: Context | None) -> Context:
    """Return the context that an argument means."""
    if context is None or not issubclass(type(context), _context.Context):
        if context is not None:
            _trouble.report("context.invalid", "%s was given for a context", context)
        return _context.current()
    return context


def _text(given: str) -> str:
    """Return a name or a value as a string, whatever was given."""
    return given if type(given) is str or type(given) is Value else _trouble.safe_str(given)
